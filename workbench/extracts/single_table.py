"""Anonymise a single table that is nobody's dataset, such as a file of a survey.

read ──> hierarchies ──> sensitive values shared ──> recode to k, l, t ──> new numbers ──> shuffle
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from workbench.extracts.column_hierarchies import hierarchies_of, labelled_before
from workbench.extracts.column_profiles import why_it_names_persons
from workbench.extracts.drawn_numbers import shuffled
from workbench.extracts.extract import Extract
from workbench.extracts.other_columns import (
    found_by_all_columns,
    share_sensitive,
    show_columns,
    treat_other_column,
    whom_values_find,
)
from workbench.extracts.recoding_by_policy import (
    TableToRecode,
    generalised_columns,
    rows_left,
    utility_figures,
)
from workbench.extracts.second_extract import joined_by_values
from workbench.extracts.table_files import TableFile
from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import ParameterError, PrivacyError
from workbench.privacy.known_facts import KnownFactsRisk, known_facts_risk
from workbench.privacy.recoding import Hierarchy
from workbench.privacy.risk.rejoining import RejoinRisk, rejoin_risk
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
    _refuse_direct(rows, policy)
    typed, hierarchies = hierarchies_of(rows, policy, files)
    persons = next(iter(policy.rules("person")), None)
    owned = typed if persons else typed.with_row_index(_ROW)
    sensitive = {
        name: share_sensitive(
            owned[persons or _ROW], owned[name], least_alike=policy.least_alike, table=TABLE
        )
        for name in policy.rules("sensitive")
    }
    table = TableToRecode(
        rows=owned.with_columns(each.cells for each in sensitive.values()),
        hierarchies=hierarchies,
        sensitive=policy.rules("sensitive"),
        persons=persons or _ROW,
        policy=policy,
    )
    made = table.recode()
    left = rows_left(made)
    shown = show_columns(left, [n for n in rows.columns if _is_shown(n, policy)], policy)
    done = generalised_columns(TABLE, made, hierarchies)
    done |= {name: each.treated for name, each in sensitive.items()}
    return Extract(
        source={"file": file.name, "records": file.read, "unreadable_records": file.refused},
        policy=policy,
        tables={TABLE: shuffled(shown)},
        columns=tuple(
            done.get(name) or treat_other_column(TABLE, name, policy) for name in rows.columns
        ),
        persons=table.number_of_persons,
        suppressed=table.persons_lost(left),
        reached=table.reached_criteria(made),
        utility=utility_figures(made),
        models=_predict_target(replace(table, rows=owned), left),
        risk=_measure_risk(table, left, shown),
        notes=(
            *_notes(file, policy, lost=rows.height - left.height),
            *(
                f"{name} has labels already: each of its cells is shown by its label or not at all"
                for name in labelled_before(policy, hierarchies, files)
            ),
            *_unprotected_columns(table),
        ),
    )


def _refuse_direct(rows: pl.DataFrame, policy: ExtractPolicy) -> None:
    """Refuse to show columns that name persons, unless a hierarchy file says what is shown."""
    for name, rule in policy.rules("generalise", "sensitive", "perturb", "keep").items():
        if rule.hierarchy is None and (why := why_it_names_persons(rows[name])):
            raise PrivacyError(
                f"policy {policy.name}: column {name} names persons ({why}): drop or pseudonymise "
                "it, or write a hierarchy file for what may be shown"
            )


def _measure_risk(table: TableToRecode, left: pl.DataFrame, shown: pl.DataFrame) -> RiskReport:
    """Measure the risk of rows, of values, and of rows that can be read together.

    Every row is shared by k persons, but all rows of a person together may not be. Rows are read
    together by the number of their person, or by a pseudonym that several rows have, such as that
    of an order.
    """
    noisy = list(table.policy.rules("perturb"))
    risk = replace(
        table.measure_risk(left),
        known_values=tuple(whom_values_find(left, shown, table.policy, persons=table.persons)),
        found_together=found_by_all_columns(left, shown, table.policy),
        joined_by_values=joined_by_values(
            left,
            person=table.persons,
            quasi_identifiers=list(table.hierarchies),
            others=[*table.policy.rules("sensitive", "keep")],
            perturbed=(shown.select(noisy), show_columns(left, noisy, table.policy)),
        ),
    )
    keys = [name for name in table.policy.rules("person", "pseudonymise") if name in shown.columns]
    together = [_read_together(table, left, key) for key in keys if _has_repeated(left[key])]
    if not together:
        return risk
    facts, joined = max(together, key=lambda each: each[1].gain.value or 0.0)
    return replace(risk, known_facts=facts, rejoined=joined)


def _has_repeated(keys: pl.Series) -> bool:
    stated = keys.drop_nulls()
    return stated.n_unique() < len(stated)


def _read_together(
    table: TableToRecode, left: pl.DataFrame, key: str
) -> tuple[KnownFactsRisk, RejoinRisk]:
    """Measure whom the rows with the same key single out, and how many are joined by them."""
    rows, facts = left.drop_nulls(key), list(table.hierarchies)
    owners = rows.select(key).unique()
    known = known_facts_risk(
        rows,
        person=key,
        facts=facts,
        known=[table.policy.known_rows],
        k=table.policy.least_alike,
    )
    joined = rejoin_risk(
        (owners, rows), (owners, rows), person=key, quasi_identifiers=[], facts=facts
    )
    by_key = f"By rows of one {key}"
    return (
        replace(
            known, shares=tuple(replace(e, label=f"{by_key}: {e.label}") for e in known.shares)
        ),
        replace(joined, gain=replace(joined.gain, label=f"{by_key}: {joined.gain.label}")),
    )


def _predict_target(table: TableToRecode, left: pl.DataFrame) -> "ModelUtility | None":
    """Measure how well a model predicts the policy's target, the rarer of its two values."""
    policy = table.policy
    if policy.target is None:
        return None
    from workbench.extracts.model_utility import measure_model_utility  # late: scikit-learn

    stated = table.rows[policy.target].drop_nulls().value_counts(sort=True)
    if stated.height != _TWO:
        raise ParameterError(
            f"policy {policy.name}: target {policy.target} has {stated.height} different values, "
            "and a model is made for a column of two"
        )
    rarer = stated[policy.target][1]
    outcomes = table.rows.select(table.persons, outcome=pl.col(policy.target) == rarer)
    learned = {name: each for name, each in table.hierarchies.items() if name != policy.target}
    return measure_model_utility(
        replace(table, hierarchies=learned), left, outcomes.unique(table.persons, keep="first"),
        outcome=f"the rarer value of {policy.target}",
        others=[name for name in policy.rules("keep", "sensitive") if name != policy.target],
    )  # fmt: skip


def _notes(file: TableFile, policy: ExtractPolicy, *, lost: int) -> Iterator[str]:
    yield from file.notes
    if not policy.rules("person"):
        yield "every row counts as a person of its own, as no column has the treatment person"
    if policy.time != "day" and any(rule.dates for rule in policy.columns.values()):
        yield f"dates begin at the {policy.time}, as the policy has time = {policy.time}"
    if file.refused:
        yield (
            f"{count_text(file.refused, 'record')} of {file.read:,} left out, as they have another "
            "number of fields than the header or cannot be decoded"
        )
    if lost:
        yield f"{count_text(lost, 'row')} of {file.rows.height:,} left out to reach the criteria"


def _unprotected_columns(table: TableToRecode) -> Iterator[str]:
    """Say which columns are sensitive by name only."""
    for name, rule in table.sensitive.items():
        if (rule.l or table.policy.l) is None and (rule.t or table.policy.t) is None:
            yield f"{name} is sensitive, but neither l nor t is stated: it may be learned"


def _is_shown(name: str, policy: ExtractPolicy) -> bool:
    hidden = ("drop", "person") if policy.histories == "unlinked" else ("drop",)
    return name in policy.columns and policy.columns[name].treatment not in hidden
