"""One execution of one notebook of a study, as of a date, identified by what went in.

    study, notebook, parameters, as_of, dataset version, policy, code, lock file ──> run id
    view ──sealed──> kernel ──exhibits──> record

The kernel gets the sealed view and nothing else: it is confined as far as the machine can do it.
What it shows and records is read from the executed notebook; everything else it printed stays in
the vault. ``record.json`` holds nothing that differs between equal runs; when the run was executed,
how long it took and what its kernel was not kept from are in ``execution.json``. The vault keeps a
seal of every run's folder, with which the folder is compared before it is used or published.
"""

from workbench.runs.catalogue import Folder, Run, folders_of_runs, in_order, read_run
from workbench.runs.parameters import Parameter, declared_parameters
from workbench.runs.plan import Plan, plan
from workbench.runs.run import RunResult, run

__all__ = [
    "Folder",
    "Parameter",
    "Plan",
    "Run",
    "RunResult",
    "declared_parameters",
    "folders_of_runs",
    "in_order",
    "plan",
    "read_run",
    "run",
]
