"""``workbench site``: make the catalogue and whatever pages are missing."""

from workbench.cli.options import AsJson, Reports, print_json
from workbench.foundation.progress import say
from workbench.foundation.settings import Settings


def site(reports: Reports = None, as_json: AsJson = False) -> None:
    """Make the catalogue of reports, and pages that are missing."""
    from workbench.reports import build_site  # late: polars and the page's parts

    place = Settings.read(reports=reports)
    index = build_site(place.reports / "runs", site=place.reports / "site")
    if as_json:
        print_json({"index": str(index)})
    say(f"All reports: {index}")
