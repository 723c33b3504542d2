"""The catalogue: every run, by study, with its verdicts; failed ones say why."""

from itertools import groupby
from pathlib import Path
from typing import Any

from filelock import FileLock

from workbench.foundation.errors import InputError
from workbench.foundation.files import write_whole
from workbench.reports.page import page_path, publish
from workbench.reports.realism import NAME as REALISM
from workbench.reports.templates import render
from workbench.runs import Run, runs_in
from workbench.runs.plan import code_digest

_MADE_BY = ".made-by"  # digest of the code that made the pages


def build_site(runs: Path, *, site: Path) -> Path:
    """Write the catalogue, and every page that a crash left unwritten; return the catalogue.

    Pages that an earlier version of the package made are made again. Of several processes one
    builds at a time, so that the last catalogue knows of every run.

    Parameters
    ----------
    runs : Path
        Folder of runs.
    site : Path
        Folder of the site.

    Raises
    ------
    InputError
        The disk is full or the folder cannot be written.
    """
    try:
        site.mkdir(parents=True, exist_ok=True)
        with FileLock(site / ".lock"):
            return _build(runs, site)
    except OSError as error:
        raise InputError(f"cannot write the site in {site}: {error.strerror}") from error


def _build(runs: Path, site: Path) -> Path:
    found = runs_in(runs)
    made_by = site / _MADE_BY
    code = code_digest().encode()
    is_ours = made_by.is_file() and made_by.read_bytes() == code
    wanted = set()
    for run in found:
        path = page_path(run, site)
        wanted.add(path)
        if not is_ours or _is_stale(path, run):
            publish(run, site=site)
    for stale in set((site / "runs").glob("*.html")) - wanted:
        stale.unlink()
    by_study = [list(group) for _, group in groupby(found, key=lambda run: run.study)]
    content = render(
        "site.html",
        studies=[
            {
                # the words of the study as it was at the last run
                **max(group, key=lambda run: run.started_at).record["study"],
                "runs": [_line(run) for run in group],
            }
            for group in by_study
        ],
        total=len(found),
        failed=sum(run.status == "failed" for run in found),
        realism=REALISM if (site / REALISM).is_file() else "",
    )
    index = site / "index.html"
    write_whole(index, content.encode())
    if not is_ours:
        write_whole(made_by, code)
    return index


def _is_stale(page: Path, run: Run) -> bool:
    return not page.is_file() or page.stat().st_mtime < run.folder.stat().st_mtime


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
