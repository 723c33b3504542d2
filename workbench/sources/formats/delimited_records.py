r"""Split delimited text into records and fields, without losing or merging records.

The usual parsers accept every sequence of quotes. One stray quote then swallows the following
records up to the next quote, which nobody notices. Here a pattern decides where each record ends,
before Python's ``csv`` splits it into fields: a quoted cell begins at a delimiter and its closing
quote stands before a delimiter or the end of the record; other quotes are text. If the two disagree
on the number of records, the file is refused. A record that does not fit the pattern is refused
alone, together with following lines that have too few fields for records of their own:

>>> style = RecordStyle(delimiter=",")
>>> text = 'C1,5" disk\nC2,"a "big" one"\nC3,"two\nlines"\n'
>>> [record if isinstance(record, list) else record.text for record in split(text, style, width=2)]
[['C1', '5" disk'], 'C2,"a "big" one"', ['C3', 'two\nlines']]
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, field

from workbench.foundation.errors import InputError
from workbench.schema.record_faults import Rule
from workbench.sources.formats.record_style import BLANKS, RecordStyle, split_fields

#: Number of characters in a record; a longer line is no record of a delimited file.
LONGEST = 1 << 22

_QUOTES = Rule("quotes")
_ENDS = re.compile(r"\r\n|\n|\r")
_BATCH = 2_000  # number of lines that csv splits at a time
_MOST_CONTINUED = 100  # number of lines that a faulty record may continue

csv.field_size_limit(2 * LONGEST)


@dataclass(frozen=True, slots=True)
class FaultyRecord:
    """Text of a record that cannot be split, and the rule that it breaks."""

    text: str
    rule: Rule


@dataclass(slots=True)
class SplitCounts:
    """Counts of what was assumed while splitting."""

    blank_lines: int = 0
    odd_ends: int = 0
    escaped: int = 0
    blanks_around: int = 0
    lookalikes: int = 0


def split(
    content: str, style: RecordStyle, *, width: int | None, start: int = 0
) -> Iterator[list[str] | FaultyRecord]:
    """Yield the fields of each record, or a record that cannot be split; see ``RecordSplitter``."""
    return RecordSplitter(content, style, width=width, position=start).records()


@dataclass(slots=True)
class RecordSplitter:
    """Splits content into records, from a position on.

    Parameters
    ----------
    content : str
        Content of the file.
    style : RecordStyle
        Delimiter, line end and escapes.
    width : int or None
        Number of fields of a record, as evidence about the ends of records; None if it is unknown.
    position : int
        Position of the next record.
    counts : SplitCounts
        Counts of what was assumed.
    lines_before : int
        Number of lines of the file before the content, for messages.
    """

    content: str
    style: RecordStyle
    _: KW_ONLY
    width: int | None
    position: int = 0
    counts: SplitCounts = field(default_factory=SplitCounts)
    lines_before: int = 0
    _regular: list[str] = field(default_factory=list)

    def next_block(self, size: int) -> str:
        """Return whole lines of about a size in characters, from the position on.

        Raises
        ------
        InputError
            The last line is too long.
        """
        target = self.position + size
        limit = target + LONGEST
        end = self.content.find(self.style.line_end, target, limit)
        if end < 0 and limit < len(self.content):
            before = self.content.rfind(self.style.line_end, self.position, target)
            self._line_end(self.position if before < 0 else before + len(self.style.line_end))
        return self.content[self.position : end + len(self.style.line_end) if end >= 0 else None]

    def records(self, size: int | None = None) -> Iterator[list[str] | FaultyRecord]:
        """Yield the records of the next ``size`` characters, or all.

        Raises
        ------
        InputError
            A line is too long, the end of a faulty record is unknown, or csv finds another number
            of records.
        """
        until = len(self.content) if size is None else min(len(self.content), self.position + size)
        if self.style.delimiter == BLANKS:
            for line in _ENDS.split(self.content[self.position :]):
                if fields := line.split():
                    yield fields
            self.position = len(self.content)
            return
        style = self.style
        other_ends = [end for end in "\r\n" if end != style.line_end and end in self.content]
        if style.line_end == "\r\n" and not _has_bare_ends(self.content):
            other_ends = []
        while self.position < until:
            end, following = self._line_end(self.position)
            line = self.content[self.position : end]
            is_plain = '"' not in line and not any(other in line for other in other_ends)
            is_escaped = style.has_escapes and "\\" in line
            if is_plain or (not is_escaped and style.regular.fullmatch(line)):
                self.position = following
                if line.strip(" "):
                    self._regular.append(line)
                elif following < len(self.content):
                    self.counts.blank_lines += 1
                if len(self._regular) >= _BATCH:
                    yield from self._split_regular()
            else:
                yield from self._split_regular()
                yield from self._split_irregular(line, end)
        yield from self._split_regular()

    def _line_end(self, start: int) -> tuple[int, int]:
        """Return the end of the line that begins at a position, and the start of the next one."""
        line_end = self.style.line_end
        end = self.content.find(line_end, start)
        end = end if end >= 0 else len(self.content)
        if end - start > LONGEST:
            raise InputError(
                f"line {self._line_number(start):,} has more than {LONGEST:,} characters, so this "
                "is no delimited file: check the format and the line ends"
            )
        following = end + len(line_end)
        is_pair = line_end == "\n" and end > start and self.content[end - 1] == "\r"
        return end - is_pair, following

    def _after(self, end: int) -> int:
        """Return the start of the line after a record's end."""
        return self._line_end(end)[1]

    def _line_number(self, position: int) -> int:
        return self.lines_before + self.content.count(self.style.line_end, 0, position) + 1

    def _split_regular(self) -> Iterator[list[str]]:
        """Split the regular lines that were gathered, one record each."""
        lines, self._regular = self._regular, []
        if self.style.delimiter is None:
            yield from ([_unquote(line)] for line in lines)
            return
        rows = list(csv.reader(lines, delimiter=self.style.delimiter))
        if len(rows) != len(lines):
            raise InputError(
                f"the lines before line {self._line_number(self.position):,} were split into "
                f"{len(rows):,} records in place of {len(lines):,}: check their quotes"
            )
        yield from rows

    def _split_irregular(self, line: str, end: int) -> Iterator[list[str] | FaultyRecord]:
        limit = self.position + LONGEST
        found = self.style.lenient.match(self.content, self.position, limit)
        if found and found.end() < limit:
            fields = split_fields(found[0], self.style)
            if self._is_credible(found, fields, end):
                self.position = self._after(found.end())
                self._count(found[0])
                yield fields
                return
        elif self.style.multiline.fullmatch(line):
            self.position = self._after(end)
            yield from self._split_odd_ends(line)
            return
        yield self._faulty(end)

    def _is_credible(self, found: re.Match[str], fields: list[str], end: int) -> bool:
        """Return whether a record is one, although it may contain lines that look like records."""
        if self.width is None or found.end() == end:
            return True
        lines = found[0].split(self.style.line_end)
        if not has_width(fields, self.width):
            return not self._is_record(self._after(end))
        if not all(self._count_fields(line) == self.width for line in lines):
            return True
        if self.width > 2 and self._is_record(self._after(end)):
            return False
        self.counts.lookalikes += 1
        return True

    def _is_record(self, start: int) -> bool:
        """Return whether the line that begins at a position is a record on its own."""
        if start >= len(self.content) or self.width is None:
            return False
        line = self.content[start : self._line_end(start)[0]]
        found = self.style.lenient.fullmatch(line)
        return found is not None and has_width(split_fields(line, self.style), self.width)

    def _count(self, text: str) -> None:
        self.counts.escaped += self.style.has_escapes and '\\"' in text
        sign = re.escape(self.style.delimiter or "")
        self.counts.blanks_around += re.search(rf'(^|{sign}) +"|" +({sign}|$)', text) is not None

    def _split_odd_ends(self, line: str) -> Iterator[list[str] | FaultyRecord]:
        """Split a line that contains line ends of another kind outside quotes."""
        fields = split_fields(line, self.style)
        if self.width is None or (self.width > 1 and has_width(fields, self.width)):
            self.counts.odd_ends += 1
            yield fields
            return
        for part in _ENDS.split(line):
            if part.strip(" "):
                is_whole = self.style.lenient.fullmatch(part)
                yield split_fields(part, self.style) if is_whole else FaultyRecord(part, _QUOTES)

    def _faulty(self, end: int) -> FaultyRecord:
        """Return the record at the position as a faulty one, with the lines that continue it."""
        start, following = self.position, self._after(end)
        if self.width is not None:
            for _ in range(_MOST_CONTINUED):
                if following >= len(self.content):
                    break
                line_end, after = self._line_end(following)
                if self._count_fields(self.content[following:line_end]) >= self.width:
                    break
                end, following = line_end, after
            else:
                raise InputError(
                    f"a quote in line {self._line_number(start):,} is never closed, and no line "
                    "that follows has the number of fields of a record: correct the quotes there"
                )
        self.position = following
        return FaultyRecord(self.content[start:end], _QUOTES)

    def _count_fields(self, line: str) -> int:
        return line.count(self.style.delimiter) + 1 if self.style.delimiter else 1


def has_width(fields: list[str], width: int) -> bool:
    """Return whether a record has a number of fields, or one more that is empty and the last."""
    return len(fields) == width or (len(fields) == width + 1 and fields[-1] == "")


def _unquote(line: str) -> str:
    return line[1:-1].replace('""', '"') if line.startswith('"') else line


def _has_bare_ends(content: str) -> bool:
    pairs = content.count("\r\n")
    return content.count("\n") > pairs or content.count("\r") > pairs
