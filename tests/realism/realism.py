"""Hold every synthetic world against what is published, and against real data.

    python -m tests.realism.realism [--customers 20000] [--out tests/realism/results.md]

The table goes to ``results.md``, the page to ``reports/site/realism.html``. Real data are read
where they lie (``WORKBENCH_REAL_DATA``); without them their column is empty.
"""

import argparse
import os
import tempfile
from pathlib import Path

import polars as pl

from tests.realism.facts import FACTS
from tests.realism.measured import held_against, measured_on_real
from workbench.foundation.progress import say
from workbench.reports import build_realism
from workbench.synthetic import generate

PROJECT = Path(__file__).parents[2]
HERE = Path(__file__).parent
_COLUMNS = (
    "fact", "definition", "world", "published", "measured", "inside", "on real data", "source",
    "sure",
)  # fmt: skip


def main() -> None:
    """Measure everything, write table and page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--out", type=Path, default=HERE / "results.md")
    parser.add_argument("--site", type=Path, default=PROJECT / "reports" / "site")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        worlds = {}
        for name in sorted({fact.world for fact in FACTS}):
            recipe = PROJECT / "synthetic" / f"{name}.toml"
            made = generate(recipe, out=Path(folder) / name, customers=options.customers)
            worlds[name] = made.out
        held = held_against(worlds)
    data = Path(os.environ.get("WORKBENCH_REAL_DATA") or PROJECT.parent / "shared" / "data")
    real = real_measures(data) if data.is_dir() else {}
    options.out.write_text(as_table(held, real, options.customers), encoding="utf-8")
    page = build_realism(held, real, site=options.site)
    say(f"{held['is_inside'].sum()} of {held.height} published facts are met: {page}")


def real_measures(data: Path) -> dict[str, dict[str, float]]:
    """Return what the same measures give on public data."""
    lines_read = (data / "cdnow" / "CDNOW_master.txt").read_text().splitlines()[1:]
    cdnow = pl.DataFrame({"cells": [line.split() for line in lines_read]})
    bought = cdnow.select(
        buyer=pl.col("cells").list.get(0),
        at=pl.col("cells").list.get(1).str.to_datetime("%Y%m%d"),
        value=pl.col("cells").list.get(3).cast(pl.Float64),
    )
    lines = pl.read_parquet(data / "online_retail" / "online_retail.parquet")
    names = {name.lower().replace(" ", ""): name for name in lines.columns}
    invoices = (
        lines.select(
            buyer=pl.col(names["customerid"]).cast(pl.String),
            invoice=pl.col(names["invoiceno"]).cast(pl.String),
            at=pl.col(names["invoicedate"]).cast(pl.Datetime),
            value=pl.col(names["quantity"]) * pl.col(names["unitprice"]),
        )
        .filter(pl.col("buyer").is_not_null(), ~pl.col("invoice").str.starts_with("C"))
        .group_by("buyer", "invoice")
        .agg(pl.col("at").min(), pl.col("value").sum())
    )
    found = {
        name: dict(measured_on_real(orders.filter(pl.col("value") > 0)).iter_rows())
        for name, orders in (("CDNOW", bought), ("Online Retail", invoices))
    }
    return found | {"Hillstrom": _hillstrom(data / "hillstrom")}


def _hillstrom(folder: Path) -> dict[str, float]:
    (path,) = folder.glob("*.csv")
    people = pl.read_csv(path, infer_schema_length=None)
    is_mailed = pl.col("segment") != "No E-Mail"
    by_arm = people.group_by(is_mailed.alias("mailed")).agg(pl.col("visit", "conversion").mean())
    held, mailed = by_arm.sort("mailed").iter_rows(named=True)
    spent = people["history"].sort(descending=True)
    return {
        "mail_moves_visits": mailed["visit"] - held["visit"],
        "mail_moves_orders": mailed["conversion"] - held["conversion"],
        "top_fifth_revenue": spent.head(spent.len() // 5).sum() / spent.sum(),
    }


def as_table(held: pl.DataFrame, real: dict[str, dict[str, float]], customers: int) -> str:
    """Return the facts as a table."""
    lines = [
        "# How real the synthetic worlds are",
        "",
        f"`make realism`, {customers:,} customers a world: {held['is_inside'].sum()} of "
        f"{held.height} published facts are met. Definitions and windows are the rows' own.",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        "|---" * len(_COLUMNS) + "|",
    ]
    for row in held.iter_rows(named=True):
        beside = ", ".join(
            f"{name} {values[row['fact']]:.3g}"
            for name, values in real.items()
            if row["fact"] in values
        )
        lines.append(
            f"| {row['fact']} | {row['definition']} | {row['world']} | {row['low']:g} to "
            f"{row['high']:g} | {row['measured']:.3g} | {'yes' if row['is_inside'] else 'NO'} | "
            f"{beside} | {row['source']} | {row['sure']} |"
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
