"""Find out whom single values of a column find, although k persons share the quasi-identifiers.

Classes of k persons protect only the columns of which they are made. A release may show other
columns, and a value that hardly anybody else has finds its person there, whatever the class says::

    class            amount
    30-39, N    ──>  1,169 (nobody else)          the person is found
    30-39, N    ──>  [1 000, 1 500) (61 persons)  the person is not found

Values that were replaced can be found too: a number that stands for a value by how often it occurs,
and a perturbed number if it is nearer to the own value than all others are.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.statistics.estimates import Estimate
from workbench.statistics.intervals import share_interval

_PERSON, _VALUE = "_person", "_value"
#: Difference below which two distances or chances are equal.
_EQUAL = 1e-9


def rare_values(persons: pl.Series, cells: pl.Series, *, k: int) -> Estimate:
    """Return the share of persons with a value that fewer than ``k`` persons have.

    Parameters
    ----------
    persons : Series
        Person of each row.
    cells : Series
        Cells of the column, as the release shows them; missing cells find nobody.
    k : int
        Number of persons who must share a value.

    Examples
    --------
    >>> rare_values(pl.Series([1, 2, 3]), pl.Series("plan", ["a", "a", "b"]), k=2).value
    0.3333333333333333
    """
    stated, holders = _holders(persons, cells)
    rare = holders.filter(pl.col("holders") < k)
    found = stated.join(rare, on=_VALUE, how="semi")[_PERSON].n_unique()
    label = f"{cells.name}: value of fewer than {k} persons"
    return _share("rare_values", label, found, persons.n_unique())


def frequent_values(persons: pl.Series, cells: pl.Series) -> Estimate:
    """Return the share of persons whose replaced value is told by how often it occurs.

    Whoever knows how many persons have each value knows which number stands for it, if no other
    value has as many persons. A column of a single value tells nothing.

    Examples
    --------
    >>> frequent_values(pl.Series(range(5)), pl.Series("sex", [1, 1, 2, 2, 2])).value
    1.0
    >>> frequent_values(pl.Series(range(4)), pl.Series("receipt", [1, 2, 3, 4])).value
    0.0
    """
    stated, holders = _holders(persons, cells)
    told = holders.filter(pl.len().over("holders") == 1) if holders.height > 1 else holders.clear()
    found = stated.join(told, on=_VALUE, how="semi")[_PERSON].n_unique()
    label = f"{cells.name}: value told by how often it occurs"
    return _share("frequent_values", label, found, persons.n_unique())


def nearest_values(before: pl.Series, shown: pl.Series) -> Estimate:
    """Return the share of rows whose perturbed number is the nearest of all to their own number.

    Of several that are equally near, one is guessed.

    Parameters
    ----------
    before, shown : Series
        Numbers of each row before and after they were perturbed.

    Examples
    --------
    >>> nearest_values(pl.Series("sum", [10.0, 20.0, 90.0]), pl.Series([11.0, 19.0, 80.0])).value
    1.0
    >>> nearest_values(pl.Series("sum", [10.0, 20.0]), pl.Series([19.0, 11.0])).value
    0.0
    """
    rows = pl.DataFrame({"own": before, "shown": shown}, schema=["own", "shown"])
    stated = rows.select(pl.all().cast(pl.Float64, strict=False)).drop_nulls()
    own, made = stated["own"].to_numpy(), stated["shown"].to_numpy()
    guessed = _guesses(own, made) if len(own) else np.zeros(0)
    label = f"{before.name}: perturbed number that is nearest to the own"
    return _share("nearest_values", label, float(guessed.sum()), len(own))


def found_together(
    classes: pl.DataFrame,
    own: pl.DataFrame,
    shown: pl.DataFrame,
    *,
    chance: float,
    sample: int = 2_000,
) -> Estimate:
    """Return the share of rows that are found if all shown columns are known together.

    The intruder takes the rows with the same class and kept values, and of these the one whose
    perturbed numbers are nearest, as ratios. A row is found if the chance that it is the one taken
    is above that which the policy allows.

    Parameters
    ----------
    classes : DataFrame
        Labels of the quasi-identifiers and kept values of each row.
    own, shown : DataFrame
        Perturbed columns of the same rows, before and after; without columns if there are none.
    chance : float
        Largest chance that is allowed.
    sample : int
        Number of rows that are looked for; a hash draws them.

    Examples
    --------
    >>> classes = pl.DataFrame({"age": ["20-29"] * 3, "plan": ["a", "a", "b"]})
    >>> nothing = pl.DataFrame()
    >>> round(found_together(classes, nothing, nothing, chance=0.5).value, 2)
    0.33
    """
    label = "Found if kept and perturbed columns are known too"
    group = classes.select(pl.struct(classes.columns).rank("dense")).to_series()
    logs = [
        each.select(pl.all().cast(pl.Float64, strict=False).abs().log1p().fill_null(0.0)).to_numpy()
        for each in (own, shown)
    ]
    numbers = group.to_numpy()
    by_group = np.argsort(numbers, kind="stable")
    ordered = numbers[by_group]
    drawn = pl.select(row=pl.int_range(len(numbers))).sort(pl.col("row").hash(seed=5)).head(sample)
    found = 0
    for row in drawn["row"]:
        begin, end = np.searchsorted(ordered, [numbers[row], numbers[row] + 1])
        others = by_group[begin:end]
        if own.width:
            away = np.abs(logs[1][others] - logs[0][row]).sum(axis=1)
            others = others[away <= away.min() + _EQUAL]
        found += int(1 / len(others) > chance + _EQUAL and row in others)
    n = drawn.height
    low, high = (float(each) for each in share_interval(found, n)) if n else (None, None)
    return Estimate(
        name="found_together", label=label, unit="share", n=n, value=found / n if n else None,
        low=low, high=high, note="" if n else "the release has no rows",
    )  # fmt: skip


def _guesses(own: NDArray[np.float64], made: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the chance that a guess among the nearest numbers is the number of the same row."""
    values, counts = np.unique(made, return_counts=True)
    after = np.searchsorted(values, own).clip(1, max(1, len(values) - 1))
    sides = np.stack([after - 1, np.minimum(after, len(values) - 1)])
    nearest = np.abs(values[sides] - own).min(axis=0)
    # Of both sides at the same distance all rows are candidates, of one side only its own.
    candidates = np.where(np.abs(values[sides] - own) == nearest, counts[sides], 0)
    candidates = np.where(sides[0] == sides[1], candidates[:1], candidates)
    number = np.where(sides[0] == sides[1], candidates[0], candidates.sum(axis=0))
    return np.where(np.abs(made - own) == nearest, 1 / number, 0.0)


def _holders(persons: pl.Series, cells: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the distinct pairs of person and stated value, and the number of holders by value."""
    stated = pl.DataFrame([persons.alias(_PERSON), cells.alias(_VALUE)]).drop_nulls().unique()
    return stated, stated.group_by(_VALUE).agg(holders=pl.len())


def _share(name: str, label: str, found: float, number: int) -> Estimate:
    """Return a share that was counted among all, so it has no interval."""
    value = found / number if number else None
    note = "" if number else "the column has no value"
    return Estimate(name=name, label=label, unit="share", n=number, value=value, note=note)
