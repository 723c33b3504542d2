"""How the records of a delimited file are written, as patterns of one record and one cell.

A quoted cell begins at a delimiter, and its closing quote stands before a delimiter or the end of
the record; other quotes are text:

>>> split_fields('5" disk, "a, ""b"" c" ,', RecordStyle(","))
['5" disk', 'a, "b" c', '']
"""

import re
from dataclasses import dataclass
from functools import cached_property

#: Delimiter of files in which any number of blanks separates fields.
BLANKS = "blanks"


@dataclass(frozen=True)
class RecordStyle:
    """The delimiter, the end of records, and whether a backslash protects a quote.

    Where LF ends records, so does CRLF. The delimiter is None in a file with one column, and
    "blanks" where any number of blanks is one delimiter.
    """

    delimiter: str | None
    line_end: str = "\n"
    has_escapes: bool = False

    @cached_property
    def regular(self) -> re.Pattern[str]:
        """Pattern of a record that csv splits in the same way."""
        return self._record(r'"(?:[^"]|"")*+"', r"\r\n")

    @cached_property
    def lenient(self) -> re.Pattern[str]:
        """Pattern of a record with blanks around quoted cells, and escapes if the file has them."""
        return self._record(f" *+{self._quoted} *+", r"\r\n")

    @cached_property
    def multiline(self) -> re.Pattern[str]:
        """Pattern of a record whose unquoted cells may contain line ends of another kind."""
        return self._record(f" *+{self._quoted} *+", "")

    @cached_property
    def cell(self) -> re.Pattern[str]:
        """Pattern of one cell with its delimiter; group 1 is a quoted cell, group 2 another."""
        quoted = f' *+"({self._quoted[1:-1]})" *+'
        plain = rf'((?! *+")[^{self._sign}]*+)' if self.delimiter else r'((?! *+").*+)'
        return re.compile(rf"(?:{quoted}|{plain})({self._delimiter}|$(?!\n))", re.DOTALL)

    @property
    def _quoted(self) -> str:
        return r'"(?:[^"\\]|""|\\.)*+"' if self.has_escapes else r'"(?:[^"]|"")*+"'

    @property
    def _sign(self) -> str:
        return re.escape(self.delimiter or "")

    @property
    def _delimiter(self) -> str:
        return self._sign or "(?!)"

    def _record(self, quoted: str, excluded: str) -> re.Pattern[str]:
        not_in_plain = f"[^{self._sign}{excluded}]" if self._sign or excluded else "."
        cell = f'(?:{quoted}|(?! *+"){not_in_plain}*+)'
        end = r"\r?\n" if self.line_end == "\n" else self.line_end
        return re.compile(rf"{cell}(?:{self._delimiter}{cell})*+(?={end}|\Z)", re.DOTALL)


def split_fields(record: str, style: RecordStyle) -> list[str]:
    """Return the fields of a record that fits the style's lenient or multiline pattern."""
    fields: list[str] = []
    for found in style.cell.finditer(record):
        quoted, plain, delimiter = found.groups()
        fields.append(plain if quoted is None else _unescape(quoted, style))
        if not delimiter:
            break
    return fields


def _unescape(quoted: str, style: RecordStyle) -> str:
    if not style.has_escapes:
        return quoted.replace('""', '"')
    # A backslash before any other character is text, such as that of a path.
    return re.sub(r'\\(["\\])|"(")', lambda found: found[1] or found[2], quoted)
