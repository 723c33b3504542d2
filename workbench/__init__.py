"""A research and modelling workbench for customer data.

For a notebook a few calls are enough::

    import workbench as wb

    view = wb.view("demo")                      # what the study may see
    wb.show(table, figure, verdict)             # without groups that are too small
    wb.show(wb.chart.dots(table))               # bar, dots, line, scatter
    one = table.estimate("euros", {"channel": "app"}, ...)  # the figure of one group
    more = wb.difference(one, other, ...)       # of two groups; ratio likewise
    found = wb.judge(estimate, low=0.25, ...)   # a verdict by a rule
    wb.record(estimates=[...], verdicts=(found,)) # what catalogue and comparison read

The rooms are packages of their own (``workbench.models``, ``workbench.fairness``, ...). Importing
this package touches no file, no network and no clock, and loads nothing heavy before it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.charts import chart
    from workbench.charts.exhibits import Figure, Table
    from workbench.runs.notebook_calls import record, show, view
    from workbench.schema import TABLES, CustomerData
    from workbench.statistics.estimates import Estimate, difference, ratio
    from workbench.statistics.verdicts import Outcome, Verdict, judge

_HOMES = {
    "CustomerData": "workbench.schema",
    "chart": "workbench.charts",
    "Estimate": "workbench.statistics.estimates",
    "Figure": "workbench.charts.exhibits",
    "Outcome": "workbench.statistics.verdicts",
    "TABLES": "workbench.schema",
    "Table": "workbench.charts.exhibits",
    "Verdict": "workbench.statistics.verdicts",
    "difference": "workbench.statistics.estimates",
    "judge": "workbench.statistics.verdicts",
    "ratio": "workbench.statistics.estimates",
    "record": "workbench.runs.notebook_calls",
    "show": "workbench.runs.notebook_calls",
    "view": "workbench.runs.notebook_calls",
}

__all__ = [
    "TABLES",
    "CustomerData",
    "Estimate",
    "Figure",
    "Outcome",
    "Table",
    "Verdict",
    "chart",
    "difference",
    "judge",
    "ratio",
    "record",
    "show",
    "view",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Names that a notebook completes."""
    return __all__
