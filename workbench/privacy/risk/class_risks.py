"""Risks by equivalence classes, counted in persons: prosecutor, journalist and marketer.

An *equivalence class* is a set of rows whose quasi-identifiers have the same values. An intruder
who knows the quasi-identifiers of a person in a class of k persons picks the right one with the
chance 1/k:

- the *prosecutor* knows that the person is in the release, so the classes of the release count;
- the *journalist* does not know it, so the classes of the population count, which are larger;
- the *marketer* wants to find as many persons as possible: the mean of the chances is the share
  that is found.

A row whose quasi-identifiers are all suppressed, by ``*`` or by an empty cell, is in no class.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import fsum

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import hyp2f1

from workbench.foundation.errors import ParameterError, unknown_name

#: Cell that stands for a suppressed value, as ARX and others write it.
SUPPRESSED = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRisks:
    """Chances of picking the right person by the quasi-identifiers.

    Attributes
    ----------
    persons, suppressed : int
        Number of persons in classes, and of persons all of whose rows are suppressed.
    classes : int
        Number of classes.
    smallest : int
        Number of persons in the smallest class, which is the k of the table; 0 without a class.
    chances : array of float, shape (persons,)
        Chance of picking the person, 0 to 1, highest first; of a person with several rows the
        highest of the chances of these rows.
    """

    persons: int
    suppressed: int
    classes: int
    smallest: int
    chances: NDArray[np.float64] = field(repr=False)

    @property
    def highest(self) -> float:
        """Highest chance, 0 to 1; 0 without a class."""
        return float(self.chances[0]) if self.persons else 0.0

    @property
    def average(self) -> float:
        """Mean chance, 0 to 1, which is the share of persons that a marketer finds."""
        return fsum(self.chances) / self.persons if self.persons else 0.0

    @property
    def unique(self) -> int:
        """Number of persons who are alone in their class."""
        return int((self.chances > _ALMOST_ONE).sum())

    def share_above(self, limit: float) -> float:
        """Return the share of persons whose chance is above a limit, 0 to 1."""
        above = int((self.chances > limit + _ROUNDING).sum())
        return above / self.persons if self.persons else 0.0


#: Rounding error below which a chance is not above a limit: 1/11 is not above .0909 repeated.
_ROUNDING = 1e-12
_ALMOST_ONE = 1 - 1e-9
#: Size of a class from which a series is summed, and number of its terms.
_LARGE_CLASS, _TERMS = 50, 60


def prosecutor_risks(
    rows: pl.DataFrame, columns: Sequence[str], *, persons: str | None = None
) -> ClassRisks:
    """Return the risks by the classes of a release.

    Parameters
    ----------
    rows : DataFrame
        Release; one row per person, or several with a column of persons.
    columns : sequence of str
        Quasi-identifiers; without any, all persons are in one class.
    persons : str, optional
        Column that has the same value in all rows of one person.

    Raises
    ------
    ParameterError
        The release lacks a column.

    Examples
    --------
    >>> rows = pl.DataFrame({"plan": ["a", "a", "b", "b", "b", "*"], "area": list("NNSSS*")})
    >>> found = prosecutor_risks(rows, ["plan", "area"])
    >>> found.smallest, found.highest, found.average, found.suppressed
    (2, 0.5, 0.4, 1)
    """
    numbered = number_classes(rows, columns, persons=persons)
    return _risks(numbered, 1.0 / numbered.sizes, suppressed=numbered.suppressed)


def journalist_risks(
    rows: pl.DataFrame,
    columns: Sequence[str],
    *,
    population: NDArray[np.int64] | int,
    persons: str | None = None,
) -> ClassRisks:
    """Return the risks by the classes of the population from which the persons come.

    Parameters
    ----------
    rows, columns, persons
        As in ``prosecutor_risks``.
    population : array of int, or int
        Number of persons of the population in each class of ``number_classes`` (a k-map), or the
        number of persons in the whole population.

    Raises
    ------
    ParameterError
        The population has fewer persons than the release or than one of its classes.

    Notes
    -----
    A population of which only the size N is known is taken to be sampled at random with the share
    p = n/N. The expected 1/F of a class with f persons in the sample is then
    ``(p/f) 2F1(1, 1; f+1; 1-p)``: p ln(1/p)/(1-p) for a sample unique.

    References
    ----------
    Benedetti and Franconi 1998, "Statistical and technological solutions for controlled data
    dissemination", in the form of Templ, Kowarik and Meindl 2015, Journal of Statistical Software
    67(4), section 3.3.
    """
    numbered = number_classes(rows, columns, persons=persons)
    if isinstance(population, int):
        if population < numbered.persons:
            raise ParameterError(
                f"the population has {population:,} persons and the release {numbered.persons:,}: "
                "state the population from which the persons of the release come"
            )
        share = numbered.persons / population
        sizes = numbered.sizes
        chances = share / sizes * _hypergeometric(sizes, 1.0 - share)
        return _risks(numbered, np.minimum(chances, 1.0 / sizes), suppressed=numbered.suppressed)
    missing = int((population < numbered.sizes).sum())
    if missing:
        raise ParameterError(
            f"in {missing:,} classes the population has fewer persons than the release: the "
            "population must contain the persons of the release"
        )
    return _risks(numbered, 1.0 / population, suppressed=numbered.suppressed)


@dataclass(frozen=True, slots=True)
class NumberedClasses:
    """Classes of a table with their numbers of persons.

    Attributes
    ----------
    rows : DataFrame
        One row per class with the quasi-identifiers.
    sizes : array of int
        Number of persons in each class.
    owners, class_of : array of int
        Number of the person and of the class of each row that is in a class, as pairs.
    persons, suppressed : int
        Number of persons in classes, and of persons all of whose rows are suppressed.
    """

    rows: pl.DataFrame = field(repr=False)
    sizes: NDArray[np.int64]
    owners: NDArray[np.int64]
    class_of: NDArray[np.int64]
    persons: int
    suppressed: int


def number_classes(
    rows: pl.DataFrame, columns: Sequence[str], *, persons: str | None = None
) -> NumberedClasses:
    """Return the classes of a table, in the order of their values."""
    require_columns(rows.columns, [*columns, *([persons] if persons else [])])
    owner = pl.col(persons).rank("dense").cast(pl.Int64) - 1 if persons else pl.int_range(pl.len())
    owned = rows.select(*columns, _owner=owner)
    if persons and owned["_owner"].null_count():
        # A row without a person is a person of its own, as a guest is.
        guests = pl.int_range(pl.len()) + owned.height
        owned = owned.with_columns(pl.col("_owner").fill_null(guests))
    everyone = owned["_owner"].n_unique()
    stated = owned.filter(~is_suppressed(owned, columns)) if columns else owned
    named = pl.struct(columns) if columns else pl.lit(0)
    stated = stated.with_columns(_class=named.rank("dense").cast(pl.Int64, strict=False) - 1)
    held = stated.group_by("_class", maintain_order=True).agg(
        *(pl.col(name).first() for name in columns), _size=pl.col("_owner").n_unique()
    )
    held = held.sort("_class")
    present = stated["_owner"].n_unique()
    return NumberedClasses(
        rows=held.select(columns),
        sizes=held["_size"].to_numpy().astype(np.int64),
        owners=stated["_owner"].to_numpy(),
        class_of=stated["_class"].to_numpy(),
        persons=present,
        suppressed=everyone - present,
    )


def is_suppressed(rows: pl.DataFrame, columns: Sequence[str]) -> pl.Expr:
    """Return the condition that all quasi-identifiers of a row are suppressed."""
    texts = (pl.String, pl.Categorical, pl.Enum)
    return pl.all_horizontal(
        pl.col(name).is_null() | (pl.col(name).cast(pl.String) == SUPPRESSED)
        if rows.schema[name] in texts
        else pl.col(name).is_null()
        for name in columns
    )


def require_columns(known: Sequence[str], columns: Sequence[str]) -> None:
    """Refuse a table whose columns ``known`` lack one of the columns."""
    for name in columns:
        if name not in known:
            raise ParameterError(unknown_name("column", name, known))


def _hypergeometric(sizes: NDArray[np.int64], z: float) -> NDArray[np.float64]:
    """Return 2F1(1, 1; f+1; z) for class sizes f.

    The series ``sum n! z^n / ((f+1) ... (f+n))`` converges fast for large f, where scipy returns
    NaN.
    """
    found = np.ones(len(sizes))
    small = sizes < _LARGE_CLASS
    found[small] = hyp2f1(1.0, 1.0, sizes[small] + 1.0, z)
    term, large = np.ones(int((~small).sum())), sizes[~small].astype(np.float64)
    for n in range(1, _TERMS):
        term = term * n * z / (large + n)
        found[~small] += term
    return found


def _risks(
    numbered: NumberedClasses, chances: NDArray[np.float64], *, suppressed: int
) -> ClassRisks:
    _, person = np.unique(numbered.owners, return_inverse=True)
    highest = np.zeros(numbered.persons)
    np.maximum.at(highest, person, chances[numbered.class_of])
    return ClassRisks(
        persons=numbered.persons,
        suppressed=suppressed,
        classes=len(numbered.sizes),
        smallest=int(numbered.sizes.min(initial=numbered.persons)) if numbered.persons else 0,
        chances=-np.sort(-highest),
    )
