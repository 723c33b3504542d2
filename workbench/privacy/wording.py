"""Check the words of a report: they come from the notebook, the package, or shared labels.

A title or an answer is a template of a notebook or of this package, filled with figures and labels.
Any other content could be the value of a person. So every word must occur in the source of the
notebook or of the package, or in a value that at least k persons of the view share, and labels of
several columns must describe at least k persons together. Every number must be a shown figure or
occur in the source (``quoted_numbers``).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from workbench.foundation.errors import PrivacyError
from workbench.privacy.quoted_numbers import Shown, numbers_of, unstated_numbers
from workbench.privacy.source_templates import package_sources
from workbench.privacy.vocabulary import Place, Vocabulary

_WORD = re.compile(r"[^\W\d_]{2,}")
#: Keys of a chart specification whose values are drawn or computed.
_WRITTEN = frozenset({"title", "text", "datum", "calculate", "expr", "value", "values"})
#: Text in place of a label that too few persons share.
RARE = "not shown: too few share it"


class TextError(PrivacyError):
    """A text of a report has words or numbers that it may not have.

    Attributes
    ----------
    text : str
        Description of the text by the caller: "the title of table sizes".
    fault : str
        Description of the fault, without a word of the text or of the notebook.
    """

    def __init__(self, message: str, *, text: str = "", fault: str = "") -> None:
        super().__init__(message)
        self.text = text
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Words from which the texts of a run may be made.

    Attributes
    ----------
    source : str
        Sources and parameters of the notebook.
    vocabulary : Vocabulary
        Values of the view; values that enough persons share are labels.
    """

    source: str
    vocabulary: Vocabulary

    def require(self, texts: Iterable[tuple[str, str]], shown: Shown) -> None:
        """Refuse texts with other content than templates, labels and figures.

        Parameters
        ----------
        texts : iterable of (str, str)
            Description of each text ("the title of table sizes"), and the text.
        shown : Shown
            Numbers that the texts may quote.

        Raises
        ------
        TextError
            Words or numbers come from elsewhere, or the labels of a text describe fewer than k
            persons together; the message does not repeat them.
        """
        held, k = list(texts), self.vocabulary.k
        strange = {text: self._unknown_words(text) for _, text in held}
        labels = self._labels(set().union(*strange.values()) if strange else set())
        for name, text in held:
            if rare := strange[text] - labels.words:
                fault, remedy = (
                    f"has {_counted(len(rare), 'word')} that neither the notebook nor the package "
                    f"wrote and that fewer than {k} persons of the view share",
                    "write the text in the notebook and fill in only figures and groups",
                )
            elif 0 < self._described(text, labels) < k:
                fault, remedy = (
                    f"describes fewer than {k} persons of the view by several labels together",
                    "name groups that a table of the report shows",
                )
            elif missing := shown.missing(text):
                fault, remedy = (
                    f"has {_counted(missing, 'number')} that no figure of the report shows",
                    "take it out of the text, or show the figure beside the text, made with "
                    "view.share, view.mean, table.estimate, wb.difference or wb.ratio",
                )
            else:
                continue
            raise TextError(f"{name} {fault}: {remedy}", text=name, fault=fault)

    def require_round(self, exhibit: Mapping[str, Any]) -> None:
        """Refuse a table with numbers in its labels that could be values of a person.

        Raises
        ------
        PrivacyError
            A text of its rows has a number that is neither round nor written in the notebook nor
            part of a value that k persons share.
        """
        stated = numbers_of(self.source)
        names = [name for name, _ in exhibit["columns"]]
        last = names.index(exhibit["persons"]) if exhibit["persons"] in names else 0
        odd = {
            cell
            for row in exhibit["rows"]
            for cell in row[:last]  # Columns before the number of persons name the group.
            if isinstance(cell, str) and unstated_numbers(cell, stated)
        }
        if odd and odd - self._shared_cells(odd):
            raise PrivacyError(
                f"table {exhibit['name']} has labels with numbers that are neither round nor "
                "written in the notebook: name bands by limits of your own, since the largest "
                "value is one person's"
            )

    def _shared_cells(self, cells: set[str]) -> set[str]:
        """Return the texts, of some texts, that k persons have as a value."""
        found: set[str] = set()
        for place in self.vocabulary.places():
            if cells <= found:
                break
            found.update(self.vocabulary.shared(place, sorted(cells - found)))
        return found

    def require_stated(self, exhibit: Mapping[str, Any]) -> None:
        """Refuse a table of figures from elsewhere whose numbers the notebook does not state.

        Raises
        ------
        PrivacyError
            A number of its rows is neither in the source of the notebook nor in a parameter.
        """
        for row in exhibit["rows"]:
            for cell in row:
                text = "" if isinstance(cell, bool) or cell is None else str(cell)
                if not numbers_of(text) - {0.0} <= numbers_of(self.source):
                    raise PrivacyError(
                        f"table {exhibit['name']} has figures that come from elsewhere, "
                        "but not all of them are written in the notebook or its parameters: "
                        "write them there, or make figures about persons with view.table"
                    )

    def without_rare_labels(self, rows: list[list[Any]]) -> list[list[Any]]:
        """Return the rows of a table with texts replaced whose words too few persons share."""
        strange = {
            cell: words
            for row in rows
            for cell in row
            if isinstance(cell, str) and (words := self._unknown_words(cell))
        }
        if not strange:
            return rows
        shared = self._labels(set().union(*strange.values())).words
        rare = {cell for cell, words in strange.items() if words - shared}
        return [
            [RARE if isinstance(cell, str) and cell in rare else cell for cell in row]
            for row in rows
        ]

    def _unknown_words(self, text: str) -> set[str]:
        return {
            word
            for word in _words(text)
            if word not in _package_words() and word not in _words(self.source)
        }

    def _labels(self, wanted: set[str]) -> "_Labels":
        """Return the words, of some words, that occur in a value which k persons share."""
        found: dict[Place, tuple[str, ...]] = {}
        words: set[str] = set()
        for place in self.vocabulary.places():
            if wanted <= words:
                break
            hits = [value for value in self.vocabulary.values(place) if _words(value) & wanted]
            if shared := self.vocabulary.shared(place, hits):
                found[place] = shared
                words |= {word for value in shared for word in _words(value)} & wanted
        return _Labels(frozenset(words), found)

    def _described(self, text: str, labels: "_Labels") -> int:
        """Return how many persons a text describes by several labels; 0 if it has only one.

        Labels of one column are alternatives ("women buy more than men"). Labels of several columns
        are taken to describe the same persons, together with the values of the customer table that
        the text contains.
        """
        words = _words(text) & labels.words
        named: list[tuple[Place, list[str]]] = []
        for place, shared in labels.found.items():
            if values := [value for value in shared if _words(value) & words]:
                named.append((place, values))
        taken = {column for (_, column), _ in named}
        for place in self.vocabulary.places(of=("customers",)):
            if place[1] not in taken:
                held = self.vocabulary.values(place)
                if values := [value for value in held if _is_named(value, text)]:
                    named.append((place, values))
        return self.vocabulary.persons(named) if len(named) > 1 else 0


@dataclass(frozen=True, slots=True)
class _Labels:
    """Words that occur in shared values, and these values by column."""

    words: frozenset[str]
    found: Mapping[Place, tuple[str, ...]]


def _is_named(value: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text, re.IGNORECASE) is not None


def exhibit_texts(exhibit: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the texts of a table or figure outside its cells, each with a description."""
    what = f"{exhibit['kind']} {exhibit['name']}"
    yield f"the name of a {exhibit['kind']}", exhibit["name"]
    yield f"the title of {what}", exhibit["title"]
    yield f"the headings of {what}", " ".join(map(str, exhibit["labels"].values()))
    yield f"the columns of {what}", " ".join(name for name, _ in exhibit["columns"])
    yield f"the source of {what}", exhibit["source"]
    yield f"the note below {what}", exhibit["note"]
    if exhibit["kind"] == "figure":
        yield f"the description of {what}", exhibit["description"]
        for spec in (exhibit["spec"], exhibit["narrow"]):
            for text in _spec_texts(spec):
                yield f"the specification of {what}", text


def _spec_texts(content: Any, key: str = "", parent: str = "") -> Iterator[str]:
    """Yield the texts that a chart specification draws or computes."""
    if isinstance(content, Mapping):
        for name, inner in content.items():
            yield from _spec_texts(inner, str(name), key)
    elif isinstance(content, list | tuple):
        for inner in content:
            yield from _spec_texts(inner, key, parent)
    # A number is drawn as text only as the value of a text; other values are pixels.
    elif (
        key in _WRITTEN
        and content is not None
        and not isinstance(content, bool)
        and (isinstance(content, str) or key != "value" or parent == "text")
    ):
        yield str(content)


@cache
def _package_words() -> frozenset[str]:
    return frozenset().union(*(_words(source) for source in package_sources()))


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text.replace("_", " ")))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
