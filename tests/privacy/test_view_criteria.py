"""Customers of a view who share their characteristics reach the l and t of its policy."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import log
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pycanon.anonymity import entropy_l_diversity, l_diversity, t_closeness

from tests.privacy.conftest import MakeDataset, source, study
from tests.privacy.test_view_risk import COLUMNS, LIMITS, people
from workbench.foundation.errors import PrivacyError
from workbench.privacy import View, open_view
from workbench.privacy.anonymity import anonymise
from workbench.privacy.recoding import Closeness, DistinctDiversity, EntropyDiversity, KAnonymity
from workbench.privacy.view_risk import require_risk
from workbench.studies import Policy
from workbench.studies.policy import preset_values

INCOMES = ("EUR <10000", "EUR 10000-19999", "EUR 20000-39999", "EUR 40000+")
CELL = st.sampled_from(["aa", "ab", "ba", "bb", "c", None])
ROWS = st.lists(
    st.tuples(CELL, CELL, st.sampled_from(["p", "q", "r", None])), min_size=8, max_size=50
)


def classes_of(rows: pl.DataFrame, columns: Sequence[str]) -> Iterator[pl.Series]:
    """Yield the sensitive cells of the customers who share all of these columns."""
    for group in rows.partition_by(columns):
        yield group["s"]


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, least=st.integers(2, 3), limit=st.sampled_from([0.0, 0.1, 1.0]), data=st.data())
def test_l_is_reached_among_the_values_that_are_stated(
    rows: list[tuple[str | None, ...]], least: int, limit: float, data: st.DataObject
) -> None:
    frame = pl.DataFrame(rows, schema=dict.fromkeys("xys", pl.String()), orient="row")
    values = frame["s"].drop_nulls()
    assume(values.n_unique() >= least or values.is_empty())
    made = anonymised(frame, DistinctDiversity(column="s", l=least), limit, data)
    for size in (1, 2):
        for columns in combinations("xy", size):
            for cells in classes_of(made, columns):
                assert cells.drop_nulls().n_unique() >= least or cells.drop_nulls().is_empty()


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, t=st.sampled_from([0.1, 0.3]), data=st.data())
def test_t_is_reached_in_every_projection(
    rows: list[tuple[str | None, ...]], t: float, data: st.DataObject
) -> None:
    frame = pl.DataFrame(rows, schema=dict.fromkeys("xys", pl.String()), orient="row")
    made = anonymised(frame, Closeness(column="s", t=t), 0.1, data)
    whole = frame["s"].fill_null("").value_counts(normalize=True)
    for size in (1, 2):
        for columns in combinations("xy", size):
            for cells in classes_of(made, columns):
                own = cells.fill_null("").value_counts(normalize=True)
                joined = whole.join(own, on="s", how="left").fill_null(0.0)
                away = (joined["proportion"] - joined["proportion_right"]).abs().sum() / 2
                assert away <= t + 1e-9


def anonymised(
    frame: pl.DataFrame,
    criterion: DistinctDiversity | Closeness | EntropyDiversity,
    limit: float,
    data: st.DataObject,
) -> pl.DataFrame:
    """Anonymise x and y, each with its first letter as second level, and put s beside them."""
    customers = frame.with_row_index("customer_id").cast({"customer_id": pl.UInt64})
    made = anonymise(
        customers,
        levels={name: (pl.col(name), pl.col(name).str.head(1)) for name in "xy"},
        criteria=[KAnonymity(k=2), criterion],
        keep=(),
        suppression_limit=limit,
        search=data.draw(st.sampled_from(["greedy", "optimal"])),
    )
    assert all(made.rows.group_by(each).len()["len"].min() >= 2 for each in "xy")
    return made.rows.with_columns(frame["s"])


def view_with_incomes(dataset: MakeDataset, **policy: Any) -> View:
    """Return a view of 600 customers whose incomes depend on their countries."""
    rows = [
        {**row, "income_band": INCOMES[(number * (1 if row["country"] == "DE" else 2)) % 4]}
        for number, row in enumerate(people())
    ]
    made = dataset(customers=rows, sources=[source("s", "2025-01-01")])
    asked = study(basis="contract", columns={"customers": (*COLUMNS, "income_band")}, policy=policy)
    return open_view(asked, made)


def shown(view: View) -> tuple[pd.DataFrame, list[str]]:
    rows = view.data["customers"].select(*COLUMNS, "income_band").collect()
    told = rows.select(pl.all().cast(pl.String).fill_null("(empty)"))
    return pd.DataFrame(told.to_dict(as_series=False)), list(COLUMNS)


@pytest.mark.parametrize("generalisation", ["greedy", "optimal"])
def test_a_view_reaches_the_l_and_t_of_its_study(dataset: MakeDataset, generalisation: str) -> None:
    """Judged by pycanon; with k alone neither is reached."""
    plain, names = shown(view_with_incomes(dataset, k=3, generalisation=generalisation))
    diverse, _ = shown(view_with_incomes(dataset, k=3, l=3, generalisation=generalisation))
    close, _ = shown(view_with_incomes(dataset, k=3, t=0.3, generalisation=generalisation))
    entropic, _ = shown(
        view_with_incomes(dataset, k=3, l=3, diversity="entropy", generalisation=generalisation)
    )
    assert (
        l_diversity(plain, names, ["income_band"])
        < 3
        <= l_diversity(diverse, names, ["income_band"])
    )
    assert (
        t_closeness(plain, names, ["income_band"])
        > 0.3
        >= t_closeness(close, names, ["income_band"])
    )
    assert smallest_entropy(plain) < log(3) <= smallest_entropy(entropic) + 1e-9
    assert entropy_l_diversity(entropic, names, ["income_band"]) >= 3


def smallest_entropy(rows: pd.DataFrame) -> float:
    """Return the smallest entropy of the incomes among those who share their characteristics."""
    frame = pl.DataFrame(rows.to_dict(orient="list"))
    shares = frame.group_by(COLUMNS).agg(
        pl.col("income_band").value_counts(normalize=True).struct.field("proportion")
    )
    return min(-sum(p * log(p) for p in each) for each in shares["proportion"].to_list())


def test_the_page_says_what_customers_share_beside_k(dataset: MakeDataset) -> None:
    view = view_with_incomes(dataset, k=3, l=2, t=0.4)
    assert (
        "have at least 2 different values of income_band and have a distribution of income_band "
        "within 0.4 of everybody's" in view.report.cost
    )
    assert view.report.columns.filter(column="gender")["note"].item().startswith("to reach k and l")


def test_rare_incomes_are_told_apart_from_what_is_generalised(dataset: MakeDataset) -> None:
    rows = [{**row, "income_band": INCOMES[0]} for row in people(80)]
    rows[0]["income_band"] = INCOMES[3]
    made = dataset(customers=rows, sources=[source("s", "2025-01-01")])
    columns = {"customers": (*COLUMNS, "income_band")}
    cost = open_view(study(basis="contract", columns=columns, policy={"k": 5}), made).report.cost
    assert "share were removed from customers.income_band" in cost
    assert "income_band was made" not in cost


def test_an_l_that_nobody_can_reach_is_refused(dataset: MakeDataset) -> None:
    with pytest.raises(PrivacyError, match="l is 5, but all customers of the view together have 4"):
        view_with_incomes(dataset, l=5)


def test_attacks_are_tried_on_a_view_with_l(dataset: MakeDataset) -> None:
    """The rehearsal of half of the customers is made by the same l."""
    risk = require_risk(view_with_incomes(dataset, k=5, l=3, limits=LIMITS))
    tried = risk.attacks.filter(pl.col("attack").str.contains("income_band"))
    assert (tried["persons"] > 0).all()
    assert tried.height


def test_a_preset_brings_its_l_to_a_study() -> None:
    policy = Policy.model_validate(preset_values({"preset": "release"}, Policy))
    assert (policy.l, policy.t) == (3, 0.4)
