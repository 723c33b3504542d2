"""Make typed records of cells and trees: parse columns, derive values, refuse records.

A part has one set of typed rows for its records, and one for each ``each``, whose rows have the
columns of their record as well. A record is refused as a whole, with the members of its sets.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

import polars as pl
from polars.exceptions import PolarsError

from workbench.foundation.errors import InputError, ParameterError
from workbench.schema.record_faults import Rule, join_faults, make_faults
from workbench.sources.file_evidence import FileEvidence
from workbench.sources.formats.raw_cells import count_text
from workbench.sources.mapping.field_places import FieldPlace
from workbench.sources.mapping.mapping_rules import (
    ColumnRule,
    DeriveEntry,
    LookupRule,
    MonthsRule,
    WholeRule,
)
from workbench.sources.mapping.members import Faults, Members, fill_down
from workbench.sources.mapping.part_rules import PartRules, column_name
from workbench.sources.mapping.typed_columns import ColumnCells, TypedColumn, read_column
from workbench.sources.source_settings import Provenance

RECORD = "_record_id"
KIND = "_kind"
OBSERVED = "_observed_at"

#: Similarity of two names that differ by a letter or a sign; below it they are different names.
_A_LETTER = 0.85

#: Typed rows by the name of their each; those of the records by None.
Rows = Mapping[str | None, pl.DataFrame]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartContext:
    """What is known besides the records of a part.

    Attributes
    ----------
    part : PartRules
        Rules of the part.
    title : str
        Name of mapping and part, for messages.
    provenance : Provenance
        Settings of the source.
    file : str
        Name of the file, for messages.
    is_plain : bool
        Whether the format writes numbers and instants in plain notation, see ``RawCells``.
    has_header : bool
        Whether the file contains the names of its columns.
    numbers : DataFrame or None
        Whether a workbook stores a cell as a number, see ``RawCells``.
    find_part : callable
        Returns the accepted records of another part of the file, for lookups.
    evidence : FileEvidence
        Evidence of the file's earlier batches.
    """

    part: PartRules
    title: str
    provenance: Provenance
    file: str
    is_plain: bool
    has_header: bool = True
    numbers: pl.DataFrame | None = None
    find_part: Callable[[str], pl.DataFrame]
    evidence: FileEvidence = field(default_factory=FileEvidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedRecords:
    """Typed records of one part of a file.

    Attributes
    ----------
    rows : mapping of str or None to DataFrame
        By the name of an each, for the records by None: ``source_row``, the mapped and derived
        columns, the settings, and ``_record_id`` (String ``system:native id``, null for guests),
        ``_kind``, ``_observed_at``. Cells at fault are null.
    faults : DataFrame
        Faults of the refused records, with columns of ``FAULTS``.
    passed_over : DataFrame
        ``source_row`` and ``reason`` of the records that are right but not for us.
    notes : tuple of str
        Assumptions.
    """

    rows: Rows
    faults: pl.DataFrame
    passed_over: pl.DataFrame
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _TypedSet:
    """Typed cells of one set: values, the columns at fault by place, and assumptions."""

    frame: pl.DataFrame
    columns: Mapping[str, TypedColumn] = field(default_factory=dict)
    faults: tuple[tuple[str, Rule, pl.Series], ...] = ()
    notes: tuple[str, ...] = ()


def read_records(members: Members, context: PartContext) -> MappedRecords:
    """Return the typed records that a part makes of its members.

    Raises
    ------
    InputError
        A column is missing, or no cell of a column can be read.
    """
    part = context.part
    members, decoding = members.decode(part.decode)
    _check_places(members, context)
    records = _type_set(members, None, context)
    frame, lookup_notes = _complete_records(records, context)
    at_fault = {
        column_name(label, part.columns[label]): column.is_at_fault
        for label, column in records.columns.items()
        if column.faults
    }
    faults = [
        *(make_faults(frame.filter(a), r, column=p) for p, r, a in _decoding_faults(decoding)),
        *(make_faults(frame.filter(a), r, column=p) for p, r, a in records.faults),
        *_whole_faults(frame, part.derive),
        *_condition_faults(frame, at_fault, context),
    ]
    rows: dict[str | None, pl.DataFrame] = {None: frame}
    sets: dict[str | None, Members] = {None: members}
    notes = [*records.notes, *lookup_notes]
    for name, each in part.each.items():
        own, wrong = sets[each.of].explode(each.path).decode(each.decode)
        typed = _type_set(own, name, context)
        above = rows[each.of][_rows_of(own)]
        local = _local_days(typed.frame, part.day_columns(name), context.provenance.zone)
        whole = above.hstack(local.drop("source_row").get_columns())
        whole = _derive_columns(whole, each.derive, f"each.{name}.derive", context)
        sets[name], rows[name] = own, whole
        notes += [f"{each.path}: {note}" for note in typed.notes]
        faults += [
            make_faults(whole.filter(at), rule, column=f"{each.path}.{place}")
            for place, rule, at in (*_decoding_faults(wrong), *typed.faults)
        ]
        faults += _whole_faults(whole, each.derive)
    return MappedRecords(
        rows=rows,
        faults=join_faults(faults),
        passed_over=_find_passed_over(frame, at_fault, context),
        notes=tuple(notes),
    )


def keep_records(rows: Rows, kept: pl.DataFrame) -> Rows:
    """Return the rows of some records, by their ``source_row``."""
    return {
        name: frame.join(kept, on="source_row", how="semi", maintain_order="left")
        for name, frame in rows.items()
    }


def drop_records(rows: Rows, dropped: pl.DataFrame) -> Rows:
    """Return the rows without some records, by their ``source_row``."""
    return {
        name: frame.join(dropped, on="source_row", how="anti", maintain_order="left")
        for name, frame in rows.items()
    }


def assumption_notes(accepted: pl.DataFrame, context: PartContext) -> Iterator[str]:
    """Yield the mapping's assumptions, each with the number of accepted records it concerns."""
    assume = context.part.assume
    with explain_sql_errors(context, "assume"):
        yield from _rounding_notes(accepted, context)
        conditions = [pl.sql_expr(sql).fill_null(value=False).sum() for sql in assume.values()]
        for sentence, condition in zip(assume, conditions, strict=True):
            count = accepted.select(condition).item() or 0
            if count := context.evidence.count(f"assume {sentence!r}", count):
                yield f"{count_text(count, 'record')}: {sentence}"


@contextmanager
def explain_sql_errors(context: PartContext, place: str) -> Iterator[None]:
    """Replace an error of polars, which may contain a cell, by one that names the expression."""
    try:
        yield
    except PolarsError as error:
        raise ParameterError(
            f"mapping {context.title}: {place} cannot be computed from these columns: check the "
            "types it joins, and use TRY_CAST where a text may not be a number"
        ) from error


def _rows_of(members: Members) -> pl.Series:
    if members.rows is None:
        raise RuntimeError("members of an each have rows of a parent")
    return members.rows


def _type_set(members: Members, each: str | None, context: PartContext) -> _TypedSet:
    """Parse the columns of a set; cells that have no value at their place are faults."""
    part = context.part
    values = [members.numbers.alias("source_row")]
    columns: dict[str, TypedColumn] = {}
    faults: list[tuple[str, Rule, pl.Series]] = []
    notes: list[str] = []
    never_found: list[str] = []
    for label, rule in part.columns_of(each).items():
        place = rule.place or label
        column, misplaced, is_found = _read_placed(members, place, label, rule, context)
        never_found += [] if is_found or not len(members) else [place]
        columns[label] = column
        values.append(column.values.alias(column_name(label, rule)))
        faults += [(place, *fault) for fault in misplaced]
        nowhere = pl.repeat(value=False, n=len(members), eager=True)
        elsewhere = ~sum((at for _, at in misplaced), nowhere).cast(pl.Boolean)
        faults += [(place, broken, at & elsewhere) for broken, at in column.faults]
        notes += [f"{label}: {note}" for note in column.notes]
    _check_accepted(columns, context)
    for label, rule in part.columns_of(each).items():
        _check_readable(label, columns[label], rule, context)
    if never_found:
        notes.append(f"not in any record, taken as empty: {', '.join(never_found)}")
    return _TypedSet(pl.DataFrame(values), columns, tuple(faults), tuple(notes))


def _read_placed(
    members: Members, place: str, label: str, rule: ColumnRule, context: PartContext
) -> tuple[TypedColumn, Faults, bool]:
    empty = (*context.part.file.empty, *rule.empty)
    placed = members.read(place, empty=empty, join=rule.join)
    if rule.fill_down:
        placed = replace(placed, cells=fill_down(placed.cells))
    numbers = context.numbers
    cells = ColumnCells(
        cells=placed.cells,
        is_plain=context.is_plain,
        is_number=numbers[place] if numbers is not None and place in numbers.columns else None,
        currencies=None if rule.currency is None else _currencies(members, rule.currency, context),
        empty=empty,
        may_be_later=column_name(label, rule) in context.part.ends,
        evidence=context.evidence.within(f"column {label!r}"),
    )
    provenance = replace(context.provenance, zone=_zone(members, place, rule, context))
    return read_column(cells, rule, provenance=provenance), placed.faults, placed.is_found


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


def _complete_records(
    typed: _TypedSet, context: PartContext
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Add the settings, the looked-up and derived columns and the customer of each record."""
    part, provenance = context.part, context.provenance
    frame = typed.frame.with_columns(
        system=pl.lit(provenance.system),
        currency=pl.lit(provenance.currency),
        orders=pl.lit(provenance.orders),
        data_until_on=pl.lit(provenance.data_until_on),
        data_until_at=pl.lit(provenance.data_until_at).cast(pl.Datetime("us", "UTC")),
        **{name: pl.lit(answer) for name, answer in provenance.answers.items()},
    )
    frame = _local_days(frame, part.day_columns(None), provenance.zone)
    for name, label in part.currency_columns.items():
        stated = typed.columns[label].currencies
        frame = frame.with_columns(
            (pl.lit(None, dtype=pl.String) if stated is None else stated).alias(name)
        )
    notes: list[str] = []
    for name, lookup in part.lookup.items():
        frame, note = _look_up(frame, name, lookup, context)
        notes += [note] if note else []
    frame = _derive_columns(frame, part.derive, "derive", context)
    record = part.record
    with explain_sql_errors(context, "record"):
        complete = frame.with_columns(
            native_record_id(record.id),
            pl.sql_expr(record.kind).alias(KIND),
            to_utc_instant(pl.sql_expr(record.observed_at), frame, provenance).alias(OBSERVED),
        )
    return complete, tuple(notes)


def native_record_id(sql: str | None) -> pl.Expr:
    """Return the expression of ``_record_id``, the native id with its system; null for guests."""
    native = pl.lit(None) if sql is None else pl.sql_expr(sql)
    return (pl.col("system") + ":" + native.cast(pl.String)).alias(RECORD)


def _local_days(frame: pl.DataFrame, days: Mapping[str, str], zone: str) -> pl.DataFrame:
    # Instants in expressions are in the source's zone, so that their day is the local day.
    instants = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)]
    frame = frame.with_columns(pl.col(instants).dt.convert_time_zone(zone))
    return frame.with_columns(**{day: pl.col(name).dt.date() for day, name in days.items()})


def _look_up(
    frame: pl.DataFrame, name: str, lookup: LookupRule, context: PartContext
) -> tuple[pl.DataFrame, str | None]:
    others = context.find_part(lookup.part)
    found = others.select(
        pl.col(lookup.key).cast(pl.String).alias("_key"),
        *(pl.col(column).alias(f"{name}_{column}") for column in lookup.columns),
        **{"_is_found": pl.lit(value=True)},
    ).filter(pl.col("_key").is_not_null())
    if found["_key"].is_duplicated().any():
        raise InputError(
            f"{context.file}: {lookup.key} of {lookup.part} occurs more than once, so a lookup by "
            "it is ambiguous: correct the file"
        )
    joined = frame.with_columns(pl.col(lookup.on).cast(pl.String).alias("_key")).join(
        found, on="_key", how="left", maintain_order="left"
    )
    missed = joined.filter(pl.col("_is_found").is_null() & pl.col("_key").is_not_null()).height
    note = f"{count_text(missed, 'record')}: {lookup.on} is not among {lookup.part}"
    return joined.drop("_key", "_is_found"), note if missed else None


def _derive_columns(
    frame: pl.DataFrame, rules: Mapping[str, DeriveEntry], where: str, context: PartContext
) -> pl.DataFrame:
    for name, rule in rules.items():
        with explain_sql_errors(context, f"{where}.{name}"):
            frame = frame.with_columns(_derive(rule).alias(name))
    return frame


def _derive(rule: DeriveEntry) -> pl.Expr:
    if isinstance(rule, MonthsRule):
        return pl.sql_expr(rule.start).dt.offset_by(pl.sql_expr(rule.months).cast(pl.String) + "mo")
    if isinstance(rule, WholeRule):
        return (
            pl.sql_expr(rule.whole)
            .round(0, mode="half_away_from_zero")
            .cast(pl.Int64, strict=False)
        )
    return pl.sql_expr(rule)


def _whole_faults(frame: pl.DataFrame, derive: Mapping[str, DeriveEntry]) -> Iterator[pl.DataFrame]:
    """Yield faults of the whole amounts that are too large to be kept."""
    for name, rule in derive.items():
        if isinstance(rule, WholeRule):
            is_lost = pl.sql_expr(rule.whole).is_not_null() & pl.col(name).is_null()
            yield make_faults(frame.filter(is_lost), Rule("too_large", {"digits": 18}), column=name)


def _rounding_notes(accepted: pl.DataFrame, context: PartContext) -> Iterator[str]:
    for name, rule in context.part.derive.items():
        if isinstance(rule, WholeRule):
            amount = pl.sql_expr(rule.whole)
            count = accepted.select((amount != amount.round(0)).sum()).item() or 0
            if count := context.evidence.count(f"rounded {name}", count):
                yield f"{name}: {count:,} rounded to whole minor units, halves away from zero"


def to_utc_instant(expression: pl.Expr, records: pl.DataFrame, provenance: Provenance) -> pl.Expr:
    """Return an instant in UTC; a date becomes its first moment in the zone."""
    kind = records.lazy().select(expression).collect_schema().dtypes()[0]
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        return expression.dt.convert_time_zone("UTC")
    if kind != pl.Date:
        return expression
    midnight = expression.cast(pl.Datetime("us")).dt.replace_time_zone(
        provenance.zone, ambiguous="earliest", non_existent="null"
    )
    later = (expression.cast(pl.Datetime("us")) + pl.duration(hours=1)).dt.replace_time_zone(
        provenance.zone, ambiguous="earliest", non_existent="null"
    )  # If the clock is set forward at midnight, the day begins at one o'clock.
    return pl.coalesce(midnight, later).dt.convert_time_zone("UTC")


def _decoding_faults(decoding: Mapping[str, Faults]) -> Iterator[tuple[str, Rule, pl.Series]]:
    for place, faults in decoding.items():
        for rule, at_fault in faults:
            yield place, rule, at_fault


def _condition_faults(
    frame: pl.DataFrame, at_fault: Mapping[str, pl.Series], context: PartContext
) -> Iterator[pl.DataFrame]:
    """Yield the faults of the records that meet a condition of refusal."""
    for says, holds in _conditions(frame, context.part.refuse, at_fault, "refuse", context):
        yield make_faults(frame.filter(holds), Rule("condition", {"says": says}))


def _find_passed_over(
    frame: pl.DataFrame, at_fault: Mapping[str, pl.Series], context: PartContext
) -> pl.DataFrame:
    """Return the records that are not for us, each with the first reason."""
    found = [pl.DataFrame(schema={"source_row": pl.Int64, "reason": pl.String})]
    for says, holds in _conditions(frame, context.part.pass_over, at_fault, "pass_over", context):
        found.append(frame.filter(holds).select("source_row", reason=pl.lit(says)))
    return pl.concat(found).unique("source_row", keep="first", maintain_order=True)


def _conditions(
    frame: pl.DataFrame,
    conditions: Mapping[str, str],
    at_fault: Mapping[str, pl.Series],
    where: str,
    context: PartContext,
) -> Iterator[tuple[str, pl.Series]]:
    """Yield for each condition the records that meet it.

    A condition must not take an unreadable cell for empty, so it holds for no such record.
    """
    for says, sql in conditions.items():
        with explain_sql_errors(context, f"{where} {says!r}"):
            holds = frame.select(pl.sql_expr(sql).fill_null(value=False)).to_series()
        for name in context.part.names_used(sql) & set(at_fault):
            holds &= ~at_fault[name]
        yield says, holds


def _check_places(members: Members, context: PartContext) -> None:
    """Refuse a file that lacks a column.

    In trees, and in a format that is recognised by the columns it needs, any other may be missing.
    """
    header = [name for name in members.cells.columns if not name.startswith("@")]
    if context.part.recognise is not None or (not header and members.trees is not None):
        return
    needed: dict[str, bool] = {}
    for label, rule in context.part.columns.items():
        for place in filter(None, (rule.place or label, rule.currency)):
            if not _is_decoded(place, context.part):
                needed[place] = not rule.optional or needed.get(place, False)
    missing = [place for place, is_due in needed.items() if is_due and not members.has(place)]
    if missing:
        _refuse_header(missing, list(needed), header, context)


def _is_decoded(place: str, part: PartRules) -> bool:
    paths = FieldPlace.read(place).paths
    return any(path.names[:1] and path.names[0] in part.decode for path in paths)


def _refuse_header(
    missing: list[str], places: list[str], header: list[str], context: PartContext
) -> None:
    found = len(places) - len(missing)
    # A first line with few of the expected names may be a record, so it is not printed.
    is_header = context.has_header and (
        found * 2 >= len(places) or _has_similar_names(missing, header)
    )
    if not is_header:
        fields = "1 field" if len(header) == 1 else f"{len(header)} fields"
        raise InputError(
            f"{context.file} has {fields} in a record and its first line names "
            f"{found or 'none'} of the columns that mapping {context.title} needs "
            f"({', '.join(places)}): "
            "check the delimiter, whether the first line is a header, and whether it is the "
            "right mapping"
        )
    descriptions = [_describe_missing(place, header) for place in missing]
    raise InputError(
        f"{context.file} lacks {', '.join(descriptions)}. Its header: {', '.join(header)}. "
        f"Correct the file or the [columns] of mapping {context.title}"
    )


def _describe_missing(source: str, header: list[str]) -> str:
    nearest = get_close_matches(source.lower(), [h.lower() for h in header], n=1)
    original = next((h for h in header if nearest and h.lower() == nearest[0]), None)
    return f"column {source!r}" + (f" (did you mean {original!r}?)" if original else "")


def _has_similar_names(missing: Iterable[str], header: list[str]) -> bool:
    """Return whether the first line has most missing names but for a letter, so is a header."""
    lowered = [name.lower() for name in header]
    near = [bool(get_close_matches(m.lower(), lowered, n=1, cutoff=_A_LETTER)) for m in missing]
    return sum(near) * 2 > len(near)


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
