"""Which reader opens a path."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from workbench.foundation.errors import InputError, ParameterError
from workbench.sources.mapped import MappedFile
from workbench.sources.mapping import SourceMapping, ready_mappings
from workbench.sources.reading import Source
from workbench.sources.world import World, is_world

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
        A folder with a ``world.json``, or a file.
    mapping : SourceMapping, optional
        What the file's columns mean, see ``find_mapping``; a world needs none.
    settings : mapping of str to str
        What stands above the mapping: ``system``, ``zone``, ``currency``, ``data_until``,
        ``basis``.

    Raises
    ------
    InputError
        Nothing is there, it is empty, or it is damaged.
    ParameterError
        A file comes without a mapping, or a setting is unknown, malformed or missing.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist: check the path")
    if path.is_dir():
        if not is_world(path):
            raise InputError(f"{path} is a folder without world.json: name a file or a world")
        return World.open(path, mapping=mapping, settings=settings)
    if mapping is None:
        raise ParameterError(
            f"{path.name} needs a mapping that says what its columns mean: give --mapping NAME "
            "or a path. "
            f"Ready mappings: {', '.join(ready_mappings())}"
        )
    return MappedFile.open(path, mapping=mapping, settings=settings)
