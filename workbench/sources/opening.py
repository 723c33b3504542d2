"""Open a path with the reader that fits it."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from workbench.foundation.errors import InputError, ParameterError
from workbench.sources.mapped_file import MappedFile
from workbench.sources.mapping.source_mapping import SourceMapping, ready_mappings
from workbench.sources.source import Source
from workbench.sources.world_source import WorldSource, is_world

_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


def open_source(
    path: Path,
    *,
    mapping: SourceMapping | None = None,
    settings: Mapping[str, str] = _NO_SETTINGS,
) -> Source:
    """Open a world or a file for reading.

    Parameters
    ----------
    path : Path
        Folder with a ``world.json``, or a file.
    mapping : SourceMapping, optional
        Mapping of the file's columns, see ``find_mapping``; a world needs none.
    settings : mapping of str to str
        Settings that replace those of the mapping: ``system``, ``zone``, ``currency``,
        ``data_until``, ``basis``, ``trust``.

    Raises
    ------
    InputError
        The path does not exist, is empty or is damaged.
    ParameterError
        A file has no mapping, or a setting is unknown, malformed or missing.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist: check the path")
    if path.is_dir():
        if not is_world(path):
            raise InputError(f"{path} is a folder without world.json: name a file or a world")
        return WorldSource.open(path, mapping=mapping, settings=settings)
    if mapping is None:
        raise ParameterError(
            f"{path.name} needs a mapping of its columns: give --mapping NAME or a path. "
            f"Ready mappings: {', '.join(ready_mappings())}"
        )
    return MappedFile.open(path, mapping=mapping, settings=settings)
