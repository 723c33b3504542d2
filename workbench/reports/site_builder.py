"""The catalogue: of every study its question, and of every notebook the latest run's verdicts.

Earlier runs and failed attempts of a notebook are folded under its latest run; each says in what it
differs from the others: date, version of the dataset, parameters.

Where the workspace's key is at hand, every run's folder is compared with its seal before any of it
is published, and searched for persons again where its page or the known identities changed since it
was searched. A run that fails is withheld: its page gives the reason and shows nothing of the run.
The other runs are published all the same. Without a key each run is labelled "not verified".
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import jinja2
from filelock import FileLock

from workbench.foundation.errors import InputError, IntegrityError, WorkbenchError
from workbench.foundation.files import write_whole
from workbench.reports.memory import Memory
from workbench.reports.page import page_of_run, page_path, withheld_page
from workbench.reports.realism import NAME as REALISM
from workbench.reports.templates import render
from workbench.runs import Run, folders_of_runs, in_order, read_run
from workbench.runs.record import FailedRecord, FinishedRecord
from workbench.runs.searching import Searcher
from workbench.vault import Vault

#: Only a name of this form is printed: anybody can name a folder after a person.
_RUN_NAME = re.compile(r"[0-9a-f]{1,16}(-failed)?")

_CODE_DIGITS = 6  # of the code's digest: enough to tell versions apart

#: What the tables and figures of a run that nobody verified can raise while its page is made.
_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, jinja2.TemplateError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A built site.

    Attributes
    ----------
    index : Path
        The catalogue.
    withheld : mapping of str to WorkbenchError
        Runs that are not published, by the name of their folder, and why.
    """

    index: Path
    withheld: Mapping[str, WorkbenchError] = field(default_factory=dict)


def build_site(runs: Path, *, site: Path, vault: Vault | None = None) -> Site:
    """Write the catalogue and every page that is missing or not what it should be.

    Pages that an earlier version of the package made are made again. Of several processes one
    builds at a time, so that the last catalogue knows of every run.

    Parameters
    ----------
    runs : Path
        Folder of runs.
    site : Path
        Folder of the site.
    vault : Vault or None
        Contains the seals of the runs; without it no run is verified, and all pages are made again
        with a label "not verified".

    Raises
    ------
    InputError
        The disk is full or the folder cannot be written.
    """
    try:
        site.mkdir(parents=True, exist_ok=True)
        with FileLock(site / ".lock"):
            return _Build(runs, site, vault).build()
    except OSError as error:
        raise InputError(f"cannot write the site in {site}: {error.strerror}") from error


class _Build:
    """One building of a site."""

    def __init__(self, runs: Path, site: Path, vault: Vault | None) -> None:
        self._runs = runs
        self._site = site
        self._vault = vault
        self._memory = Memory(vault)
        self._searcher = None if vault is None else Searcher(vault)
        self._withheld: dict[str, WorkbenchError] = {}

    def build(self) -> Site:
        found, wanted = [], set()
        for folder in folders_of_runs(self._runs):
            run = self._published(folder)
            if run is not None:
                found.append(replace(run, files={}))  # pages hold pictures: not all at once
            if run is not None or _RUN_NAME.fullmatch(folder.name):
                wanted.add(page_path(folder.name, self._site))
        for stale in set((self._site / "runs").glob("*.html")) - wanted:
            stale.unlink()
        index = self._site / "index.html"
        write_whole(index, self._catalogue(in_order(found)))
        self._memory.keep({path.stem for path in wanted})
        return Site(index=index, withheld=self._withheld)

    def _published(self, folder: Path) -> Run | None:
        """Publish a run and return it; None where it is withheld."""
        name = folder.name
        try:
            run = read_run(folder, self._vault)
            self._publish(run)
        except InputError:
            raise
        except WorkbenchError as error:
            self._withhold(name, error)
        except _UNREADABLE:
            self._withhold(name, IntegrityError(f"run {name}: its tables or figures are damaged"))
        else:
            return run
        return None

    def _publish(self, run: Run) -> None:
        path = page_path(run.folder.name, self._site)
        if self._searcher is None or run.seal is None:
            write_whole(path, page_of_run(run))
            return
        identities = self._searcher.identities(run)
        if self._memory.is_published(path, run.seal, identities):
            return
        page = page_of_run(run)
        if not run.seal.covers(page, identities):
            self._searcher.require_nobody(run, page)
        write_whole(path, page)
        self._memory.publish(path, run.seal, identities, page)

    def _withhold(self, name: str, error: WorkbenchError) -> None:
        self._withheld[name] = error
        if _RUN_NAME.fullmatch(name):
            write_whole(page_path(name, self._site), withheld_page(name, str(error)))

    def _catalogue(self, found: list[Run]) -> bytes:
        by_study = [list(group) for _, group in groupby(found, key=lambda run: run.study)]
        return render(
            "site.html",
            studies=[
                {
                    # the words of the study as it was at the last run
                    "terms": max(group, key=lambda run: run.started_at).record.study,
                    "notebooks": [
                        _notebook(list(runs))
                        for _, runs in groupby(group, key=lambda run: run.notebook)
                    ],
                }
                for group in by_study
            ],
            withheld=[_withheld_line(name, error) for name, error in self._withheld.items()],
            is_verified=self._vault is not None,
            total=len(found),
            failed=sum(run.status == "failed" for run in found),
            realism=REALISM if (self._site / REALISM).is_file() else "",
        ).encode()


def _withheld_line(name: str, error: WorkbenchError) -> dict[str, str]:
    if _RUN_NAME.fullmatch(name):
        return {"page": f"runs/{name}.html", "name": name, "reason": str(error)}
    return {"page": "", "name": "", "reason": "no run of this workspace wrote it"}


def _notebook(runs: list[Run]) -> dict[str, Any]:
    """Return the runs of one notebook of a study: the latest that finished, and the others."""
    differing = _differing(runs)
    lines = [{**_line(run), "differs": _differs(run, differing)} for run in runs]
    place = next((i for i, run in enumerate(runs) if run.status == "finished"), 0)
    latest, others = runs[place], [run for i, run in enumerate(runs) if i != place]
    failed = [run for run in others if run.status == "failed"]
    told = [(len(others) - len(failed), "other run"), (len(failed), "failed attempt")]
    return {
        "latest": lines[place],
        "others": [line for i, line in enumerate(lines) if i != place],
        "summary": " and ".join(f"{n} {noun}{'s' if n > 1 else ''}" for n, noun in told if n),
        "failed_since": latest.status == "finished"
        and any(run.started_at > latest.started_at for run in failed),
    }


def _differing(runs: list[Run]) -> list[str]:
    """Return the parameters in which runs of one notebook differ; or the code, where none does."""
    parameters = [_parameters(run) for run in runs]
    names = sorted({name for each in parameters for name in each} - {"code"})
    found = [name for name in names if len({each.get(name) for each in parameters}) > 1]
    shown = {(run.record.as_of, run.record.dataset.version) for run in runs}
    return found or (["code"] if len(shown) < len(runs) else [])


def _differs(run: Run, names: list[str]) -> str:
    parameters = _parameters(run)
    return ", ".join(f"{n.replace('_', ' ')} {parameters[n]}" for n in names if n in parameters)


def _parameters(run: Run) -> dict[str, str]:
    """Return a run's parameters as text, without those that every line has by name."""
    parameters = {
        str(name): value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in run.record.parameters.items()
        if name not in ("study", "as_of")
    }
    return {**parameters, "code": run.record.code[:_CODE_DIGITS]}


def _line(run: Run) -> dict[str, Any]:
    record, dataset = run.record, run.record.dataset
    verdicts = record.verdicts if isinstance(record, FinishedRecord) else ()
    return {
        "page": f"runs/{run.folder.name}.html",
        "question": record.question,
        "notebook": run.notebook.replace("_", " "),
        "dataset": f"dataset {dataset.name}, version {dataset.version}",
        "as_of": record.as_of,
        "run_on": run.started_at.date(),
        "status": run.status,
        "is_synthetic": dataset.is_synthetic,
        "reason": record.reason if isinstance(record, FailedRecord) else "",
        "verdicts": verdicts,
        "outcomes": "; ".join(f"{v.question} {v.outcome.capitalize()}" for v in verdicts),
        "unconfined": "; ".join(run.execution.confinement.missing),
        "is_concern": any(verdict.concern for verdict in verdicts),
        "is_open": bool(verdicts) and all(v.outcome.is_open for v in verdicts),
    }
