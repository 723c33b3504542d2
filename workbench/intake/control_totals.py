"""Control totals of a load: rows and sums by table, what was expected, and days without rows.

A supplier states how much an export contains, and an export that was cut short looks like any
other. So a load counts what it brought, compares it with what was stated, and looks for days on
which nothing happened although something nearly always does.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import ParameterError, unknown_name
from workbench.intake.contradictions import count_contradictions
from workbench.schema import TABLES
from workbench.schema.currencies import decimal_places
from workbench.sources import Source
from workbench.vault import Dataset

#: Median number of rows a day from which a day without rows is worth a warning.
_BUSY = 5
#: Share of the rows of such a day below which the first or last day looks cut.
_CUT = 0.25
_MOST_DAYS = 5  # A warning names so many days and counts the others.

#: Beginnings of the details of an operation that state totals.
_EXPECTED, _FOUND = "expected ", "found "

#: Mails that were opened, of which the mail tool and the site's own log may tell.
_OPENED = (pl.col("channel").cast(pl.String) == "email") & (
    pl.col("action").cast(pl.String) == "opened"
)

_DAYS = pl.Schema({"table": pl.String(), "day": pl.Date(), "rows": pl.Int64()})


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTotals:
    """Totals of accepted rows, those that the dataset held already included.

    Attributes
    ----------
    rows : Counter of str
        Number of rows by table.
    amounts : Counter of (str, str)
        Sum by table and currency, in minor units, of the amount that every row of the table has.
    days : DataFrame
        ``table``, ``day`` (local day of the source) and ``rows``, for tables of facts.
    contradictions : Counter of str
        Number of rows that contradict others, by rule, see ``contradictions``.
    """

    rows: Counter[str] = field(default_factory=Counter)
    amounts: Counter[tuple[str, str]] = field(default_factory=Counter)
    days: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_DAYS))
    contradictions: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(
        cls, tables: Mapping[str, pl.DataFrame], refused: pl.DataFrame, source: Source
    ) -> "ControlTotals":
        """Count the rows of one part of a source without those of refused records."""
        kept = {
            name: rows.join(refused, on="source_row", how="anti") if refused.height else rows
            for name, rows in tables.items()
        }
        amounts = Counter[tuple[str, str]]()
        for name, rows in kept.items():
            amounts.update(_sums(name, rows, kept))
        # Every day of a world is as its recipe says, and a world may be large.
        days = [] if source.is_synthetic else [_days(n, r, source.zone) for n, r in kept.items()]
        return cls(
            rows=Counter({name: rows.height for name, rows in kept.items()}),
            amounts=amounts,
            days=pl.concat([pl.DataFrame(schema=_DAYS), *days]),
            contradictions=count_contradictions(kept),
        )

    @classmethod
    def sum(cls, totals: Iterable["ControlTotals"]) -> "ControlTotals":
        """Add up the totals of several parts or sources."""
        found = list(totals)
        rows, amounts = Counter[str](), Counter[tuple[str, str]]()
        contradictions = Counter[str]()
        for each in found:
            rows.update(each.rows)
            amounts.update(each.amounts)
            contradictions.update(each.contradictions)
        days = pl.concat([pl.DataFrame(schema=_DAYS), *(each.days for each in found)])
        return cls(
            rows=rows,
            amounts=amounts,
            days=days.group_by("table", "day").agg(pl.col("rows").sum()).sort("table", "day"),
            contradictions=contradictions,
        )


def read_expectations(stated: Iterable[str]) -> dict[str, Decimal]:
    """Return what a load is expected to bring, by table or by table and currency.

    Parameters
    ----------
    stated : iterable of str
        ``orders=8000``, ``orders.EUR=84000.00``, or the path of a TOML file with such keys.

    Raises
    ------
    ParameterError
        A table is unknown, a value is no number, or a file cannot be read.
    """
    found: dict[str, Decimal] = {}
    for each in stated:
        name, mark, value = each.partition("=")
        pairs = {name: value} if mark else _read_totals(Path(each))
        for key, number in pairs.items():
            table, _, currency = key.partition(".")
            if table not in TABLES or (currency and not _amount_column(table)):
                raise ParameterError(f"--expect {key}: {unknown_name('table', table, TABLES)}")
            try:
                found[key] = Decimal(str(number))
            except InvalidOperation:
                raise ParameterError(
                    f"--expect {key}={number}: not a number, expected e.g. orders=8000 or "
                    "orders.EUR=84000.00"
                ) from None
    return found


def found_for(expected: Mapping[str, Decimal], totals: ControlTotals) -> dict[str, Decimal]:
    """Return what a load brought of each expected total."""
    found: dict[str, Decimal] = {}
    for key in expected:
        table, _, currency = key.partition(".")
        if currency:
            minor = totals.amounts[(table, currency)]
            found[key] = Decimal(minor).scaleb(-decimal_places(currency))
        else:
            found[key] = Decimal(totals.rows[table])
    return found


def unmet_warnings(
    expected: Mapping[str, Decimal], found: Mapping[str, Decimal]
) -> tuple[str, ...]:
    """Return a sentence for each total that the load did not bring exactly."""
    return tuple(
        f"{key}: {value:,} stated, {found[key]:,} held after this load"
        for key, value in expected.items()
        if found[key] != value
    )


def unmet_expectations(dataset: Dataset) -> tuple[str, ...]:
    """Return a sentence for each stated total that a dataset lacks: of several loads the last."""
    undone = {operation.undoes for operation in dataset.operations}
    stated: dict[str, tuple[str, str]] = {}
    for operation in dataset.operations:
        if operation.kind == "load" and operation.version not in undone:
            for name, value in operation.details.items():
                if name.startswith(_EXPECTED):
                    key = name.removeprefix(_EXPECTED)
                    stated[key] = (value, operation.details.get(f"{_FOUND}{key}", "0"))
    expected = {key: Decimal(value) for key, (value, _) in stated.items()}
    return unmet_warnings(expected, {key: Decimal(value) for key, (_, value) in stated.items()})


def as_details(expected: Mapping[str, Decimal], found: Mapping[str, Decimal]) -> dict[str, str]:
    """Return what was expected and found as details of an operation."""
    return {
        **{f"{_EXPECTED}{key}": str(value) for key, value in expected.items()},
        **{f"{_FOUND}{key}": str(value) for key, value in found.items()},
    }


def gap_warnings(totals: ControlTotals, until: date) -> tuple[str, ...]:
    """Return sentences about days on which rows are missing.

    Parameters
    ----------
    totals : ControlTotals
        Totals of the load.
    until : date
        First local day that the load does not cover.
    """
    warnings: list[str] = []
    for (table,), rows in totals.days.group_by("table", maintain_order=True):
        counted = dict(rows.select("day", "rows").iter_rows())
        warnings += _gaps(str(table), counted, until)
    return tuple(warnings)


def system_warnings(dataset: Dataset) -> tuple[str, ...]:
    """Warn of orders, payments, visits or opened mails that several exports may report."""
    exported_by = {
        source.source_id: f"{source.format.partition('/')[0]} of {source.system}"
        for source in dataset.sources
    }
    if len(set(exported_by.values())) < 2:
        return ()
    warnings = []
    for name, table in TABLES.items():
        has_amounts = table.time is not None and _amount_column(name) is not None
        has_visits = "session_id" in table
        has_mails = name == "interactions"
        if table.part_of is not None or not (has_amounts or has_visits or has_mails):
            continue
        # Two exports report the same visits only of one channel (the site, or the app), and the
        # same payments only of one method.
        kind = "channel" if has_visits else "method" if "method" in table else None
        of_kind = pl.lit(None, pl.String) if kind is None else pl.col(kind).cast(pl.String)
        rows = dataset.stored_rows(name).filter(_OPENED if has_mails else pl.lit(value=True))
        counted = rows.group_by("source_id", kind=of_kind).len()
        found: dict[str | None, Counter[str]] = {}
        for source_id, where, count in counted.collect(engine="streaming").iter_rows():
            found.setdefault(where, Counter())[exported_by.get(source_id, "")] += count
        for where, counts in sorted(found.items(), key=str):
            if len(counts) > 1:
                what = f"{name} of {kind} {where}" if where else name
                what = "opened mails" if has_mails else what
                setting = "visits" if has_visits else "mails" if has_mails else name
                warnings.append(_several_exports(what, counts, setting))
    return tuple(warnings)


def _several_exports(what: str, counts: Counter[str], setting: str) -> str:
    told = ", ".join(f"{each} ({count:,})" for each, count in sorted(counts.items()))
    return (
        f"{what} of {len(counts)} exports are in this dataset: {told}. If these report the same "
        "ones, they are counted twice: take them from one export, and load another with --set "
        f"{setting}=other where its mapping has that setting"
    )


def _read_totals(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ParameterError(
            f"--expect {path}: neither NAME=NUMBER nor a TOML file of such lines ({error})"
        ) from error


def _amount_column(table: str) -> str | None:
    """Return the amount that every row of a table has, if it has one."""
    amounts = [
        c.name for c in TABLES[table].columns if c.unit == "minor unit" and not c.is_nullable
    ]
    return amounts[0] if amounts else None


def _sums(
    name: str, rows: pl.DataFrame, tables: Mapping[str, pl.DataFrame]
) -> dict[tuple[str, str], int]:
    column, part_of = _amount_column(name), TABLES[name].part_of
    if column is None:
        return {}
    if "currency" not in rows.columns and part_of is not None:
        key, whole = part_of
        if whole not in tables:
            return {}
        rows = rows.join(tables[whole].select(key, "currency").unique(), on=key, how="inner")
    sums = rows.group_by("currency").agg(pl.col(column).sum())
    return {(name, currency): int(amount) for currency, amount in sums.iter_rows()}


def _days(name: str, rows: pl.DataFrame, zone: str) -> pl.DataFrame:
    table = TABLES[name]
    time = table.time
    is_fact = time is not None and not table.is_state and table.belongs_to != "customer"
    if time is None or not is_fact or not isinstance(rows.schema[time], pl.Datetime):
        return pl.DataFrame(schema=_DAYS)
    day = pl.col(time).dt.convert_time_zone(zone).dt.date()
    counted = rows.group_by(day=day).len("rows")
    return counted.select(table=pl.lit(name), day="day", rows=pl.col("rows").cast(pl.Int64))


def _gaps(table: str, counted: Mapping[date, int], until: date) -> list[str]:
    last = until - timedelta(days=1)
    days = sorted(day for day in counted if day <= last)
    if len(days) < 2 * 7 or sorted(counted.values())[len(counted) // 2] < _BUSY:
        return []
    span = [days[0] + timedelta(days=n) for n in range((last - days[0]).days + 1)]
    usual = _usual_rows(span, counted)
    missing = [day for day in span if day not in counted and usual[day.weekday()] >= _BUSY]
    warnings = []
    if missing:
        named = ", ".join(map(str, missing[:_MOST_DAYS]))
        more = f" and {len(missing) - _MOST_DAYS:,} more" if len(missing) > _MOST_DAYS else ""
        days_text = count_text(len(missing), "day")
        warnings.append(
            f"{table}: no row on {days_text} on which there usually are some: {named}{more}"
        )
    for end, which in ((days[0], "first"), (last, "last")):
        if end in counted and counted[end] < _CUT * usual[end.weekday()]:
            rows = count_text(counted[end], "row")
            warnings.append(
                f"{table}: the {which} day, {end}, has {rows} where such a day has about "
                f"{usual[end.weekday()]:,.0f}: it may be cut, for instance at the midnight "
                "of another time zone"
            )
    return warnings


def _usual_rows(span: list[date], counted: Mapping[date, int]) -> list[float]:
    """Return the median number of rows on each day of the week, days without rows included."""
    found: list[list[int]] = [[] for _ in range(7)]
    for day in span:
        found[day.weekday()].append(counted.get(day, 0))
    return [float(sorted(rows)[len(rows) // 2]) if rows else 0.0 for rows in found]
