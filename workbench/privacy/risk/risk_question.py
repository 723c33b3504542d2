"""What is asked about a release: its columns, the intruder's knowledge and the thresholds."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from workbench.foundation.errors import ParameterError

ONE_IN_ELEVEN = 1 / 11


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskThresholds:
    """Largest risks that are acceptable, as shares from 0 to 1, declared before measuring.

    One in eleven, a class of 11 persons, is what the European Medicines Agency and Health Canada
    accept for publication (as .09); .2, a class of 5, is usual for named recipients under a
    contract. For attacks there is no accepted limit: these are the same.

    Attributes
    ----------
    highest, average : float
        Largest chance of picking a person by the quasi-identifiers, and largest mean of the
        chances.
    share_above : float
        Largest share of persons whose chance is above ``highest``.
    singling_out, linkability, inference : float
        Largest control-adjusted risk of the attacks of each criterion.
    """

    highest: float = ONE_IN_ELEVEN
    average: float = ONE_IN_ELEVEN
    share_above: float = 0.0
    singling_out: float = ONE_IN_ELEVEN
    linkability: float = ONE_IN_ELEVEN
    inference: float = ONE_IN_ELEVEN

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ParameterError(f"threshold {name} is {value}: it must be between 0 and 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskQuestion:
    """What is asked about a release.

    Attributes
    ----------
    quasi_identifiers : tuple of str
        Columns by which an intruder may know a person.
    sensitive : tuple of str
        Columns that nobody should learn about a person.
    persons : str, optional
        Column that has the same value in all rows of one person; without it a row is a person.
    hierarchies : mapping of str to DataFrame
        Generalisation hierarchies by column: the first column has the original values, the others
        the labels of each level. Intervals such as ``[20, 25)``, ``20-24``, ``<18`` and ``65+``,
        sets such as ``{a, b}`` and ``a | b``, ``*`` and empty cells are understood without one.
    rows_are_persons : bool
        Whether each row of the release comes from a person, so that its classes count. Rows of
        synthetic data come from nobody: only attacks and copies count there.
    empty_is_value : bool, optional
        Whether an empty cell of the release is a missing value, and not a suppressed one. Unless
        given, it is one where no larger share of the column is empty than in the original.
    population : int, optional
        Number of persons in the population from which the persons of the original come.
    groups : tuple of str
        Columns of the original whose groups are compared for losses; by default the
        quasi-identifiers of at most 20 values.
    thresholds : RiskThresholds
        Largest risks that are acceptable.
    attacks : int
        Largest number of persons that each attack is tried on, in the original and in the control.
    seed : int
        Number from which persons and column sets are drawn; the same seed gives the same figures.
    """

    quasi_identifiers: tuple[str, ...]
    sensitive: tuple[str, ...] = ()
    persons: str | None = None
    hierarchies: Mapping[str, pl.DataFrame] = field(default_factory=dict, repr=False)
    rows_are_persons: bool = True
    empty_is_value: bool | None = None
    population: int | None = None
    groups: tuple[str, ...] = ()
    thresholds: RiskThresholds = field(default_factory=RiskThresholds)
    attacks: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.quasi_identifiers:
            raise ParameterError("no quasi-identifier is named: name the columns that may be known")
        both = sorted(set(self.quasi_identifiers) & set(self.sensitive))
        if both:
            raise ParameterError(
                f"{', '.join(both)} is a quasi-identifier and sensitive: name it once"
            )
        if len(set(self.quasi_identifiers)) < len(self.quasi_identifiers):
            raise ParameterError("a quasi-identifier is named twice: name each column once")
        hidden = sorted(name for name in self._named if name.startswith("_"))
        if hidden:
            raise ParameterError(
                f"the name {', '.join(hidden)} begins with _, as names that are made here do: "
                "rename the column"
            )
        if self.attacks < 1:
            raise ParameterError(f"attacks is {self.attacks}: it must be 1 or more")

    @property
    def _named(self) -> set[str]:
        owner = (self.persons,) if self.persons else ()
        return {*self.quasi_identifiers, *self.sensitive, *self.groups, *owner}
