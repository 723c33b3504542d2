"""The texts of a report: words of the notebook or the package, checked figures, shared labels.

A title or an answer is a template of a notebook or of this package, filled with figures and with
labels. Anything else in it would be a value of somebody. So every word has to occur in the source
of the notebook or of the package, or in a value that at least k persons of the view share, and
labels of several columns have to describe at least k persons together; every number has to be a
figure that is shown, or stand in the source (``quoted_numbers``).
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl

from workbench.foundation.errors import PrivacyError
from workbench.privacy.quoted_numbers import Shown, numbers_of, unstated_numbers
from workbench.privacy.templates import package_sources
from workbench.schema import TABLES, CustomerData

_WORD = re.compile(r"[^\W\d_]{2,}")
#: Keys of a specification whose values are seen in the picture, or computed for it.
_WRITTEN = frozenset({"title", "text", "datum", "calculate", "expr", "value", "values"})
#: What stands in the place of a label that too few persons share.
RARE = "not shown: too few share it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What the texts of one run may be made of.

    Attributes
    ----------
    source : str
        Sources and parameters of the notebook.
    data : CustomerData
        The view's tables, whose shared values are labels.
    k : int
        Persons that have to share a label.
    """

    source: str
    data: CustomerData
    k: int

    def require(self, texts: Iterable[tuple[str, str]], shown: Shown) -> None:
        """Refuse texts that hold more than templates, labels and figures.

        Parameters
        ----------
        texts : iterable of (str, str)
            What each text is ("the title of table sizes") and the text.
        shown : Shown
            The numbers that they may quote.

        Raises
        ------
        PrivacyError
            Words or numbers come from elsewhere, or the labels of a text describe fewer than k
            persons together; the message does not repeat them.
        """
        held = list(texts)
        strange = {text: self._unknown_words(text) for _, text in held}
        labels = self._labels(set().union(*strange.values()) if strange else set())
        for name, text in held:
            if rare := strange[text] - labels.words:
                raise PrivacyError(
                    f"{name} has {_counted(len(rare), 'word')} that neither the notebook "
                    f"nor the package wrote and that fewer than {self.k} persons of the view "
                    "share: write the text in the notebook and fill in only figures and groups"
                )
            if 0 < self._described(text, labels) < self.k:
                raise PrivacyError(
                    f"{name} describes fewer than {self.k} persons of the view by several labels "
                    "together: name groups that a table of the report shows"
                )
            if missing := shown.missing(text):
                raise PrivacyError(
                    f"{name} has {_counted(missing, 'number')} that no figure of the report "
                    "shows: show the figure beside the text, made with view.share or view.mean, or "
                    "with difference and ratio of workbench.statistics"
                )

    def require_round(self, exhibit: Mapping[str, Any]) -> None:
        """Refuse a table whose labels hold numbers that could be somebody's.

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
            for cell in row[:last]  # the columns before that of the persons name the group
            if isinstance(cell, str) and unstated_numbers(cell, stated)
        }
        if odd and odd - self._shared_cells(odd):
            raise PrivacyError(
                f"table {exhibit['name']} has labels with numbers that are neither round nor "
                "written in the notebook: name bands by limits of your own, since the largest "
                "value is one person's"
            )

    def _shared_cells(self, cells: set[str]) -> set[str]:
        """Return those of some texts that k persons have as a value."""
        found: set[str] = set()
        for column, frame in _text_columns(self.data):
            left = cells - found
            if not left:
                break
            shared = (
                frame.select("customer_id", pl.col(column).cast(pl.String))
                .filter(pl.col(column).is_in(sorted(left)))
                .group_by(column)
                .agg(persons=pl.col("customer_id").n_unique())
                .filter(pl.col("persons") >= self.k)
                .collect(engine="streaming")
            )
            found |= set(shared[column])
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
                        f"table {exhibit['name']} says that its figures come from elsewhere, "
                        "but not all of them are written in the notebook or its parameters: "
                        "write them there, or make figures about persons with view.table"
                    )

    def without_rare_labels(self, rows: list[list[Any]]) -> list[list[Any]]:
        """Return rows of a table; texts of words that too few persons share are replaced."""
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
        """Return those of some words that stand in a value which k persons share."""
        found: list[_Label] = []
        words: set[str] = set()
        for column, frame in _text_columns(self.data):
            if wanted <= words:
                break
            distinct = frame.select(pl.col(column).cast(pl.String)).unique()
            values = distinct.collect(engine="streaming").to_series().drop_nulls()
            hits = [value for value in values if _words(value) & wanted]
            if not hits:
                continue
            counted = (
                frame.select("customer_id", pl.col(column).cast(pl.String))
                .filter(pl.col(column).is_in(hits))
                .group_by(column)
                .agg(pl.col("customer_id").n_unique().alias("persons"))
                .filter(pl.col("persons") >= self.k)
                .collect(engine="streaming")
            )
            shared = tuple(counted[column])
            found.append(_Label(column, frame, shared))
            words |= {word for value in shared for word in _words(value)} & wanted
        return _Labels(frozenset(words), tuple(found))

    def _described(self, text: str, labels: "_Labels") -> int:
        """Return how many persons have all that a text says; 0 where it names one thing only.

        Labels of one column are alternatives ("women buy more than men"); those of several columns
        are taken to describe the same persons, and so are the values of the customer table that
        are named beside them.
        """
        named = _words(text)
        parts: list[tuple[str, pl.LazyFrame, list[str]]] = []
        for label in labels.found:
            if values := [v for v in label.values if _words(v) & labels.words & named]:
                parts.append((label.column, label.frame, values))
        taken = {column for column, _, _ in parts}
        for column, frame in _text_columns(self.data, of=("customers",)):
            if column not in taken:
                held = frame.select(pl.col(column).cast(pl.String)).unique().collect().to_series()
                if values := [v for v in held.drop_nulls() if _is_named(v, text)]:
                    parts.append((column, frame, values))
        if len(parts) < 2:
            return 0
        persons = [
            frame.filter(pl.col(column).cast(pl.String).is_in(values)).select("customer_id")
            for column, frame, values in parts
        ]
        together = persons[0].unique()
        for others in persons[1:]:
            together = together.join(others, on="customer_id", how="semi")
        return int(together.select(pl.len()).collect(engine="streaming").item())


@dataclass(frozen=True, slots=True)
class _Label:
    """Values of a column, each shared by k persons, that hold wanted words."""

    column: str
    frame: pl.LazyFrame
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Labels:
    """The wanted words that stand in shared values, and those values by column."""

    words: frozenset[str]
    found: tuple[_Label, ...]


def _is_named(value: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text, re.IGNORECASE) is not None


def exhibit_texts(exhibit: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the texts of a table or figure beside its cells, each with what it is."""
    what = f"{exhibit['kind']} {exhibit['name']}"
    yield f"the name of a {exhibit['kind']}", exhibit["name"]
    yield f"the title of {what}", exhibit["title"]
    yield f"the headings of {what}", " ".join(map(str, exhibit["labels"].values()))
    yield f"the columns of {what}", " ".join(name for name, _ in exhibit["columns"])
    yield f"the source of {what}", exhibit["source"]
    if exhibit["kind"] == "figure":
        yield f"the description of {what}", exhibit["description"]
        for text in _spec_texts(exhibit["spec"]):
            yield f"the specification of {what}", text


def _spec_texts(content: Any, key: str = "", parent: str = "") -> Iterator[str]:
    """Yield what a specification writes into its picture, and what it computes there."""
    if isinstance(content, Mapping):
        for name, inner in content.items():
            yield from _spec_texts(inner, str(name), key)
    elif isinstance(content, list | tuple):
        for inner in content:
            yield from _spec_texts(inner, key, parent)
    # a number that is the value of a channel is pixels, but that of a text is read
    elif (
        key in _WRITTEN
        and content is not None
        and not isinstance(content, bool)
        and (isinstance(content, str) or key != "value" or parent == "text")
    ):
        yield str(content)


def _text_columns(
    data: CustomerData, *, of: Collection[str] = ()
) -> Iterator[tuple[str, pl.LazyFrame]]:
    # histories have most rows and are looked at last: labels are seldom found only there
    for table in sorted(of or data.tables, key=lambda name: TABLES[name].is_history):
        frame = data[table]
        schema = frame.collect_schema()
        if "customer_id" not in schema:
            continue
        for column, kind in schema.items():
            is_key = column in TABLES[table] and TABLES[table].column(column).sensitivity == "key"
            if not is_key and (kind == pl.String or isinstance(kind, pl.Enum | pl.Categorical)):
                yield column, frame


@cache
def _package_words() -> frozenset[str]:
    return frozenset().union(*(_words(source) for source in package_sources()))


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text.replace("_", " ")))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
