"""Choose the small files of a dataset that are merged, so that a table consists of few files.

Every load writes one file for each table and bucket that it has rows of. Opening a file costs about
as much as reading ten thousand rows, and polars keeps every file of a table open. Therefore small
files are merged when a dataset would have more than ``MOST_FILES``. In each table and bucket the
files are taken from the smallest upwards, up to the last file that has at most twice as many rows
as all smaller ones together; they are merged where four or more were taken. A row is then in a file
of at least one and a half times the rows, so it is rewritten about as often as its bucket doubles.
A file that is much smaller than the next one does not end this: a load of one row would keep all
later files of its bucket from being merged. Files of ``SMALL_ROWS`` rows or more are never merged,
so the first load of a large export is not written twice.
"""

from collections.abc import Iterable

from workbench.vault.entries import FileEntry

#: Files of one dataset above which small ones are merged.
MOST_FILES = 200

#: Rows from which a file is not small: reading it costs more than opening it.
SMALL_ROWS = 20_000

_RATIO = 2
_FEWEST = 4  # Merging pairs of files would cost more than it saves.


def files_to_merge(
    entries: Iterable[FileEntry], *, most: int = MOST_FILES
) -> list[list[FileEntry]]:
    """Return groups of files, each of which becomes one file; none where there are few files.

    For example, one bucket has files of 12, 12, 12, 12 and 9,000 rows: the group contains the four
    small files, which become one file of 48 rows.
    """
    listed = list(entries)
    if len(listed) <= most:
        return []
    return [small for group in _group_files(listed) if len(small := _small_files(group)) >= _FEWEST]


def _group_files(entries: Iterable[FileEntry]) -> Iterable[list[FileEntry]]:
    groups: dict[object, list[FileEntry]] = {}
    for entry in entries:
        groups.setdefault((entry.table, entry.bucket, entry.columns), []).append(entry)
    return groups.values()


def _small_files(group: list[FileEntry]) -> list[FileEntry]:
    small = sorted((each for each in group if each.rows < SMALL_ROWS), key=lambda each: each.rows)
    rows = taken = 0
    for number, entry in enumerate(small, start=1):
        if entry.rows <= _RATIO * rows:
            taken = number
        rows += entry.rows
    names = {entry.file for entry in small[:taken]}
    return [entry for entry in group if entry.file in names]  # keeps the order of the loads
