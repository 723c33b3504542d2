"""The texts of a report: words of the notebook or the package, checked figures, shared labels.

A title or an answer is a template of a notebook or of this package, filled with figures and with
labels. Anything else in it would be a value of somebody. So every word has to occur in the source
of the notebook or of the package, or in a value that at least k persons of the view share; and
every number of three or more digits has to be a figure that is shown, or stand in the source.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.foundation.errors import PrivacyError
from workbench.schema import TABLES, CustomerData

_WORD = re.compile(r"[^\W\d_]{2,}")
_NUMBER = re.compile(r"(?:\d[\d,]*)?\.?\d+(?:e[+-]?\d+)?")
_SOURCES = (".py", ".html", ".csv")
#: Rooms whose sources hold invented names and places: no template of a report stands there.
_WITHOUT_TEMPLATES = ("synthetic",)
#: Digits from which a number could be somebody's.
_DIGITS = 3
#: Keys of a specification whose values are seen in the picture, or computed for it.
_WRITTEN = frozenset({"title", "text", "datum", "calculate", "expr", "value"})
#: Tables with most rows, which are looked at last: labels are seldom found only there.
_LONG = ("events", "interactions", "payments")
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

    def require(self, texts: Iterable[tuple[str, str]], figures: Iterable[float]) -> None:
        """Refuse texts that hold more than templates, labels and figures.

        Parameters
        ----------
        texts : iterable of (str, str)
            What each text is ("the title of table sizes") and the text.
        figures : iterable of float
            Every figure that is shown.

        Raises
        ------
        PrivacyError
            Words or numbers come from elsewhere; the message does not repeat them.
        """
        held = list(texts)
        strange = {name: self._unknown_words(text) for name, text in held}
        shared = self._shared_words(set().union(*strange.values()) if strange else set())
        for name, words in strange.items():
            if words - shared:
                raise PrivacyError(
                    f"{name} has {_counted(len(words - shared), 'word')} that neither the notebook "
                    f"nor the package wrote and that fewer than {self.k} persons of the view "
                    "share: write the text in the notebook and fill in only figures and groups"
                )
        shown = np.array(sorted({abs(figure) for figure in figures}), dtype=np.float64)
        for name, text in held:
            missing = [
                number
                for number in _long_numbers(text)
                if not number.is_among(shown) and number.digits not in _plain_numbers(self.source)
            ]
            if missing:
                raise PrivacyError(
                    f"{name} has {_counted(len(missing), 'number')} that no figure of the report "
                    "shows: show the figure, made by the view's release, beside the text"
                )

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
                for number in _NUMBER.findall(text):
                    digits = _digits(number)
                    if digits and digits not in _plain_numbers(self.source):
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
        shared = self._shared_words(set().union(*strange.values()))
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

    def _shared_words(self, wanted: set[str]) -> set[str]:
        """Return those of some words that stand in a value which k persons share."""
        found: set[str] = set()
        for column, frame in _text_columns(self.data):
            left = wanted - found
            if not left:
                break
            distinct = frame.select(pl.col(column).cast(pl.String)).unique()
            values = distinct.collect(engine="streaming").to_series().drop_nulls()
            hits = [value for value in values if _words(value) & left]
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
            found |= {word for value in counted[column] for word in _words(value)} & wanted
        return found


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


def _spec_texts(content: Any, key: str = "") -> Iterator[str]:
    """Yield what a specification writes into its picture, and what it computes there."""
    if isinstance(content, Mapping):
        for name, inner in content.items():
            yield from _spec_texts(inner, str(name))
    elif isinstance(content, list | tuple):
        for inner in content:
            yield from _spec_texts(inner, key)
    elif key in _WRITTEN and content is not None and not isinstance(content, bool):
        yield str(content)


def _text_columns(data: CustomerData) -> Iterator[tuple[str, pl.LazyFrame]]:
    for table in sorted(data.tables, key=lambda name: name in _LONG):
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
    root = Path(str(files("workbench")))
    paths = sorted(path for path in root.rglob("*") if path.suffix in _SOURCES)
    wanted = (p for p in paths if p.relative_to(root).parts[0] not in _WITHOUT_TEMPLATES)
    return frozenset().union(*(_words(path.read_text(encoding="utf-8")) for path in wanted))


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text.replace("_", " ")))


@cache
def _plain_numbers(text: str) -> frozenset[str]:
    return frozenset(_digits(found) for found in _NUMBER.findall(text))


@dataclass(frozen=True, slots=True)
class _Number:
    """A number of a text: its significant digits, its value, decimals, and whether in percent."""

    digits: str
    value: float
    decimals: int
    is_percent: bool

    def is_among(self, figures: NDArray[np.float64]) -> bool:
        """Return whether a figure, rounded as the text rounds, is this number."""
        scaled = 100 * figures if self.is_percent else figures
        margin = 0.5 * 10.0**-self.decimals * (1 + 1e-9)
        return bool((np.abs(scaled - self.value) <= margin).any())


def _long_numbers(text: str) -> list[_Number]:
    found = []
    for match in _NUMBER.finditer(text):
        digits = _digits(match[0])
        if len(digits) < _DIGITS:
            continue
        plain = match[0].replace(",", "")
        decimals = len(plain.partition("e")[0].partition(".")[2])
        is_percent = text[match.end() :].lstrip(" \u00a0").startswith("%")
        found.append(_Number(digits, float(plain), decimals, is_percent))
    return found


def _digits(number: str) -> str:
    """Return the significant digits of a number: 0.0450 and 4,500 are both 45."""
    mantissa = number.partition("e")[0].replace(",", "").replace(".", "")
    return mantissa.strip("0")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
