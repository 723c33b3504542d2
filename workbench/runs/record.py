"""The record of a run, ``record.json``, and what is kept of its execution, ``execution.json``.

Both are typed models with a version. Page, site, command line and comparison read these models and
no dictionaries. The record holds nothing that differs between equal runs: equal runs have records
of equal bytes. When the run was executed, how long it took and what its kernel was not kept from
are in its execution.

``record.schema.json`` and ``execution.schema.json`` beside this module are the JSON schemas of the
two files, for programs of others. A change of a model that changes its schema is a new version:
raise ``SCHEMA_VERSION`` and write the schemas again with ``make schemas``.
"""

import json
from datetime import date
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, Field, JsonValue, TypeAdapter, ValidationError

from workbench.foundation.errors import IntegrityError, ParameterError
from workbench.runs.bundles import EstimateBundle, StoredModel, TableBundle, VerdictBundle
from workbench.studies import StudyTerms

#: Version of both files. Version 1 was a dictionary without a declared form; in version 2 verdicts
#: had no rule.
SCHEMA_VERSION: Literal[7] = 7


class RecordedNotebook(StoredModel):
    """Name of the notebook, and SHA-256 over its cells."""

    name: str
    digest: str


class RecordedSource(StoredModel):
    """One source of the dataset: format, system, lawful basis, and until when it is complete.

    ``until`` is the first day in the source's zone that it does not cover, as it was declared.
    """

    format: str
    system: str
    basis: str
    until: str


class RecordedDataset(StoredModel):
    """The version of the dataset that was used."""

    name: str
    version: int
    fingerprint: str
    is_synthetic: bool
    sources: tuple[RecordedSource, ...]


class ExhibitReference(StoredModel):
    """A table or figure that a cell showed, by the name of its file in ``tables/``."""

    kind: Literal["table", "figure"]
    name: str


class RecordedCell(StoredModel):
    """One cell of the notebook, and the tables and figures that it showed."""

    kind: Literal["markdown", "code"]
    source: str
    tags: tuple[str, ...]
    shows: tuple[ExhibitReference, ...]


class RecordedView(StoredModel):
    """What was done to the data to make it safe to look at.

    Attributes
    ----------
    cost : str
        What generalising and suppressing cost, in a sentence.
    k : int
        Smallest number of persons who share a combination of quasi-identifiers.
    noise_variance : float
        Variance of the noise of every count of persons, 0 where figures are exact.
    release_reason : str or None
        Why the study shows exact figures.
    tables : tuple of TableBundle
        Treatment of each column, and what it cost.
    """

    cost: str
    k: int
    noise_variance: float
    release_reason: str | None
    tables: tuple[TableBundle, ...]


class _RecordedInputs(StoredModel):
    """What went into a run, finished or failed; a run's id is a hash over it."""

    schema_version: Literal[7] = Field(alias="schema")
    run: str
    title: str
    question: str
    as_of: date
    study: StudyTerms
    dataset: RecordedDataset
    notebook: RecordedNotebook
    parameters: dict[str, JsonValue]
    parameter_meanings: dict[str, str]
    view_fingerprint: str
    code: str
    lock: str
    versions: dict[str, str]


class FinishedRecord(_RecordedInputs):
    """The record of a run that reached its last cell and its verdicts.

    Attributes
    ----------
    metrics : mapping of str to EstimateBundle
        The recorded estimates by name; ``metric_order`` is the order in which they are shown.
    exhibits : tuple of str
        Names of all tables and figures, each the name of a file in ``tables/``.
    kept_out : tuple of int
        Numbers of the cells whose other output is not published.
    """

    status: Literal["finished"]
    view: RecordedView
    metrics: dict[str, EstimateBundle]
    metric_order: tuple[str, ...]
    verdicts: tuple[VerdictBundle, ...]
    cells: tuple[RecordedCell, ...]
    exhibits: tuple[str, ...]
    kept_out: tuple[int, ...]


class FailedRecord(_RecordedInputs):
    """The record of a run that failed: why, and in which cell; it has no output."""

    status: Literal["failed"]
    reason: str
    cell: int | None


RunRecord = FinishedRecord | FailedRecord


class RecordedConfinement(StoredModel):
    """What confined the run's kernel, see ``foundation.confinement.Confinement``."""

    own_processes: bool
    ends_descendants: bool
    read_only: bool
    own_proc: bool
    own_shared_memory: bool
    landlock: int
    system_calls: bool
    missing: tuple[str, ...]


class ExecutionRecord(StoredModel):
    """When a run was executed, what it took, and how its kernel was confined.

    Attributes
    ----------
    started_at, ended_at : datetime
        In UTC.
    seconds : float
        Wall time.
    peak_memory_mb : int
        Largest resident size of the kernel and its processes, in MiB.
    exit_code : int or None
        Exit code of a kernel that ended by itself.
    confinement : RecordedConfinement
        What held, and clauses for what was missing.
    """

    schema_version: Literal[7] = Field(alias="schema")
    started_at: AwareDatetime
    ended_at: AwareDatetime
    seconds: float
    peak_memory_mb: int
    exit_code: int | None
    confinement: RecordedConfinement


Stored = TypeVar("Stored")
_RECORD: TypeAdapter[RunRecord] = TypeAdapter(Annotated[RunRecord, Field(discriminator="status")])
_EXECUTION: TypeAdapter[ExecutionRecord] = TypeAdapter(ExecutionRecord)


def read_record(content: bytes, *, name: str) -> RunRecord:
    """Read the content of ``record.json``.

    Parameters
    ----------
    content : bytes
        The bytes of the file.
    name : str
        Name of the run's folder, for the refusal.

    Raises
    ------
    IntegrityError
        The file is damaged; the message names the field, and repeats no value.
    ParameterError
        The file was written by a version of this package with another schema.
    """
    return _read(_RECORD, content, name, "record")


def read_execution(content: bytes, *, name: str) -> ExecutionRecord:
    """Read the content of ``execution.json``, see ``read_record``."""
    return _read(_EXECUTION, content, name, "execution")


def json_schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON schema of each file by the name under which the package contains it.

    The schemas have no descriptions: these are the docstrings of the models, which may be reworded
    without a new version.
    """
    return {
        "record.schema.json": _without_docstrings(_RECORD.json_schema(mode="serialization")),
        "execution.schema.json": _without_docstrings(_EXECUTION.json_schema(mode="serialization")),
    }


def _without_docstrings(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            key: _without_docstrings(value)
            for key, value in schema.items()
            if not (key == "description" and isinstance(value, str))
        }
    return [_without_docstrings(each) for each in schema] if isinstance(schema, list) else schema


def _read(adapter: TypeAdapter[Stored], content: bytes, name: str, file: str) -> Stored:
    _require_this_version(content, name, file)
    try:
        return adapter.validate_json(content)
    except ValidationError as error:
        raise IntegrityError(
            f"run {name}: its {file} is damaged: {_fault(error)}; remove the folder and run the "
            "study again"
        ) from error


def _require_this_version(content: bytes, name: str, file: str) -> None:
    """Refuse a file of another version; whatever else is wrong is found by the model."""
    try:
        found = json.loads(content)
        version = found.get("schema", found.get("format"))  # version 1 called it format
    except (ValueError, AttributeError):
        return
    if type(version) is not int or version == SCHEMA_VERSION:
        return
    remedy = "install a newer one" if version > SCHEMA_VERSION else "run the study again"
    raise ParameterError(
        f"run {name}: its {file} has schema {version}, and this workbench reads schema "
        f"{SCHEMA_VERSION}: {remedy}"
    )


#: What is wrong with a field, by the beginning of pydantic's name for the error.
_FAULTS = {
    "json_invalid": "is not JSON: it was cut off or overwritten",
    "missing": "is missing",
    "extra_forbidden": "has a field that no record has",
    "union_tag": "has neither status finished nor failed",
    "model_type": "is not an object",
    "model_attributes_type": "is not an object",
}


def _fault(error: ValidationError) -> str:
    """Describe the first fault by its field; a value or a name that a user chose is not repeated.

    Anybody can write into a folder of runs, so what a damaged file contains is not printed.
    """
    first = error.errors(include_input=False, include_url=False)[0]
    declared = _field_names()
    is_unknown = first["type"] == "extra_forbidden"  # then the last part is the unknown name
    path = first["loc"][:-1] if is_unknown else first["loc"]
    place = ".".join(str(part) for part in path if part in declared) or "the file"
    words = next(
        (words for kind, words in _FAULTS.items() if first["type"].startswith(kind)),
        "has a wrong type or value",
    )
    return f"{place} {words}"


def _field_names() -> frozenset[str | int]:
    """Return the names of all declared fields, nested ones included, as the files spell them."""
    found: set[str | int] = set()

    def collect(schema: Any) -> None:
        if isinstance(schema, dict):
            found.update(schema.get("properties", {}))
            for each in schema.values():
                collect(each)
        elif isinstance(schema, list):
            for each in schema:
                collect(each)

    collect(json_schemas())
    return frozenset(found)
