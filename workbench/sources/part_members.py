"""Read the records of one part of a mapping out of a file's bytes, in whatever format it has."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

import polars as pl

from workbench.foundation.errors import InputError
from workbench.schema.record_faults import Rule
from workbench.sources.file_evidence import FileEvidence, NeedsWholeFileError
from workbench.sources.formats.columnar import has_trees, read_nested_parquet, read_parquet
from workbench.sources.formats.delimited import read_delimited
from workbench.sources.formats.delimited_batches import read_delimited_batches
from workbench.sources.formats.file_kinds import BINARY_MARKS, format_of
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.json_batches import read_json_batches
from workbench.sources.formats.json_trees import JsonTrees, read_json_trees
from workbench.sources.formats.json_values import Tree
from workbench.sources.formats.name_values import read_name_values
from workbench.sources.formats.raw_cells import RawCells, malformed_records
from workbench.sources.formats.sheets import read_sheets
from workbench.sources.formats.web_logs import read_access_log, read_log_batches
from workbench.sources.mapping.decoders.json_decoder import decode_json
from workbench.sources.mapping.field_places import FieldPlace, Found
from workbench.sources.mapping.members import Members
from workbench.sources.mapping.part_rules import PartRules
from workbench.sources.mapping.recognition import SAMPLE
from workbench.sources.places import StoredFile
from workbench.sources.returned_records import choose_file_rule, is_returned, separate_added_columns

_READERS: Mapping[str, Callable[..., RawCells]] = {
    "delimited": read_delimited,
    "sheets": read_sheets,
    "parquet": read_parquet,
    "access_log": read_access_log,
    "pairs": read_name_values,
}
#: Number of bytes in which at least a hundred records are expected.
_SAMPLE = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class PartMembers:
    """The records of one part, before they have types.

    Attributes
    ----------
    members : Members
        Records of the right shape.
    refused : DataFrame
        Records of the wrong shape, with columns of ``REFUSED``.
    read : int
        Number of records of either kind.
    is_plain, has_header, numbers
        See ``RawCells``.
    repeated : DataFrame
        ``source_row`` of the records that an earlier sheet contains as well.
    assumptions : tuple of str
        Assumptions of the format's reader.
    closes : mapping of int to str
        Id of the refused record that a record corrects, by ``source_row``.
    """

    members: Members
    refused: pl.DataFrame
    read: int
    is_plain: bool = True
    has_header: bool = True
    numbers: pl.DataFrame | None = None
    repeated: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"source_row": pl.Int64})
    )
    assumptions: tuple[str, ...] = ()
    closes: Mapping[int, str] = field(default_factory=dict)


def sample_of(file: StoredFile) -> bytes:
    """Return the first lines of a text file, from which its format is recognised.

    A document over many lines, a workbook and Parquet are returned whole; of Parquet with trees the
    first records are, as lines of JSON.
    """
    head = file.read_start(_SAMPLE + 1)
    sample = _sample_of(head)
    if sample is head and len(head) > _SAMPLE:
        sample = file.read()
    if BINARY_MARKS.get(sample[:4]) == "parquet" and has_trees(sample, file.name):
        return read_nested_parquet(sample, name=file.name, count=SAMPLE).lines
    return sample


def _sample_of(data: bytes) -> bytes:
    if len(data) <= _SAMPLE or data.startswith(tuple(BINARY_MARKS)):
        return data
    head, _, _ = data[:_SAMPLE].rpartition(b"\n")
    first = head.lstrip(b"\xef\xbb\xbf \t\r\n").split(b"\n", 1)[0].strip()
    is_document = first.startswith((b"{", b"[")) and not first.endswith((b"}", b"]"))
    return head if head and not is_document else data


def read_members(
    data: bytes,
    part: PartRules,
    name: str,
    *,
    read_json: Callable[..., JsonTrees] = read_json_trees,
) -> PartMembers:
    """Read the records of one part.

    Parameters
    ----------
    data : bytes
        Content of the whole file.
    part : PartRules
        Rules of the part.
    name : str
        Name of the file, for messages and for ``from_name``.
    read_json : callable
        Reads JSON as ``read_json_trees`` does, or returns what was read before.

    Raises
    ------
    InputError
        The file as a whole cannot be used.
    """
    stated = part.file.format or format_of(data, name)
    if is_returned(data):
        found = _read_cells(read_delimited, data, part, name)
        if stated == "json" or _were_trees(found.members, part):
            found = replace(found, members=_as_trees(found.members))
    elif stated == "json":
        found = _members_of_trees(read_json(data, rule=part.file, name=name), part, name)
    elif stated == "parquet" and has_trees(data, name):
        nested = read_nested_parquet(data, name=name)
        trees = read_json_trees(nested.lines, rule=FileRule(), name=name)
        found = _members_of_trees(trees, part, name)
        members = replace(found.members, has_schema=True)
        notes = (*found.assumptions, *nested.notes)
        found = replace(found, members=members, assumptions=notes)
    else:
        found = _read_cells(_READERS[stated], data, part, name)
    return replace(found, members=_with_name_groups(found.members, part.file, name))


def _read_cells(
    reader: Callable[..., RawCells], data: bytes, part: PartRules, name: str
) -> PartMembers:
    # Of several header rows the names may be in any, so none is looked for.
    expected = _expected_names(part) if len(part.file.headers) == 1 else ()
    rule = choose_file_rule(data, part.file)
    return _members_of(reader(data, rule=rule, expected=expected, name=name), part, name)


def read_batches(
    file: BinaryIO, stated: str, part: PartRules, name: str, *, evidence: FileEvidence, size: int
) -> Iterator[PartMembers]:
    """Yield the records of one part of a file in batches, see ``read_members``.

    Parameters
    ----------
    file : binary file
        The file, of delimited text, of JSON lines, or an access log.
    stated : str
        Format of the file.
    part, name
        See ``read_members``.
    evidence : FileEvidence
        Evidence of the file's earlier batches.
    size : int
        Number of characters of a batch.

    Raises
    ------
    NeedsWholeFileError
        The file cannot be read in batches.
    """
    for found in _read_batches(file, stated, part, name, evidence, size):
        yield replace(found, members=_with_name_groups(found.members, part.file, name))


def _read_batches(
    file: BinaryIO, stated: str, part: PartRules, name: str, evidence: FileEvidence, size: int
) -> Iterator[PartMembers]:
    if stated == "delimited":
        expected = _expected_names(part)
        for cells in read_delimited_batches(
            file, rule=part.file, expected=expected, name=name, evidence=evidence, size=size
        ):
            yield _members_of(cells, part, name)
    elif stated == "access_log":
        for cells in read_log_batches(file, name=name, size=size):
            yield _members_of(cells, part, name)
    elif stated == "json" and part.file.records is None:
        for trees in read_json_batches(file, name=name, evidence=evidence, size=size):
            try:
                yield _members_of_trees(trees, part, name)
            except InputError as error:
                raise NeedsWholeFileError("a batch has no JSON object") from error
    else:
        raise NeedsWholeFileError("only delimited text, JSON lines and logs are read in batches")


def _members_of(cells: RawCells, part: PartRules, name: str) -> PartMembers:
    cells, closes = separate_added_columns(cells, _expected_names(part))
    roles = part.file.headers if not closes else ("name",)
    cells, titles, facts = _separate_header_rows(cells, roles, name)
    again = cells.records.select("source_row").clear()
    if cells.repeated is not None:
        again = cells.records.select("source_row").filter(cells.repeated)
    return PartMembers(
        members=Members(
            numbers=cells.records["source_row"],
            cells=cells.records.drop("source_row"),
            titles=titles,
            facts=facts,
        ),
        refused=cells.refused,
        read=cells.read,
        is_plain=cells.is_plain,
        has_header=cells.has_header,
        numbers=_texts_of_workbook(cells) if closes else cells.numbers,
        repeated=again,
        assumptions=cells.assumptions,
        closes=closes,
    )


def _expected_names(part: PartRules) -> tuple[str, ...]:
    """Return the places that may be names of columns, as evidence for a file's delimiter."""
    places = [rule.place or label for label, rule in part.columns.items()]
    places += [place for rule in part.columns.values() for place in rule.places_beside]
    places += [place for rule in part.decode.values() for place in rule.values()]
    places += part.recognise.needs if part.recognise is not None else ()
    return tuple(dict.fromkeys(n for place in places for n in (place, *place.split(" | "))))


def _separate_header_rows(
    cells: RawCells, roles: Sequence[str], name: str
) -> tuple[RawCells, Mapping[str, str], Mapping[str, Mapping[str, str]]]:
    """Take the header rows below the first out of the records."""
    further = len(roles) - 1
    if not further:
        return cells, {}, {}
    if any(kind != pl.String for kind in cells.records.drop("source_row").dtypes):
        raise InputError(f"{name} has columns with types, so none of its rows is a header row")
    head = cells.records.head(further)
    if head.height < further or head["source_row"].to_list() != list(range(1, further + 1)):
        raise InputError(f"{name} has fewer than {len(roles)} header rows: export it again")
    rows = dict(zip(roles[1:], head.drop("source_row").iter_rows(named=True), strict=True))
    facts = {key: _facts(text) for key, text in rows.get("facts", {}).items()}
    rest = cells.records.slice(further).with_columns(pl.col("source_row") - further)
    refused = cells.refused.with_columns(pl.col("source_row") - further)
    without = replace(
        cells,
        records=rest,
        refused=refused,
        read=cells.read - further,
        numbers=None if cells.numbers is None else cells.numbers.slice(further),
        assumptions=(*cells.assumptions, f"{len(roles)} header rows"),
    )
    titles = {key: text or "" for key, text in rows.get("title", {}).items()}
    return without, titles, facts


def _facts(text: str | None) -> Mapping[str, str]:
    try:
        found = decode_json(text or "{}")
    except ValueError:
        return {}
    return {k: v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}


def _members_of_trees(found: JsonTrees, part: PartRules, name: str) -> PartMembers:
    are_objects = all(isinstance(tree, dict | list) for tree in found.records.others)
    if part.file.records is None and are_objects and len(found.records):
        keys = pl.repeat("", len(found.records), dtype=pl.String, eager=True)
        return PartMembers(
            members=Members(
                numbers=found.numbers,
                cells=pl.DataFrame([keys.alias("@key")]),
                trees=found.records,
            ),
            refused=found.refused,
            read=found.read,
            assumptions=found.assumptions,
        )
    records: list[tuple[int, str, Tree]] = []
    bad: list[tuple[int, Rule, str]] = []
    moved: dict[int, int] = {}  # a refused record's number after the records before it were found
    refused_rows = set(found.refused["source_row"])
    trees = dict(zip(found.numbers, found.records, strict=True))
    rows = sorted({*trees, *refused_rows})
    number, is_missing = (rows[0] - 1 if rows else 0), False
    for row in rows:
        if row in refused_rows:
            number += 1
            moved[row] = number
            continue
        members = _records_in(trees[row], part.file)
        is_missing |= members is None
        for member in members or ():
            number += 1
            if isinstance(member.value, dict | list):
                records.append((number, member.key, member.value))
            else:
                bad.append((number, Rule("json_object"), json.dumps({"record": member.value})))
    if not records and (bad or moved or is_missing):
        where = f" at {part.file.records}" if part.file.records else ""
        raise InputError(
            f"{name} has no JSON object{where} in any of its {found.read:,} lines or documents: "
            "is it JSON, and is it the right mapping?"
        )
    refused = found.refused.with_columns(
        pl.col("source_row").replace_strict(moved, return_dtype=pl.Int64)
    )
    keys = pl.Series("@key", [key for _, key, _ in records], dtype=pl.String)
    return PartMembers(
        members=Members(
            numbers=pl.Series("source_row", [each for each, _, _ in records], dtype=pl.Int64),
            cells=pl.DataFrame([keys]),
            trees=[tree for _, _, tree in records],
        ),
        refused=pl.concat([refused, malformed_records(bad)]).sort("source_row"),
        read=number - rows[0] + 1 if rows else 0,
        assumptions=found.assumptions,
    )


def _records_in(tree: Tree, rule: FileRule) -> list[Found] | None:
    """Return the records of a document at the first alternative that it has; None if it has none.

    A list without members is there, and has no record.
    """
    if rule.records is None:
        return [Found(tree)]
    for path in FieldPlace.read(rule.records).paths:
        if found := path.find(tree):
            return found
        if path.text.endswith("[]") and FieldPlace.read(path.text[:-2] or ".").is_in(tree):
            return []
    return None


def _texts_of_workbook(cells: RawCells) -> pl.DataFrame:
    """Return ``RawCells.numbers`` of corrected records, which may be those of a workbook.

    Their dates have the form of workbooks beside the one that the mapping declares.
    """
    return cells.records.drop("source_row").select(pl.all().is_null() & False)


def _were_trees(members: Members, part: PartRules) -> bool:
    """Return whether corrected records were trees: a cell is one, or a place lies within one."""
    places = [rule.place or label for label, rule in part.columns.items()]
    paths = [path for place in places for path in FieldPlace.read(place).paths]
    header = members.cells.columns
    if any(len(path.names) > 1 and path.text not in header for path in paths):
        return True
    return any(
        isinstance(_tree_of(cell), dict | list)
        for column in members.cells
        for cell in column.drop_nulls()
    )


def _as_trees(members: Members) -> Members:
    """Return corrected records of a tree format, whose cells may be JSON, as trees again."""
    trees: list[Tree] = []
    for row in members.cells.iter_rows(named=True):
        trees.append({name: _tree_of(cell) for name, cell in row.items() if cell is not None})
    return replace(members, cells=members.cells.select(), trees=trees)


def _tree_of(cell: str) -> Tree:
    if cell[:1] not in ("{", "["):
        return cell
    try:
        return decode_json(cell)
    except ValueError:
        return cell


def _with_name_groups(members: Members, rule: FileRule, name: str) -> Members:
    """Add the named groups of ``from_name`` as columns; a name that does not match has none.

    Corrected records have the groups of the file in which they were refused.
    """
    match = re.search(rule.from_name, name) if rule.from_name is not None else None
    if match is None:
        return members
    known = [
        pl.repeat(text, len(members), dtype=pl.String, eager=True).alias(f"@{group}")
        for group, text in match.groupdict().items()
        if f"@{group}" not in members.cells.columns
    ]
    cells = members.cells.with_columns(known) if members.cells.width else pl.DataFrame(known)
    return replace(members, cells=cells)
