"""Display of altair's charts in a notebook: drawn in the kernel, without a connection.

altair shows a chart by a page that loads its program from another host, with the rows of the chart
beside it. JupyterLab 4.6 draws Vega-Lite up to version 5, and altair 6 writes version 6. So a chart
is drawn here, as SVG.
"""

import json
from typing import Any

#: Module and name of the base of all charts of altair 6. Naming it imports nothing: an import of
#: altair takes two CPU seconds.
_CHARTS = ("altair.vegalite.v6.api", "TopLevelMixin")


def draw_altair_charts_here() -> None:
    """Make this notebook draw altair's charts itself; outside a notebook do nothing."""
    from IPython import get_ipython  # late: only where there is a notebook

    shell: Any = get_ipython()
    if shell is not None:
        formatter = shell.display_formatter.mimebundle_formatter
        formatter.for_type_by_name(*_CHARTS, altair_bundle)


def altair_bundle(chart: Any, include: Any = None, exclude: Any = None) -> dict[str, str]:
    """Return a chart as SVG, in the form in which IPython asks for outputs."""
    import vl_convert  # late: it starts a JavaScript engine

    drawn = vl_convert.vegalite_to_svg(json.dumps(chart.to_dict()), allowed_base_urls=[])
    return {"image/svg+xml": drawn, "text/plain": "a chart; wb.chart.altair makes a figure of it"}
