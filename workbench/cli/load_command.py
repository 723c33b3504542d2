"""``workbench load``: read exports into a dataset."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import (
    AsJson,
    HeadCopy,
    KeyFile,
    Project,
    Workspace,
    format_money,
    parse_pairs,
    print_json,
    print_table,
)
from workbench.foundation.counted_nouns import count_text
from workbench.foundation.progress import say
from workbench.session import Session

if TYPE_CHECKING:
    from workbench.intake import LoadReport


def load(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Files, folders, archives, or synthetic worlds."),
    ],
    dataset: Annotated[str, typer.Option(help="Name of the dataset to load into.")],
    mapping: Annotated[
        str | None,
        typer.Option(
            "--mapping",
            "--format",
            help="Name of a ready mapping, or a path to a TOML file. Without it the files are "
            "recognised by their content.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="system, zone, currency, data_until, basis, trust, orders; what a mapping asks.",
        ),
    ] = None,
    max_refused: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Share of a file's records that may be refused before nothing is loaded; "
            "without it 0.2, for files of 100 records or more.",
        ),
    ] = None,
    expect: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=NUMBER",
            help="What the supplier states: orders=8000, orders.EUR=84000.00, or a TOML file of "
            "such lines.",
        ),
    ] = None,
    is_plan: Annotated[
        bool, typer.Option("--plan", help="Report what a load would do, and store nothing.")
    ] = False,
    project: Project = None,
    workspace: Workspace = None,
    key: KeyFile = None,
    head: HeadCopy = None,
    as_json: AsJson = False,
) -> None:
    """Read exports into a dataset; quarantine what cannot be used."""
    from workbench.intake.held_back import HeldBackError  # late: polars

    session = Session.open(project=project, workspace=workspace, key=key, head=head)
    try:
        report = session.load(
            paths,
            dataset=dataset,
            mapping=mapping,
            settings=parse_pairs(settings or [], "--set"),
            max_refused=max_refused,
            expect=expect or [],
            is_plan=is_plan,
        )
    except HeldBackError as error:
        _print(error.report, as_json=as_json)
        raise
    _print(report, as_json=as_json)
    for warning in report.warnings:
        say(f"WARNING: {warning}")
    if is_plan:
        say("This was a plan: nothing was stored.")
        return
    if report.made_version:
        say(f"Dataset {dataset} is now at version {report.version}.")
    else:
        say(f"Nothing changed: dataset {dataset} stays at version {report.version}.")
    if report.refused:
        refused = count_text(report.refused, "refused record")
        say(f"{refused}: workbench quarantine show {dataset}")
    say("The plain exports were not removed; remove them if they are not needed any more.")


def _print(report: "LoadReport", *, as_json: bool) -> None:
    if as_json:
        print_json(report.to_json())
    else:
        _print_report(report)


def _print_report(report: "LoadReport") -> None:
    for file in report.files:
        print_table(
            ("file", "format", "read", "accepted", "refused"),
            [(Path(file.path).name, file.format, file.read, file.accepted, file.refused)],
        )
        for reason, rows in file.reasons.items():
            typer.echo(f"  refused, {count_text(rows, 'record')}: {reason}")
        for reason, rows in file.passed_over.items():
            typer.echo(f"  passed over, {count_text(rows, 'record')}: {reason}")
        for assumption in file.assumptions:
            typer.echo(f"  assumed: {assumption}")
    for table, sums in report.amounts.items():
        told = ", ".join(format_money(amount, currency) for currency, amount in sums.items())
        rows_text = count_text(report.rows[table], "row")
        typer.echo(f"{table} of this load: {rows_text}, {told}.")
    people = report.people
    customers = count_text(people.customers, "customer")
    linked = count_text(people.across_systems, "record", "are")
    typer.echo(
        f"{count_text(people.records, 'record', 'are')} {customers}; "
        f"{linked} linked to records of other systems."
    )
    if people.only_identified:
        persons = count_text(people.only_identified, "person")
        typer.echo(
            f"No customers: {persons} of whom only identifiers are known. "
            "Views leave them out until a source states the customer."
        )
    if people.conflicts:
        typer.echo(
            f"Not linked: {count_text(people.conflicts, 'identifier')} (address, number or device) "
            "that more than one person uses. An objection in one of their records counts for all."
        )
    print_table(("table", "rows"), list(report.tables.items()))
