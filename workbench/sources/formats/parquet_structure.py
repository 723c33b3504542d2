"""Check the structure of a Parquet file before polars decodes it.

polars believes the counts in the headers of pages and asks for as much memory; a damaged one may be
negative, which is more than any memory, and then the allocation ends the whole process. So footer
and page headers, which are in Thrift's compact protocol, are walked here first: every length must
fit into the file, and every count into its column. What is within a page is left to polars, which
refuses it by an error.

References
----------
Apache Parquet, ``parquet.thrift``: FileMetaData, RowGroup, ColumnChunk, ColumnMetaData, PageHeader.
Apache Thrift, "Thrift Compact protocol encoding".
"""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT, _UUID = (
    1, 2, 3, 7, 8, 9, 10, 11, 12, 13,
)  # fmt: skip
_INTEGERS = (4, 5, 6)
_MOST_LEVELS = 32
_END = 8  # length of the footer and the mark at the end of a file
#: Field numbers in ``parquet.thrift``.
_ROW_GROUPS, _COLUMNS, _META_DATA = 4, 1, 3
_CHUNK_VALUES, _CHUNK_SIZE, _DATA_PAGE_AT, _DICTIONARY_AT = 5, 7, 9, 11
_PAGE_SIZES, _PAGE_HEADERS = (2, 3), (5, 7, 8)
_PAGE_VALUES = 1

Value: TypeAlias = "int | list[Value] | Mapping[int, Value] | None"


def is_sound(data: bytes) -> bool:
    """Return whether all lengths in the footer and in the page headers of a file fit into it."""
    footer_at = len(data) - _END - int.from_bytes(data[-_END:-4], "little")
    try:
        footer, _ = _Reader(data[:-_END], max(footer_at, 0)).struct()
        return footer_at > 0 and all(
            _has_sound_pages(data[:footer_at], chunk) for chunk in _chunks(footer)
        )
    except (IndexError, ValueError):
        return False


def _chunks(footer: Mapping[int, Value]) -> Iterator[Mapping[int, Value]]:
    for group in _structs(footer.get(_ROW_GROUPS)):
        for column in _structs(group.get(_COLUMNS)):
            yield from _structs([column.get(_META_DATA)])


def _structs(value: Value) -> Iterator[Mapping[int, Value]]:
    return (
        (each for each in value if isinstance(each, Mapping))
        if isinstance(value, list)
        else iter(())
    )


def _has_sound_pages(data: bytes, chunk: Mapping[int, Value]) -> bool:
    starts = [chunk.get(_DATA_PAGE_AT), chunk.get(_DICTIONARY_AT)]
    at = min((each for each in starts if isinstance(each, int) and each > 0), default=0)
    size, values = chunk.get(_CHUNK_SIZE), chunk.get(_CHUNK_VALUES)
    if not isinstance(size, int) or not isinstance(values, int):
        return False
    if not 0 <= at <= at + size <= len(data):
        return False
    end = at + size
    while at < end:
        header, at = _Reader(data, at).struct()
        unpacked, packed = (header.get(each) for each in _PAGE_SIZES)
        if not isinstance(unpacked, int) or not isinstance(packed, int):
            return False
        if unpacked < 0 or not 0 <= packed <= end - at or not _has_sound_counts(header, values):
            return False
        at += packed
    return True


def _has_sound_counts(header: Mapping[int, Value], values: int) -> bool:
    """Return whether no count of a page is negative or larger than the column's."""
    for page in _structs([header.get(each) for each in _PAGE_HEADERS]):
        counts = [each for each in page.values() if isinstance(each, int)]
        number = page.get(_PAGE_VALUES)
        if not isinstance(number, int) or number > values or min(counts) < 0:
            return False
    return True


class _Reader:
    """Reads values of Thrift's compact protocol from a position on; texts are passed over."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data, self._position = data, position

    def struct(self, level: int = 0) -> tuple[dict[int, Value], int]:
        """Return the fields of a struct by number, and the position after it."""
        found: dict[int, Value] = {}
        number = 0
        while head := self._byte():
            step, kind = head >> 4, head & 15
            number = number + step if step else self._integer()
            if kind in (_TRUE, _FALSE):
                found[number] = None
            else:
                found[number] = self._value(kind, level)
        return found, self._position

    def _value(self, kind: int, level: int) -> Value:
        if level > _MOST_LEVELS:
            raise ValueError("too many levels")
        if kind in _INTEGERS:
            return self._integer()
        if kind == _STRUCT:
            return self.struct(level + 1)[0]
        if kind in (_LIST, _SET):
            head = self._byte()
            count = head >> 4 if head >> 4 < 15 else self._varint()
            self._check(count)
            return [self._value(head & 15, level + 1) for _ in range(count)]
        if kind == _MAP:
            count = self._varint()
            kinds = self._byte() if count else 0
            self._check(count)
            for _ in range(count):
                self._value(kinds >> 4, level + 1)
                self._value(kinds & 15, level + 1)
            return None
        sizes = {_TRUE: 1, _FALSE: 1, _BYTE: 1, _DOUBLE: 8, _UUID: 16}
        size = self._varint() if kind == _BINARY else sizes.get(kind)
        if size is None:
            raise ValueError("unknown kind of value")
        self._check(size)
        self._position += size
        return None

    def _check(self, size: int) -> None:
        if size > len(self._data) - self._position:
            raise ValueError("a length beyond the file")

    def _byte(self) -> int:
        self._position += 1
        return self._data[self._position - 1]

    def _varint(self) -> int:
        value = shift = 0
        while shift < 64:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
        raise ValueError("a number of more than 64 bits")

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
