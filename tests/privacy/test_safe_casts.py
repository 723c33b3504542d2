"""Whatever the numbers are: no error of polars, which would print cells, comes from a view."""

import ast
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tests.privacy.conftest import MakeDataset, at, customer, study
from workbench.features import customer_features
from workbench.foundation.errors import ParameterError
from workbench.privacy import open_view
from workbench.privacy.coarsening import banded_amount
from workbench.privacy.release import Release
from workbench.privacy.release.bins import bin_counts

EXTREMES = [2**63 - 1, -(2**63), 10**18, -(10**18), 10**18 - 1, 0]
PROJECT = Path(__file__).parents[2]
#: Casts that no cell of customer data reaches, or that every value of the type survives.
SAFE = {"String", "Float64", "UInt8", "Schema", "schema"}
RELEASE = Release(view="v", secret=b"secret", is_exact=True, largest_bound=0)


def test_amounts_without_a_band_are_suppressed() -> None:
    rows = pl.DataFrame({"x": EXTREMES}, schema={"x": pl.Int64})
    assert rows.select(banded_amount("x"))["x"].to_list() == [None] * 4 + [71 * 10**16, 0]


@pytest.mark.parametrize("amounts", ["exact", "bands"])
def test_a_view_of_extreme_amounts_and_numbers_can_be_made(
    dataset: MakeDataset, amounts: str
) -> None:
    numbers = range(1, len(EXTREMES) + 1)
    line = {"source_id": "s", "source_row": 1}
    made = dataset(
        customers=[customer(n) for n in numbers],
        orders=[
            {**line, "order_id": f"shop:{n}", "customer_id": n, "kind": "sale", "currency": "EUR",
             "ordered_at": at("2024-03-01"), "total_minor": EXTREMES[n - 1]}
            for n in numbers
        ],
        attributes=[
            {**line, "customer_id": n, "namespace": "status", "attribute": "points",
             "value": value, "origin": "declared", "is_special_category": False,
             "observed_at": at("2024-02-01")}
            for n, value in zip(
                numbers, ["100000000000000000000", "1e308", "7", "8", "-1e19", "9"], strict=True
            )
        ],
    )  # fmt: skip
    columns = {
        "orders": ("kind", "ordered_at", "currency", "total_minor"),
        "attributes": ("namespace", "attribute", "value", "observed_at"),
    }
    asked = study(basis="contract", columns=columns, policy={"k": 2, "amounts": amounts})
    view = open_view(asked, made)
    assert view.data["attributes"].collect()["value"].null_count() >= 1
    customer_features(view.data, as_of=date(2024, 6, 1), currency="EUR")


def test_figures_leave_out_numbers_that_cannot_be_counted() -> None:
    values = [1.0, 3.0, 1e20, float("inf"), float("nan"), None]
    rows = pl.DataFrame({"customer_id": range(1, 7), "group": ["a"] * 6, "x": values})
    means = RELEASE.means(rows, of={"x": 1.0})
    assert means.select("x", "x_persons").row(0) == (2.0, 2)
    counts, _ = bin_counts(rows, "group", "x", ["a"], is_whole=False, release=RELEASE)
    assert counts.sum() == 4
    texts = rows.with_columns(x=pl.Series(["1", "Jo Doe", None, "2", "3", "4"]))
    counts, _ = bin_counts(texts, "group", "x", ["a"], is_whole=False, release=RELEASE)
    assert counts.sum() == 4


def test_ids_and_sums_that_do_not_fit_are_refused_without_their_cells() -> None:
    odd = pl.DataFrame({"customer_id": [1, -7_654_321]})
    with pytest.raises(ParameterError, match="ids that are no pseudonyms") as told:
        RELEASE.counts(odd)
    assert "7654321" not in str(told.value)
    large = pl.DataFrame(
        {"customer_id": [1, 2], "x": [5, 2**63 + 7_654_321]}, schema_overrides={"x": pl.UInt64}
    )
    with pytest.raises(ParameterError, match="x has numbers that are too large"):
        RELEASE.sums(large, of=["x"])


def _casts(module: Path) -> list[str]:
    """Return the casts of a module that may fail on a cell: strict ones, except of counts."""
    found = []
    for node in ast.walk(ast.parse(module.read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr != "cast" or any(each.arg == "strict" for each in node.keywords):
            continue
        text = ast.unparse(node)
        counts = ("sum()", "len()", "n_unique()", "drawn", "persons", "keyed_hash", "hash_ids")
        to = ast.unparse(node.args[0]).removeprefix("pl.").split("(")[0] if node.args else ""
        if to not in SAFE and not any(each in text for each in counts) and to != "Mapping":
            found.append(f"{module.relative_to(PROJECT)}:{node.lineno}: {text}")
    return found


def test_every_cast_of_cells_allows_what_does_not_fit() -> None:
    rooms = ("workbench/privacy", "workbench/features", "workbench/extracts")
    found = [
        cast for room in rooms for module in sorted((PROJECT / room).rglob("*.py"))
        for cast in _casts(module)
    ]  # fmt: skip
    assert found == []
