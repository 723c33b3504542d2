"""Open an Excel workbook: its sheets, shared texts and number formats.

A workbook is a ZIP archive of XML parts. Both dialects of Office Open XML are read, because the
names of elements are compared without their namespace. An archive is refused before it is unpacked
if its parts would fill the memory, and an XML part if it declares entities, which can expand
without limit.
"""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from xml.parsers import expat

from openpyxl.styles.numbers import BUILTIN_FORMATS

from workbench.foundation.errors import InputError

#: Number of bytes that the parts of a workbook may have when they are unpacked.
MOST_BYTES = 2 << 30

_SUSPECT_BYTES = 100 << 20  # from this size on, an archive must not shrink its parts too much
_MOST_RATIO = 250  # Online Retail II unpacks to 7 times its size, a file of zeros to 1,029
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_BLOCK = 1 << 16
#: Errors of a damaged archive or part: ZIP structure, compressed bytes, XML, attributes.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    EOFError,
    OSError,
    KeyError,
    ValueError,
    RuntimeError,
)

Attributes = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetPart:
    """A sheet of a workbook; ``kind`` is worksheet, chartsheet or dialogsheet.

    Messages contain its ``number``, from 1, because its name may be that of a person.
    """

    name: str
    number: int
    kind: str
    path: str
    is_hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbook:
    """The parts of a workbook that all its sheets need."""

    name: str
    archive: zipfile.ZipFile
    sheets: tuple[SheetPart, ...]
    texts: tuple[str, ...]
    formats: tuple[str, ...]  # number format of each cell style
    is_1904: bool


def open_workbook(data: bytes, name: str) -> Workbook:
    """Open the workbook in a file's bytes.

    Raises
    ------
    InputError
        The file is not an .xlsx workbook, is encrypted or damaged, or would unpack to too much.
    """
    if data.startswith(_OLE):
        is_encrypted = "EncryptedPackage".encode("utf-16-le") in data
        kind = "encrypted" if is_encrypted else "of the older .xls format"
        raise InputError(
            f"{name} is a workbook that is {kind}: save it as .xlsx without a password"
        )
    try:
        archive = zipfile.ZipFile(BytesIO(data))
        _check_size(archive, name)
        main = _main_part(archive, name)
        relations = _relations(archive, main, name)
        sheets, is_1904 = _sheets(archive, main, relations, name)
        paths = dict(relations.values())
        return Workbook(
            name=name,
            archive=archive,
            sheets=sheets,
            texts=tuple(_shared_texts(archive, paths.get("sharedStrings"), name)),
            formats=tuple(_style_formats(archive, paths.get("styles"), name)),
            is_1904=is_1904,
        )
    except InputError:
        raise
    except _DAMAGED as error:
        raise InputError(
            f"{name} is not a readable .xlsx workbook: it is damaged, encrypted or another format; "
            "save it as .xlsx again"
        ) from error


def _check_size(archive: zipfile.ZipFile, name: str) -> None:
    # zipfile never unpacks more than the declared size of a part.
    unpacked = sum(part.file_size for part in archive.infolist())
    packed = sum(part.compress_size for part in archive.infolist())
    is_bomb = unpacked > _SUSPECT_BYTES and unpacked > _MOST_RATIO * packed
    if unpacked > MOST_BYTES or is_bomb:
        raise InputError(
            f"{name} would unpack to {unpacked >> 20:,} MiB, more than a workbook of its size has: "
            "it is not read, because it could fill the memory; export it as CSV"
        )


def parse_part(
    archive: zipfile.ZipFile,
    path: str,
    name: str,
    *,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Parse an XML part block by block, with handlers that get names without their namespace.

    Yields
    ------
    None
        After each block, so that the caller can use what the handlers have gathered.

    Raises
    ------
    InputError
        The part is not valid XML or declares entities.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = lambda tag, found: start(_local(tag), found)
    if end is not None:
        parser.EndElementHandler = lambda tag: end(_local(tag))
    if text is not None:
        parser.CharacterDataHandler = text

    def refuse(*_: object) -> None:
        raise InputError(
            f"{name}: part {path} declares a document type, which workbooks do not have, and is "
            "not read: save the workbook again"
        )

    parser.StartDoctypeDeclHandler = refuse
    try:
        with archive.open(path) as part:
            while block := part.read(_BLOCK):
                parser.Parse(block)
                yield
        parser.Parse(b"", True)
        yield
    except InputError:
        raise
    except _DAMAGED as error:
        # The message of another error may contain a cell.
        raise InputError(
            f"{name}: part {path} is damaged and cannot be read: save the workbook again "
            f"({type(error).__name__})"
        ) from None


def unescape(text: str) -> str:
    r"""Return a text with the characters that workbooks write as ``_x000D_``."""
    return _ESCAPE.sub(_unescape, text) if "_x" in text else text


def _unescape(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return found[0] if 0xD800 <= code <= 0xDFFF else chr(code)


def _local(tag: str) -> str:
    return tag.rpartition(" ")[2]


def _parse_all(
    archive: zipfile.ZipFile, path: str, name: str, start: Callable[[str, Attributes], None]
) -> None:
    for _ in parse_part(archive, path, name, start=start):
        pass


def _relations(archive: zipfile.ZipFile, source: str, name: str) -> dict[str, tuple[str, str]]:
    """Return kind and path of the parts that a part refers to, by id."""
    folder, file = posixpath.split(source)
    found: dict[str, tuple[str, str]] = {}

    def start(tag: str, attributes: Attributes) -> None:
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, attributes["Target"]))
            kind = attributes["Type"].rpartition("/")[2]
            found[attributes["Id"]] = (kind, target.lstrip("/"))

    _parse_all(archive, posixpath.join(folder, "_rels", f"{file}.rels"), name, start)
    return found


def _main_part(archive: zipfile.ZipFile, name: str) -> str:
    relations = _relations(archive, "", name)
    main = next((path for kind, path in relations.values() if kind == "officeDocument"), None)
    if main is None or not main.endswith(".xml"):
        raise InputError(
            f"{name} is no .xlsx workbook: it is a document of another kind, or a binary workbook "
            "(.xlsb); save it as .xlsx"
        )
    return main


def _sheets(
    archive: zipfile.ZipFile, main: str, relations: Mapping[str, tuple[str, str]], name: str
) -> tuple[tuple[SheetPart, ...], bool]:
    sheets: list[SheetPart] = []
    properties: Attributes = {}

    def start(tag: str, attributes: Attributes) -> None:
        if tag == "workbookPr":
            properties.update(attributes)
        elif tag == "sheet":
            by_name = {_local(key): value for key, value in attributes.items()}
            kind, path = relations[by_name["id"]]
            is_hidden = by_name.get("state", "visible") != "visible"
            sheets.append(
                SheetPart(
                    name=by_name["name"],
                    number=len(sheets) + 1,
                    kind=kind,
                    path=path,
                    is_hidden=is_hidden,
                )
            )

    _parse_all(archive, main, name, start)
    return tuple(sheets), properties.get("date1904", "0") in ("1", "true")


@dataclass(slots=True)
class TextGatherer:
    """Gathers the text of ``t`` elements without phonetic hints."""

    parts: list[str] = field(default_factory=list)
    is_open: bool = False
    is_phonetic: bool = False

    def start(self, tag: str) -> None:
        """Note the start of an element."""
        self.is_phonetic |= tag == "rPh"
        self.is_open = tag == "t" and not self.is_phonetic

    def end(self, tag: str) -> None:
        """Note the end of an element."""
        self.is_phonetic &= tag != "rPh"
        self.is_open &= tag != "t"

    def text(self, found: str) -> None:
        """Add text if a ``t`` element is open."""
        if self.is_open:
            self.parts.append(found)

    def take(self) -> str:
        """Return the gathered text and begin anew."""
        text, self.parts = unescape("".join(self.parts)), []
        return text


def _shared_texts(archive: zipfile.ZipFile, path: str | None, name: str) -> Iterator[str]:
    if path is None:
        return
    gatherer, texts = TextGatherer(), list[str]()

    def end(tag: str) -> None:
        gatherer.end(tag)
        if tag == "si":
            texts.append(gatherer.take())

    for _ in parse_part(
        archive,
        path,
        name,
        start=lambda tag, _: gatherer.start(tag),
        end=end,
        text=gatherer.text,
    ):
        yield from texts
        texts.clear()


def _style_formats(archive: zipfile.ZipFile, path: str | None, name: str) -> Iterator[str]:
    """Yield the number format of each cell style."""
    if path is None:
        return
    codes = {str(number): code for number, code in BUILTIN_FORMATS.items()}
    styles: list[str] = []
    inside: list[str] = []

    def start(tag: str, attributes: Attributes) -> None:
        if tag == "numFmt" and "numFmtId" in attributes:
            codes[attributes["numFmtId"]] = attributes.get("formatCode", "")
        elif tag == "xf" and inside and inside[-1] == "cellXfs":
            styles.append(attributes.get("numFmtId", "0"))
        elif tag in ("cellXfs", "cellStyleXfs"):
            inside.append(tag)

    def end(tag: str) -> None:
        if inside and tag == inside[-1]:
            inside.pop()

    for _ in parse_part(archive, path, name, start=start, end=end):
        pass
    yield from (codes.get(number, "General") for number in styles)
