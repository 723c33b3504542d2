r"""Find the header of a file, and the names of its columns.

Spreadsheets, web pages and file systems write the same name in different Unicode forms, with
no-break spaces or with invisible characters, and versions of an export in another letter case. Such
a name is the mapping's name, unless the file has two names that differ by letter case alone.

>>> name_columns(["ID", "Cafe\u0301\u00a0name\u200b"], expected=["id", "Café name"], name="a.csv")
['id', 'Café name']
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence

import polars as pl

from workbench.foundation.errors import InputError
from workbench.sources.formats.text_decoding import escape_undecodable

#: Number of lines or rows among which the header is searched.
HEADER_LINES = 50

#: Similarity of two names that differ by a letter or a sign; below it they are different names.
A_LETTER = 0.85

#: Number of columns; a wider file is not a table of records.
MOST_COLUMNS = 10_000

_SPACES = re.compile(r"[\u00a0\u2007\u202f]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


def plain_name(name: str) -> str:
    """Return a name in composed Unicode form, without invisible characters and outer blanks."""
    visible = _INVISIBLE.sub("", _SPACES.sub(" ", name))
    # A line end is kept: it shows that two lines were taken for one.
    return unicodedata.normalize("NFC", visible).strip(" \t")


def find_header(rows: Sequence[Sequence[str | None]], expected: Collection[str]) -> tuple[int, int]:
    """Return the position of the header among the first rows, and how many columns it names.

    The header is the first row with the most names of the mapping if these are more than half of
    them; otherwise it is row 0.

    Examples
    --------
    >>> find_header([["Report of May"], ["id", "name"], ["1", "Ann"]], ["id", "name"])
    (1, 2)
    """
    wanted = {_folded(name) for name in expected}
    found = [len(wanted & {_folded(cell) for cell in row if cell}) for row in rows]
    best = max(range(len(rows)), key=lambda position: (found[position], -position), default=0)
    if not rows or found[best] * 2 <= len(wanted):
        best = 0
    return best, found[best] if rows else 0


def name_columns(found: Sequence[str | None], *, expected: Collection[str], name: str) -> list[str]:
    """Return the names of columns from the cells of a header.

    A name that differs from one of the mapping only by Unicode form, kind of blank, invisible
    characters or letter case becomes the mapping's name. A column whose name is empty or repeated
    gets its number: ``price (field 3)``.

    Parameters
    ----------
    found : sequence of str or None
        Cells of the header.
    expected : collection of str
        Source columns that the mapping names.
    name : str
        Name of the file, for messages.

    Raises
    ------
    InputError
        A column that the mapping names occurs twice, or there are more than 10,000 columns. (The
        message never contains another name, because it may be the cell of a file without header.)
    """
    if len(found) > MOST_COLUMNS:
        raise InputError(
            f"{name} has {len(found):,} fields in its header, more than {MOST_COLUMNS:,}: check "
            "the delimiter and the line ends"
        )
    mapped = {plain_name(source): source for source in expected}
    alike = _alike_but_for_case(found, expected)
    names: dict[str, None] = {}
    for position, cell in enumerate(found, start=1):
        bare = escape_undecodable(cell or "").strip()
        if bare not in expected:
            bare = mapped.get(plain_name(bare)) or alike.get(_folded(bare), bare)
        if bare in names and bare in expected:
            raise InputError(f"{name} has column {bare!r} twice: rename one of them")
        is_free = bare and bare != "source_row" and bare not in names
        numbered = f"{bare} (field {position})".strip()
        names[bare if is_free else numbered] = None
    return list(names)


def case_notes(found: Sequence[str | None], names: Sequence[str]) -> list[str]:
    """Return a sentence on columns that the mapping names in another letter case."""
    bare = [plain_name(cell or "") for cell in found]
    changed = [
        f"{cell} for {name}"
        for cell, name in zip(bare, names, strict=False)
        if cell != name and cell.lower() == name.lower()
    ]
    return [f"column names in another letter case: {', '.join(changed)}"] if changed else []


def _alike_but_for_case(found: Sequence[str | None], expected: Collection[str]) -> dict[str, str]:
    """Return the names of the mapping by their form in lower case, where it is the only one."""
    in_file = Counter(_folded(cell) for cell in found if cell)
    in_mapping = Counter(map(_folded, expected))
    folded = {_folded(source): source for source in expected}
    return {key: s for key, s in folded.items() if in_file[key] == in_mapping[key] == 1}


def reordered_header(where: str) -> str:
    """Return why a file is refused whose header occurs again with its columns in another order."""
    return (
        f"{where} the header occurs again with its columns in another order, as where files were "
        "joined: split the file there"
    )


class HeaderAgain:
    """Finds the header among the records, in any letter case, as in files that were joined.

    Examples
    --------
    >>> again = HeaderAgain(["id", "name"])
    >>> again.is_equal(["ID", "Name"]), again.is_reordered(["name", "id"])
    (True, True)
    """

    def __init__(self, header: Sequence[str]) -> None:
        self._names = [_folded(name) for name in header]
        self._counts = Counter(self._names)
        # Texts as they stand are found many times faster than texts in lower case.
        self._written = sorted(
            {
                form
                for name in map(escape_undecodable, header)
                for bare in (name, name.strip(), plain_name(name))
                for form in (bare, bare.lower(), bare.upper(), bare.title(), bare.capitalize())
            }
        )

    def is_equal(self, record: Sequence[str]) -> bool:
        """Return whether a record has the names of the header, in their order."""
        return len(record) == len(self._names) and [*map(_folded, record)] == self._names

    def is_reordered(self, record: Sequence[str]) -> bool:
        """Return whether a record has the names of the header in another order."""
        if len(record) != len(self._names) or _folded(record[0]) not in self._counts:
            return False
        found = [*map(_folded, record)]
        return found != self._names and Counter(found) == self._counts

    def is_among(self, cells: pl.DataFrame) -> bool:
        """Return whether a record has the names of the header, in any order.

        Its first name is found as the header has it, in small letters or in capitals.
        """
        if cells.width != len(self._names):
            return False
        likely = cells.filter(cells.to_series(0).is_in(self._written))
        return any(self.is_equal(row) or self.is_reordered(row) for row in likely.iter_rows())


def _folded(name: str) -> str:
    return plain_name(escape_undecodable(name)).lower()
