"""The study file, read into one frozen object."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import Field

from workbench.foundation.declarations import Declaration, read_toml, validate_declaration
from workbench.foundation.errors import unknown_name
from workbench.schema import TABLES, Column
from workbench.schema.tables import LINEAGE

Purpose = Literal[
    "essential",
    "functional",
    "analytics",
    "personalize",
    "marketing.communications",
    "marketing.advertising",
    "third_party_sharing",
    "train_ai_system",
]
Basis = Literal[
    "consent",
    "contract",
    "legal_obligation",
    "vital_interest",
    "public_task",
    "legitimate_interest",
]
Words = Annotated[str, Field(min_length=3)]

#: Grounds on which special categories may be processed: GDPR 9(2), letters a to j in order.
SpecialGround = Literal[
    "explicit_consent",
    "employment_and_social_protection",
    "vital_interests",
    "not_for_profit_body",
    "made_public_by_the_person",
    "legal_claims",
    "substantial_public_interest",
    "health_care",
    "public_health",
    "research_and_statistics",
]


class Policy(Declaration):
    """How a view is made harmless.

    Attributes
    ----------
    k : int
        Every combination of quasi-identifiers of the customer table is shared by at least ``k``
        persons of the view.
    keep : tuple of str
        Columns to generalise last, the most needed first.
    suppression_limit : float
        Share of customers whose quasi-identifiers may be emptied one by one before a column is made
        coarser for everybody.
    time : {"day", "week", "month"}
        To what dates and instants of histories are cut.
    amounts : {"exact", "bands"}
        Whether amounts are put into bands of 1, 2, 5 times a power of ten.
    shift_days : int
        Up to how many days each customer's dates are moved back: when they were first seen and all
        dates of their histories by the same number of days, so that intervals and tenure stay; 0
        for none. At a cut-off such a customer is seen as they were up to ``shift_days`` later. In
        the last ``shift_days`` before the as-of date their histories thin out: what is counted
        there (recency, orders of the last 30 days, a label window) is too low.
    rare_products : {"kept", "blanked"}
        Whether products that fewer than ``k`` persons of the view have to do with are blanked.
    release : {"noise", "exact"}
        Whether published counts and sums get noise; "exact" needs a ``release_reason``, which every
        page prints.
    max_variants : int
        How many reports of one notebook may be published about nearly the same persons: whose
        views differ by fewer than ``min_group`` persons. Three times the variance of the noise.
    """

    k: int = Field(default=5, ge=2)
    keep: tuple[str, ...] = ()
    suppression_limit: float = Field(default=0.05, ge=0, le=1)
    time: Literal["day", "week", "month"] = "day"
    amounts: Literal["exact", "bands"] = "exact"
    shift_days: int = Field(default=0, ge=0, le=365)
    rare_products: Literal["kept", "blanked"] = "kept"
    release: Literal["noise", "exact"] = "noise"
    release_reason: Words | None = None
    max_variants: int = Field(default=6, ge=1)


class Schedule(Declaration):
    """When a study is due."""

    every: Literal["week", "month", "quarter", "year"]
    day: int = Field(default=1, ge=1, le=28)


class NotebookUse(Declaration):
    """One notebook of a study and the parameters it is given."""

    name: Words
    parameters: dict[str, Any] = Field(default_factory=dict)


class Study(Declaration):
    """Everything a study declares; see the module of each part for its meaning.

    Attributes
    ----------
    name : str
        The file's name without suffix.
    question, decision : str
        What is asked, and which decision the answer serves.
    purpose, channel, basis : str
        Purpose limitation: on basis ``consent`` only customers whose latest decision for the
        purpose (and channel) is ``given`` are in the view.
    owner, contact : str
        Who answers for it; printed on every page.
    zone : str
        IANA name of the zone in which days begin: of ``as_of``, of order days, of windows. Where it
        is absent, the one zone that all sources of the dataset share.
    columns : mapping of str to tuple of str
        Columns per table that the view holds; ``customer_id`` comes with every table.
    special_categories_basis : str
        Ground of GDPR 9(2) on which special categories are in the view; absent for none.
    min_group : int
        Persons in the smallest group that is shown, and in the smallest view.
    retention_days : int
        Days that executed notebooks and views may be kept.
    require_confinement : bool
        Refuse to run where this machine cannot confine a notebook's kernel in every respect.
    """

    name: str
    question: Words
    decision: Words
    purpose: Purpose
    channel: Literal["email", "sms", "push", "phone", "mail", "web", "app"] | None = None
    basis: Basis
    owner: Words
    contact: Words
    dataset: Words
    currency: str = Field(pattern="^[A-Z]{3}$")
    zone: str | None = None
    columns: dict[str, tuple[str, ...]]
    special_categories_basis: SpecialGround | None = None
    policy: Policy = Policy()
    min_group: int = Field(default=10, ge=3)
    notebooks: tuple[NotebookUse, ...] = Field(min_length=1)
    schedule: Schedule | None = None
    retention_days: int = Field(default=365, ge=1)
    require_confinement: bool = False


def read_study(path: Path, *, notebooks: Path) -> Study:
    """Read a study file; every fault of it is told at once.

    Parameters
    ----------
    path : Path
        The TOML file; its name is the study's.
    notebooks : Path
        Folder in which notebook names are looked up.

    Raises
    ------
    ParameterError
        Anything in it is wrong, an unknown table, column or notebook included.
    """
    content = read_toml(path, "study")
    further = [
        *_own_name(content),
        *_unseen_columns(content),
        *_unspared(content),
        *_unexplained(content),
        *_unknown_zone(content),
        *_unknown_notebooks(content, notebooks),
    ]
    return validate_declaration(
        Study,
        {**_tuples(content), "name": path.stem},
        source=f"study {path.name}",
        further=further,
    )


def _tuples(value: Any) -> Any:
    """TOML's arrays as tuples, which strict models ask for."""
    if isinstance(value, list):
        return tuple(_tuples(each) for each in value)
    if isinstance(value, dict):
        return {key: each if key == "parameters" else _tuples(each) for key, each in value.items()}
    return value


def _own_name(content: Mapping[str, Any]) -> list[str]:
    """Pseudonyms differ by the study's name, so no file may take another's."""
    return ["name: a study is named by its file, leave it out"] if "name" in content else []


def _unseen_columns(content: Mapping[str, Any]) -> list[str]:
    faults = []
    columns = content.get("columns")
    for table, names in columns.items() if isinstance(columns, dict) else ():
        if table not in TABLES:
            faults.append(f"columns.{table}: {unknown_name('table', table, TABLES)}")
            continue
        declared = TABLES[table]
        for name in names if isinstance(names, list) else ():
            if name not in declared:
                known = (column.name for column in declared.columns)
                faults.append(f"columns.{table}: {unknown_name('column', str(name), known)}")
            elif (column := declared.column(name)).view == "absent" and (
                declared.is_in_views or column.sensitivity == "direct"
            ):
                faults.append(f"columns.{table}: {name} {_why_absent(column)}")
        if not declared.is_in_views:
            faults.append(f"columns.{table}: the table is in no view")
    return faults


def _why_absent(column: Column) -> str:
    if column.sensitivity == "direct":
        return "names a person and is in no view"
    if column.component == "lineage" or column.name in LINEAGE:
        return "says where rows came from, is in no view"
    return "is too exact for any view: take a band instead, for instance age_band"


def _unspared(content: Mapping[str, Any]) -> list[str]:
    """Columns to spare that are not in the view, or are not generalised anyway."""
    policy, columns = content.get("policy"), content.get("columns")
    keep = policy.get("keep") if isinstance(policy, dict) else None
    seen = columns.get("customers") if isinstance(columns, dict) else None
    quasi = [n for n in TABLES["customers"].treated("generalise") if n in (seen or ())]
    return [
        f"policy.keep: {unknown_name('quasi-identifier among columns.customers', str(name), quasi)}"
        for name in (keep if isinstance(keep, list) else ())
        if name not in quasi
    ]


def _unexplained(content: Mapping[str, Any]) -> list[str]:
    """Exact figures single persons out by subtraction, so a study has to say why it shows them."""
    policy = content.get("policy")
    policy = policy if isinstance(policy, dict) else {}
    if policy.get("release") == "exact" and not policy.get("release_reason"):
        return ['policy.release_reason: say why figures are exact, or leave release at "noise"']
    if policy.get("release_reason") and policy.get("release") != "exact":
        return ['policy.release_reason: it explains release = "exact", which is not set']
    return []


def _unknown_zone(content: Mapping[str, Any]) -> list[str]:
    zone = content.get("zone")
    if isinstance(zone, str) and zone not in available_timezones():
        return [f"zone: {unknown_name('time zone', zone, sorted(available_timezones()))}"]
    return []


def _unknown_notebooks(content: Mapping[str, Any], folder: Path) -> list[str]:
    known = sorted(path.stem for path in folder.glob("*.ipynb"))
    uses = content.get("notebooks")
    names = [use.get("name") for use in uses if isinstance(use, dict)] if uses else []
    return [
        f"notebooks: {unknown_name('notebook', str(name), known)}"
        for name in names
        if name is not None and str(name) not in known and not str(name).endswith(".ipynb")
    ]
