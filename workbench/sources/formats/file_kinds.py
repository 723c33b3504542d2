r"""Find the format of a file, by its first bytes where these show it, else by its name.

Files are renamed: logs get a number or a day when they are rotated, and exports the suffix of
another format. So a name decides only between kinds of text.

>>> format_of(b"id,name\n1,Ann\n", "orders"), format_of(b'{"id": 1}\n', "events.log.2")
('delimited', 'json')
"""

import re
from collections.abc import Mapping

from workbench.foundation.errors import InputError

#: First bytes of binary files that can be read.
BINARY_MARKS: Mapping[bytes, str] = {
    b"PAR1": "parquet",
    b"PK\x03\x04": "sheets",
    b"\xd0\xcf\x11\xe0": "sheets",  # an older or an encrypted workbook, of which the reader says so
}
_UNPACK = "unpack it first, or pack it as .zip or .gz"
_EXPORT = "export it as .csv, .xlsx, .json or .parquet"
#: First bytes of files that cannot be read, each with its kind and what to do.
_FOREIGN: Mapping[bytes, tuple[str, str]] = {
    b"7z\xbc\xaf": ("a 7z archive", _UNPACK),
    b"Rar!": ("a RAR archive", _UNPACK),
    b"BZh": ("a bzip2 file", _UNPACK),
    b"\xfd7zXZ": ("an xz file", _UNPACK),
    b"\x28\xb5\x2f\xfd": ("a zstd file", _UNPACK),
    b"ARROW1": ("an Arrow file", _EXPORT),
    b"Obj\x01": ("an Avro file", _EXPORT),
    b"ORC": ("an ORC file", _EXPORT),
    b"SQLite format 3": ("a SQLite database", _EXPORT),
    b"%PDF": ("a PDF document", _EXPORT),
}
_TAR_MARK, _TAR_PLACE = b"ustar", 257
_PAGE = re.compile(rb"\s*<(?:!doctype|html|\?xml|head|body|table|div)\b", re.IGNORECASE)
_TREES = re.compile(rb'\s*(?:\{\s*["}]|\[\s*[\[{"\]])')
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
#: Number of bytes in which a binary file shows itself.
_HEAD = 4096

_JSON = (".json", ".jsonl", ".ndjson")
_TEXT = (".csv", ".tsv", ".txt", ".tab", ".dat", ".psv", ".log")
_SUFFIXES: Mapping[str, str] = {
    **dict.fromkeys(_TEXT, "delimited"),
    **dict.fromkeys(_JSON, "json"),
    **dict.fromkeys((".xlsx", ".xlsm"), "sheets"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
}
#: The suffix of a name, before a number or a day; logs of Apache may be called access_log.
_SUFFIX = re.compile(r"(\.[a-z]\w*|_log)(?:[.-]\d[\d.-]*)?$")


def format_of(data: bytes, name: str) -> str:
    """Return the format of a file.

    Parameters
    ----------
    data : bytes
        First bytes of the file, or its content.
    name : str
        Name of the file.

    Raises
    ------
    InputError
        The file is empty or of an unknown kind.
    """
    if not data.strip() and not may_be_blank(name):
        raise InputError(f"{name} is empty: nothing to read")
    for mark, format_name in BINARY_MARKS.items():
        if data.startswith(mark):
            return format_name
    _refuse_foreign(data, name)
    by_name = _SUFFIXES.get(suffix_of(name))
    if not _is_text(data):
        if by_name is None:
            raise InputError(
                f"{name} is a file of an unknown kind; known are {', '.join(sorted(_SUFFIXES))}: "
                "give it the suffix of its format"
            )
        return by_name
    head = data[:_HEAD].removeprefix(b"\xef\xbb\xbf")
    if _TREES.match(head):
        return "json"
    # Text that is no table has the format of its name, whose reader says what is wrong with it.
    return by_name if by_name is not None and not _is_table(head) else "delimited"


def suffix_of(name: str) -> str:
    """Return the suffix of a file's name in lower case, "" if it has none.

    >>> [suffix_of(name) for name in ("a.b.CSV", "access.log.1", "access_log-20240601", "list")]
    ['.csv', '.log', '.log', '']
    """
    found = _SUFFIX.search(name.lower())
    return found[1].replace("_", ".") if found else ""


def may_be_blank(name: str) -> bool:
    """Return whether a file of this name may be blank: lines without a header, of which none came.

    >>> may_be_blank("events.ndjson"), may_be_blank("access.log.1"), may_be_blank("orders.csv")
    (True, True, False)
    """
    return suffix_of(name) in (".jsonl", ".ndjson", ".log")


def _refuse_foreign(data: bytes, name: str) -> None:
    kinds = [kind for mark, kind in _FOREIGN.items() if data.startswith(mark)]
    if data[_TAR_PLACE:].startswith(_TAR_MARK):
        kinds = [("a tar archive", _UNPACK)]
    if _PAGE.match(data[:_HEAD].removeprefix(b"\xef\xbb\xbf")):
        kinds = [("a web page or XML", f"save its table as .xlsx or .csv, or {_EXPORT}")]
    for kind, way in kinds:
        raise InputError(f"{name} is {kind}, which is not read: {way}")


def _is_text(data: bytes) -> bool:
    return data.startswith(_BYTE_ORDER_MARKS) or not _CONTROLS.search(data[:_HEAD])


def _is_table(head: bytes) -> bool:
    """Return whether text begins like a table: with a delimiter and without a bracket.

    A JavaScript file may assign its JSON to a name in the first line.
    """
    line = head.lstrip().split(b"\n", 1)[0]
    return not re.search(rb"[\[{]", line) and re.search(rb"[,;\t|]", line) is not None
