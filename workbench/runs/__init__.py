"""Runs: one execution of one notebook of a study as of a date, identified by its inputs.

    study, notebook, parameters, as_of, dataset version, policy, code, lock file ──> run id
    view ──sealed──> kernel ──exhibits──> record

The kernel gets the sealed view and nothing else, and is confined as far as the machine can do it.
Tables, figures and results are read from the executed notebook; all its other output stays in the
vault. ``record.json`` holds nothing that differs between equal runs; when the run was executed,
how long it took and what its kernel was not kept from are in ``execution.json``. The vault keeps a
seal of every run's folder, with which the folder is compared before it is used or published.
"""

from workbench.runs.parameters import Parameter, declared_parameters
from workbench.runs.plan import RunPlan, plan_runs
from workbench.runs.run_folders import Run, RunsFolder, folders_of_runs, read_run, sort_runs
from workbench.runs.runner import RunResult, run_plan

__all__ = [
    "Parameter",
    "Run",
    "RunPlan",
    "RunResult",
    "RunsFolder",
    "declared_parameters",
    "folders_of_runs",
    "plan_runs",
    "read_run",
    "run_plan",
    "sort_runs",
]
