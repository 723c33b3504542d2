"""Open a path with the reader that fits it: a world, or files with the parts that read them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

from workbench.foundation.errors import InputError, ParameterError, WorkbenchError
from workbench.sources.formats.file_kinds import format_of
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.json_trees import JsonTrees, read_json_trees
from workbench.sources.mapped_file import MappedFile
from workbench.sources.mapping.recognition import fits, known_share, missing_places
from workbench.sources.mapping.source_mapping import SourceMapping, find_mapping, ready_mappings
from workbench.sources.part_members import read_members, sample_of
from workbench.sources.places import StoredFile, find_files
from workbench.sources.source import FileWithoutRecords, Source
from workbench.sources.world_source import WorldSource, is_world

_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
#: Share of a file's fields that a format knows, from which a file without a needed one is like it.
_SIMILAR = 0.5


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
) -> list[Source | FileWithoutRecords]:
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
    sources: list[Source | FileWithoutRecords] = []
    for file, found in chosen:
        if not found:
            sources.append(FileWithoutRecords(label=file.label))
        for each in found:
            # Files of several formats are opened together, so each gets the answers that it asks.
            ask = each.mapping.ask
            answers = {k: v for k, v in settings.items() if k in ask or k not in asked}
            sources.append(
                MappedFile.open(
                    file,
                    mapping=each.mapping,
                    part=each.part,
                    settings=answers,
                    confidence=each.share,
                )
            )
    return sources


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
        There are several, the only one has no record, or none can be used.
    ParameterError
        See ``open_sources``.
    """
    found = open_sources(path, mapping=mapping, settings=settings)
    if len(found) > 1:
        raise InputError(f"{path} has {len(found)} sources: open them with open_sources")
    if isinstance(found[0], FileWithoutRecords):
        raise InputError(f"{found[0].label} has no record: nothing to read")
    return found[0]


def _named(file: StoredFile, mapping: SourceMapping) -> list[_Candidate]:
    """Return the parts of a named mapping that read a file; an only part reads any file."""
    if len(mapping.part) == 1:
        return [_Candidate(mapping, part, 1.0) for part in mapping.part]
    fitting = _candidates(file, [mapping])
    found = [_Candidate(mapping, each.part, 1.0) for each in fitting.found]
    if not found and fitting.has_records:
        raise InputError(
            f"{file.name} fits no part of mapping {mapping.name} ({', '.join(mapping.part)}): "
            "check whether it is the right mapping, and whether the file was changed"
        )
    return found


def _recognise(file: StoredFile) -> list[_Candidate]:
    """Return the parts of the one ready mapping that recognises a file; none if it is empty."""
    candidates = _candidates(file, _recognising())
    found = candidates.found
    if not candidates.has_records:
        return []
    names = list(dict.fromkeys(each.mapping.name for each in found))
    if len(names) == 1:
        return found
    known = ", ".join(ready_mappings())
    if not names:
        raise ParameterError(
            f"{file.name} was not recognised{candidates.nearest} and needs a mapping of its "
            f"columns: give --mapping NAME or a path. Ready mappings: {known}"
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


@dataclass(frozen=True, slots=True)
class _Candidates:
    """The parts that recognise a file, whether it has any record, and words on a similar format."""

    found: list[_Candidate]
    has_records: bool
    nearest: str


def _candidates(file: StoredFile, mappings: Iterable[SourceMapping]) -> _Candidates:
    sample = sample_of(file)
    read_json = _reader_of_one_text()
    found: list[_Candidate] = []
    similar: list[tuple[float, str]] = []
    counts: list[int] = []
    format_of(sample, file.name)
    parts = [(mapping, *each) for mapping in mappings for each in mapping.part.items()]
    for mapping, name, part in parts:
        try:
            read = read_members(sample, part, file.name, read_json=read_json)
        except WorkbenchError:
            continue  # Another format's reader cannot read it, so it is not that format.
        if fits(read.members, part):
            found.append(_Candidate(mapping, name, known_share(read.members, part)))
        elif (share := known_share(read.members, part)) >= _SIMILAR and part.recognise is not None:
            missing = missing_places(read.members, part)
            if missing and 2 * len(missing) <= len(part.recognise.needs):
                names = ", ".join(map(repr, missing))
                similar.append((share, f" (it is like {mapping.part_title(name)} without {names})"))
        # Of several header rows one may be a record of another format, and readers that a mapping
        # must name take any text for records.
        if part.file.format is None and len(part.file.headers) == 1:
            counts.append(read.read)
    is_log = file.name.lower().endswith(".log")
    # Other readers take the only line of a log for a header.
    is_empty = _has_only_remarks(sample) if is_log else bool(counts) and not any(counts)
    is_whole = len(file.read_start(len(sample) + 1)) <= len(sample)
    return _Candidates(
        found=found,
        has_records=bool(found) or not (is_empty and is_whole),
        nearest=max(similar, default=(0.0, ""))[1],
    )


def _reader_of_one_text() -> Callable[..., JsonTrees]:
    """Return a reader of JSON that parses its text once for all mappings with one encoding."""
    known: dict[str | None, JsonTrees] = {}

    def read(data: bytes, *, rule: FileRule, name: str) -> JsonTrees:
        if rule.encoding not in known:
            found = read_json_trees(data, rule=rule, name=name)
            known[rule.encoding] = replace(found, records=found.records.without_shapes())
        return known[rule.encoding]

    return read


def _has_only_remarks(log: bytes) -> bool:
    lines = (line for line in log.splitlines() if line.strip())
    return all(line.startswith(b"#") for line in lines)
