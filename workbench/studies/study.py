"""Read a study file into one frozen object."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from zoneinfo import available_timezones

from pydantic import Field

from workbench.foundation.declarations import (
    Declaration,
    lists_as_tuples,
    read_toml,
    validate_declaration,
)
from workbench.foundation.errors import unknown_name
from workbench.schema import TABLES, Column
from workbench.schema.table_declarations import LINEAGE
from workbench.studies.policy import Policy, Words, preset_values

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
#: Grounds of processing special categories: GDPR 9(2), letters a to j in order.
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


class Schedule(Declaration):
    """The period after which a study is due again, and the day of the month."""

    every: Literal["week", "month", "quarter", "year"]
    day: int = Field(default=1, ge=1, le=28)


class NotebookUse(Declaration):
    """One notebook of a study, with the parameters that the study sets."""

    name: Words
    parameters: dict[str, Any] = Field(default_factory=dict)


class StudyTerms(Declaration):
    """The declarations of a study file that hold for all its notebooks; every record has them.

    Attributes
    ----------
    name : str
        Name of the file without suffix.
    question, decision : str
        Question of the study, and the decision that the answer serves.
    purpose, channel, basis : str
        Purpose limitation. On basis ``consent`` the view contains only customers whose latest
        decision for the purpose (and channel) is ``given``.
    owner, contact : str
        Person who answers for the study, and their address; every page prints both.
    zone : str
        IANA name of the zone in which days begin: the as-of date, days of orders, windows. The
        default is the one zone that all sources of the dataset share.
    columns : mapping of str to tuple of str
        Columns of each table in the view; every table has ``customer_id`` besides.
    special_categories_basis : str
        Ground of GDPR 9(2) on which special categories are in the view; absent for none.
    min_group : int
        Number of persons in the smallest group that is shown, and in the smallest view.
    retention_days : int
        Number of days for which executed notebooks and views may be kept.
    require_confinement : bool
        Whether to refuse a run if this machine cannot confine a kernel in every respect.
    require_complete : bool
        Whether to refuse a run if a load of the dataset did not bring what its supplier stated.
    """

    name: str
    question: Words
    decision: Words
    purpose: Purpose
    channel: Literal["email", "sms", "push", "phone", "mail", "web", "app"] | None = None
    basis: Basis
    owner: Words
    contact: Words
    dataset: str = Field(min_length=1)
    currency: str = Field(pattern="^[A-Z]{3}$")
    zone: str | None = None
    columns: dict[str, tuple[str, ...]]
    special_categories_basis: SpecialGround | None = None
    policy: Policy = Policy()
    min_group: int = Field(default=10, ge=3)
    schedule: Schedule | None = None
    retention_days: int = Field(default=365, ge=1)
    require_confinement: bool = False
    require_complete: bool = False


class Study(StudyTerms):
    """The declarations of a study file: its terms, and its notebooks with their parameters."""

    notebooks: tuple[NotebookUse, ...] = Field(min_length=1)

    @property
    def terms(self) -> StudyTerms:
        """The study without its notebooks."""
        return StudyTerms.model_validate(self.model_dump(exclude={"notebooks"}))


def read_study(path: Path, *, notebooks: Path) -> Study:
    """Read a study file, or refuse it with all its faults.

    Parameters
    ----------
    path : Path
        TOML file; its name without suffix is the name of the study.
    notebooks : Path
        Folder in which notebook names are looked up.

    Raises
    ------
    ParameterError
        The file has a fault, for instance an unknown table, column or notebook.
    """
    content = read_toml(path, "study")
    if isinstance(policy := content.get("policy"), dict):
        content["policy"] = preset_values(policy, Policy)
    further = [
        *_name_faults(content),
        *column_faults(content),
        *_keep_faults(content),
        *_release_faults(content),
        *zone_faults(content),
        *_notebook_faults(content, notebooks),
    ]
    return validate_declaration(
        Study,
        {**lists_as_tuples(content), "name": path.stem},
        source=f"study {path.name}",
        further=further,
    )


def _name_faults(content: Mapping[str, Any]) -> list[str]:
    """Refuse a name in the file: pseudonyms depend on it, so it must be the file's own."""
    return ["name: a study is named by its file, leave it out"] if "name" in content else []


def column_faults(content: Mapping[str, Any]) -> list[str]:
    """Refuse tables and columns that the schema does not have, or that no view may have."""
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
                faults.append(f"columns.{table}: {name} {_describe_absence(column)}")
        if not declared.is_in_views:
            faults.append(f"columns.{table}: the table is in no view")
    return faults


def _describe_absence(column: Column) -> str:
    if column.sensitivity == "direct":
        return "names a person and is in no view"
    if column.component == "lineage" or column.name in LINEAGE:
        return "is about the origin of rows and is in no view"
    return "is too exact for any view: use a band instead, for instance age_band"


def _keep_faults(content: Mapping[str, Any]) -> list[str]:
    """Refuse columns in ``policy.keep`` and ``policy.levels`` that no view generalises."""
    policy, columns = content.get("policy"), content.get("columns")
    named = {
        key: policy.get(key) or () if isinstance(policy, dict) else () for key in ("keep", "levels")
    }
    seen = columns.get("customers") if isinstance(columns, dict) else None
    quasi = [
        n for n in TABLES["customers"].columns_with_treatment("generalise") if n in (seen or ())
    ]
    return [
        f"policy.{key}: "
        f"{unknown_name('quasi-identifier among columns.customers', str(name), quasi)}"
        for key, names in named.items()
        for name in (names if isinstance(names, list | dict) else ())
        if name not in quasi
    ]


def _release_faults(content: Mapping[str, Any]) -> list[str]:
    """Require a reason for exact figures, because their differences can reveal single persons."""
    policy = content.get("policy")
    policy = policy if isinstance(policy, dict) else {}
    if policy.get("release") == "exact" and not policy.get("release_reason"):
        return [
            'policy.release_reason: give the reason for exact figures, or use release = "noise"'
        ]
    if policy.get("release_reason") and policy.get("release") != "exact":
        return ['policy.release_reason: it explains release = "exact", which is not set']
    return []


def zone_faults(content: Mapping[str, Any]) -> list[str]:
    """Refuse a zone that does not exist."""
    zone = content.get("zone")
    if isinstance(zone, str) and zone not in available_timezones():
        return [f"zone: {unknown_name('time zone', zone, sorted(available_timezones()))}"]
    return []


def _notebook_faults(content: Mapping[str, Any], folder: Path) -> list[str]:
    known = sorted(path.stem for path in folder.glob("*.ipynb"))
    uses = content.get("notebooks")
    names = [use.get("name") for use in uses if isinstance(use, dict)] if uses else []
    return [
        f"notebooks: {unknown_name('notebook', str(name), known)}"
        for name in names
        if name is not None and str(name) not in known and not str(name).endswith(".ipynb")
    ]
