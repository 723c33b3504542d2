"""``workbench quarantine``: list refused records, or write them out for correction."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.options import AsJson, KeyFile, Workspace, print_json, print_table
from workbench.foundation.progress import say
from workbench.foundation.settings import Settings


def quarantine(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Name of the dataset.")],
    out: Annotated[
        Path | None, typer.Option(help="CSV file to write, with the records' own cells.")
    ] = None,
    workspace: Workspace = None,
    key: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Count refused records by reason; with --out write them out."""
    from workbench.intake import quarantined  # late: polars
    from workbench.intake.quarantine import write_out
    from workbench.vault import Vault

    place = Settings.read(workspace=workspace)
    rows = quarantined(Vault.open(place.workspace, key_file=key).dataset(dataset))
    counts = (
        rows.group_by("format", "column", "reason")
        .len("rows")
        .sort(["rows", "format", "reason"], descending=[True, False, False])
    )
    if as_json:
        print_json({"dataset": dataset, "refused": rows.height, "reasons": counts.to_dicts()})
    elif rows.is_empty():
        say(f"No refused record in dataset {dataset}.")
    else:
        lines = [(n, form, reason) for form, _, reason, n in counts.iter_rows()]
        print_table(("records", "format", "reason"), lines)
    if out is not None:
        write_out(rows, out)
        say(
            f"Wrote {rows.height:,} records to {out}, readable by you alone: "
            "they are personal data."
        )
