"""No levels lose less than those that the search finds, by trying all of them."""

from collections import Counter
from itertools import product
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.foundation.errors import PrivacyError
from workbench.privacy.recoding import (
    Closeness,
    Criterion,
    DistinctDiversity,
    EntropyDiversity,
    KAnonymity,
    category_tree,
    measure_table,
    number_bands,
    recode,
)

HIERARCHIES = {
    "age": number_bands(range(8), widths=[2, 4]),
    "city": category_tree({"North": ["a", "b"], "South": ["c"]}),
    "plan": category_tree({"Paid": ["x", "y"], "Free": ["z"]}),
}
FRAMES = {name: each.frame() for name, each in HIERARCHIES.items()}
LEAVES = {name: frame["0"].to_list() for name, frame in FRAMES.items()}
CRITERIA = st.sampled_from(
    [
        [KAnonymity(k=2)],
        [KAnonymity(k=4)],
        [KAnonymity(k=2), DistinctDiversity(column="s", l=2)],
        [EntropyDiversity(column="s", l=2)],
        [KAnonymity(k=2), Closeness(column="s", t=0.25)],
        [Closeness(column="s", t=0.45)],
    ]
)


def labelled(rows: pl.DataFrame, levels: tuple[int, ...]) -> pl.DataFrame:
    replaced = [
        pl.col(name).replace_strict(FRAMES[name]["0"], FRAMES[name][str(level)])
        for name, level in zip(HIERARCHIES, levels, strict=True)
    ]
    return rows.with_columns(replaced)


def penalty(rows: pl.DataFrame, levels: tuple[int, ...], criteria: list[Criterion]) -> Any:
    """Return the GCP and the suppressed rows of levels, class by class."""
    table = labelled(rows, levels)
    covered = [
        Counter(FRAMES[name][str(level)]) for name, level in zip(FRAMES, levels, strict=True)
    ]
    lost, suppressed = 0.0, 0
    for labels, members in table.group_by(list(HIERARCHIES), maintain_order=True):
        # The rest of the table joins, in a class of its own, for the shares of the whole table.
        others = table.join(members, on=list(HIERARCHIES), how="anti")
        marked = pl.concat(
            [members.with_columns(m=pl.lit("in")), others.with_columns(m=pl.lit("*"))]
        )
        found = measure_table(marked, quasi_identifiers=["m"], criteria=criteria)
        if found.is_reached and set(labels) != {"*"}:
            lost += members.height * sum(
                (covered[i][label] - 1) / (len(LEAVES[name]) - 1)
                for i, (name, label) in enumerate(zip(FRAMES, labels, strict=True))
            ) / len(FRAMES)  # fmt: skip
        else:
            lost += members.height
            suppressed += members.height
    return lost / rows.height, suppressed


@settings(max_examples=60, deadline=None)
@given(
    cells=st.lists(
        st.tuples(
            *(st.sampled_from(leaves) for leaves in LEAVES.values()),
            st.sampled_from("pppqr"),
        ),
        min_size=1,
        max_size=24,
    ),
    criteria=CRITERIA,
    limit=st.sampled_from([0.0, 0.2, 1.0]),
)
def test_the_least_loss_is_found(
    cells: list[tuple[str, ...]], criteria: list[Criterion], limit: float
) -> None:
    rows = pl.DataFrame(cells, schema=[*HIERARCHIES, "s"], orient="row")
    heights = [each.height + 1 for each in HIERARCHIES.values()]
    every = {levels: penalty(rows, levels, criteria) for levels in product(*map(range, heights))}
    allowed = [
        lost for lost, suppressed in every.values() if suppressed <= limit * rows.height + 1e-9
    ]
    options = {"hierarchies": HIERARCHIES, "criteria": criteria, "suppression_limit": limit}
    if not allowed:
        with pytest.raises(PrivacyError):
            recode(rows, **options)
        return
    made = recode(rows, **options)
    assert made.is_optimal
    assert made.utility.gcp == pytest.approx(min(allowed))
    assert every[tuple(made.levels.values())][0] == pytest.approx(made.utility.gcp)
