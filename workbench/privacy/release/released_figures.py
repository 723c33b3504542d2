"""Release of a view: counts, shares, sums and means of persons that may be published.

    rows, one a person ──> cells ──> noise ──> bounds, dominance, intervals ──> figures

This module makes every figure about persons on a page, before a verdict is worded. A count gets
noise of variance 2 (``noise``), and shares are quotients of two noisy counts. A sum gets noise of
half its largest contribution; it is not given if one person contributes more than half of it, or
two persons more than 67 % (dominance). Intervals and tests take the noise into account. A numerator
of 1 to 4 is given as a bound.

This protects persons against readers of pages. It does not protect them against the author of a
notebook, who sees the rows and can write code that publishes them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np
import polars as pl

from workbench.foundation.errors import ParameterError
from workbench.privacy.release.noise import (
    SUM_NOISE,
    VARIANCE,
    keyed_seed,
    noisy_count,
    sorted_pairs,
    sum_noise,
)

#: Largest share of a sum that one person and two persons may make up.
_ONE_PERSON, _TWO_PERSONS = 0.50, 0.67
#: Largest numerator or complement that is shown as a bound.
LARGEST_BOUND = 4

_KEY = "_key"

#: Unit of sums in the seed of their noise, whatever their own unit is.
_SEED_UNIT = 1e-4


#: Largest number of units of one person: sums of 500 such persons are still exact integers.
_MOST_UNITS = 2**54


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Rules by which figures about the persons of one view are published.

    Attributes
    ----------
    view : str
        Fingerprint of the view, from which the mark of its figures is made.
    draws : str
        Name for which the noise is drawn, by default the view: equal tables of the same persons
        have the same noise in all views with this name.
    secret : bytes
        Secret of the study's noise; empty if figures are exact.
    is_exact : bool
        Whether figures have no noise.
    largest_bound : int
        Largest numerator that is shown as a bound; 0 for no bounds.
    min_group : int
        Number of persons in the smallest group that may be shown.
    """

    view: str
    draws: str = ""
    secret: bytes = field(repr=False)
    is_exact: bool = False
    largest_bound: int = LARGEST_BOUND
    min_group: int = 10

    @property
    def _draws(self) -> str:
        return self.draws or self.view

    @property
    def variance(self) -> float:
        """Variance of the noise in a count."""
        return 0.0 if self.is_exact else VARIANCE

    @property
    def origin(self) -> str:
        """Mark of the figures that this release made, which ``wb.show`` requires."""
        return sha256(f"{self.view}|{self.is_exact}|{self.largest_bound}".encode()).hexdigest()[:16]

    def count(self, rows: pl.DataFrame) -> int:
        """Return the number of persons in the rows."""
        return int(self.counts(rows)["persons"][0]) if rows.height else 0

    def counts(
        self,
        rows: pl.DataFrame,
        by: Sequence[str] = (),
        *,
        of: Mapping[str, pl.Expr] | None = None,
    ) -> pl.DataFrame:
        """Count persons by group, and persons of each group for whom conditions hold.

        Parameters
        ----------
        rows : DataFrame
            One row per person, with ``customer_id``; if groups overlap, one row per person and
            group.
        by : sequence of str
            Columns of the groups; without columns everybody is one group.
        of : mapping of str to Expr, optional
            Conditions by the name of their column of counts.

        Returns
        -------
        DataFrame, shape (groups, columns)
            Columns of ``by``, ``persons`` and one column per condition (Int64), sorted by group,
            nulls last. Groups without a person have no row.

        Raises
        ------
        ParameterError
            A person has several rows in a group.

        Notes
        -----
        A condition that holds for everybody in a group has the noise of the group.
        """
        of = dict(of or {})
        cells = self._cells(
            rows,
            by,
            [
                figure
                for name, condition in of.items()
                for figure in (
                    condition.fill_null(False).sum().cast(pl.Int64).alias(name),
                    pl.col(_KEY).filter(condition.fill_null(False)).sum().alias(f"{_KEY} {name}"),
                )
            ],
        )
        if self.is_exact:
            return cells.select(*by, "persons", *of)
        keys = cells[_KEY].to_list()
        seed = keyed_seed(self.secret, "persons", self._draws, tuple(sorted(keys)))
        persons = [
            noisy_count(n, secret=self.secret, seed=seed, key=key)
            for n, key in zip(cells["persons"], keys, strict=True)
        ]
        made = [pl.Series("persons", persons, dtype=pl.Int64)]
        for name in of:
            inside = cells[f"{_KEY} {name}"].to_list()
            own = keyed_seed(self.secret, "part", self._draws, sorted_pairs(keys, inside))
            counts = [
                whole if part_key == key
                else noisy_count(part, secret=self.secret, seed=own, key=part_key)
                for part, part_key, key, whole in zip(
                    cells[name], inside, keys, persons, strict=True
                )
            ]  # fmt: skip
            made.append(pl.Series(name, counts, dtype=pl.Int64))
        return pl.DataFrame([*(cells[name] for name in by), *made])

    def sums(
        self, rows: pl.DataFrame, by: Sequence[str] = (), *, of: Sequence[str]
    ) -> pl.DataFrame:
        """Add up whole numbers of persons by group.

        Parameters
        ----------
        rows, by
            As in ``counts``.
        of : sequence of str
            Columns of integers, such as amounts in minor units; null counts as 0.

        Returns
        -------
        DataFrame, shape (groups, columns)
            Columns of ``by``, ``persons`` and the sums (Int64), null if one or two persons
            dominate them. Groups without a person have no row.
        """
        made = self.counts(rows, by)
        return made.with_columns(
            pl.Series(name, sums.values, dtype=pl.Int64)
            for name, sums in ((name, self._sum(rows, by, name)) for name in of)
        )

    def means(
        self, rows: pl.DataFrame, by: Sequence[str] = (), *, of: Mapping[str, float]
    ) -> pl.DataFrame:
        """Average numbers of persons by group.

        Parameters
        ----------
        rows, by
            As in ``counts``.
        of : mapping of str to float
            Columns of numbers, each with the smallest difference that counts: 1 for amounts in
            minor units, 0.001 for shares. Persons whose value is missing, not finite, or too large
            to be counted in units are left out of the mean.

        Returns
        -------
        DataFrame, shape (groups, columns)
            Columns of ``by``, ``persons``, and for each column NAME its mean as ``NAME``, the
            limits ``NAME_low`` and ``NAME_high`` of its 95 % interval and the number of persons
            with a value as ``NAME_persons``; null if one or two persons dominate the sum.

        Notes
        -----
        The variance of a mean is ``s^2/n + (m^2 x^2 + V mean^2)/n^2`` with the noise's m and V and
        the largest contribution x. The half-width is rounded up to one digit: from two digits the
        largest contribution could be computed within a tenth in 94 % of groups of 300.
        """
        made = self.counts(rows, by)
        for name, unit in of.items():
            known = rows.with_columns(_in_units(name, unit)).drop_nulls(name)
            if known.is_empty():
                part = made.with_columns(
                    pl.lit(0, dtype=pl.Int64).alias(f"{name}_persons"),
                    *(pl.lit(None, dtype=pl.Float64).alias(f"{name}{end}") for end in _ENDS),
                ).drop("persons")
            else:
                sums = self._sum(known, by, name, unit=unit)
                part = self._mean(self.counts(known, by), sums, name, unit, by)
            made = join_figures(made, part, by)
        return made

    def value_shares(self, rows: pl.DataFrame, by: Sequence[str], *, of: str) -> pl.DataFrame:
        """Return the share of each group in a total.

        Parameters
        ----------
        rows, by
            As in ``counts``.
        of : str
            Column of integers, 0 or more.

        Returns
        -------
        DataFrame, shape (groups, columns)
            Columns of ``by``, ``persons``, ``share`` of the total (0 to 1), ``low`` and ``high``;
            these three are null if one or two persons dominate the group or the total.

        Notes
        -----
        The variance of the share R of a total T of n persons is ``n var(d)/T^2`` with
        ``d_i = x_i (g_i - R)``, g the membership, and that of the noise,
        ``m^2 (x_g^2 + R^2 x_T^2)/T^2``, x the largest contributions to the group and the total.
        The half-width is rounded up to one digit.
        """
        made = self.counts(rows, by)
        groups, whole = self._sum(rows, by, of), self._sum(rows, (), of)
        total, n = whole.values[0] if whole.values else None, rows.height
        lines: list[tuple[float | None, ...]] = []
        for value, exact, squares, largest in zip(
            groups.values, groups.exact, groups.squares, groups.largest, strict=True
        ):
            if value is None or total is None or total <= 0:
                lines.append((None, None, None))
                continue
            share = min(max(value / total, 0.0), 1.0)
            square_sum = whole.squares[0]
            spread = squares * (1 - 2 * share) + share**2 * square_sum
            spread -= (exact - share * whole.exact[0]) ** 2 / n
            noise = (
                0.0
                if self.is_exact
                else SUM_NOISE**2 * (largest**2 + (share * whole.largest[0]) ** 2)
            )
            half = 1.959963984540054 * float(np.sqrt(max(spread, 0.0) + noise)) / total
            half = half if self.is_exact else one_digit_up(half)
            lines.append((share, max(share - half, 0.0), min(share + half, 1.0)))
        schema = {"share": pl.Float64, "low": pl.Float64, "high": pl.Float64}
        return pl.concat([made, pl.DataFrame(lines, schema=schema, orient="row")], how="horizontal")

    def _cells(
        self, rows: pl.DataFrame, by: Sequence[str], figures: Sequence[pl.Expr]
    ) -> pl.DataFrame:
        """Return one row per group with its persons, the sum of their keys and some figures."""
        if "customer_id" in rows.columns:
            keyed = rows.with_columns(
                pl.col("customer_id").cast(pl.UInt64, strict=False).alias(_KEY)
            )
            if keyed[_KEY].null_count() > rows["customer_id"].null_count():
                raise ParameterError("customer_id contains ids that are no pseudonyms of a view")
            persons = (pl.col("customer_id").n_unique().cast(pl.Int64)).alias(_PERSONS)
        elif self.is_exact:
            keyed = rows.with_columns(pl.lit(0, dtype=pl.UInt64).alias(_KEY))
            persons = pl.len().cast(pl.Int64).alias(_PERSONS)
        else:
            raise ParameterError(
                "figures about persons are made from rows with customer_id, one a person"
            )
        aggregates = [
            pl.len().cast(pl.Int64).alias("persons"),
            persons,
            pl.col(_KEY).sum(),
            *figures,
        ]
        names = list(by) or [_EVERYBODY]
        keyed = keyed if by else keyed.with_columns(pl.lit(0).alias(_EVERYBODY))
        cells = keyed.group_by(names).agg(aggregates).sort(names, nulls_last=True)
        if (cells["persons"] != cells[_PERSONS]).any():
            raise ParameterError(
                "a person has several rows in a group: make one row a person first, for "
                "instance with .group_by('customer_id')"
            )
        return cells.drop(_PERSONS)

    def _sum(
        self, rows: pl.DataFrame, by: Sequence[str], name: str, *, unit: float = 1.0
    ) -> "_Sums":
        """Add up a column of whole numbers of ``unit`` each."""
        if not rows.schema[name].is_integer():
            raise ParameterError(
                f"{name} contains no integers: sums are made of whole numbers, for instance of "
                "minor units; means take the smallest difference that counts"
            )
        if rows.schema[name] == pl.UInt64 and (rows[name] > _MOST_UNITS).any():
            raise ParameterError(f"{name} has numbers that are too large to be added up")
        value = pl.col(name).fill_null(0).cast(pl.Int64, strict=False)
        cells = self._cells(
            rows,
            by,
            [
                value.sum().alias("_sum"),
                value.abs().cast(pl.Float64).sum().alias("_absolute"),
                value.cast(pl.Float64).pow(2).sum().alias("_squares"),
                value.abs().top_k(2).alias("_top"),
            ],
        )
        keys, exact = cells[_KEY].to_list(), cells["_sum"].to_list()
        # Sums in another unit have the same noise, so that it cannot be averaged away.
        figures = [round(whole * unit / _SEED_UNIT) for whole in exact]
        seed = (
            0
            if self.is_exact
            else keyed_seed(self.secret, "sum", self._draws, sorted_pairs(keys, figures))
        )
        as_counts = None if self.is_exact else self._sums_of_counts(rows, by, name)
        values: list[int | None] = []
        largest = []
        for place, (key, whole, absolute, top) in enumerate(
            zip(keys, exact, cells["_absolute"], cells["_top"], strict=True)
        ):
            first = max(top, default=0)
            largest.append(first)
            is_dominated = self.largest_bound > 0 and (
                first > _ONE_PERSON * absolute or sum(top) > _TWO_PERSONS * absolute
            )
            if is_dominated:
                values.append(None)
            elif self.is_exact:
                values.append(whole)
            elif as_counts is not None:
                values.append(as_counts[place])
            else:
                noise = sum_noise(first, secret=self.secret, seed=seed, key=key)
                values.append(round(whole + noise))
        return _Sums(values, exact, cells["_squares"].to_list(), largest)

    def _sums_of_counts(self, rows: pl.DataFrame, by: Sequence[str], name: str) -> list[int] | None:
        """Return the sums of a column with one or two values; None if it has more.

        Such a sum follows from a count of persons (persons with a 1, or persons who paid
        the one price), so it gets the noise of this count.
        """
        values = rows[name].fill_null(0).unique().sort().to_list()
        if len(values) > 2:
            return None
        low, high = int(values[0]), int(values[-1])
        counted = self.counts(rows, by, of={"_high": pl.col(name).fill_null(0) == high})
        if low == high:
            return [low * n for n in counted["persons"]]
        return [
            low * max(n - above, 0) + high * above
            for n, above in zip(counted["persons"], counted["_high"], strict=True)
        ]

    def _mean(
        self, counted: pl.DataFrame, sums: "_Sums", name: str, unit: float, by: Sequence[str]
    ) -> pl.DataFrame:
        lines: list[tuple[float | None, ...]] = []
        for n, value, exact, squares, largest in zip(
            counted["persons"], sums.values, sums.exact, sums.squares, sums.largest, strict=True
        ):
            if value is None or n < 2:
                lines.append((None, None, None))
                continue
            mean = value / n
            variance = max(squares - exact**2 / n, 0.0) / (n - 1) / n
            if not self.is_exact:
                variance += (SUM_NOISE**2 * largest**2 + VARIANCE * mean**2) / n**2
            half = _t(n) * float(np.sqrt(variance))
            half = half if self.is_exact else one_digit_up(half)
            lines.append((mean * unit, (mean - half) * unit, (mean + half) * unit))
        schema = {f"{name}{end}": pl.Float64 for end in _ENDS}
        table = pl.DataFrame(lines, schema=schema, orient="row")
        persons = counted["persons"].alias(f"{name}_persons")
        groups = [counted[column] for column in by]
        return pl.DataFrame([*groups, *table.get_columns(), persons])


_PERSONS, _EVERYBODY = "_persons", "_everybody"
_ENDS = ("", "_low", "_high")

#: Figures without noise, for published data and populations without persons to protect.
EXACT = Release(view="exact", secret=b"", is_exact=True, largest_bound=0)


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums of groups with noise and without, sums of squares, and largest contributions."""

    values: list[int | None]
    exact: list[int]
    squares: list[float]
    largest: list[int]


def one_digit_up(width: float) -> float:
    """Round a half-width up to one significant digit.

    Examples
    --------
    >>> one_digit_up(0.0312)
    0.04
    """
    if not width > 0:
        return 0.0
    step = 10.0 ** np.floor(np.log10(width))
    return float(f"{np.ceil(width / step * (1 - 1e-12)) * step:.1g}")


def _t(n: int) -> float:
    from scipy import stats  # Imported late because it is slow to import.

    return float(stats.t.ppf(0.975, n - 1))


def join_figures(made: pl.DataFrame, part: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Join figures of the same groups."""
    if not by:
        return pl.concat([made, part], how="horizontal")
    return made.join(part, on=list(by), how="left", nulls_equal=True, maintain_order="left")


def _in_units(name: str, unit: float) -> pl.Expr:
    """Return a column in whole units; null if a number is not finite or too large."""
    units = (pl.col(name).cast(pl.Float64, strict=False) / unit).round()
    return pl.when(units.abs() <= _MOST_UNITS).then(units).cast(pl.Int64, strict=False).alias(name)
