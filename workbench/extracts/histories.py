"""Protect the histories of an extract: every row that is left is shared by enough persons.

A row (an order, a visit) is known by its *fact*: all its columns but keys, in linked histories an
order line together with the columns of its order. Times and amounts are made coarser for everybody,
step by step, until few rows have a fact that fewer than ``least_alike`` persons share. For the
orders of Online Retail and 5 persons::

    day      exact amounts      100 % of the rows are rare
    week     amounts in bands     4 %: these rows are left out, the others are shown
    month    amounts in bands     1 %

Rare rows first lose the name of their product; rows that are still rare are left out. In *linked*
histories, where the rows of a person can be read together, several known rows single out more
persons than one (de Montjoye et al. 2015, "Unique in the shopping mall", Science 347). So a further
step is taken while too many persons of a sample are singled out by ``known_rows`` of their rows,
drawn at random. This is k^m-anonymity (Terrovitis, Mamoulis and Kalnis 2008, "Privacy-preserving
anonymization of set-valued data", PVLDB 1) for a declared share of the persons, not for all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import PrivacyError
from workbench.privacy.known_facts import KnownFactsRisk, known_facts_risk
from workbench.privacy.linkability import recognisable_columns
from workbench.privacy.pseudonyms import Pseudonyms
from workbench.privacy.view import treat_history
from workbench.privacy.view_report import Change
from workbench.privacy.visible_data import VisibleData
from workbench.schema import TABLES
from workbench.studies import ExtractPolicy, StudyTerms

_UNITS = ("day", "week", "month", "quarter", "year")
_SAMPLE = 1_000
#: Finest step of the share of a sum that is told.
_FINEST_SHARE = 0.001
#: Column with the hash of a row's fact.
FACT = "_fact"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedTable:
    """One table of histories as an extract shows it.

    Attributes
    ----------
    rows : DataFrame
        Treated rows with the keys of the dataset, see ``treat_history``.
    terms : StudyTerms
        Terms whose policy has the unit of time and the form of amounts that were reached.
    changes : list of Change
        Treatment of each column.
    read, blanked, left_out : int
        Number of rows, of rows that lost their product, and of rows that were left out.
    sums_kept : mapping of str to float
        For each column of amounts its sum in the extract, divided by that in the dataset, rounded.
    """

    rows: pl.DataFrame = field(repr=False)
    terms: StudyTerms
    changes: list[Change]
    read: int
    blanked: int
    left_out: int
    sums_kept: Mapping[str, float] = field(default_factory=dict)


def protect_histories(
    visible: VisibleData,
    terms: StudyTerms,
    policy: ExtractPolicy,
    pseudonyms: Pseudonyms,
    *,
    secret: bytes,
) -> tuple[Mapping[str, ProtectedTable], KnownFactsRisk | None]:
    """Make the histories of an extract as exact as its policy allows.

    Returns
    -------
    tables : mapping of str to ProtectedTable
        All tables of the terms but the customers.
    singled_out : KnownFactsRisk or None
        Share of persons whom the known rows single out in linked histories; None if they are not
        linked.

    Raises
    ------
    PrivacyError
        Linked histories single out too many persons, however coarse they are made.
    """
    shown = [name for name in terms.columns if name != "customers" and TABLES[name].is_in_views]
    families = [
        [name, *(part for part in shown if _whole(part) == name)]
        for name in shown
        if _whole(name) not in shown
    ]
    steps = _steps(terms)

    def protect(family: Sequence[str], first: int) -> tuple[int, dict[str, ProtectedTable]]:
        """Return the first step from ``first`` on that leaves out few rows, or else the last."""
        for place in range(first, len(steps)):
            made = _protect_family(family, visible, steps[place], policy, pseudonyms, secret)
            if place == len(steps) - 1 or _most_left_out(made) <= policy.suppression_limit:
                return place, made
        raise AssertionError("there is at least one step")

    reached = [protect(family, 0) for family in families]
    if policy.histories == "unlinked":
        return _tables_of(reached), None
    while True:
        found = _singled_out(_tables_of(reached), policy)
        share = found.shares[0].value or 0.0
        if share <= policy.max_singled_out:
            return _tables_of(reached), found
        if all(place == len(steps) - 1 for place, _ in reached):
            raise PrivacyError(
                f"{count_text(policy.known_rows, 'known row')} of a person single out "
                f"{share:.0%} of the persons although times are cut to the year, and the policy "
                f"allows {policy.max_singled_out:.0%}: show fewer columns, or take "
                'histories = "unlinked"'
            )
        reached = [
            protect(family, min(place + 1, len(steps) - 1))
            for family, (place, _) in zip(families, reached, strict=True)
        ]


def _most_left_out(tables: Mapping[str, ProtectedTable]) -> float:
    """Return the largest share of a table's rows that was left out."""
    return max((each.left_out / each.read for each in tables.values() if each.read), default=0.0)


def _whole(table: str) -> str | None:
    part_of = TABLES[table].part_of
    return part_of[1] if part_of else None


def _tables_of(reached: list[tuple[int, dict[str, ProtectedTable]]]) -> dict[str, ProtectedTable]:
    return {name: each for _, made in reached for name, each in made.items()}


def _steps(terms: StudyTerms) -> list[StudyTerms]:
    """Return the terms with their own policy, and with ever coarser times and banded amounts."""
    first = _UNITS.index(terms.policy.time)
    coarser = [
        terms.policy.model_copy(update={"time": unit, "amounts": "bands"})
        for unit in _UNITS[first + 1 :]
    ]
    return [terms, *(terms.model_copy(update={"policy": policy}) for policy in coarser)]


def _protect_family(
    family: Sequence[str],
    visible: VisibleData,
    terms: StudyTerms,
    policy: ExtractPolicy,
    pseudonyms: Pseudonyms,
    secret: bytes,
) -> dict[str, ProtectedTable]:
    """Protect a table, and then the tables of its parts."""
    made: dict[str, ProtectedTable] = {}
    for name in family:
        lazy, changes = treat_history(name, visible, terms, pseudonyms, secret=secret)
        rows = lazy.collect(engine="streaming")
        if "customer_id" not in rows.columns:  # campaigns are nobody's
            made[name] = ProtectedTable(
                rows=rows, terms=terms, changes=changes, read=rows.height, blanked=0, left_out=0
            )
            continue
        whole = made.get(family[0])
        read = rows.height
        if whole is not None and policy.histories == "linked":
            rows = _with_columns_of_whole(rows, name, whole.rows)
        kept, blanked = _leave_out_rare(rows, name, policy)
        made[name] = ProtectedTable(
            rows=kept,
            terms=terms,
            changes=changes,
            read=read,
            blanked=blanked,
            left_out=read - kept.height,
            sums_kept=_sums_kept(name, kept, visible, pseudonyms, policy.least_alike),
        )
    return made


def _sums_kept(
    table: str,
    kept: pl.DataFrame,
    visible: VisibleData,
    pseudonyms: Pseudonyms,
    least_alike: int,
) -> dict[str, float]:
    """Return the sums of amounts as shares of those before, in steps of some persons' mean.

    The exact sums of two extracts would tell what a person spent who is in one of them only.
    """
    amounts = [
        name for name in TABLES[table].columns_with_treatment("amount") if name in kept.columns
    ]
    if not amounts:
        return {}
    rows = visible.rows(table, keep=pseudonyms.keep_visible)
    sums = pl.col(amounts).cast(pl.Float64).sum()
    persons = pl.col("customer_id").n_unique().alias("_persons")
    before = rows.select(sums, persons).collect(engine="streaming").row(0, named=True)
    after = kept.select(sums).row(0, named=True)
    step = max(_FINEST_SHARE, least_alike / before["_persons"]) if before["_persons"] else 1.0
    return {
        name: round(round(after[name] / before[name] / step) * step, 6)
        for name in amounts
        if before[name]
    }


def _with_columns_of_whole(rows: pl.DataFrame, table: str, whole: pl.DataFrame) -> pl.DataFrame:
    """Add the columns by which the order of a line is known; lines of other orders are left out."""
    key, name = TABLES[table].part_of  # type: ignore[misc]  # the caller has a whole
    if key not in rows.columns or key not in whole.columns:
        return rows
    known = recognisable_columns(whole.lazy(), name)
    return rows.join(
        whole.select(key, *(pl.col(each).alias(f"{name}.{each}") for each in known)), on=key
    )


def _leave_out_rare(
    rows: pl.DataFrame, table: str, policy: ExtractPolicy
) -> tuple[pl.DataFrame, int]:
    """Blank the products of rare rows, and leave out the rows that are still rare.

    Returns
    -------
    rows : DataFrame
        Rows with their fact in ``_fact``, without columns of another table.
    blanked : int
        Number of rows that lost their product and are kept.
    """
    declared = TABLES[table]
    foreign = [name for name in rows.columns if "." in name]
    own = [each.name for each in declared.columns if each.sensitivity != "key"]
    known = [*(name for name in own if name in rows.columns), *foreign]
    products = [name for name in declared.columns_with_treatment("product") if name in rows.columns]

    def with_facts(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(pl.struct(known).hash(seed=1).alias(FACT))

    def is_rare(frame: pl.DataFrame) -> pl.Series:
        alike = frame.group_by(FACT).agg(pl.col("customer_id").n_unique().alias("_alike"))
        joined = frame.select(FACT).join(alike, on=FACT, how="left", maintain_order="left")
        return joined["_alike"] < policy.least_alike

    rows = with_facts(rows) if known else rows.with_columns(pl.lit(0, pl.UInt64).alias(FACT))
    rare = is_rare(rows)
    was_blanked = pl.repeat(False, rows.height, eager=True)
    if products and rare.any():
        was_blanked = rare
        rows = with_facts(
            rows.with_columns(pl.when(~rare).then(pl.col(name)).alias(name) for name in products)
        )
        rare = is_rare(rows)
    kept = rows.filter(~rare).drop(foreign)
    return kept, int((was_blanked & ~rare).sum())


def facts_of(tables: Mapping[str, ProtectedTable]) -> pl.DataFrame:
    """Return ``customer_id`` and the hash ``_fact`` of every row of every table."""
    return pl.concat(
        each.rows.select("customer_id", pl.struct(pl.lit(name), FACT).hash(seed=2).alias(FACT))
        for name, each in tables.items()
        if FACT in each.rows.columns
    )


def _singled_out(tables: Mapping[str, ProtectedTable], policy: ExtractPolicy) -> KnownFactsRisk:
    """Estimate the share of persons whom ``known_rows`` of their rows in any table single out."""
    return known_facts_risk(
        facts_of(tables),
        person="customer_id",
        facts=[FACT],
        known=[policy.known_rows],
        k=policy.least_alike,
        sample=_SAMPLE,
    )
