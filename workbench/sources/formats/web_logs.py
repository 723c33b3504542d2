r"""Read the access logs of web servers: NCSA common and combined, and W3C as IIS writes it.

Combined logs have the fields of Apache's LogFormat ``%h %l %u %t "%r" %>s %b "%{Referer}i"
"%{User-Agent}i"``, and may end with ``"%{Cookie}i"`` and further fields. A virtual host may stand
before them, and behind proxies a list of addresses in place of one. Within quotes Apache writes
``\"`` and ``\xNN``, other servers raw bytes. A W3C log names its fields in a ``#Fields:`` line,
which may change within the file; it is in UTC and has + for a blank within a field.

Columns are ``host``, ``user``, ``at``, ``request.method``, ``request.url``, ``request.protocol``,
``status``, ``bytes``, ``referrer``, ``agent`` and ``cookie``; ``-`` is an empty cell.
"""

import codecs
import json
import re
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from io import BytesIO
from typing import Any, BinaryIO

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import InputError
from workbench.schema.record_faults import Rule
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.raw_cells import RawCells, malformed_records

_COLUMNS = (
    "host", "user", "at", "request.method", "request.url", "request.protocol",
    "status", "bytes", "referrer", "agent", "cookie",
)  # fmt: skip
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_ADDRESS = r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:.]+)"
_LINE = re.compile(
    # The virtual host, where the log has one: with a port, or as a name before an address.
    rf"(?:\S+:\d+ |(?=[^ ]*[A-Za-z_*])[\w.*-]+ (?={_ADDRESS}[ ,]))?"
    # The first of several addresses is the client's, the others are those of proxies.
    r"(?P<host>[^\s,]+)(?:, ?[^\s,]+)* \S+ (?P<user>\S+) \[(?P<at>[^\]]+)\] "
    rf"{_QUOTED.replace('(', '(?P<request>', 1)} (?P<status>\d{{3}}|-) (?P<bytes>\d+|-)"
    rf"(?: {_QUOTED.replace('(', '(?P<referrer>', 1)} {_QUOTED.replace('(', '(?P<agent>', 1)}"
    rf"(?: {_QUOTED.replace('(', '(?P<cookie>', 1)})?)?.*"
)
_REQUEST = re.compile(r"([A-Z]{3,10}) (\S.*?)(?: (HTTP/\d(?:\.\d)?))?")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|(.))")
_CONTROLS: Mapping[str, str] = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "v": "\v"}
_FIELDS = "#Fields:"
#: Names of a W3C log for the columns; the URL has its query in a field of its own.
_W3C: Mapping[str, str] = {
    "host": "c-ip", "user": "cs-username", "request.method": "cs-method",
    "request.protocol": "cs-version", "status": "sc-status", "bytes": "sc-bytes",
    "referrer": "cs(Referer)", "agent": "cs(User-Agent)", "cookie": "cs(Cookie)",
}  # fmt: skip
_WITH_PLUS = ("agent", "cookie", "referrer", "user")
_LOG_LINE = Rule("log_line")
_RECORDS = pl.Schema({"source_row": pl.Int64(), **dict.fromkeys(_COLUMNS, pl.String())})
_NO_SIGN = b"\x01"  # hardly any log contains it, so it separates nothing
#: What only the parser of single lines understands: escapes, bytes beyond ASCII, controls.
_ODD = r"[^\x20-\x7e]|\\"
#: The beginning of ``_LINE`` for lines without such signs and without a virtual host.
_PLAIN_LINE = (
    r"^(?P<host>[^ ,]+) [^ ]+ (?P<user>[^ ]+) \[(?P<at>[^\]\[]+)\] "
    r'"(?P<request>[^"]*)" (?P<status>[0-9]{3}|-) (?P<bytes>[0-9]+|-)'
    r'(?: "(?P<referrer>[^"]*)" "(?P<agent>[^"]*)"(?: "(?P<cookie>[^"]*)")?)?'
)

Cells = dict[str, str | None]


def read_access_log(
    data: bytes, *, rule: FileRule, expected: Collection[str], name: str
) -> RawCells:
    """Split the lines of an access log into cells.

    Raises
    ------
    InputError
        No line is a line of an access log.
    """
    reading = _LogReading(name)
    found = reading.read_lines(data.removeprefix(codecs.BOM_UTF8))
    reading.check()
    return found


def read_log_batches(file: BinaryIO, *, name: str, size: int) -> Iterator[RawCells]:
    """Yield the cells of an access log in batches of about ``size`` bytes, see ``read_access_log``.

    The assumptions are about all lines so far.
    """
    reading = _LogReading(name)
    rest = file.read(size).removeprefix(codecs.BOM_UTF8)
    while rest:
        piece = file.read(size)
        end = rest.rfind(b"\n") + 1 if piece else len(rest)
        if end:
            yield reading.read_lines(rest[:end])
        rest = rest[end:] + piece
    reading.check()


class _LogReading:
    """The lines of one log that were read so far."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._fields: list[str] | None = None
        self._remarks = 0
        self._accepted = 0
        self._read = 0

    def read_lines(self, data: bytes) -> RawCells:
        """Return the cells of the next lines, with assumptions about all lines so far."""
        lines = _split_lines(data).to_frame("line").filter(pl.col("line") != "")
        is_remark = pl.col("line").str.starts_with("#")
        lines = lines.with_columns(names=pl.col("line").str.starts_with(_FIELDS).cum_sum())
        frames: list[pl.DataFrame] = []
        bad: list[tuple[int, Rule, str]] = []
        before = self._read
        for block in lines.partition_by("names", include_key=False, maintain_order=True):
            first = block["line"][0]
            if first.startswith(_FIELDS):
                self._fields = first.removeprefix(_FIELDS).split()
            records = block.filter(~is_remark)
            self._remarks += block.height - records.height
            frames.append(self._read_records(records["line"], bad))
        found = pl.concat([pl.DataFrame(schema=_RECORDS), *frames])
        self._accepted += found.height
        remarks = count_text(self._remarks, "line")
        return RawCells(
            records=found,
            refused=malformed_records(bad),
            read=self._read - before,
            is_plain=True,
            assumptions=(f"{remarks} beginning with # passed over",) if self._remarks else (),
        )

    def _read_records(self, lines: pl.Series, bad: list[tuple[int, Rule, str]]) -> pl.DataFrame:
        """Return the cells of lines with the same fields; lines with odd signs one by one."""
        numbered = pl.DataFrame({"source_row": _numbers(self._read, len(lines)), "line": lines})
        self._read += len(lines)
        split = _split_combined if self._fields is None else partial(_split_w3c, self._fields)
        plain = numbered.filter(~pl.col("line").str.contains(_ODD))
        cells = split(plain["line"]).with_columns(plain["source_row"])
        found = cells.filter("_is_split").select(list(_RECORDS))
        odd = numbered.join(found, on="source_row", how="anti", maintain_order="left")
        rows: list[dict[str, Any]] = []
        for number, line in odd.iter_rows():
            fields = self._fields
            one = _combined_cells(line) if fields is None else _w3c_cells(line, fields)
            if one is None:
                raw = json.dumps({"line": _text(line)}, ensure_ascii=False)
                bad.append((number, _LOG_LINE, raw))
            else:
                rows.append({"source_row": number, **one})
        careful = pl.DataFrame(rows, schema=_RECORDS)
        return pl.concat([found, careful]).sort("source_row") if rows else found

    def check(self) -> None:
        """Check that the log has a line of an access log, if it has any line."""
        if self._read and not self._accepted:
            raise InputError(
                f"{self._name} has no line of an access log, which looks like 192.0.2.1 - - "
                '[31/Mar/2024:14:30:00 +0200] "GET / HTTP/1.1" 200 5 or has its fields listed in a '
                "line #Fields: check whether it is one; another form needs a mapping of its own"
            )


def _split_lines(data: bytes) -> pl.Series:
    """Return the lines without blanks at their ends, a character for each byte.

    Which encoding a field is in shows in the field itself, see ``_text``.
    """
    text = data if data.isascii() else data.decode("latin-1").encode()
    if _NO_SIGN in text or not text:
        lines = pl.Series(text.decode().split("\n"), dtype=pl.String)
    else:
        lines = pl.read_csv(
            BytesIO(text),
            has_header=False,
            separator=_NO_SIGN.decode(),
            quote_char=None,
            infer_schema=False,
            empty_string_is_null=False,
        ).to_series()
    return lines.str.strip_chars("\r\n ")


def _numbers(before: int, count: int) -> pl.Series:
    return pl.int_range(before + 1, before + count + 1, dtype=pl.Int64, eager=True)


def _split_combined(lines: pl.Series) -> pl.DataFrame:
    """Return the cells of lines without odd signs, and whether they fit the usual pattern."""
    line = pl.col("line")
    groups = lines.to_frame("line").select(line.str.extract_groups(_PLAIN_LINE)).unnest("line")
    request = pl.col("request").str.extract_groups(rf"^(?:{_REQUEST.pattern})$")
    names = ("request.method", "request.url", "request.protocol")
    return groups.with_columns(
        pl.col("request").is_not_null().alias("_is_split"),
        *(request.struct.field(str(n)).alias(name) for n, name in enumerate(names, start=1)),
    ).with_columns(_filled(pl.col(name)) for name in _COLUMNS)


def _split_w3c(fields: list[str], lines: pl.Series) -> pl.DataFrame:
    """Return the cells of lines without odd signs, and whether they have as many fields."""
    split = lines.to_frame("line").select(
        _is_split=pl.col("line").str.count_matches(" ", literal=True) == len(fields) - 1,
        line=pl.col("line").str.split_exact(" ", max(len(fields) - 1, 0)),
    )
    known = {field: pl.col("line").struct[n] for n, field in enumerate(fields)}
    nothing = pl.lit(None, dtype=pl.String)
    cells = {column: known.get(field, nothing) for column, field in _W3C.items()}
    for column in _WITH_PLUS:
        cells[column] = _filled(cells[column]).str.replace_all("+", " ", literal=True)
    stem = known.get("cs-uri-stem", nothing)
    query = known.get("cs-uri-query", pl.lit("-"))
    cells["request.url"] = (
        pl.when((query == "-") | stem.is_null()).then(stem).otherwise(stem + "?" + query)
    )
    cells["at"] = nothing
    if "date" in known and "time" in known:
        cells["at"] = known["date"] + "T" + known["time"] + "+00:00"
    return split.select(
        "_is_split", *(_without_dash(cells[column]).alias(column) for column in _COLUMNS)
    )


def _filled(cell: pl.Expr) -> pl.Expr:
    return pl.when((cell != "") & (cell != "-")).then(cell)


def _without_dash(cell: pl.Expr) -> pl.Expr:
    return pl.when(cell != "-").then(cell)


def _combined_cells(line: str) -> Cells | None:
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    cells = {key: _text(found) if found else None for key, found in match.groupdict().items()}
    request = _REQUEST.fullmatch(cells.pop("request") or "")
    method, url, protocol = request.groups() if request else (None, None, None)
    return _without_dashes(
        {**cells, "request.method": method, "request.url": url, "request.protocol": protocol}
    )


def _w3c_cells(line: str, fields: list[str]) -> Cells | None:
    found = line.split(" ")
    if len(found) != len(fields):
        return None
    known = dict(zip(fields, (_text(each) for each in found), strict=True))
    cells: Cells = {column: known.get(field) for column, field in _W3C.items()}
    for column in _WITH_PLUS:
        cells[column] = (cells[column] or "-").replace("+", " ")
    query = known.get("cs-uri-query", "-")
    stem = known.get("cs-uri-stem")
    cells["request.url"] = stem if query == "-" or stem is None else f"{stem}?{query}"
    if "date" in known and "time" in known:
        cells["at"] = f"{known['date']}T{known['time']}+00:00"
    return _without_dashes(cells)


def _without_dashes(cells: Cells) -> Cells:
    return {name: None if cell == "-" else cell for name, cell in cells.items()}


def _text(field: str) -> str:
    """Return the text of a field: escapes are resolved, bytes are UTF-8 or else Latin-1."""
    plain = _ESCAPE.sub(_resolve, field) if "\\" in field else field
    try:
        return plain.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return plain


def _resolve(match: re.Match[str]) -> str:
    code, letter = match.groups()
    return chr(int(code, 16)) if code else _CONTROLS.get(letter, letter)
