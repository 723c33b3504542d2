"""The site: the catalogue of all runs by study and notebook, and a page for each run.

The catalogue shows the question of each study, and the verdicts of the latest run of each notebook.
Earlier runs and failed attempts are folded under the latest run, and notebooks of which every
attempt failed at the end of their study; each line shows in what the run differs from the others:
date, version of the dataset, parameters.

Where the workspace's key is available, every run's folder is compared with its seal before any of
it is published, and searched for persons again where its page or the known identities have changed
since it was searched. A run whose folder was changed or damaged, or in which a person is found, is
withheld: its page gives the reason and shows nothing of the run. All other runs are published.
Without a key each run is labelled "not verified".
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
from workbench.reports.page import page_of_run, page_path, withheld_page
from workbench.reports.published_pages import PublishedPages
from workbench.reports.realism import NAME as REALISM
from workbench.reports.templates import render
from workbench.runs import Run, folders_of_runs, read_run, sort_runs
from workbench.runs.person_search import PersonSearch
from workbench.runs.record import FailedRecord, FinishedRecord
from workbench.vault import Vault

#: Names of folders that are printed; anybody can give a folder the name of a person.
_RUN_NAME = re.compile(r"[0-9a-f]{1,16}(-failed)?")

_CODE_DIGITS = 6  # digits of the code's digest that are shown, enough to distinguish versions

#: What the tables and figures of a run that nobody verified can raise while its page is made.
_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, jinja2.TemplateError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site that was built.

    Attributes
    ----------
    index : Path
        File of the catalogue.
    withheld : mapping of str to WorkbenchError
        Why runs are not published, by the name of their folder.
    """

    index: Path
    withheld: Mapping[str, WorkbenchError] = field(default_factory=dict)


def build_site(runs: Path, *, site: Path, vault: Vault | None = None) -> Site:
    """Write the catalogue and every page that is missing, changed or out of date.

    Pages that an earlier version of the package made are made again. One process builds at a time,
    so that the last catalogue has every run.

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
            return _SiteBuilder(runs, site, vault).build()
    except OSError as error:
        raise InputError(f"cannot write the site in {site}: {error.strerror}") from error


class _SiteBuilder:
    """Builds a site once."""

    def __init__(self, runs: Path, site: Path, vault: Vault | None) -> None:
        self._runs = runs
        self._site = site
        self._vault = vault
        self._published = PublishedPages(vault)
        self._searcher = None if vault is None else PersonSearch(vault)
        self._withheld: dict[str, WorkbenchError] = {}

    def build(self) -> Site:
        found, wanted = [], set()
        for folder in folders_of_runs(self._runs):
            run = self._published_run(folder)
            if run is not None:
                # without files, because the pictures of all runs would fill the memory
                found.append(replace(run, files={}))
            if run is not None or _RUN_NAME.fullmatch(folder.name):
                wanted.add(page_path(folder.name, self._site))
        for stale in set((self._site / "runs").glob("*.html")) - wanted:
            stale.unlink()
        index = self._site / "index.html"
        write_whole(index, self._catalogue(sort_runs(found)))
        self._published.store({path.stem for path in wanted})
        return Site(index=index, withheld=self._withheld)

    def _published_run(self, folder: Path) -> Run | None:
        """Publish a run and return it; return None where it is withheld."""
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
        if self._published.is_published(path, run.seal, identities):
            return
        page = page_of_run(run)
        if not run.seal.was_searched(page, identities):
            self._searcher.require_no_person(run, page)
        write_whole(path, page)
        self._published.add(path, run.seal, identities, page)

    def _withhold(self, name: str, error: WorkbenchError) -> None:
        self._withheld[name] = error
        if _RUN_NAME.fullmatch(name):
            write_whole(page_path(name, self._site), withheld_page(name, str(error)))

    def _catalogue(self, found: list[Run]) -> bytes:
        by_study = [list(group) for _, group in groupby(found, key=lambda run: run.study)]
        return render(
            "site.html",
            studies=[_study_section(group) for group in by_study],
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


def _study_section(runs: list[Run]) -> dict[str, Any]:
    """Return the cards of a study; notebooks that never finished are folded at its end."""
    cards = [_notebook_card(list(each)) for _, each in groupby(runs, key=lambda run: run.notebook)]
    return {
        # the study as it was at the last run
        "terms": max(runs, key=lambda run: run.started_at).record.study,
        "notebooks": [card for card in cards if card["latest"]["status"] == "finished"],
        "failing": [card for card in cards if card["latest"]["status"] == "failed"],
    }


def _notebook_card(runs: list[Run]) -> dict[str, Any]:
    """Return the runs of one notebook of a study: the latest that finished, and the others."""
    differing = _differing_parameters(runs)
    lines = [{**_run_line(run), "differs": _difference_text(run, differing)} for run in runs]
    place = next((i for i, run in enumerate(runs) if run.status == "finished"), 0)
    latest, others = runs[place], [run for i, run in enumerate(runs) if i != place]
    failed = [run for run in others if run.status == "failed"]
    counts = [(len(others) - len(failed), "other run"), (len(failed), "failed attempt")]
    return {
        "latest": lines[place],
        "others": [line for i, line in enumerate(lines) if i != place],
        "summary": " and ".join(f"{n} {noun}{'s' if n > 1 else ''}" for n, noun in counts if n),
        "failed_since": latest.status == "finished"
        and any(run.started_at > latest.started_at for run in failed),
    }


def _differing_parameters(runs: list[Run]) -> list[str]:
    """Return the parameters in which runs of a notebook differ; the code where none differs."""
    parameters = [_parameter_texts(run) for run in runs]
    names = sorted({name for each in parameters for name in each} - {"code"})
    found = [name for name in names if len({each.get(name) for each in parameters}) > 1]
    shown = {(run.record.as_of, run.record.dataset.version) for run in runs}
    return found or (["code"] if len(shown) < len(runs) else [])


def _difference_text(run: Run, names: list[str]) -> str:
    parameters = _parameter_texts(run)
    return ", ".join(f"{n.replace('_', ' ')} {parameters[n]}" for n in names if n in parameters)


def _parameter_texts(run: Run) -> dict[str, str]:
    """Return a run's parameters as text, without study and as-of date, which every line shows."""
    parameters = {
        str(name): value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in run.record.parameters.items()
        if name not in ("study", "as_of")
    }
    return {**parameters, "code": run.record.code[:_CODE_DIGITS]}


def _run_line(run: Run) -> dict[str, Any]:
    record, dataset = run.record, run.record.dataset
    verdicts = record.verdicts if isinstance(record, FinishedRecord) else ()
    return {
        "page": f"runs/{run.folder.name}.html",
        "question": record.question,
        "notebook": run.notebook,  # as one types it
        "dataset": f"dataset {dataset.name}, version {dataset.version}",
        "as_of": record.as_of,
        "run_on": run.started_at.date(),
        "status": run.status,
        "is_synthetic": dataset.is_synthetic,
        "reason": record.reason if isinstance(record, FailedRecord) else "",
        "verdicts": verdicts,
        "outcomes": "; ".join(f"{v.question} {v.outcome.capitalize()}" for v in verdicts),
        "unconfined": "; ".join(run.execution.confinement.missing),
    }
