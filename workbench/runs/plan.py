"""The plan of runs, made before anything is executed: notebooks, checked parameters, run ids."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from workbench.foundation.errors import ParameterError, unknown_name
from workbench.foundation.files import canonical_json
from workbench.foundation.settings import find_file
from workbench.privacy.view import view_fingerprint
from workbench.privacy.visible_data import default_as_of, zone_of
from workbench.runs.notebooks import Notebook, read_notebook
from workbench.runs.parameters import (
    TypedText,
    choose_values,
    declared_parameters,
    parse_date,
)
from workbench.studies import NotebookUse, Study
from workbench.vault import Dataset

_ID_DIGITS = 12
_SOURCES = (".py", ".csv", ".toml", ".html", ".css", ".js")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """One notebook of a study, with everything that determines its outcome.

    Attributes
    ----------
    id : str
        Hash over all inputs; equal inputs have equal ids.
    notebook : Notebook
        Notebook as it is in the project now.
    parameters : mapping
        Checked value of every declared parameter.
    meanings : mapping of str to str
        Meaning of each parameter, as the notebook declares it.
    inputs : mapping
        Everything that the id is a hash over, as a JSON object.
    """

    id: str
    notebook: Notebook
    parameters: Mapping[str, Any]
    meanings: Mapping[str, str] = field(repr=False)
    inputs: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """The runs of one study as of one date."""

    study: Study
    dataset: Dataset
    as_of: date
    runs: tuple[PlannedRun, ...]


def plan_runs(
    study: Study,
    dataset: Dataset,
    *,
    project: Path,
    as_of: date | None = None,
    given: Mapping[str, str] | None = None,
    only: str | None = None,
) -> RunPlan:
    """Check everything that can be checked before a kernel starts.

    Parameters
    ----------
    study : Study
        Study with notebooks and their parameters.
    dataset : Dataset
        Version of the dataset that would be used.
    project : Path
        Folder with ``notebooks/`` and the lock file.
    as_of : date, optional
        Scoring date.
    given : mapping of str to str, optional
        Parameters as they were typed; each is given to every notebook that declares it.
    only : str, optional
        Name or path of the only notebook to plan; it gets the study's parameters where it is one of
        the study's notebooks.

    Raises
    ------
    ParameterError
        A notebook or parameter is not known, or a value does not fit its declared type; or the
        scoring date lies after what all sources cover.
    """
    given = dict(given or {})
    uses = _notebook_uses(study, only)
    faults = _misplaced_parameters(study, uses, given)
    latest = default_as_of(dataset, zone=zone_of(study, dataset))
    day = parse_date(given.pop("as_of", None)) or as_of or latest
    if day > latest:
        raise ParameterError(
            f"as_of {day} lies outside the data: take a date not after {latest}, up to which all "
            "sources are complete"
        )
    notebooks = [
        read_notebook(
            find_file("notebook", use.name, folder=project / "notebooks", suffix=".ipynb")
        )
        for use in uses
    ]
    declared = [declared_parameters(notebook) for notebook in notebooks]
    everywhere = {name for each in declared for name in each}
    faults += [
        f"study {study.name}: {unknown_name('parameter', name, everywhere)}"
        for name in given
        if name not in everywhere
    ]
    own = {"study": study.name, "as_of": day.isoformat()}
    values = []
    for use, notebook, parameters in zip(uses, notebooks, declared, strict=True):
        typed = {name: TypedText(text) for name, text in given.items() if name in parameters}
        fixed = {name: value for name, value in own.items() if name in parameters}
        try:
            values.append(
                choose_values(
                    parameters,
                    {**use.parameters, **typed, **fixed},
                    where=f"notebook {notebook.name}",
                )
            )
        except ParameterError as fault:
            faults += str(fault).splitlines()
    if faults:
        distinct = dict.fromkeys(faults)  # two notebooks may have the same fault
        raise ParameterError("\n  ".join(distinct))
    common = {
        "study": study.model_dump(mode="json", exclude={"notebooks", "schedule", "retention_days"}),
        "dataset": {
            "name": dataset.name,
            "version": dataset.version,
            "fingerprint": dataset.fingerprint,
        },
        "view_fingerprint": view_fingerprint(study, dataset, day),
        "as_of": day.isoformat(),
        "code": code_digest(),
        "lock": lock_digest(project),
    }
    runs = []
    for notebook, parameters, chosen_values in zip(notebooks, declared, values, strict=True):
        inputs = {
            **common,
            "notebook": {"name": notebook.name, "digest": notebook.digest},
            "parameters": chosen_values,
        }
        runs.append(
            PlannedRun(
                id=hashlib.sha256(canonical_json(inputs)).hexdigest()[:_ID_DIGITS],
                notebook=notebook,
                parameters=chosen_values,
                meanings={name: parameter.meaning for name, parameter in parameters.items()},
                inputs=inputs,
            )
        )
    return RunPlan(study=study, dataset=dataset, as_of=day, runs=tuple(runs))


def _misplaced_parameters(
    study: Study, uses: list[NotebookUse], given: Mapping[str, str]
) -> list[str]:
    """Return the faults of parameters that the run sets for all notebooks: study and as-of date."""
    faults = []
    if given.get("study", study.name) != study.name:
        faults.append(
            f"-p study={given['study']}: this run has the view of study {study.name}; "
            "run the other study instead"
        )
    for use in uses:
        faults += [
            f"study {study.name}: notebook {use.name} sets {name}, which the run sets for all "
            f"notebooks of a study{'; use --as-of' if name == 'as_of' else ''}"
            for name in ("study", "as_of")
            if name in use.parameters and use.parameters[name] != study.name
        ]
    return faults


@cache
def code_digest() -> str:
    """Return a hash of the package's files: code, templates, declarations."""
    root = Path(str(files("workbench")))
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.suffix in _SOURCES and path.is_file():
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def lock_digest(project: Path) -> str:
    """Return a hash of the lock file; ``none`` where the project has none."""
    path = project / "requirements.lock"
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else "none"


def _notebook_uses(study: Study, only: str | None) -> list[NotebookUse]:
    if only is None:
        return list(study.notebooks)
    own = [use for use in study.notebooks if use.name in (only, Path(only).stem)]
    # the user may have given a path: the notebook is then read from there
    return [use.model_copy(update={"name": only}) for use in own] or [NotebookUse(name=only)]
