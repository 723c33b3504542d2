"""Recode the quasi-identifiers of a table as a policy asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from workbench.extracts.treated_column import TreatedColumn
from workbench.foundation.errors import PrivacyError
from workbench.privacy.recoding import (
    SUPPRESSED,
    Closeness,
    Criterion,
    DistinctDiversity,
    EntropyDiversity,
    Hierarchy,
    KAnonymity,
    RecodedTable,
    measure_table,
    recode,
)
from workbench.privacy.risk.rehearsing import assess_by_rehearsal
from workbench.privacy.risk.risk_question import RiskQuestion, RiskThresholds
from workbench.privacy.risk.risk_report import RiskReport
from workbench.studies import ColumnTreatment, ExtractPolicy

#: Most times that a table is recoded until the rows that are left have the t of the policy.
_TRIES = 5


def criteria_of(
    policy: ExtractPolicy, sensitive: Mapping[str, ColumnTreatment], *, share_of_t: float = 1.0
) -> list[Criterion]:
    """Return the criteria of a policy: k, and l and t of every sensitive column.

    Parameters
    ----------
    policy : ExtractPolicy
        Policy, whose l and t hold for columns whose rule has none.
    sensitive : mapping of str to ColumnTreatment
        Rule of each sensitive column.
    share_of_t : float
        Share of t that is asked for, so that rows may still be left out.
    """
    criteria: list[Criterion] = [KAnonymity(k=policy.k)]
    for name, rule in sensitive.items():
        least, most = rule.l or policy.l, rule.t or policy.t
        if least is not None:
            is_entropy = rule.diversity == "entropy"
            criteria.append(
                EntropyDiversity(column=name, l=least)
                if is_entropy
                else DistinctDiversity(column=name, l=least)
            )
        if most is not None and most < 1:
            criteria.append(Closeness(column=name, t=most * share_of_t))
    return criteria


@dataclass(frozen=True, slots=True, kw_only=True)
class TableToRecode:
    """A table with all that its recoding needs.

    Attributes
    ----------
    rows : DataFrame
        Quasi-identifiers, sensitive columns, and any others; a row per person, or several with a
        column of persons.
    hierarchies : mapping of str to Hierarchy
        Hierarchy of each quasi-identifier.
    sensitive : mapping of str to ColumnTreatment
        Rule of each sensitive column.
    persons : str
        Column that says whose row it is; persons are counted, not rows.
    policy : ExtractPolicy
        Policy with k, l, t, the way of recoding and the largest share of suppressed rows.
    """

    rows: pl.DataFrame = field(repr=False)
    hierarchies: Mapping[str, Hierarchy]
    sensitive: Mapping[str, ColumnTreatment]
    persons: str
    policy: ExtractPolicy

    @property
    def number_of_persons(self) -> int:
        """Number of persons in the table."""
        return self._persons_of(self.rows)

    def recode(self) -> RecodedTable:
        """Generalise the quasi-identifiers until the table has the k, l and t of the policy.

        Raises
        ------
        PrivacyError
            There are fewer persons than k, or the criteria cannot be reached.
        """
        return self._recode(self.rows)

    def persons_lost(self, left: pl.DataFrame) -> int:
        """Return the number of persons who are not among the rows that are left."""
        return self.number_of_persons - self._persons_of(left)

    def measure_risk(self, left: pl.DataFrame) -> RiskReport:
        """Measure the risk of the rows that are left, see ``assess_by_rehearsal``."""
        texts = self.rows.with_columns(pl.col(name).cast(pl.String) for name in self.hierarchies)
        question = RiskQuestion(
            quasi_identifiers=tuple(self.hierarchies),
            sensitive=tuple(self.sensitive),
            persons=self.persons,
            hierarchies={name: each.frame() for name, each in self.hierarchies.items()},
            thresholds=RiskThresholds(**self.policy.limits.model_dump()),
            groups=tuple(self.hierarchies),
            population=self.policy.population,
            empty_is_value=True,  # A suppressed cell is ``*``.
        )

        def make(some: pl.DataFrame) -> pl.DataFrame:
            return rows_left(self._recode(some))

        return assess_by_rehearsal(texts, left, question, make=make)

    def _persons_of(self, rows: pl.DataFrame) -> int:
        return rows[self.persons].n_unique()

    def _recode(self, rows: pl.DataFrame) -> RecodedTable:
        policy, present = self.policy, self._persons_of(rows)
        if present < policy.k:
            raise PrivacyError(
                f"policy {policy.name}: k is {policy.k}, but the table has only {present} persons: "
                "anonymise a larger table"
            )
        for name, rule in self.sensitive.items():
            least, different = rule.l or policy.l, rows[name].n_unique()
            if least is not None and different < least:
                raise PrivacyError(
                    f"policy {policy.name}: l is {least}, but column {name} has only {different} "
                    "different values: lower its l, or drop the column"
                )
        share_of_t = 1.0
        for _ in range(_TRIES):
            made = self._recode_to(rows, criteria_of(policy, self.sensitive, share_of_t=share_of_t))
            missed = self._missed_t(made)
            if missed is None:
                return made
            share_of_t *= missed
        raise PrivacyError(
            f"policy {policy.name}: t cannot be reached by the rows that are left if some are left "
            "out: take suppression_limit = 0, or a larger t"
        )

    def _recode_to(self, rows: pl.DataFrame, criteria: list[Criterion]) -> RecodedTable:
        policy = self.policy
        return recode(
            rows,
            hierarchies=self.hierarchies,
            criteria=criteria,
            suppression_limit=policy.suppression_limit,
            method="levels" if policy.recoding == "levels" else "local",
            labels="ranges" if policy.recoding == "ranges" else "hierarchy",
            persons=self._counted(rows),
            missing=policy.missing,
        )

    def _missed_t(self, made: RecodedTable) -> float | None:
        """Return by which factor t is missed; None if the rows that are left reach it.

        Recoding compares classes with the whole table. Whoever receives the rows that are left can
        compare with these alone, and must find the t of the policy there.
        """
        asked = [each for each in criteria_of(self.policy, self.sensitive) if each.name == "t"]
        if not asked or not made.is_suppressed.any():
            return None
        left = rows_left(made)
        found = measure_table(
            left,
            quasi_identifiers=list(self.hierarchies),
            criteria=asked,
            persons=self._counted(left),
        )
        worst = found.criteria.filter(~pl.col("is_reached"))
        return (
            None
            if worst.is_empty()
            else float((worst["limit"] / worst["measured"]).to_numpy().min())
        )

    def _counted(self, rows: pl.DataFrame) -> str | None:
        """Return the column of persons where a person has several rows."""
        return self.persons if self._persons_of(rows) < rows.height else None


def rows_left(made: RecodedTable) -> pl.DataFrame:
    """Return the rows of a recoded table that are not suppressed."""
    return made.rows.filter(~made.is_suppressed)


def reached_criteria(made: RecodedTable) -> dict[str, float]:
    """Return the criteria as measured on a recoded table, such as ``l of occupation``."""
    return {
        f"{row['criterion']} of {row['column']}" if row["column"] else row["criterion"]: row[
            "measured"
        ]
        for row in made.measured.criteria.iter_rows(named=True)
        if row["measured"] is not None
    }


def utility_figures(made: RecodedTable) -> dict[str, float]:
    """Return the measures of what a recoded table lost, by name."""
    found = made.utility
    return {
        "gcp": found.gcp,
        "loss": found.loss,
        "discernibility": float(found.discernibility),
        "average_class_size": found.average_class_size,
    }


def generalised_columns(
    table: str, made: RecodedTable, hierarchies: Mapping[str, Hierarchy]
) -> dict[str, TreatedColumn]:
    """Return what was done to each quasi-identifier."""
    loss = dict(made.utility.columns.select("column", "gcp").iter_rows())
    return {
        name: TreatedColumn(
            table=table,
            column=name,
            treatment=_generalisation(name, made, hierarchy),
            suppressed=made.suppressed_cells[name],
            loss=loss[name],
        )
        for name, hierarchy in hierarchies.items()
    }


def _generalisation(name: str, made: RecodedTable, hierarchy: Hierarchy) -> str:
    if name not in made.levels:
        return f"generalised as far as each class of persons needs, {SUPPRESSED} for no value"
    level = made.levels[name]
    return "as it is" if level == 0 else f"generalised to level {level} of {hierarchy.height}"
