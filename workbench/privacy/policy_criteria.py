"""The criteria that a policy asks of classes, and the customer table of a view reaching them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from workbench.privacy.anonymity import AnonymisedTable, anonymise
from workbench.privacy.generalisation import levels, quasi_identifiers
from workbench.privacy.recoding import (
    Closeness,
    Criterion,
    DistinctDiversity,
    EntropyDiversity,
    KAnonymity,
)
from workbench.schema import TABLES
from workbench.studies import ColumnTreatment, Policy, Protection


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """How much more is asked of a recoding, so that the rows that are left reach the policy.

    Attributes
    ----------
    further_values : int
        Number by which l is raised.
    share_of_t : float
        Share of t that is allowed.
    """

    further_values: int = 0
    share_of_t: float = 1.0


def criteria_of(
    policy: Protection,
    sensitive: Mapping[str, ColumnTreatment],
    *,
    margin: Margin = Margin(),  # it cannot be changed
) -> list[Criterion]:
    """Return the criteria of a policy: k, and l and t of every sensitive column.

    Parameters
    ----------
    policy : Protection
        Policy, whose l, diversity and t hold for columns whose rule has none.
    sensitive : mapping of str to ColumnTreatment
        Rule of each sensitive column.
    margin : Margin
        How much more is asked.
    """
    criteria: list[Criterion] = [KAnonymity(k=policy.k)]
    for name, rule in sensitive.items():
        least, most = rule.l or policy.l, rule.t or policy.t
        if least is not None:
            least += margin.further_values
            is_entropy = (rule.diversity or policy.diversity) == "entropy"
            criteria.append(
                EntropyDiversity(column=name, l=least)
                if is_entropy
                else DistinctDiversity(column=name, l=least)
            )
        if most is not None and most < 1:
            criteria.append(Closeness(column=name, t=most * margin.share_of_t))
    return criteria


def criteria_in_words(policy: Protection, columns: Iterable[str]) -> Iterator[str]:
    """Yield what l and t ask of customers who share a combination, in words of a page."""
    for each in criteria_of(policy, sensitive_of_customers(columns))[1:]:
        if each.name == "t":
            yield f"have a distribution of {each.sensitive} within {each.limit:g} of everybody's"
        else:
            values = "values" if policy.diversity == "distinct" else "equally frequent values"
            yield f"have at least {each.limit:g} different {values} of {each.sensitive}"


def sensitive_of_customers(columns: Iterable[str]) -> dict[str, ColumnTreatment]:
    """Return the rule of each of these columns of the customer table that is sensitive."""
    declared = TABLES["customers"]
    return {
        name: ColumnTreatment(treatment="sensitive")
        for name in columns
        if declared.column(name).sensitivity == "sensitive"
    }


def anonymise_by_policy(
    customers: pl.DataFrame, policy: Policy, as_of: date, *, columns: Collection[str]
) -> AnonymisedTable:
    """Generalise the quasi-identifiers among some columns of the customer table.

    Parameters
    ----------
    customers : DataFrame
        Customer table, with its sensitive columns as they are shown.
    policy : Policy
        Rules of the view.
    as_of : date
        Date of the view.
    columns : collection of str
        Columns of the view.

    Raises
    ------
    PrivacyError
        All customers together do not reach k, l or t.
    """
    available = levels(as_of)
    return anonymise(
        customers,
        levels={name: available[name] for name in quasi_identifiers() if name in columns},
        criteria=criteria_of(policy, sensitive_of_customers(columns)),
        keep=policy.keep,
        suppression_limit=policy.suppression_limit,
        search=policy.generalisation,
        floor=policy.levels,
    )
