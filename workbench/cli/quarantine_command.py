"""``workbench quarantine``: list refused records, or write them out for correction."""

import json
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.options import (
    AsJson,
    HeadCopy,
    KeyFile,
    Project,
    Workspace,
    print_json,
    print_table,
)
from workbench.foundation.progress import say
from workbench.session import Session


def quarantine(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Name of the dataset.")],
    out: Annotated[
        Path | None, typer.Option(help="CSV file to write, with the records' own cells.")
    ] = None,
    project: Project = None,
    workspace: Workspace = None,
    key: KeyFile = None,
    head: HeadCopy = None,
    as_json: AsJson = False,
) -> None:
    """Count refused records by reason; with --out write them out."""
    from workbench.intake import quarantined_records  # late: polars
    from workbench.intake.quarantine import write_quarantined_records
    from workbench.schema.record_faults import count_faults

    session = Session.open(project=project, workspace=workspace, key=key, head=head)
    rows = quarantined_records(session.vault.dataset(dataset))
    faults = rows.select("format", "faults").explode("faults").unnest("faults")
    counts = count_faults(faults, by=["format"]).rename({"words": "reason", "records": "rows"})
    if as_json:
        reasons = [row | {"parameters": json.loads(row["parameters"])} for row in counts.to_dicts()]
        print_json({"dataset": dataset, "refused": rows.height, "reasons": reasons})
    elif rows.is_empty():
        say(f"No refused record in dataset {dataset}.")
    else:
        lines = list(counts.select("rows", "format", "reason").iter_rows())
        print_table(("records", "format", "reason"), lines)
    if out is not None:
        write_quarantined_records(rows, out)
        say(
            f"Wrote {rows.height:,} records to {out}, readable by you alone: "
            "they are personal data."
        )
