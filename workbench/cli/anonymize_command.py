"""``workbench anonymize``: make an anonymised extract of a dataset or of a single table."""

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
    short_path,
)
from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import ParameterError
from workbench.foundation.progress import say
from workbench.session import Session

if TYPE_CHECKING:
    from workbench.extracts import Extract, TreatedColumn


def anonymize(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="Name of a dataset, or path of a table's file.")
    ],
    policy: Annotated[str, typer.Option(help="Policy: a path, or a name in reports/policies.")],
    out: Annotated[
        Path | None,
        typer.Option(help="New folder for a dataset; new .csv or .parquet file for a table."),
    ] = None,
    customers: Annotated[
        int | None, typer.Option(min=1, help="Number of customers of a random sample.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="Leave out what was not known before.")
    ] = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Write the tables of a dataset as CSV, not as Parquet.")
    ] = False,
    is_plan: Annotated[
        bool, typer.Option("--plan", help="Report what would leave and how risky, write nothing.")
    ] = False,
    project: Project = None,
    workspace: Workspace = None,
    key: KeyFile = None,
    head: HeadCopy = None,
    as_json: AsJson = False,
) -> None:
    """Make an anonymised extract to hand on.

    It is refused where more risk is left than its policy allows.
    """
    if (out is None) != is_plan:
        raise ParameterError("give --out with a new file or folder, or --plan to write nothing")
    from workbench.runs.parameters import parse_date  # late: papermill

    session = Session.open(project=project, workspace=workspace, key=key, head=head)
    made = session.anonymize(
        source, policy=policy, customers=customers, as_of=parse_date(as_of), out=out
    )
    _print(made, as_json=as_json)
    made.require_within_limits()
    for doubt in made.doubts():
        say(f"WARNING: {doubt}")
    if out is None:
        say("This was a plan: nothing was written.")
        return
    written = session.hand_out(made, out, suffix=".csv" if as_csv else ".parquet")
    say(f"Wrote {', '.join(short_path(path) for path in written)}.")


def _print(made: "Extract", *, as_json: bool) -> None:
    if as_json:
        from workbench.extracts.written_extract import describe_extract  # late: polars

        print_json({"extract": describe_extract(made), "risk": made.risk.to_dict()})
        return
    print_table(
        ("table", "column", "treatment"),
        [(each.table, each.column, _words(each)) for each in made.columns],
    )
    typer.echo("")
    for note in made.notes:
        typer.echo(f"  {note}")
    typer.echo(
        f"{count_text(made.persons, 'person')}, {made.suppressed:,} of them left out; "
        f"reached: {', '.join(f'{name} = {value:g}' for name, value in made.reached.items())}; "
        f"lost: {made.utility['gcp']:.1%} of the information of the quasi-identifiers"
    )
    if worst := made.who_loses():
        typer.echo(worst)
    if made.models is not None:
        typer.echo(
            f"A model predicts {made.models.outcome}: AUC {made.models.before.auc:.3f} before, "
            f"{made.models.after.auc:.3f} after; segments agree by "
            f"{made.models.segment_agreement:.2f}"
        )
    for verdict in made.verdicts:
        typer.echo(f"{verdict.question} {verdict.answer}")
    again = made.risk.joined_by_values
    if again is not None and again.value is not None:
        typer.echo(f"{again.label}: {again.value:.1%} of the persons, without a threshold.")


def _words(column: "TreatedColumn") -> str:
    parts = [column.treatment]
    if column.suppressed:
        parts.append(f"{count_text(column.suppressed, 'cell')} suppressed")
    if column.loss is not None:
        parts.append(f"loses {column.loss:.1%}")
    return "; ".join(parts)
