"""Anonymise a dataset: a set of tables about customers that may be handed on.

    dataset ──> consent, as of a date ──> sample ──> customer table to k, l, t ──┐
                                     └─> histories: rare rows left out ──────────┴──> numbers, order

An extract sees what a study of its purpose and basis sees. Its customers have numbers that are
drawn for it alone and kept nowhere, so no key joins it to a view or to another extract.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl

from workbench.extracts.customer_table import CUSTOMERS, make_customer_table
from workbench.extracts.drawn_numbers import shuffled
from workbench.extracts.extract import Extract
from workbench.extracts.histories import FACT, ProtectedTable, facts_of, protect_histories
from workbench.extracts.recoding_by_policy import (
    TableToRecode,
    generalised_columns,
    rows_left,
    utility_figures,
)
from workbench.extracts.second_extract import joined_by_values
from workbench.extracts.silence_model import predict_silence
from workbench.extracts.treated_column import TreatedColumn
from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import ParameterError
from workbench.privacy.pseudonyms import Pseudonyms
from workbench.privacy.risk.rejoining import RejoinRisk, rejoin_risk
from workbench.privacy.view_report import Change
from workbench.privacy.visible_data import VisibleData, find_visible_data
from workbench.schema import TABLES
from workbench.studies import ExtractPolicy, Policy, StudyTerms
from workbench.studies.policy import Protection
from workbench.vault import Dataset, Key

_ID = "customer_id"
#: Keys that a policy and the terms of a study share.
_TERMS = set(StudyTerms.model_fields) & set(ExtractPolicy.model_fields) - {"name"}
#: Fewest letters of a dataset's name that a study can state.
_SHORTEST = 3
#: Fewest customers of whom an extract is made.
_SMALLEST = 10


def anonymise_dataset(
    dataset: Dataset,
    policy: ExtractPolicy,
    *,
    as_of: date | None = None,
    customers: int | None = None,
) -> Extract:
    """Anonymise the tables of a dataset as a policy says.

    Parameters
    ----------
    dataset : Dataset
        Version of a dataset, opened with the key of the workspace.
    policy : ExtractPolicy
        Policy with ``tables``.
    as_of : date, optional
        Date before which everything in the extract was known; see ``default_as_of``.
    customers : int, optional
        Number of customers of a sample that is drawn at random; everybody unless given.

    Raises
    ------
    ParameterError
        The policy is for a single table, or there are fewer customers than the sample needs.
    PrivacyError
        The criteria cannot be reached.
    """
    if not policy.tables:
        raise ParameterError(
            f"policy {policy.name} has [columns] of one table: a dataset needs a policy with "
            "[tables]"
        )
    terms = terms_of(policy, dataset)
    visible = find_visible_data(terms, dataset, as_of=as_of)
    chosen = _draw(visible.allowed, customers)
    secret = secrets.token_bytes(32)

    def pseudonyms_of(ids: pl.Series) -> Pseudonyms:
        return Pseudonyms.from_key(ids, key=Key(secret), shift_days=policy.shift_days)

    of_customers = make_customer_table(
        visible, chosen, terms, policy, pseudonyms_of(chosen[_ID]), secret=secret
    )
    table = of_customers.table
    made = table.recode()
    left = rows_left(made)
    pseudonyms = pseudonyms_of(left[_ID])
    protected, known_facts = protect_histories(visible, terms, policy, pseudonyms, secret=secret)
    is_linked = policy.histories == "linked"
    again = protected
    if is_linked and policy.shift_days:
        other = Pseudonyms.from_key(left[_ID], key=Key.new(), shift_days=policy.shift_days)
        again, _ = protect_histories(visible, terms, policy, other, secret=secret)
    return Extract(
        source={
            "dataset": dataset.name,
            "version": dataset.version,
            "fingerprint": dataset.fingerprint,
            "is_synthetic": dataset.is_synthetic,
        },
        policy=policy,
        tables={
            CUSTOMERS: shuffled(
                _linked(pseudonyms.keep_visible(left.lazy()).collect(), pseudonyms)
            ),
            **{
                name: shuffled(
                    _linked(each.rows, pseudonyms) if is_linked else _unlinked(each.rows, name)
                )
                for name, each in protected.items()
            },
        },
        columns=(
            *generalised_columns(CUSTOMERS, made, table.hierarchies).values(),
            *(_treated(each) for each in of_customers.changes),
            *(
                _treated(change) if change.what != "pseudonym" else _treated_key(change, policy)
                for each in protected.values()
                for change in each.changes
            ),
        ),
        persons=chosen.height,
        suppressed=table.persons_lost(left),
        reached=table.reached_criteria(made),
        utility=utility_figures(made),
        models=predict_silence(dataset, terms, policy, visible, chosen, secret),
        risk=replace(
            table.measure_risk(left),
            known_facts=known_facts,
            rejoined=_rejoin(left, table, (protected, again) if is_linked else ()),
            joined_by_values=joined_by_values(
                left,
                person=_ID,
                quasi_identifiers=list(table.hierarchies),
                others=[each for each in left.columns if each not in (_ID, *table.hierarchies)],
            ),
        ),
        further=_figures(protected, visible),
        notes=tuple(_notes(chosen.height - left.height, protected)),
    )


def _rejoin(
    left: pl.DataFrame,
    table: TableToRecode,
    histories: Sequence[Mapping[str, ProtectedTable]],
) -> RejoinRisk:
    """Measure how many persons are found again in a second extract by the same policy.

    The second extract has the same labels, as recoding draws nothing; its dates may be shifted by
    other days. ``histories`` has those of both extracts; it is empty if rows do not say whose they
    are.
    """
    nothing = pl.DataFrame(schema={_ID: left.schema[_ID], FACT: pl.UInt64})
    one, other = map(facts_of, histories) if histories else (nothing, nothing)
    return rejoin_risk(
        (left, one),
        (left, other),
        person=_ID,
        quasi_identifiers=list(table.hierarchies),
        facts=[FACT],
    )


def terms_of(policy: ExtractPolicy, dataset: Dataset) -> StudyTerms:
    """Return what an extract may see, as the terms of a study."""
    if len(dataset.name) < _SHORTEST:
        raise ParameterError(
            f"dataset {dataset.name}: its name has fewer than {_SHORTEST} letters, which no study "
            "can name: load it under a longer one"
        )
    return StudyTerms.model_validate(
        {
            **policy.model_dump(include=_TERMS),
            "name": f"of extract {policy.name}",
            "question": f"What may {policy.recipient} have?",
            "decision": f"Whether the extract leaves for {policy.recipient}.",
            "dataset": dataset.name,
            "columns": policy.tables,
            "policy": Policy(**policy.model_dump(include=set(Protection.model_fields))),
            "min_group": max(policy.k, _SMALLEST),
        }
    )


def _draw(allowed: pl.DataFrame, customers: int | None) -> pl.DataFrame:
    """Draw a sample of customers with the system's source of randomness."""
    if customers is None:
        return allowed
    if customers > allowed.height:
        raise ParameterError(
            f"--customers {customers}: the extract may see only {allowed.height} customers"
        )
    return shuffled(allowed).head(customers).sort(_ID)


def _linked(rows: pl.DataFrame, pseudonyms: Pseudonyms) -> pl.DataFrame:
    """Replace every key by the hash that this extract alone has."""
    made = pseudonyms.replace(rows.lazy()).collect()
    return made.select(name for name in made.columns if not name.startswith("_"))


def _unlinked(rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """Drop every key, so that rows of one person or order cannot be read together."""
    keys = TABLES[table].columns_with_treatment("pseudonym")
    shown = [name for name in rows.columns if name in TABLES[table] and name not in keys]
    return rows.select(shown)


def _treated_key(change: Change, policy: ExtractPolicy) -> TreatedColumn:
    treatment = (
        "replaced by numbers of this extract alone"
        if policy.histories == "linked"
        else "dropped, so that rows of one person cannot be read together"
    )
    return TreatedColumn(table=change.table, column=change.column, treatment=treatment)


def _treated(change: Change) -> TreatedColumn:
    return TreatedColumn(
        table=change.table,
        column=change.column,
        treatment=f"{change.what} ({change.note})" if change.note else change.what,
        suppressed=change.suppressed or 0,
    )


def _figures(protected: Mapping[str, ProtectedTable], visible: VisibleData) -> dict[str, Any]:
    """Return the figures of the histories as content for JSON."""
    return {
        "as_of": visible.as_of.isoformat(),
        "histories": {
            name: {
                "rows": each.read,
                "left_out": each.left_out,
                "product_blanked": each.blanked,
                "time": each.terms.policy.time,
                "amounts": each.terms.policy.amounts,
                "sums_kept": dict(each.sums_kept),
            }
            for name, each in protected.items()
        },
    }


def _notes(lost: int, protected: Mapping[str, ProtectedTable]) -> Iterator[str]:
    if lost:
        yield f"{count_text(lost, 'customer')} left out to reach the criteria"
    for name, each in protected.items():
        for column, share in each.sums_kept.items():
            yield f"{name}: the sum of {column} is {share:.1%} of that of the dataset"
        if each.left_out:
            yield (
                f"{name}: {count_text(each.left_out, 'row')} of {each.read:,} left out, as too few "
                "persons share them"
            )
