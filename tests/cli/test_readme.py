"""README's own example, as a newcomer follows it."""

import re
from pathlib import Path

import pytest

from tests.conftest import PROJECT

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
