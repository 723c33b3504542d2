"""What is done to the columns of a view, and to which rows of attributes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from workbench.foundation.errors import PrivacyError
from workbench.privacy.anonymity import anonymise, smallest_class
from workbench.privacy.coarsening import PRODUCTS, banded_amount, cut_time, is_amount
from workbench.privacy.generalisation import levels, quasi_identifiers
from workbench.privacy.pseudonyms import ORDER
from workbench.privacy.release import Release
from workbench.privacy.report import Doing
from workbench.privacy.texts import NEVER, blank_rare, shared_values, text_columns
from workbench.schema import TABLES
from workbench.studies import ABSENT_COLUMNS, Study

_COARSENESS = ("finest level", "coarser", "coarsest")

#: Columns of texts that mean something only together with others: who shares a value is counted
#: within them.
_WITHIN = {
    ("attributes", "value"): ("namespace", "attribute"),
    ("answers", "answer"): ("question_id",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Generalised:
    """The customer table of a view.

    Attributes
    ----------
    rows : DataFrame
        ``customer_id``, still the dataset's, and the study's columns, in the order of the input.
    doings : list of Doing
        What was done to each column.
    levels : mapping of str to Expr
        Each quasi-identifier at its level, over the customer table; without those that are emptied
        for everybody.
    suppressed : int
        Persons of whom no quasi-identifier is left although one was known.
    """

    rows: pl.DataFrame
    doings: list[Doing]
    levels: Mapping[str, pl.Expr]
    suppressed: int


def generalised(
    allowed: pl.DataFrame, study: Study, as_of: date, *, release: Release
) -> Generalised:
    """Generalise the customers a study may see to its k; the release counts what was emptied.

    Raises
    ------
    PrivacyError
        k is more than there are customers.
    """
    wanted = study.columns.get("customers", ())
    quasi = [name for name in quasi_identifiers() if name in wanted]
    apart = {*quasi_identifiers(), *ABSENT_COLUMNS, "customer_id", "kind"}
    other = [name for name in wanted if name not in apart]
    rows = allowed.select("customer_id", "kind", *other)
    doings = [Doing("customers", name, "kept") for name in ("kind", *other)]
    if not quasi:
        return Generalised(rows=rows, doings=doings, levels={}, suppressed=0)
    known = levels(as_of)
    made = anonymise(
        allowed,
        levels={name: known[name] for name in quasi},
        k=study.policy.k,
        keep=study.policy.keep,
        suppression_limit=study.policy.suppression_limit,
    )
    reached = smallest_class(made.rows, quasi)
    if reached < study.policy.k:  # a fault of ours would otherwise become a leak
        raise PrivacyError(f"k of {study.policy.k} was asked, {reached} was reached")
    reached_levels = {
        name: known[name][made.level[name]] for name in quasi if made.level[name] < len(known[name])
    }
    cells = pl.concat(
        [
            made.rows,
            allowed.select(level.alias(f"level of {n}") for n, level in reached_levels.items()),
        ],
        how="horizontal",
    )
    stated = {name: pl.col(f"level of {name}").is_not_null() for name in reached_levels}
    emptied = {name: is_stated & pl.col(name).is_null() for name, is_stated in stated.items()}
    nothing_left = pl.all_horizontal(pl.col(name).is_null() for name in quasi)
    counted = release.counts(
        cells,
        of={
            **{f"stated {name}": each for name, each in stated.items()},
            **{f"emptied {name}": each for name, each in emptied.items()},
            "suppressed": nothing_left & pl.any_horizontal([pl.lit(False), *stated.values()]),
        },
    ).row(0, named=True)
    for name in quasi:
        if name not in reached_levels:
            doings.append(Doing("customers", name, "emptied for everybody", "to reach k", 0, 0))
            continue
        what = _COARSENESS[min(made.level[name], 2)]
        counts = (counted[f"stated {name}"], counted[f"emptied {name}"])
        doings.append(Doing("customers", name, what, "to reach k", *counts))
    return Generalised(
        rows=rows.join(made.rows, on="customer_id", how="left", maintain_order="left"),
        doings=doings,
        levels=reached_levels,
        suppressed=int(counted["suppressed"]),
    )


def columns_of(table: str, study: Study) -> list[str]:
    """Return the columns that a study's view has of a table, ``customer_id`` first."""
    first = ["customer_id"] if "customer_id" in TABLES[table] else []
    wanted = (name for name in study.columns[table] if name not in ABSENT_COLUMNS)
    return list(dict.fromkeys([*first, *wanted]))


def harmless(rows: pl.LazyFrame, table: str, study: Study) -> tuple[pl.LazyFrame, list[Doing]]:
    """Make the columns of a table harmless.

    Returns
    -------
    rows : LazyFrame
        In any order; keys are still the dataset's. The columns of the primary key stand there a
        second time, untouched, their names after ``ORDER``.
    doings : list of Doing
        What was done to the study's columns.
    """
    declared = TABLES[table]
    names = columns_of(table, study)
    done: list[Doing] = []
    if table == "attributes":
        rows, done = _attributes(rows, study)
    rows = rows.select(
        *names, *(pl.col(name).alias(f"{ORDER}{name}") for name in declared.primary_key)
    )
    k = study.policy.k
    blanks_products = study.policy.rare_products == "blanked" and "customer_id" in declared
    days = study.policy.shift_days
    moved = (
        f"moved back by up to {days} days, each customer by a number of their own" if days else ""
    )
    for name in names:
        column = declared.column(name)
        if name in NEVER:
            rows = rows.with_columns(pl.lit(None, dtype=column.type).alias(name))
            done.append(Doing(table, name, "emptied", "never shown before there is redaction"))
        elif name in text_columns(table) or (name in PRODUCTS and blanks_products):
            within = tuple(f"{ORDER}{each}" for each in _WITHIN.get((table, name), ()))
            shared = shared_values(rows, name, k=k, within=within)
            rows = blank_rare(rows, name, shared=shared)
            why = f"stated by fewer than {k} persons"
            what = "rare values emptied"
            done.append(Doing(table, name, what, why, shared.stated, shared.emptied))
        elif column.sensitivity == "key":
            done.append(Doing(table, name, "pseudonym", "differs from study to study"))
        elif column.type == pl.Datetime("us", "UTC") or (
            column.type == pl.Date and study.policy.time != "day"
        ):
            rows = rows.with_columns(cut_time(name, study.policy))
            done.append(Doing(table, name, f"cut to the {study.policy.time}", moved))
        elif is_amount(name, study.policy):
            rows = rows.with_columns(banded_amount(name).cast(column.type))
            done.append(Doing(table, name, "put into bands"))
        else:
            done.append(Doing(table, name, "kept"))
    return rows, done


def _attributes(rows: pl.LazyFrame, study: Study) -> tuple[pl.LazyFrame, list[Doing]]:
    """Leave out statements that the customer table generalises, and special categories."""
    repeated = (pl.col("namespace").cast(pl.String) == "profile") & pl.col("attribute").is_in(
        TABLES["customers"].named("quasi")
    )
    rows = rows.filter(~repeated)
    why = "repeat a column of customers that is generalised there"
    done = [Doing("attributes", "attribute", "rows left out", why)]
    if study.special_categories_basis is None:
        rows = rows.filter(~pl.col("is_special_category"))
        why = "no lawful basis of their own"
        done.append(Doing("attributes", "is_special_category", "rows left out", why))
    return rows, done
