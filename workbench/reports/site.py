"""The catalogue: every run, by study, with its verdicts; failed ones say why."""

from itertools import groupby
from pathlib import Path
from typing import Any

from workbench.foundation.files import write_whole
from workbench.reports.page import page_path, publish
from workbench.reports.templates import render
from workbench.runs import Run, runs_in


def build_site(runs: Path, *, site: Path) -> Path:
    """Write the catalogue, and every page that a crash left unwritten; return the catalogue.

    Parameters
    ----------
    runs : Path
        Folder of runs.
    site : Path
        Folder of the site.
    """
    found = runs_in(runs)
    wanted = set()
    for run in found:
        path = page_path(run, site)
        wanted.add(path)
        if not path.is_file() or path.stat().st_mtime < run.folder.stat().st_mtime:
            publish(run, site=site)
    for stale in set((site / "runs").glob("*.html")) - wanted:
        stale.unlink()
    studies = [
        {"name": name, "runs": list(group)} for name, group in groupby(found, key=lambda r: r.study)
    ]
    content = render(
        "site.html",
        studies=[
            {
                "name": study["name"],
                "question": study["runs"][0].record["study"]["question"],
                "owner": study["runs"][0].record["study"]["owner"],
                "runs": [_line(run) for run in study["runs"]],
            }
            for study in studies
        ],
        total=len(found),
        failed=sum(run.status == "failed" for run in found),
    )
    index = site / "index.html"
    write_whole(index, content.encode())
    return index


def _line(run: Run) -> dict[str, Any]:
    record = run.record
    return {
        "page": f"runs/{run.folder.name}.html",
        "title": record["title"],
        "notebook": run.notebook,
        "as_of": record["as_of"],
        "status": run.status,
        "run": run.id,
        "is_synthetic": record["dataset"]["is_synthetic"],
        "reason": record.get("reason", ""),
        "verdicts": record.get("verdicts", ()),
    }
