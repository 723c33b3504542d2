"""``workbench quarantine``: list, show, export and dismiss refused records."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import ParameterError
from workbench.foundation.progress import say
from workbench.session import Session

if TYPE_CHECKING:
    import polars as pl

quarantine = typer.Typer(
    help="List, show, export or dismiss refused records.",
    rich_markup_mode=None,
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="DATASET", help="Name of the dataset.")]
Load = Annotated[
    str, typer.Option(metavar="ID", help="Beginning of a load's id, as list prints it.")
]
_DIGITS = 12


@quarantine.command("list")
def list_loads(
    name: Name,
    project: Project = None,
    workspace: Workspace = None,
    key: KeyFile = None,
    head: HeadCopy = None,
    as_json: AsJson = False,
) -> None:
    """List the loads with refused records."""
    session = Session.open(project=project, workspace=workspace, key=key, head=head)
    rows = _refused(session, name, "")
    loads = rows.group_by("source_id", "format", "is_held_back", maintain_order=True).len("records")
    found = [
        (source_id[:_DIGITS], form, records, "nothing loaded" if is_held_back else "loaded")
        for source_id, form, is_held_back, records in loads.iter_rows()
    ]
    if as_json:
        names = ("load", "format", "records", "rest_of_the_load")
        print_json(
            {"dataset": name, "loads": [dict(zip(names, row, strict=True)) for row in found]}
        )
    elif found:
        print_table(("load", "format", "records", "rest of the load"), found)
    else:
        say(f"No refused record in dataset {name}.")


@quarantine.command()
def show(
    name: Name,
    load: Load = "",
    project: Project = None,
    workspace: Workspace = None,
    key: KeyFile = None,
    head: HeadCopy = None,
    as_json: AsJson = False,
) -> None:
    """Count refused records by reason."""
    from workbench.schema.record_faults import count_faults  # late: polars

    session = Session.open(project=project, workspace=workspace, key=key, head=head)
    rows = _refused(session, name, load)
    faults = rows.select("format", "faults").explode("faults").unnest("faults")
    counts = count_faults(faults, by=["format"]).rename({"words": "reason", "records": "rows"})
    if as_json:
        reasons = [row | {"parameters": json.loads(row["parameters"])} for row in counts.to_dicts()]
        print_json({"dataset": name, "refused": rows.height, "reasons": reasons})
    elif rows.is_empty():
        say(f"No refused record in dataset {name}.")
    else:
        lines = list(counts.select("rows", "format", "reason").iter_rows())
        print_table(("records", "format", "reason"), lines)


@quarantine.command()
def export(
    name: Name,
    out: Annotated[Path, typer.Option(help="CSV file to write; it must not exist.")],
    load: Load = "",
    project: Project = None,
    workspace: Workspace = None,
    key: KeyFile = None,
    head: HeadCopy = None,
    as_json: AsJson = False,
) -> None:
    """Write refused records with their own cells, for correction.

    The file is for whoever supplied the data: it has the columns of the export and, before them,
    what is wrong in words. Corrected and loaded with the same mapping, it closes the refusals.
    """
    from workbench.intake.quarantine import write_quarantined_records  # late: polars

    session = Session.open(project=project, workspace=workspace, key=key, head=head)
    rows = _refused(session, name, load)
    formats = rows["format"].unique().sort().to_list()
    if len(formats) > 1:
        raise ParameterError(
            f"dataset {name} has refused records of {len(formats)} formats ({', '.join(formats)}), "
            f"and a file is loaded again as one: choose a load with --load, see workbench "
            f"quarantine list {name}"
        )
    write_quarantined_records(rows, out)
    if as_json:
        print_json({"dataset": name, "records": rows.height, "file": str(out)})
    records = count_text(rows.height, "record")
    say(f"Wrote {records} to {out}, readable by you alone: this is personal data.")


@quarantine.command()
def dismiss(
    name: Name,
    load: Load,
    project: Project = None,
    workspace: Workspace = None,
    key: KeyFile = None,
    head: HeadCopy = None,
    as_json: AsJson = False,
) -> None:
    """Remove the refused records of a load that nobody will correct."""
    from workbench.intake.dismissal import dismiss as dismiss_load  # late: polars

    session = Session.open(project=project, workspace=workspace, key=key, head=head)
    records = dismiss_load(session.vault, name, load=load)
    if as_json:
        print_json({"dataset": name, "dismissed": records})
    what = "a damaged list of refused records"
    if records is not None:
        what = count_text(records, "refused record")
    say(f"Dismissed {what} of dataset {name}.")


def _refused(session: Session, name: str, load: str) -> "pl.DataFrame":
    from workbench.intake.held_back import all_refused_records  # late: polars

    rows = all_refused_records(session.vault, name)
    chosen = rows.filter(rows["source_id"].str.starts_with(load))
    if load and chosen.is_empty():
        raise ParameterError(
            f"no load of dataset {name} with refused records begins with {load!r}: see workbench "
            f"quarantine list {name}"
        )
    return chosen
