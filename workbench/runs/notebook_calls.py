"""The three calls of a notebook: ``wb.view``, ``wb.show`` and ``wb.record``.

The same calls work in a run, where the kernel has one sealed view, and in the lab, where the kernel
asks a broker for the view. Neither kernel has a key. Both apply the disclosure rules of the study,
so a notebook looks the same in both.
"""

import html
import os
import sys
from typing import Any

from workbench.charts.drawing import draw_svg
from workbench.charts.exhibits import Figure, Table
from workbench.charts.markup import figure_markup, table_markup
from workbench.foundation.errors import ParameterError
from workbench.foundation.progress import SEALED_VIEW
from workbench.privacy.disclosure import disclose, disclose_estimate, disclose_figure
from workbench.privacy.provenance import require_released, require_released_estimate
from workbench.privacy.release import model_origin
from workbench.privacy.view import View
from workbench.runs.altair_display import draw_altair_charts_here
from workbench.runs.bundles import (
    EXHIBIT,
    RECORD,
    AnyExhibit,
    EstimateBundle,
    FigureBundle,
    ResultsBundle,
    TableBundle,
    VerdictBundle,
)
from workbench.runs.lazy_tables import display_lazy_tables_by_columns
from workbench.runs.parameters import parse_date
from workbench.runs.view_requests import request_view
from workbench.statistics.estimates import Estimate
from workbench.statistics.verdicts import Verdict
from workbench.vault import open_sealed_view, read_sealed_view

#: JupyterLab aligns every cell of a table to the right.
_ALIGNED = (
    "<style>.wb-shown table th,.wb-shown table td{text-align:left!important;vertical-align:top}"
    ".wb-shown table caption{text-align:left;font-weight:600;color:inherit}"
    ".wb-shown figure{margin:0}.wb-shown figcaption{font-weight:600}"
    ".wb-shown .note{color:var(--muted);font-size:.9em}.wb-shown .part th{font-weight:600}"
    ".wb-shown table .number{text-align:right!important;font-variant-numeric:tabular-nums}</style>"
)
_PAGE_STYLE = (
    "--ink:var(--jp-content-font-color1,#111);--muted:var(--jp-content-font-color2,#666);"
    "--rule:var(--jp-border-color2,#ccc);--ground:transparent"
)


def view(study: str, *, as_of: str | None = None) -> View:
    """Return the view of a study: the tables as the study may see them.

    Parameters
    ----------
    study : str
        Name of the study, from the notebook's parameters.
    as_of : str, optional
        Scoring date, ISO 8601; the last date that the dataset covers unless given.

    Raises
    ------
    ParameterError
        There is no such study or dataset, or ``as_of`` lies outside the data.
    AccessError
        The kernel was started neither by a run nor by the lab, or the lab's key does not open the
        vault.
    """
    sealed = open_sealed_view()
    if sealed is not None:
        found = View.restore(sealed.description, sealed.data)
        if found.study.name != study:
            raise ParameterError(f"this run has the view of study {found.study.name}, not {study}")
        if parse_date(as_of) not in (None, found.as_of):
            raise ParameterError(
                f"this run has the view as of {found.as_of}, not {as_of}: declare as_of as a "
                "parameter and give it to wb.view"
            )
    else:
        found = _view_of_lab(study, as_of)
    _views[found.release.origin] = found
    if "IPython" in sys.modules:
        display_lazy_tables_by_columns()
        draw_altair_charts_here()
    return found


def show(*exhibits: Table | Figure | Verdict) -> None:
    """Show tables, figures and verdicts, without the groups that are too small."""
    from IPython.display import display  # late: only where there is a notebook

    for exhibit in exhibits:
        display(_outputs_of(exhibit), raw=True)  # type: ignore[no-untyped-call]  # IPython has no hints


def record(
    *, estimates: tuple[Estimate, ...] | list[Estimate], verdicts: tuple[Verdict, ...]
) -> None:
    """Hand over the numbers of the run's record; this is the last call of a notebook.

    Parameters
    ----------
    estimates : sequence of Estimate
        Each with a name of its own.
    verdicts : sequence of Verdict
        The answers of the notebook, at least one.
    """
    from IPython.display import display  # late: only where there is a notebook

    if not verdicts:
        raise ParameterError("a notebook records at least one verdict: what is its answer?")
    names = [estimate.name for estimate in estimates]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ParameterError(f"recorded more than once: {', '.join(twice)}")
    results = ResultsBundle(
        metrics={e.name: _disclosed_estimate(e) for e in estimates},
        order=tuple(names),
        verdicts=tuple(_disclosed_verdict(verdict) for verdict in verdicts),
    )
    text = f"Recorded {len(names)} figures and {len(verdicts)} verdicts."
    display({RECORD: results.as_json(), "text/plain": text}, raw=True)  # type: ignore[no-untyped-call]  # as above


#: The views that this kernel has opened, by the origin of their release.
_views: dict[str, View] = {}


def _view_of(origin: str) -> View:
    """Return the view whose release made a figure; the last opened view where none did."""
    if not _views:
        raise ParameterError("call wb.view(study) before wb.show and wb.record")
    made_by = (view for mark, view in _views.items() if origin in (mark, model_origin(mark)))
    return next(made_by, list(_views.values())[-1])


def _disclosed_estimate(estimate: Estimate) -> EstimateBundle:
    source = _view_of(estimate.origin)
    require_released_estimate(estimate, release=source.release)
    return EstimateBundle.of(disclose_estimate(estimate, min_group=source.min_group))


def _outputs_of(exhibit: Table | Figure | Verdict) -> dict[str, Any]:
    in_lab = SEALED_VIEW not in os.environ  # a run's page is drawn from the exhibit
    if isinstance(exhibit, Verdict):
        content: AnyExhibit = _disclosed_verdict(exhibit)
        markup = _verdict_markup(exhibit)
    elif isinstance(exhibit, Figure):
        source = _view_of(exhibit.table.origin)
        require_released(exhibit.table, release=source.release, data=source.data)
        figure = disclose_figure(exhibit, min_group=source.min_group)
        content = FigureBundle.of(figure)
        markup = figure_markup(figure, draw_svg(figure)) if in_lab else ""
    elif isinstance(exhibit, Table):
        source = _view_of(exhibit.origin)
        require_released(exhibit, release=source.release, data=source.data)
        disclosed = disclose(exhibit, min_group=source.min_group)
        # in a run all rows go out: the runner suppresses small cells once, with all counts known
        content = (
            TableBundle.of(disclosed.table, disclosed.hidden) if in_lab else TableBundle.of(exhibit)
        )
        markup = table_markup(disclosed.table, hidden=disclosed.hidden)
    else:
        raise ParameterError(
            f"wb.show takes tables, figures and verdicts, not {type(exhibit).__name__}: make a "
            "table of groups with view.table(rows, by=[...])"
        )
    bundle: dict[str, Any] = {EXHIBIT: content.as_json(), "text/plain": content.name}
    if in_lab:
        bundle["text/html"] = (
            f'{_ALIGNED}<div class="wb-shown" style="{_PAGE_STYLE}">{markup}</div>'
        )
    return bundle


def _disclosed_verdict(verdict: Verdict) -> VerdictBundle:
    estimates = tuple(_disclosed_estimate(each) for each in verdict.estimates)
    return VerdictBundle.of(verdict).model_copy(update={"estimates": estimates})


def _verdict_markup(verdict: Verdict) -> str:
    mark = "To act on: " if verdict.concern else ""
    return (
        f"<p><b>{html.escape(verdict.question)}</b><br>{mark}<b>{verdict.outcome}</b>. "
        f"{html.escape(verdict.answer)}<br><small>{html.escape(verdict.basis)}</small></p>"
    )


def _view_of_lab(study: str, as_of: str | None) -> View:
    """Return the view that the lab's broker sealed for this kernel."""
    parse_date(as_of)  # a malformed date is refused here, before the broker is asked
    environment = request_view(study, as_of)
    key = tuple(sorted(environment.items()))
    if key not in _opened_views:
        sealed = read_sealed_view(environment)
        _opened_views[key] = View.restore(sealed.description, sealed.data)
    return _opened_views[key]


_opened_views: dict[tuple[tuple[str, str], ...], View] = {}
