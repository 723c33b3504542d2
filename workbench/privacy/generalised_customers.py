"""Generalise the customer table of a view until its customers share their characteristics."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from workbench.foundation.errors import PrivacyError
from workbench.privacy.anonymity import smallest_class
from workbench.privacy.columns import shift_note, treat_column
from workbench.privacy.generalisation import levels, quasi_identifiers
from workbench.privacy.policy_criteria import anonymise_by_policy, sensitive_of_customers
from workbench.privacy.release import Release
from workbench.privacy.view_report import COARSER, Change
from workbench.schema import TABLES
from workbench.schema.time_units import Unit
from workbench.studies import StudyTerms

_COARSENESS = ("finest level", "coarser", "coarsest")
#: Units of the levels of a quasi-identifier that is a time.
_UNITS: tuple[Unit, ...] = ("month", "quarter", "year")


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralisedCustomers:
    """Customer table of a view.

    Attributes
    ----------
    rows : DataFrame
        ``customer_id`` of the dataset and the columns of the study, in the order of the input.
    changes : list of Change
        Treatment of each column.
    levels : mapping of str to Expr
        Quasi-identifiers at their levels, as expressions over the customer table; columns that
        are suppressed for everybody are absent.
    reached : mapping of str to int
        Number of the level of each quasi-identifier.
    suppressed : int
        Number of persons who had quasi-identifiers and have none left.
    units : mapping of str to Unit
        Unit of each column of times, by ``table.column``.
    """

    rows: pl.DataFrame
    changes: list[Change]
    levels: Mapping[str, pl.Expr]
    reached: Mapping[str, int]
    suppressed: int
    units: Mapping[str, Unit]


def generalise_customers(
    allowed: pl.DataFrame, study: StudyTerms, as_of: date, *, release: Release
) -> GeneralisedCustomers:
    """Generalise the customer table to k, l and t of a study; the release counts suppressed cells.

    Raises
    ------
    PrivacyError
        All customers together do not reach k, l or t.
    """
    wanted = study.columns.get("customers", ())
    quasi = [name for name in quasi_identifiers() if name in wanted]
    rows, changes = treat_other_columns(allowed, study, secret=release.secret)
    if not quasi:
        return GeneralisedCustomers(
            rows=rows, changes=changes, levels={}, reached={}, suppressed=0, units={}
        )
    available = levels(as_of)
    made = anonymise_by_policy(
        allowed.with_columns(rows[name] for name in sensitive_of_customers(wanted)),
        study.policy,
        as_of,
        columns=wanted,
    )
    reached = smallest_class(made.rows, quasi)
    if reached < study.policy.k:  # A fault in this package must not become a leak.
        raise PrivacyError(f"a k of {study.policy.k} was asked for, but {reached} was reached")
    reached_levels = {
        name: available[name][made.level[name]]
        for name in quasi
        if made.level[name] < len(available[name])
    }
    cells = pl.concat(
        [
            made.rows,
            allowed.select(level.alias(f"level of {n}") for n, level in reached_levels.items()),
        ],
        how="horizontal",
    )
    stated = {name: pl.col(f"level of {name}").is_not_null() for name in reached_levels}
    suppressed = {name: is_stated & pl.col(name).is_null() for name, is_stated in stated.items()}
    nothing_left = pl.all_horizontal(pl.col(name).is_null() for name in quasi)
    counted = release.counts(
        cells,
        of={
            **{f"stated {name}": each for name, each in stated.items()},
            **{f"suppressed {name}": each for name, each in suppressed.items()},
            "suppressed": nothing_left & pl.any_horizontal([pl.lit(False), *stated.values()]),
        },
    ).row(0, named=True)
    for name in quasi:
        is_time = allowed.schema[name].is_temporal()
        why = "; ".join(_reasons(name, made.level[name], study, is_time=is_time))
        if name not in reached_levels:
            changes.append(Change("customers", name, "suppressed for everybody", why, 0, 0))
            continue
        place = min(made.level[name], 2)
        what = f"cut to the {_UNITS[place]}" if is_time else _COARSENESS[place]
        counts = (counted[f"stated {name}"], counted[f"suppressed {name}"])
        changes.append(Change("customers", name, what, why, *counts))
    return GeneralisedCustomers(
        rows=rows.join(made.rows, on="customer_id", how="left", maintain_order="left"),
        changes=changes,
        levels=reached_levels,
        reached=made.level,
        suppressed=int(counted["suppressed"]),
        units={
            f"customers.{name}": _UNITS[made.level[name]]
            for name in reached_levels
            if allowed.schema[name].is_temporal()
        },
    )


def _reasons(name: str, level: int, study: StudyTerms, *, is_time: bool) -> Iterator[str]:
    """Yield why a quasi-identifier has its level."""
    stated = study.policy.levels.get(name)
    if stated is not None and level > stated:
        yield f"{COARSER} {stated}"
    is_optimal = study.policy.generalisation == "optimal"
    wanted = ("l", study.policy.l), ("t", study.policy.t)
    letters = ["k", *(letter for letter, limit in wanted if limit is not None)]
    way = " by the levels that lose least" if is_optimal else ""
    yield f"to reach {' and '.join(letters)}{way}"
    if is_time and study.policy.shift_days:
        yield shift_note(study)


def treat_other_columns(
    allowed: pl.DataFrame, study: StudyTerms, *, secret: bytes
) -> tuple[pl.DataFrame, list[Change]]:
    """Treat the columns of the customer table that are no quasi-identifiers.

    Returns
    -------
    rows : DataFrame
        ``customer_id``, ``kind`` and these columns, in the order of the input.
    changes : list of Change
        Treatment of each column.
    """
    customers = TABLES["customers"]
    other = [
        name
        for name in study.columns.get("customers", ())
        if customers.column(name).view in ("shared", "common", "keep") and name != "kind"
    ]
    rows = allowed.select("customer_id", "kind", *other)
    changes = [Change("customers", "kind", "kept")]
    for name in other:
        treated, done = treat_column(rows.lazy(), customers.column(name), study, secret)
        rows, changes = treated.collect(), [*changes, *done]
    ordered = allowed.select("customer_id").join(
        rows, on="customer_id", how="left", maintain_order="left"
    )
    return ordered, changes
