r"""Read the access logs of web servers: NCSA common and combined, and W3C as IIS writes it.

Combined logs have the fields of Apache's LogFormat ``%h %l %u %t "%r" %>s %b "%{Referer}i"
"%{User-Agent}i"``, and may end with ``"%{Cookie}i"``. Within quotes Apache writes ``\"`` and
``\xNN``, other servers raw bytes. A W3C log names its fields in a ``#Fields:`` line, which may
change within the file; it is in UTC and has + for a blank within a field.

Columns are ``host``, ``user``, ``at``, ``request.method``, ``request.url``, ``request.protocol``,
``status``, ``bytes``, ``referrer``, ``agent`` and ``cookie``; ``-`` is an empty cell.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping

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
_LINE = re.compile(
    r"(?:\S+:\d+ )?"  # the virtual host, where the log has one
    r"(?P<host>\S+) \S+ (?P<user>\S+) \[(?P<at>[^\]]+)\] "
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
_LOG_LINE = Rule("log_line")

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
    rows: list[Cells] = []
    numbers: list[int] = []
    bad: list[tuple[int, Rule, str]] = []
    fields: list[str] | None = None
    remarks = 0
    for line in _lines(data):
        if line.startswith("#"):
            remarks += 1
            if line.startswith(_FIELDS):
                fields = line.removeprefix(_FIELDS).split()
            continue
        number = len(rows) + len(bad) + 1
        cells = _combined_cells(line) if fields is None else _w3c_cells(line, fields)
        if cells is None:
            raw = json.dumps({"line": _text(line)}, ensure_ascii=False)
            bad.append((number, _LOG_LINE, raw))
        else:
            rows.append(cells)
            numbers.append(number)
    if bad and not rows:
        raise InputError(f"{name} has no line of an access log: check whether it is one")
    records = pl.DataFrame(
        [
            pl.Series("source_row", numbers, dtype=pl.Int64),
            *(pl.Series(c, [row.get(c) for row in rows], dtype=pl.String) for c in _COLUMNS),
        ]
    )
    notes = [f"{count_text(remarks, 'line')} beginning with # passed over"] if remarks else []
    return RawCells(
        records=records,
        refused=malformed_records(bad),
        read=len(rows) + len(bad),
        is_plain=True,
        assumptions=tuple(notes),
    )


def _lines(data: bytes) -> Iterator[str]:
    """Yield the lines that are not blank, a character for each byte."""
    for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        if bare := line.strip(b"\r\n "):
            yield bare.decode("latin-1")


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
    for column in ("agent", "cookie", "referrer", "user"):
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
