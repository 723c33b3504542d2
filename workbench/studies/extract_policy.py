"""Policy files of extracts: what is done to every column, how far, and what risk may be left."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from workbench.foundation.declarations import (
    Declaration,
    lists_as_tuples,
    read_toml,
    validate_declaration,
)
from workbench.foundation.errors import ParameterError, unknown_name
from workbench.studies.policy import Protection, RiskLimits, Words, preset_values
from workbench.studies.study import (
    Basis,
    Purpose,
    SpecialGround,
    StudyTerms,
    column_faults,
    zone_faults,
)

Treatment = Literal[
    "drop", "person", "pseudonymise", "generalise", "sensitive", "perturb", "keep"
]  # fmt: skip


class ColumnTreatment(Declaration):
    """What is done to one column of a table.

    A string is short for the treatment alone: ``age = "generalise"``.

    Attributes
    ----------
    treatment : str
        ``drop`` leaves the column out. ``person`` says whose row it is: all counts are of these,
        and the column is dropped, or with ``histories = "linked"`` becomes a random number.
        ``pseudonymise`` replaces values by random numbers, equal ones by equal ones. ``generalise``
        makes the column a quasi-identifier. ``sensitive`` is for values that must not be learned
        about a person (``l``, ``t``): those that ``least_alike`` persons share are shown, and
        numbers as the middle of bands of so many persons. ``perturb`` multiplies numbers by a
        random factor. ``keep`` leaves the column as it is: a value that nobody else knows and that
        reveals nothing.
    hierarchy : str or None
        CSV file with a value and what it becomes at each level in every line, beside the policy.
    bands : tuple of float
        Widths of bands of numbers, ascending, each a multiple of the one before.
    dates : tuple of {"month", "quarter", "year"}
        Units to which dates are rounded down.
    prefixes : tuple of int
        Numbers of leading characters that are kept, descending.
    l, diversity, t : int, str, float or None
        Diversity and closeness of a sensitive column, see ``Protection``; the policy's unless
        stated.
    noise : float
        Standard deviation of the factor's logarithm, for ``perturb``.
    """

    treatment: Treatment
    hierarchy: str | None = None
    bands: tuple[float, ...] = ()
    dates: tuple[Literal["month", "quarter", "year"], ...] = ()
    prefixes: tuple[int, ...] = ()
    l: Annotated[int, Field(ge=2)] | None = None  # noqa: E741  # its name in the field
    diversity: Literal["distinct", "entropy"] | None = None
    t: Annotated[float, Field(gt=0, le=1)] | None = None
    noise: Annotated[float, Field(gt=0, le=2)] | None = None

    @model_validator(mode="after")
    def _agree(self) -> "ColumnTreatment":
        ways = [name for name in ("hierarchy", "bands", "dates", "prefixes") if getattr(self, name)]
        if len(ways) > 1:
            raise ValueError(f"{' and '.join(ways)} contradict each other: state one of them")
        if ways and self.treatment != "generalise":
            raise ValueError(f'{ways[0]} is for treatment = "generalise"')
        if self.bands and not _divide_each_other(self.bands):
            raise ValueError("bands are widths above 0 that each divide the next, as [5, 10, 20]")
        if self.prefixes and (min(self.prefixes) < 1 or not _is_falling(self.prefixes)):
            raise ValueError("prefixes are lengths above 0 in falling order, as [4, 3, 2]")
        if not _is_falling([-_PERIODS.index(each) for each in self.dates]):
            raise ValueError(f"dates grow coarser, in the order {', '.join(_PERIODS)}")
        stated = (self.l, self.t, self.diversity)
        if any(each is not None for each in stated) and self.treatment != "sensitive":
            raise ValueError('l, t and diversity are for treatment = "sensitive"')
        if (self.noise is None) == (self.treatment == "perturb"):
            raise ValueError('noise and treatment = "perturb" go together')
        return self


_PERIODS = ("month", "quarter", "year")


def _divide_each_other(widths: Sequence[float]) -> bool:
    times = [after / before if before > 0 else 0.0 for before, after in pairwise(widths)]
    return min(widths) > 0 and all(each >= 1.5 and abs(each - round(each)) < 1e-9 for each in times)


def _is_falling(numbers: Sequence[int]) -> bool:
    return all(after < before for before, after in pairwise(numbers))


def _as_rule(value: Any) -> Any:
    return {"treatment": value} if isinstance(value, str) else value


class ExtractPolicy(Protection):
    """The rules by which a table or a dataset is anonymised before it is handed on.

    Attributes
    ----------
    name : str
        Name of the file without suffix.
    recipient : str or None
        Who gets the extract; needed for an extract of a dataset.
    recoding : {"levels", "local", "ranges"}
        ``levels`` gives a column one level for all persons, the best that reaches k (optimal
        full-domain generalisation). ``local`` gives each person the finest labels of the
        hierarchies that reach k (local recoding). ``ranges`` also joins neighbouring values to
        ranges and sets that no hierarchy has, which loses less.
    missing : {"value", "left out"}
        How a missing cell counts: as a value of its own, or its row not at all. It never counts as
        any value (a wildcard, the default of sdcMicro): readers see which cells are missing, so a
        class that needs this would have k persons on paper only. A suppressed cell is ``*``, which
        is a value of its own too.
    columns : mapping of str to ColumnTreatment
        Rule of every column of a single table. A column without a rule is dropped.
    target : str or None
        Column of a single table with two values, which a model predicts: the extract's report says
        how well it still does.
    tables : mapping of str to tuple of str
        Columns of each table of a dataset; the schema says what is done to them.
    purpose, basis, channel, owner, contact, currency, zone
        As in a study, for an extract of a dataset.
    histories : {"unlinked", "linked"}
        Whether rows say which of them belong to one person: those of a file with several rows a
        person, and those of histories. If not, what histories tell of each person (numbers of rows,
        first and last day, sums) stands in the customer table, where k persons share it.
    known_rows : int
        Number of rows of linked histories that an intruder may know of a person.
    least_alike : int
        Smallest number of persons who have each row of a history, all known rows of a person, and
        each value of a sensitive column.
    max_singled_out : float
        Largest share of persons whom fewer than ``least_alike`` persons match, if ``known_rows`` of
        their rows, drawn at random, are known.
    doubts : {"said", "refused"}
        Whether an extract may leave of which it cannot be said that a risk is within its limit.
    population : int or None
        Number of persons among whom those of the table are to be found, for instance of a country:
        the risk report then estimates how many are unique among all of these.
    limits : RiskLimits
        The largest risks with which the extract may leave.
    """

    name: str
    recipient: Words | None = None
    recoding: Literal["levels", "local", "ranges"] = "local"
    missing: Literal["value", "left out"] = "value"
    columns: dict[str, Annotated[ColumnTreatment, BeforeValidator(_as_rule)]] = Field(
        default_factory=dict
    )
    target: str | None = None
    tables: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    purpose: Purpose | None = None
    channel: Literal["email", "sms", "push", "phone", "mail", "web", "app"] | None = None
    basis: Basis | None = None
    special_categories_basis: SpecialGround | None = None
    owner: Words | None = None
    contact: Words | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "EUR"
    zone: str | None = None
    histories: Literal["unlinked", "linked"] = "unlinked"
    known_rows: int = Field(default=1, ge=1, le=5)
    least_alike: int = Field(default=5, ge=2)
    max_singled_out: float = Field(default=0.1, ge=0, le=1)
    doubts: Literal["said", "refused"] = "said"
    population: Annotated[int, Field(ge=1)] | None = None
    limits: RiskLimits = RiskLimits()

    @model_validator(mode="after")
    def _agree(self) -> "ExtractPolicy":
        if bool(self.columns) == bool(self.tables):
            raise ValueError("state [columns] of one table, or [tables] of a dataset")
        persons = [name for name, rule in self.columns.items() if rule.treatment == "person"]
        if len(persons) > 1:
            raise ValueError(f'several columns have treatment = "person": {", ".join(persons)}')
        if self.target is not None and self.target not in self.columns:
            raise ValueError(f"target {self.target} has no rule in [columns]")
        if self.tables and (
            lacking := [name for name in _DATASET_TERMS if getattr(self, name) is None]
        ):
            raise ValueError(f"an extract of a dataset needs {', '.join(lacking)}")
        return self

    def rules(self, *treatments: Treatment) -> dict[str, ColumnTreatment]:
        """Return the columns of a single table that have one of these treatments."""
        return {name: each for name, each in self.columns.items() if each.treatment in treatments}


#: Keys without a default that an extract of a dataset needs as a study does, and its recipient.
_DATASET_TERMS = (
    "recipient",
    *(
        name
        for name, field in StudyTerms.model_fields.items()
        if field.is_required() and name in ExtractPolicy.model_fields and name != "name"
    ),
)


def read_extract_policy(path: Path) -> ExtractPolicy:
    """Read a policy file, or refuse it with all its faults.

    Raises
    ------
    ParameterError
        The file has a fault, for instance rules that contradict each other.
    """
    return extract_policy(read_toml(path, "policy"), name=path.stem, source=f"policy {path.name}")


def extract_policy(content: Mapping[str, Any], *, name: str, source: str) -> ExtractPolicy:
    """Return the policy with this content, over what its preset states."""
    tables = {"columns": content.get("tables", {})}
    further = [
        *(fault.replace("columns.", "tables.", 1) for fault in column_faults(tables)),
        *zone_faults(content),
    ]
    if "name" in content:
        further.append("name: a policy is named by its file, leave it out")
    merged = preset_values(content, ExtractPolicy)
    stated = content.get("limits")
    if isinstance(stated, dict) and isinstance(merged.get("limits"), dict):
        preset = preset_values({"preset": content.get("preset")}, ExtractPolicy)
        merged["limits"] = {**preset.get("limits", {}), **stated}
    return validate_declaration(
        ExtractPolicy,
        {**lists_as_tuples(merged), "name": name},
        source=source,
        further=further,
    )


def require_known_columns(policy: ExtractPolicy, columns: list[str], *, source: str) -> None:
    """Refuse rules of columns that a table does not have.

    Raises
    ------
    ParameterError
        The policy has a rule for a column that is not there.
    """
    for name in policy.columns:
        if name not in columns:
            raise ParameterError(
                f"policy {policy.name}: {source} has {unknown_name('column', name, columns)}"
            )
