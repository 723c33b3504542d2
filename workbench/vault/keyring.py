"""The keys of one dataset, each derived from the workspace's key for one purpose.

Columns are grouped by their sensitivity: *direct* (names a person), *plain* (keys, lineage,
quasi-identifiers and plain columns) and *sensitive* (sensitive values and texts). Every file has a
random data key per group; the list of files contains it, sealed to the group's key of the dataset.
The list also contains the footer's key of each file, which is enough to read column names, types
and the number of rows; the values of a column need the key of its group as well. A keyring without
a group's key does not give polars any key for that group's columns, because with a *wrong* key
polars fails for the other columns too.

Only ``Vault`` has the workspace's key. No other room gets it, and it cannot be computed from a
keyring.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self, get_args

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from workbench.foundation.errors import AccessError
from workbench.schema import TABLES
from workbench.schema.table_declarations import LINEAGE, Sensitivity
from workbench.vault.entries import LINKAGE, QUARANTINE, FileEntry
from workbench.vault.keys import Key
from workbench.vault.parquet import FileKeys, Place

Group = Literal["direct", "plain", "sensitive"]

_GROUPS: Mapping[Sensitivity, Group] = {
    "direct": "direct",
    "key": "plain",
    "quasi": "plain",
    "plain": "plain",
    "sensitive": "sensitive",
    "text": "sensitive",
}


def group_of(table: str, column: str) -> Group:
    """Return the sensitivity group of a column; ``direct`` where the schema has no such column.

    Refused rows contain raw cells of any kind, so their column ``raw`` is direct. Links contain
    only keys, so they are plain.
    """
    if table in TABLES and column in TABLES[table]:
        return _GROUPS[TABLES[table].column(column).sensitivity]
    is_refused = table == QUARANTINE and column != "raw"
    return "plain" if column in LINEAGE or table in LINKAGE or is_refused else "direct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """The keys of one dataset that the holder of this keyring may use.

    Attributes
    ----------
    dataset : str
        Name of the dataset.
    manifests : Key
        Key that opens roots, lists, journal and head.
    ids, pseudonyms, figures : Key
        Keys from which ids of records and customers, pseudonyms of views, and the noise of
        published figures are computed.
    groups : mapping of Group to Key
        Keys that open the data keys of the groups' columns.
    """

    dataset: str
    manifests: Key
    ids: Key
    pseudonyms: Key
    figures: Key
    groups: Mapping[Group, Key] = field(repr=False)

    @classmethod
    def of(cls, key: Key, dataset: str) -> Self:
        """Derive all keys of a dataset from the workspace's key."""
        return cls(
            dataset=dataset,
            manifests=key.derive(f"manifests of dataset {dataset}"),
            ids=key.derive(f"ids of dataset {dataset}"),
            pseudonyms=key.derive(f"pseudonyms on dataset {dataset}"),
            figures=key.derive(f"figures on dataset {dataset}"),
            groups={
                group: key.derive(f"{group} columns of dataset {dataset}")
                for group in get_args(Group)
            },
        )

    def new_file(self, place: Place, columns: tuple[str, ...]) -> tuple[FileKeys, dict[str, str]]:
        """Make the keys of a new file; return them, and its data keys sealed to their groups."""
        data = {group: Key.new() for group in {group_of(place.table, name) for name in columns}}
        keys = FileKeys(
            footer=Key.new(),
            columns={name: data[group_of(place.table, name)] for name in columns},
        )
        wrapped = {
            str(group): base64.b64encode(
                aes_key_wrap(self._wrapping(group, place), data[group].secret)
            ).decode()
            for group in sorted(data)
        }
        return keys, wrapped

    def keys_of(self, entry: FileEntry, place: Place) -> FileKeys:
        """Return the keys of a file: the footer's, and keys of columns whose group key is here.

        Raises
        ------
        AccessError
            The file was written for another key of a group.
        """
        data: dict[Group, Key] = {}
        for group in self.groups:
            if group not in entry.keys:
                continue
            sealed = base64.b64decode(entry.keys[group])
            try:
                data[group] = Key(aes_key_unwrap(self._wrapping(group, place), sealed))
            except InvalidUnwrap as error:
                raise AccessError(
                    f"{place}: the key of the {group} columns is another one; ask whoever "
                    "granted it for the key of this dataset"
                ) from error
        held = {name: group_of(entry.table, name) for name in entry.columns}
        return FileKeys(
            footer=Key.of_text(entry.footer),
            columns={name: data[group] for name, group in held.items() if group in data},
        )

    def _wrapping(self, group: Group, place: Place) -> bytes:
        """Return the key that seals one file's data key, so that it opens in no other place."""
        return self.groups[group].derive(f"data key of {place.prefix.decode()}").secret
