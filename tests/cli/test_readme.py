"""README's own example, as a newcomer follows it."""

import csv
import re
import tomllib
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from tests.conftest import PROJECT
from workbench.sources import SourceMapping, open_source

from .conftest import Command

CUSTOMERS = 300


def example() -> str:
    """Return the mapping that README shows."""
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"((?:^ {7}.*\n|^\n)+)", text[text.index("needs a mapping") :], re.M)[:1]
    return "\n".join(line.removeprefix("       ") for line in block.splitlines())


def orders() -> str:
    """Return a year of orders of many customers as a web shop writes them."""
    lines = ["Order No.;customer;placed;Total paid;coin;Newsletter?"]
    for number in range(CUSTOMERS * 6):
        customer, day = number % CUSTOMERS, (number * 37) % 360
        placed = f"{1 + day % 28:02d}.{1 + day // 30:02d}.24 {8 + number % 12:02d}:15"
        said = ("oui", "non", "")[customer % 3]
        lines.append(f"{number:05d};C-{customer:04d};{placed};{5 + number * 7 % 90},95;EUR;{said}")
    return "\n".join(lines)


def test_an_export_of_ones_own_reaches_a_report(workbench: Command, home: Path) -> None:
    (home / "orders.toml").write_text(example())
    (home / "orders.csv").write_text(orders())
    assert workbench("init").code == 0
    loaded = workbench(
        "load", "orders.csv", "--mapping", "orders.toml", "--dataset", "shop", "--json"
    )
    assert loaded.code == 0, loaded.err
    assert loaded.json["accepted"] == CUSTOMERS * 6
    assert loaded.json["tables"]["consents"] == CUSTOMERS * 2 / 3
    text = (home / "reports" / "studies" / "online-retail.toml").read_text()
    text = text.replace('dataset = "online-retail"', 'dataset = "shop"').replace("GBP", "EUR")
    (home / "shop.toml").write_text(text)
    done = workbench("run", "segmentation", "--study", "shop.toml", "--json")
    assert done.code == 0, done.err
    assert done.json["runs"][0]["metrics"]["segments"]["n"] == pytest.approx(CUSTOMERS, abs=5)


def test_the_mapping_of_readme_gives_the_times_and_totals_of_a_plain_recomputation(tmp_path: Path):
    (tmp_path / "orders.csv").write_text(orders())
    first: dict[str, datetime] = {}
    total: dict[str, int] = {}
    for row in csv.DictReader(orders().splitlines(), delimiter=";"):
        stated = datetime.strptime(f"{row['placed']} +0000", "%d.%m.%y %H:%M %z")
        placed = stated.replace(tzinfo=ZoneInfo("Europe/Amsterdam"))
        customer = f"webshop:{row['customer']}"
        first[customer] = min(placed, first.get(customer, placed))
        total[customer] = total.get(customer, 0) + int(row["Total paid"].replace(",", ""))
    mapping = SourceMapping.of(tomllib.loads(example()), name="orders")
    tables = open_source(tmp_path / "orders.csv", mapping=mapping).read(0).tables
    assert dict(tables["customers"].select("record_id", "first_seen_at").iter_rows()) == first
    paid = tables["orders"].group_by("record_id").agg(pl.col("total_minor").sum())
    assert dict(paid.iter_rows()) == total
