"""Recode the quasi-identifiers of a table as a policy asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from workbench.extracts.treated_column import TreatedColumn
from workbench.foundation.errors import PrivacyError
from workbench.privacy.policy_criteria import Margin, criteria_of
from workbench.privacy.recoding import (
    SUPPRESSED,
    Criterion,
    Hierarchy,
    RecodedTable,
    measure_table,
    recode,
)
from workbench.privacy.risk.rehearsing import assess_by_rehearsal
from workbench.privacy.risk.risk_question import RiskQuestion, RiskThresholds
from workbench.privacy.risk.risk_report import RiskReport
from workbench.studies import ColumnTreatment, ExtractPolicy

#: Most times that a table is recoded until the rows that are left have the l and t of the policy.
_TRIES = 5


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
        # Without suppression every row is left, so that t is judged by the table it was asked of.
        for limit in dict.fromkeys((policy.suppression_limit, 0.0)):
            if (made := self._recode_within(rows, limit)) is not None:
                return made
        raise PrivacyError(
            f"policy {policy.name}: the rows that are left do not reach t, or l among the values "
            "that are stated: take a smaller l or a larger t, or drop a sensitive column with "
            "empty cells"
        )

    def _recode_within(self, rows: pl.DataFrame, limit: float) -> RecodedTable | None:
        """Recode until the rows that are left reach the policy; None if they do not."""
        margin = Margin()
        for _ in range(_TRIES):
            criteria = criteria_of(self.policy, self.sensitive, margin=margin)
            try:
                made = self._recode_to(rows, criteria, limit)
            except PrivacyError:
                if margin == Margin() and limit == self.policy.suppression_limit:
                    raise
                return None
            missed = self._reached(made).filter(~pl.col("is_reached"))
            if missed.is_empty():
                return made
            too_far = missed.filter(pl.col("criterion") == "t")
            factor = (too_far["limit"] / too_far["measured"]).min() if too_far.height else 1.0
            margin = Margin(
                further_values=margin.further_values + int(too_far.height < missed.height),
                share_of_t=margin.share_of_t * float(factor),  # type: ignore[arg-type]  # a number
            )
        return None

    def _recode_to(
        self, rows: pl.DataFrame, criteria: list[Criterion], limit: float
    ) -> RecodedTable:
        policy = self.policy
        return recode(
            rows,
            hierarchies=self.hierarchies,
            criteria=criteria,
            suppression_limit=limit,
            method="levels" if policy.recoding == "levels" else "local",
            labels="ranges" if policy.recoding == "ranges" else "hierarchy",
            persons=self._counted(rows),
            missing=policy.missing,
        )

    def reached_criteria(self, made: RecodedTable) -> dict[str, float]:
        """Return the criteria as measured on the rows that are left, such as ``l of income``."""
        measured = pl.concat([made.measured.criteria.head(1), self._reached(made)])
        return {
            f"{row['criterion']} of {row['column']}" if row["column"] else row["criterion"]: row[
                "measured"
            ]
            for row in measured.iter_rows(named=True)
            if row["measured"] is not None
        }

    def _reached(self, made: RecodedTable) -> pl.DataFrame:
        """Measure l and t on the rows that are left, and l among the stated values of its column.

        Recoding compares classes with the whole table, and counts an empty cell as a value. Whoever
        receives the rows that are left can compare with these alone, and an empty cell does not
        hide the others: the other persons of the class have what is stated.
        """
        found = [made.measured.criteria.clear()]
        for each in criteria_of(self.policy, self.sensitive)[1:]:
            rows = rows_left(made)
            if each.name == "l":
                rows = rows.drop_nulls(str(each.sensitive))
            measured = measure_table(
                rows,
                quasi_identifiers=list(self.hierarchies),
                criteria=[each],
                persons=self._counted(rows),
            )
            found.append(measured.criteria)
        return pl.concat(found)

    def _counted(self, rows: pl.DataFrame) -> str | None:
        """Return the column of persons where a person has several rows."""
        return self.persons if self._persons_of(rows) < rows.height else None


def rows_left(made: RecodedTable) -> pl.DataFrame:
    """Return the rows of a recoded table that are not suppressed."""
    return made.rows.filter(~made.is_suppressed)


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
