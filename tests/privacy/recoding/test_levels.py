"""The levels of least loss are those that ARX finds, and its figures are ours."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.privacy.recoding.adult import EIGHT, NINE, adult_hierarchies, adult_rows
from workbench.privacy.recoding import (
    Closeness,
    Criterion,
    DistinctDiversity,
    EntropyDiversity,
    HierarchicalCloseness,
    KAnonymity,
    recode,
)
from workbench.privacy.recoding.coded_tables import CodedTable, code_table
from workbench.privacy.recoding.criteria import fitted
from workbench.privacy.recoding.lattice import find_levels
from workbench.privacy.recoding.node_losses import Discernibility, EntropyLoss, Loss


def coded(real_data: Path, names: Sequence[str], criteria: Sequence[Criterion]) -> CodedTable:
    return code_table(
        adult_rows(real_data),
        hierarchies=adult_hierarchies(real_data, names),
        sensitive=[each.sensitive for each in criteria if each.sensitive],
        persons=None,
        missing="value",
    )


def k(k: int) -> KAnonymity:
    return KAnonymity(k=k)


OCCUPATION = {"column": "occupation"}

# ARX's JUnit tests: criteria, suppression limit, whether suppression adds to the loss, least loss,
# levels in the order of the columns.
ENTROPY = [
    (NINE, [k(5)], 0.04, False, 255559.85455731067, (1, 0, 1, 1, 3, 2, 2, 0, 1)),
    (NINE, [k(100)], 0.04, False, 379417.3460570988, (1, 1, 1, 1, 3, 2, 2, 1, 1)),
    (NINE, [k(5)], 0.0, False, 407289.5388925293, (1, 2, 1, 1, 3, 2, 2, 1, 1)),
    (NINE, [k(100)], 0.0, False, 453196.8932458743, (0, 4, 1, 1, 3, 2, 2, 1, 1)),
    (EIGHT, [EntropyDiversity(**OCCUPATION, l=5)], 0.04, True, 228878.2039109517,
     (1, 0, 1, 1, 2, 2, 2, 1)),
    (EIGHT, [EntropyDiversity(**OCCUPATION, l=5)], 0.0, True, 324620.5269918692,
     (1, 1, 1, 1, 3, 2, 2, 1)),
]  # fmt: skip


@pytest.mark.parametrize(("names", "criteria", "limit", "counts", "loss", "levels"), ENTROPY)
def test_least_entropy_is_arx_own(
    real_data: Path,
    names: Sequence[str],
    criteria: list[Criterion],
    limit: float,
    counts: bool,
    loss: float,
    levels: tuple[int, ...],
) -> None:
    table = coded(real_data, names, criteria)
    entropy = EntropyLoss(table, counts_suppression=counts)
    assert found_levels(table, criteria, limit, entropy) == (levels, pytest.approx(loss, rel=1e-12))


@pytest.mark.parametrize("size", [5, 100])
@pytest.mark.parametrize(
    ("limit", "loss", "levels"),
    [(0.04, 311880088, (1, 4, 1, 0, 3, 2, 2, 1)), (0.0, 456853172, (1, 4, 1, 1, 3, 2, 2, 1))],
)
def test_least_discernibility_under_t_is_arx_own(
    real_data: Path, size: int, limit: float, loss: float, levels: tuple[int, ...]
) -> None:
    criteria = [k(size), Closeness(**OCCUPATION, t=0.2)]
    table = coded(real_data, EIGHT, criteria)
    squares = Discernibility(table, counts_suppression=False)
    assert found_levels(table, criteria, limit, squares) == (levels, loss)


def found_levels(
    table: CodedTable, criteria: Sequence[Criterion], limit: float, loss: Loss
) -> tuple[tuple[int, ...], float]:
    most = int(limit * table.rows.sum())
    found = find_levels(table, criteria=criteria, most_suppressed=most, loss=loss)
    assert found is not None and found.is_optimal
    return found.levels, found.loss


@pytest.mark.parametrize(
    ("size", "limit", "loss", "levels"),
    [
        (5, 0.04, 377622.78458729305, (1, 4, 0, 0, 3, 2, 2, 1)),
        (100, 0.04, 390765.61326019815, (1, 4, 1, 0, 3, 1, 2, 1)),
        (5, 0.0, 398400.0741806447, (0, 4, 1, 1, 3, 2, 2, 1)),
        (100, 0.0, 398400.0741806447, (0, 4, 1, 1, 3, 2, 2, 1)),
    ],
)
def test_least_entropy_under_hierarchical_t_is_arx_own(
    real_data: Path, size: int, limit: float, loss: float, levels: tuple[int, ...]
) -> None:
    hierarchy = adult_hierarchies(real_data)["occupation"]
    near = HierarchicalCloseness(**OCCUPATION, t=0.2, hierarchy=hierarchy)
    criteria = fitted([k(size), near], adult_rows(real_data))
    table = coded(real_data, EIGHT, criteria)
    entropy = EntropyLoss(table, counts_suppression=False)
    assert found_levels(table, criteria, limit, entropy) == (levels, pytest.approx(loss, rel=1e-12))


def test_entropy_l_of_100_cannot_be_reached(real_data: Path) -> None:
    criteria = [EntropyDiversity(**OCCUPATION, l=100)]
    table = coded(real_data, EIGHT, criteria)
    loss = EntropyLoss(table)
    assert find_levels(table, criteria=criteria, most_suppressed=1_206, loss=loss) is None


THREE = DistinctDiversity(**OCCUPATION, l=3)


@pytest.mark.parametrize(
    ("names", "criteria", "limit", "gcp", "loss", "class_size", "suppressed"),
    [
        (NINE, [k(5)], 0.0, 0.6355, 0.7613, 1256.8, 0),
        (NINE, [k(5)], 0.02, 0.3575, None, None, None),
        (NINE, [k(5)], 1.0, 0.2277, 0.3852, 45.9, 2553),
        (EIGHT, [k(5), THREE], 0.0, 0.6250, 0.7656, 1160, 0),
        (EIGHT, [k(5), THREE], 1.0, 0.1736, 0.3504, 56.6, 2335),
        (EIGHT, [k(5), Closeness(**OCCUPATION, t=0.2)], 0.0, 0.9291, 0.9393, 15081, 0),
        (EIGHT, [k(5), Closeness(**OCCUPATION, t=0.2)], 1.0, 0.6435, 0.6778, 957, 8156),
    ],
)
def test_figures_are_those_of_arx(
    real_data: Path,
    names: Sequence[str],
    criteria: list[Criterion],
    limit: float,
    gcp: float,
    loss: float | None,
    class_size: float | None,
    suppressed: int | None,
) -> None:
    made = recode(
        adult_rows(real_data),
        hierarchies=adult_hierarchies(real_data, names),
        criteria=criteria,
        suppression_limit=limit,
    )
    assert made.measured.is_reached
    assert made.utility.gcp == pytest.approx(gcp, abs=6e-5)
    if loss is not None:
        assert made.utility.loss == pytest.approx(loss, abs=6e-5)
        assert made.utility.average_class_size == pytest.approx(class_size, rel=1e-3)
        assert made.suppressed == made.measured.suppressed == suppressed
