"""The catalogue: every run, by study, with its verdicts; failed ones say why.

Where the workspace's key is at hand, every run's folder is compared with its seal before any of it
is published, and searched for persons again where its page or the known identities changed since it
was searched. A run that fails is withheld: its page gives the reason and shows nothing of the run.
The other runs are published all the same. Without a key each run is labelled "not verified".
"""

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
from workbench.runs.searching import Searcher
from workbench.vault import Vault

#: Only a name of this form is printed: anybody can name a folder after a person.
_RUN_NAME = re.compile(r"[0-9a-f]{1,16}(-failed)?")

#: What a record that nobody verified can make of a page.
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
            self._withhold(name, IntegrityError(f"run {name}: its record was changed or damaged"))
        else:
            return run
        return None

    def _publish(self, run: Run) -> None:
        path = page_path(run.folder.name, self._site)
        if self._searcher is None or run.seal is None:
            write_whole(path, page_of_run(run))
            _line(run)  # fails here, not in the catalogue
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
                    **max(group, key=lambda run: run.started_at).record["study"],
                    "runs": [_line(run) for run in group],
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


def _line(run: Run) -> dict[str, Any]:
    record = run.record
    verdicts = record.get("verdicts", ())
    return {
        "page": f"runs/{run.folder.name}.html",
        "title": record["title"],
        "notebook": run.notebook,
        "as_of": record["as_of"],
        "run_on": run.started_at[:10],
        "status": run.status,
        "run": run.id,
        "is_synthetic": record["dataset"]["is_synthetic"],
        "reason": record.get("reason", ""),
        "verdicts": verdicts,
        "unconfined": _unconfined(run),
        "is_concern": any(verdict["concern"] for verdict in verdicts),
    }


def _unconfined(run: Run) -> str:
    """Say what the run's kernel was not kept from; empty where it was confined in every respect."""
    if "confinement" not in run.execution:
        return "it was run by a version that did not confine notebooks"
    return "; ".join(run.execution["confinement"]["missing"])
