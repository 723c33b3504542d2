"""``workbench truth``: what was planted in a synthetic world."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.options import AsJson, print_json, print_table, short_path
from workbench.foundation.progress import say

if TYPE_CHECKING:
    from workbench.synthetic.truth import Truth

_DEFAULT_MONTHS = 3


def truth(
    world: Annotated[Path, typer.Argument(metavar="WORLD", help="Folder of a synthetic world.")],
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="First day of a month: which customers leave and buy from then on.",
        ),
    ] = None,
    months: Annotated[
        int, typer.Option(help="How far --as-of looks ahead, 1 to 12.")
    ] = _DEFAULT_MONTHS,
    out: Annotated[
        Path | None, typer.Option(help="Parquet file for the truth about every customer.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print what was planted in a synthetic world."""
    from workbench.foundation.errors import ParameterError
    from workbench.synthetic import violations  # late: numpy, polars
    from workbench.synthetic.truth import open_truth

    if out is not None and as_of is None:
        raise ParameterError("--out writes what --as-of tells: give both")
    known = open_truth(world)
    content: dict[str, Any] = dict(known.summary)
    if as_of is not None:
        content["outlook"] = _outlook(known, as_of.date(), months, out)
    content["violations"] = dict(violations(world).select("rule", "violations").iter_rows())
    if as_json:
        print_json(content)
        return
    print_table(("what", "planted"), _lines(content))
    if out is not None:
        say(f"Wrote the truth about every customer to {short_path(out)}; join it by record_id.")


def _outlook(known: "Truth", as_of: date, months: int, out: Path | None) -> dict[str, Any]:
    from workbench.schema.customer_data import write_parquet

    rows = known.outlooks(as_of=as_of, horizon_months=months)
    if out is not None:
        write_parquet(rows, out)
    means = rows.select(
        "is_active", "p_leaves", "p_leaves_given_history", "p_buys", "p_buys_given_history"
    ).mean()
    return {
        "as_of": as_of.isoformat(),
        "horizon_months": months,
        "customers": rows.height,
        **{name: round(value, 6) for name, value in means.row(0, named=True).items()},
        "leaves": None if rows["leaves"].null_count() else round(float(rows["leaves"].sum()), 6),
    }


def _lines(content: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the truth as lines of a path and a figure."""
    found: list[tuple[str, str]] = []

    def walk(path: str, value: object) -> None:
        if isinstance(value, dict):
            inner = dict(value)
            name = inner.pop("name", inner.get("campaign_id")) if path.endswith("]") else None
            for key, each in inner.items():
                walk(
                    f"{path.rpartition('[')[0]}.{name}.{key}" if name else _join_path(path, key),
                    each,
                )
        elif isinstance(value, list):
            for place, each in enumerate(value):
                walk(f"{path}[{place}]", each)
        else:
            found.append((path, "-" if value is None else str(value)))

    walk("", content)
    return found


def _join_path(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
