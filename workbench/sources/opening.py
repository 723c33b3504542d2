"""Open a path with the reader that fits it: a world, or files with the parts that read them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from workbench.foundation.errors import InputError, ParameterError, WorkbenchError
from workbench.sources.mapped_file import MappedFile
from workbench.sources.mapping.recognition import fits, known_share
from workbench.sources.mapping.source_mapping import SourceMapping, find_mapping, ready_mappings
from workbench.sources.part_members import format_of, read_members, sample_of
from workbench.sources.places import StoredFile, find_files
from workbench.sources.source import Source
from workbench.sources.world_source import WorldSource, is_world

_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A part of a mapping that recognises a file, with the share of the file's fields it knows."""

    mapping: SourceMapping
    part: str
    share: float


def open_sources(
    path: Path,
    *,
    mapping: SourceMapping | None = None,
    settings: Mapping[str, str] = _NO_SETTINGS,
) -> list[Source]:
    """Open a world, or the files at a path, each as often as parts of a mapping read it.

    Parameters
    ----------
    path : Path
        Folder with a ``world.json``, a file, a folder or pattern of files, or an archive.
    mapping : SourceMapping, optional
        Mapping of the files, see ``find_mapping``; a world needs none. Without it, the files are
        recognised by the ready mappings.
    settings : mapping of str to str
        Settings that replace those of the mapping, see ``SETTINGS``, and answers to what it asks.

    Raises
    ------
    InputError
        The path does not exist, or a file is empty, damaged or not recognised.
    ParameterError
        A file may be of several formats, or a setting is unknown, malformed or missing.
    """
    if path.is_dir() and is_world(path):
        return [WorldSource.open(path, mapping=mapping, settings=settings)]
    files = find_files(path)
    chosen = [(file, _named(file, mapping) if mapping else _recognise(file)) for file in files]
    asked = {name for _, found in chosen for each in found for name in each.mapping.ask}
    return [
        MappedFile.open(
            file,
            mapping=each.mapping,
            part=each.part,
            # Files of several formats are opened together, so each gets the answers that it asks.
            settings={k: v for k, v in settings.items() if k in each.mapping.ask or k not in asked},
            confidence=each.share,
        )
        for file, found in chosen
        for each in found
    ]


def open_source(
    path: Path,
    *,
    mapping: SourceMapping | None = None,
    settings: Mapping[str, str] = _NO_SETTINGS,
) -> Source:
    """Open the only source at a path, see ``open_sources``.

    Raises
    ------
    InputError
        There are several, or none can be used.
    ParameterError
        See ``open_sources``.
    """
    found = open_sources(path, mapping=mapping, settings=settings)
    if len(found) > 1:
        raise InputError(f"{path} has {len(found)} sources: open them with open_sources")
    return found[0]


def _named(file: StoredFile, mapping: SourceMapping) -> list[_Candidate]:
    """Return the parts of a named mapping that read a file; an only part reads any file."""
    if len(mapping.part) == 1:
        return [_Candidate(mapping, part, 1.0) for part in mapping.part]
    found = [_Candidate(mapping, each.part, 1.0) for each in _candidates(file, [mapping])]
    if not found:
        raise InputError(
            f"{file.name} fits no part of mapping {mapping.name} ({', '.join(mapping.part)}): "
            "check whether it is the right mapping, and whether the file was changed"
        )
    return found


def _recognise(file: StoredFile) -> list[_Candidate]:
    """Return the parts of the one ready mapping that recognises a file."""
    found = list(_candidates(file, _recognising()))
    names = list(dict.fromkeys(each.mapping.name for each in found))
    if len(names) == 1:
        return found
    known = ", ".join(ready_mappings())
    if not names:
        raise ParameterError(
            f"{file.name} was not recognised and needs a mapping of its columns: give --mapping "
            f"NAME or a path. Ready mappings: {known}"
        )
    shares = {
        name: max(each.share for each in found if each.mapping.name == name) for name in names
    }
    listed = ", ".join(
        f"{name} ({share:.0%} of its fields known)" for name, share in shares.items()
    )
    raise ParameterError(f"{file.name} may be {listed}: choose one with --format NAME")


@cache
def _recognising() -> tuple[SourceMapping, ...]:
    mappings = (find_mapping(name) for name in ready_mappings())
    return tuple(mapping for mapping in mappings if mapping.is_recognised)


def _candidates(file: StoredFile, mappings: Iterable[SourceMapping]) -> Iterator[_Candidate]:
    sample = sample_of(file)
    format_of(sample, file.name)
    parts = [(mapping, *each) for mapping in mappings for each in mapping.part.items()]
    for mapping, name, part in parts:
        try:
            members = read_members(sample, part, file.name).members
        except WorkbenchError:
            continue  # Another format's reader cannot read it, so it is not that format.
        if fits(members, part):
            yield _Candidate(mapping, name, known_share(members, part))
