"""Parse the columns of a set of rows, each from the cells at its place."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import InputError
from workbench.schema.record_faults import Rule
from workbench.sources.file_evidence import FileEvidence
from workbench.sources.mapping.header_checks import check_found
from workbench.sources.mapping.mapping_rules import ColumnRule
from workbench.sources.mapping.members import Members, fill_down
from workbench.sources.mapping.part_context import PartContext
from workbench.sources.mapping.part_rules import column_name
from workbench.sources.mapping.placed_cells import Faults
from workbench.sources.mapping.typed_cells import to_text
from workbench.sources.mapping.typed_columns import ColumnCells, TypedColumn, read_column

#: End of a day without a time in a workbook, see ``sheet_cells``.
_MIDNIGHT = "T00:00:00"


@dataclass(frozen=True, slots=True)
class TypedSet:
    """Typed cells of one set: values, the columns at fault by place, and assumptions."""

    frame: pl.DataFrame
    columns: Mapping[str, TypedColumn] = field(default_factory=dict)
    faults: tuple[tuple[str, Rule, pl.Series], ...] = ()
    notes: tuple[str, ...] = ()


def type_set(members: Members, each: str | None, context: PartContext) -> TypedSet:
    """Parse the columns of a set; cells that have no value at their place are faults."""
    part = context.part
    values = [members.numbers.alias("source_row")]
    columns: dict[str, TypedColumn] = {}
    faults: list[tuple[str, Rule, pl.Series]] = []
    notes: list[str] = []
    never_found: list[str] = []
    where = f" of {each}" if each else ""
    for label, rule in part.columns_of(each).items():
        place = rule.place or label
        evidence = context.evidence.within(f"column {label!r}{where}")
        column, misplaced, is_found = _read_placed(members, place, label, rule, context, evidence)
        rows, times_found = evidence.total("found", len(members), is_found)
        never_found += [place] if rows and not times_found else []
        columns[label] = column
        values.append(column.values.alias(column_name(label, rule)))
        faults += [(place, *fault) for fault in misplaced]
        nowhere = pl.repeat(value=False, n=len(members), eager=True)
        elsewhere = ~sum((at for _, at in misplaced), nowhere).cast(pl.Boolean)
        faults += [(place, broken, at & elsewhere) for broken, at in column.faults]
        notes += [f"{label}: {note}" for note in column.notes]
    _check_accepted(columns, context)
    check_found(members, never_found, part.columns_of(each), each, context)
    for label, rule in part.columns_of(each).items():
        _check_readable(label, columns[label], rule, context)
    if never_found:
        notes.append(f"not in any record, taken as empty: {', '.join(never_found)}")
    return TypedSet(pl.DataFrame(values), columns, tuple(faults), tuple(notes))


def _read_placed(
    members: Members,
    place: str,
    label: str,
    rule: ColumnRule,
    context: PartContext,
    evidence: FileEvidence,
) -> tuple[TypedColumn, Faults, bool]:
    empty = (*context.part.file.empty, *rule.empty)
    placed = members.read(place, empty=empty, join=rule.join)
    if rule.fill_down:
        placed = replace(placed, cells=fill_down(placed.cells))
        if len(placed.cells) and placed.cells[0] is None:
            evidence.need_whole("the first cell is filled from the records above")
    found = placed.cells
    if rule.clock is not None:
        found = _with_clock(found, members.read(rule.clock, empty=empty).cells)
    numbers = context.numbers
    cells = ColumnCells(
        cells=found,
        is_plain=context.is_plain,
        is_number=numbers[place] if numbers is not None and place in numbers.columns else None,
        currencies=None if rule.currency is None else _currencies(members, rule.currency, context),
        empty=empty,
        may_be_later=column_name(label, rule) in context.part.ends,
        evidence=evidence,
    )
    provenance = replace(context.provenance, zone=_zone(members, place, rule, context))
    return read_column(cells, rule, provenance=provenance), placed.faults, placed.is_found


def _with_clock(days: pl.Series, clocks: pl.Series) -> pl.Series:
    """Return days together with their time of the day; one without the other is unreadable.

    In a workbook a day alone is its midnight.
    """
    both = pl.DataFrame(
        {
            "day": to_text(days).str.strip_chars().replace("", None),
            "clock": to_text(clocks).str.strip_chars().replace("", None),
        }
    )
    day, clock = pl.col("day"), pl.col("clock")
    is_midnight = day.str.ends_with(_MIDNIGHT)
    joined = pl.concat_str(
        pl.when(is_midnight).then(day.str.strip_suffix(_MIDNIGHT) + "T").otherwise(day + " "),
        clock.fill_null("-"),
    )
    alone = pl.when(clock.is_not_null()).then(pl.lit("- ") + clock)
    return both.select(pl.when(day.is_not_null()).then(joined).otherwise(alone)).to_series()


def _currencies(members: Members, place: str, context: PartContext) -> pl.Series:
    """Return the cells with the currency of each amount."""
    cells = members.read(place).cells
    rules = context.part.columns.items()
    is_filled = any(rule.fill_down and (rule.place or label) == place for label, rule in rules)
    return fill_down(cells) if is_filled else cells


def _zone(members: Members, place: str, rule: ColumnRule, context: PartContext) -> str:
    """Return the zone of a column's local times: declared, stated by the file, or the source's."""
    if rule.zone is None or not rule.zone.startswith("@"):
        return rule.zone or context.provenance.zone
    stated = members.fact(place, rule.zone.removeprefix("@"))
    return stated or context.provenance.zone


def _check_accepted(columns: Mapping[str, TypedColumn], context: PartContext) -> None:
    """Refuse a file with columns that cannot be read as declared, all of them at once."""
    refusals = [
        f"column {label!r}: {column.refusal}"
        for label, column in columns.items()
        if column.refusal is not None
    ]
    if refusals:
        raise InputError(f"{context.file}: {'; '.join(refusals)} in mapping {context.title}")


def _check_readable(
    label: str, column: TypedColumn, rule: ColumnRule, context: PartContext
) -> None:
    values = column.values
    at_fault, cells, empty = context.evidence.within(f"column {label!r}").total(
        "readable", int(column.is_at_fault.sum()), len(values), values.null_count()
    )
    is_common = at_fault * 2 > cells  # A rare field may be wrong in its only record.
    if is_common and empty == cells:
        context.evidence.need_whole(f"no cell of column {label!r} could be read so far")
        forms = " or ".join(map(repr, rule.format))
        form = f" in the form {forms}" if forms else ""
        rules = "; or ".join(broken.words for broken, _ in column.faults)
        is_short = "%Y" in forms and any(broken.name == "year" for broken, _ in column.faults)
        hint = " Years of two digits are read with %y." if is_short else ""
        raise InputError(
            f"{context.file}: no cell of column {label!r} can be read as {rule.type}{form} "
            f"({count_text(at_fault, 'record')}): {rules}.{hint} Correct the column in "
            f"the file or its rule in mapping {context.title}"
        )
