"""Anonymise a single table that is nobody's dataset, such as a file of a survey.

read ──> drop ──> hierarchies ──> recode to k, l, t ──> random numbers for ids ──> shuffle
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from workbench.extracts.column_hierarchies import as_numbers, hierarchies_of
from workbench.extracts.drawn_numbers import drawn_numbers, perturbed, shuffled
from workbench.extracts.extract import Extract
from workbench.extracts.recoding_by_policy import (
    TableToRecode,
    generalised_columns,
    reached_criteria,
    rows_left,
    utility_figures,
)
from workbench.extracts.table_files import TableFile
from workbench.extracts.treated_column import TreatedColumn
from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import ParameterError
from workbench.privacy.known_facts import known_facts_risk
from workbench.privacy.recoding import Hierarchy
from workbench.privacy.risk.rejoining import rejoin_risk
from workbench.privacy.risk.risk_report import RiskReport
from workbench.studies import ExtractPolicy
from workbench.studies.extract_policy import require_known_columns

if TYPE_CHECKING:
    from workbench.extracts.model_utility import ModelUtility

#: Name of the only table of such an extract.
TABLE = "table"
_TWO = 2
#: Column with the number of the row, where every row is a person.
_ROW = "number of the row"


def anonymise_table(
    file: TableFile, policy: ExtractPolicy, files: Mapping[str, Hierarchy]
) -> Extract:
    """Anonymise a table as its policy says.

    Parameters
    ----------
    file : TableFile
        The table, a row per person or several with a column of treatment ``person``.
    policy : ExtractPolicy
        Policy with ``columns``.
    files : mapping of str to Hierarchy
        Hierarchies that the policy's files have, see ``read_hierarchy_files``.

    Raises
    ------
    ParameterError
        The policy does not fit the columns or values of the table.
    PrivacyError
        The criteria cannot be reached.
    """
    if not policy.columns:
        raise ParameterError(
            f"policy {policy.name} has [tables] of a dataset: a file needs a policy with [columns]"
        )
    rows = file.rows
    require_known_columns(policy, rows.columns, source=file.name)
    quasi = list(policy.rules("generalise"))
    if not quasi:
        raise ParameterError(
            f'policy {policy.name}: no column has treatment = "generalise", so nothing reaches k: '
            "name the columns by which a person could be recognised"
        )
    typed, hierarchies = hierarchies_of(rows, policy, files)
    sensitive = policy.rules("sensitive")
    texts = typed.with_columns(pl.col(name).cast(pl.String) for name in sensitive)
    persons = next(iter(policy.rules("person")), None)
    table = TableToRecode(
        rows=texts if persons else texts.with_row_index(_ROW),
        hierarchies=hierarchies,
        sensitive=sensitive,
        persons=persons or _ROW,
        policy=policy,
    )
    made = table.recode()
    left = rows_left(made)
    shown = [name for name in rows.columns if _is_shown(name, policy)]
    done = generalised_columns(TABLE, made, hierarchies)
    return Extract(
        source={"file": file.name, "records": file.read, "unreadable_records": file.refused},
        policy=policy,
        tables={TABLE: shuffled(left.select(_treat(left[name], policy) for name in shown))},
        columns=tuple(done.get(name) or _other_column(name, policy) for name in rows.columns),
        persons=table.number_of_persons,
        suppressed=table.persons_lost(left),
        reached=reached_criteria(made),
        utility=utility_figures(made),
        models=_predict_target(rows, table, left, policy),
        risk=_measure_risk(table, left),
        notes=(
            *_notes(file, lost=rows.height - left.height),
            *_unprotected_columns(left, table, policy),
        ),
    )


def _measure_risk(table: TableToRecode, left: pl.DataFrame) -> RiskReport:
    """Measure the risk of the rows, and of rows of one person that can be read together.

    Every row is shared by k persons, but all rows of a person together may not be.
    """
    risk = table.measure_risk(left)
    if left[table.persons].n_unique() == left.height:
        return risk
    persons, facts = left.select(table.persons).unique(), list(table.hierarchies)
    return replace(
        risk,
        known_facts=known_facts_risk(
            left,
            person=table.persons,
            facts=facts,
            known=[table.policy.known_rows],
            k=table.policy.least_alike,
        ),
        rejoined=rejoin_risk(
            (persons, left),
            (persons, left),
            person=table.persons,
            quasi_identifiers=[],
            facts=facts,
        ),
    )


def _predict_target(
    rows: pl.DataFrame, table: TableToRecode, left: pl.DataFrame, policy: ExtractPolicy
) -> "ModelUtility | None":
    """Measure how well a model predicts the policy's target, the rarer of its two values."""
    if policy.target is None:
        return None
    from workbench.extracts.model_utility import measure_model_utility  # late: scikit-learn

    stated = rows[policy.target].drop_nulls().value_counts(sort=True)
    if stated.height != _TWO:
        raise ParameterError(
            f"policy {policy.name}: target {policy.target} has {stated.height} different values, "
            "and a model is made for a column of two"
        )
    rarer = stated[policy.target][1]
    outcomes = table.rows.select(table.persons).with_columns(outcome=rows[policy.target] == rarer)
    return measure_model_utility(
        table, left, outcomes.unique(table.persons, keep="first"),
        outcome=f"the rarer value of {policy.target}",
        others=[name for name in policy.rules("keep", "sensitive") if name != policy.target],
    )  # fmt: skip


def _notes(file: TableFile, *, lost: int) -> Iterator[str]:
    yield from file.notes
    if file.refused:
        yield (
            f"{count_text(file.refused, 'record')} of {file.read:,} left out, as they have another "
            "number of fields than the header or cannot be decoded"
        )
    if lost:
        yield f"{count_text(lost, 'row')} of {file.rows.height:,} left out to reach the criteria"


def _unprotected_columns(
    left: pl.DataFrame, table: TableToRecode, policy: ExtractPolicy
) -> Iterator[str]:
    """Say which columns single persons out although classes have k, or are sensitive by name only.

    A value of the quasi-identifiers is shared by k persons, but not a value of another column.
    """
    for name in policy.rules("keep", "sensitive"):
        owners = left.select(pl.col(name), pl.col(table.persons).alias("_person")).drop_nulls(name)
        alike = owners.group_by(name).agg(persons=pl.col("_person").n_unique())["persons"]
        if own := int((alike == 1).sum()):
            yield (
                f"{name}: {own:,} of {count_text(len(alike), 'different value')} occur with one "
                "person only, whom they single out: generalise or drop the column"
            )
    for name, rule in table.sensitive.items():
        if (rule.l or policy.l) is None and (rule.t or policy.t) is None:
            yield f"{name} is sensitive, but neither l nor t is stated: it may be learned"


def _is_shown(name: str, policy: ExtractPolicy) -> bool:
    return name in policy.columns and policy.columns[name].treatment != "drop"


def _treat(cells: pl.Series, policy: ExtractPolicy) -> pl.Series:
    rule = policy.columns[cells.name]
    if rule.treatment in ("person", "pseudonymise"):
        return drawn_numbers(cells).alias(cells.name)
    if rule.treatment == "perturb" and rule.noise is not None:
        numbers = as_numbers(cells)
        if numbers.null_count() > cells.null_count():
            raise ParameterError(
                f"column {cells.name} has cells that are no numbers, so it cannot be perturbed"
            )
        return perturbed(numbers, noise=rule.noise).alias(cells.name)
    return cells


def _other_column(name: str, policy: ExtractPolicy) -> TreatedColumn:
    rule = policy.columns.get(name)
    treatment = _TREATMENTS[rule.treatment] if rule else "dropped, as the policy has no rule for it"
    return TreatedColumn(table=TABLE, column=name, treatment=treatment)


_TREATMENTS = {
    "drop": "dropped",
    "person": "replaced by random numbers, one per person",
    "pseudonymise": "replaced by random numbers, one per value",
    "sensitive": "as it is; not to be learned about a person",
    "perturb": "multiplied by random factors",
    "keep": "as it is",
}
