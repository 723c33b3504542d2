"""Which small files of a dataset are written anew as one, so that a table stays a few files.

Every load writes a file per table and bucket that it touches. Opening a file costs about as much as
reading ten thousand rows, and polars keeps every file of a table open, so files are merged when a
dataset would have more than ``MOST_FILES``. Of each table and bucket the smallest files are merged,
as long as the next one is at most twice as large as those before it together, and where this makes
one file of four or more. Files of one bucket then have sizes that grow geometrically, and a row is
rewritten about as often as its bucket doubles. Files of ``SMALL_ROWS`` rows or more are left alone,
so a first load of a large export is not written twice.
"""

from collections.abc import Iterable, Mapping

from workbench.vault.entries import FileEntry

#: Files of one dataset above which small ones are merged.
MOST_FILES = 300

#: Rows from which a file is not small: reading it costs more than opening it.
SMALL_ROWS = 20_000

_RATIO = 2
_FEWEST = 4  # files that become one: merging pairs would cost more than it saves


def to_merge(entries: Iterable[FileEntry], *, most: int = MOST_FILES) -> list[list[FileEntry]]:
    """Return groups of files, each of which becomes one file; none where there are few files.

    Examples
    --------
    Files of 12, 12, 12, 12 and 9,000 rows of one bucket: the small ones become one of 48 rows.
    """
    listed = list(entries)
    if len(listed) <= most:
        return []
    return [small for group in _groups(listed).values() if len(small := _small(group)) >= _FEWEST]


def _groups(entries: Iterable[FileEntry]) -> Mapping[object, list[FileEntry]]:
    groups: dict[object, list[FileEntry]] = {}
    for entry in entries:
        groups.setdefault((entry.table, entry.bucket, entry.columns), []).append(entry)
    return groups


def _small(group: list[FileEntry]) -> list[FileEntry]:
    taken: set[str] = set()
    rows = 0
    for entry in sorted(group, key=lambda entry: entry.rows):
        if entry.rows >= SMALL_ROWS or (taken and entry.rows > _RATIO * rows):
            break
        taken.add(entry.file)
        rows += entry.rows
    return [entry for entry in group if entry.file in taken]  # in the order of the loads
