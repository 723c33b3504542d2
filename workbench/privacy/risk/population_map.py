"""Count how many persons of a population the classes of a release cover (the k-map)."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.privacy.risk.class_risks import number_classes
from workbench.privacy.risk.released_cells import read_cells

#: Number of classes that are compared with the population at once.
_AT_ONCE = 256


def population_sizes(
    released: pl.DataFrame,
    population: pl.DataFrame,
    columns: Sequence[str],
    *,
    persons: str | None = None,
    hierarchies: Mapping[str, pl.DataFrame],
) -> NDArray[np.int64]:
    """Return the number of persons of the population in each class of a release.

    Parameters
    ----------
    released : DataFrame
        Release, whose cells may be generalised.
    population : DataFrame
        One row per person of the population, with the original values of the columns.
    columns : sequence of str
        Quasi-identifiers.
    persons : str, optional
        Column of persons of the release.
    hierarchies : mapping of str to DataFrame
        Hierarchies by column, see ``RiskQuestion``.

    Returns
    -------
    array of int, shape (classes,)
        Numbers in the order of ``number_classes``.

    Examples
    --------
    >>> released = pl.DataFrame({"age": ["[20, 30)", "[20, 30)", "35"]})
    >>> everybody = pl.DataFrame({"age": [20, 25, 29, 35, 40]})
    >>> population_sizes(released, everybody, ["age"], hierarchies={}).tolist()
    [1, 3]
    """
    held = number_classes(released, columns, persons=persons).rows
    known = population.group_by(columns).agg(_persons=pl.len())
    weights = known["_persons"].to_numpy().astype(np.float32)
    packed, numbers = [], []
    for name in columns:
        cells = held[name].unique().sort()
        space = read_cells(known[name], cells, hierarchy=hierarchies.get(name), null_is_value=False)
        packed.append(np.packbits(space.covers(space.encode(known[name])), axis=1))
        index = pl.DataFrame({name: cells, "_number": range(len(cells))})
        placed = held.select(name).join(
            index, on=name, how="left", nulls_equal=True, maintain_order="left"
        )
        numbers.append(placed["_number"].to_numpy())
    found = np.zeros(held.height, dtype=np.int64)
    for start in range(0, held.height, _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        both = packed[0][numbers[0][some]]
        for bits, places in zip(packed[1:], numbers[1:], strict=True):
            both = both & bits[places[some]]
        inside = np.unpackbits(both, axis=1, count=known.height)
        found[some] = np.rint(inside @ weights).astype(np.int64)
    return found
