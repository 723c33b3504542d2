"""Tables and estimates about the persons of a view, which notebooks may show."""

import re
from collections.abc import Mapping, Sequence

import polars as pl

from workbench.charts.exhibits import Table
from workbench.foundation.errors import ParameterError, PrivacyError, unknown_name
from workbench.privacy.quoted_numbers import unstated_numbers
from workbench.privacy.release import Release, bin_counts, binned_quantile, share_columns
from workbench.privacy.release import shares as released_shares
from workbench.privacy.release.released_figures import join_figures
from workbench.privacy.sensitive import reveals_sensitive
from workbench.schema import TABLES, CustomerData
from workbench.statistics.estimates import Estimate

_NOBODY = "nobody is counted"

#: Columns of the customer tables whose values belong to single persons.
_OWN = frozenset(
    name
    for table in TABLES.values()
    for name in (*table.columns_of_sensitivity("key"), *table.columns_with_treatment("amount"))
)


#: Whole numbers that may name bands of ages, of counts and of days.
_SMALL = frozenset(float(number) for number in range(100))


class Figures:
    """Figures about the persons of a view, made by its release.

    Attributes
    ----------
    release : Release
        Release that makes every count, share, mean and sum.
    data : CustomerData
        Tables of the view.
    """

    release: Release
    data: CustomerData

    def table(
        self,
        rows: pl.DataFrame | pl.LazyFrame,
        by: Sequence[str],
        *,
        name: str,
        title: str,
        shares: Mapping[str, pl.Expr] | None = None,
        means: Mapping[str, float] | None = None,
        sums: Sequence[str] = (),
        labels: Mapping[str, str] | None = None,
    ) -> Table:
        """Make a table of groups of persons that may be shown.

        Its note states where groups were left out because they have too few persons, and where a
        figure of a group is not shown.

        Parameters
        ----------
        rows : DataFrame or LazyFrame
            One row per person, with ``customer_id``.
        by : sequence of str
            Columns of the groups; persons without a value are the group "missing".
        name, title, labels : str, str, mapping
            Name, title and labels of the ``Table``.
        shares : mapping of str to Expr, optional
            Conditions by the name of their share: the persons of each group for whom a condition
            holds. If a condition reveals a sensitive fact, 0 and all are shown as bounds.
        means : mapping of str to float, optional
            Columns of numbers, each with the smallest difference that counts: 0.01 for euros.
        sums : sequence of str
            Columns of whole numbers.

        Examples
        --------
        ``view.table(spent, ["gender"], name="spending", title="Spending by gender",
        means={"euros": 0.01})``
        """
        rows = self._persons(rows)
        if isinstance(by, str):
            raise ParameterError(f"table {name}: by is a list of columns: by=[{by!r}]")
        if not isinstance(means or {}, Mapping):
            raise ParameterError(
                f"table {name}: means names each column with its smallest difference that counts: "
                'means={"euros": 0.01}'
            )
        for column in (*by, *(means or {}), *sums):
            if column not in rows.columns:
                raise ParameterError(
                    f"table {name}: {unknown_name('column', column, rows.columns)}"
                )
        named = [*by, "persons", *(shares or {}), *(means or {}), *sums]
        if twice := sorted({column for column in named if named.count(column) > 1}):
            raise ParameterError(
                f"table {name}: {', '.join(twice)} names two columns: rename one of them"
            )
        for column in (*(means or {}), *sums):
            _require_measure(rows, by, column, f"table {name}")
        self._require_groups(rows, by, name)
        conditions = {f"{share} persons": each for share, each in (shares or {}).items()}
        counted = self.release.counts(rows, by, of=conditions)
        # The name of a small group is itself a value of its persons.
        made = counted.filter(pl.col("persons") >= self.release.min_group)
        notes = (
            [f"Groups of fewer than {self.release.min_group} persons are not shown."]
            if made.height < counted.height
            else []
        )
        formats: dict[str, str] = {}
        order = [*by, "persons"]
        for share, condition in (shares or {}).items():
            made = share_columns(
                made,
                f"{share} persons",
                "persons",
                release=self.release,
                name=share,
                is_sensitive=reveals_sensitive(rows, condition, self.data),
            )
            made = made.drop(f"{share} persons")
            formats |= dict.fromkeys((share, f"{share}_low", f"{share}_high"), ".1%")
            bounds = made[f"{share}_note"]
            kept = [share, f"{share}_low", f"{share}_high"]
            order += kept if (bounds == "").all() else [*kept, f"{share}_note"]
        if means:
            averaged = self.release.means(rows, by, of=means).drop("persons")
            made = join_figures(made, averaged, by)
            for mean in means:
                order += [mean, f"{mean}_low", f"{mean}_high"]
                formats |= dict.fromkeys(order[-3:], ",.2f")
        if sums:
            made = join_figures(made, self.release.sums(rows, by, of=sums).drop("persons"), by)
            order += list(sums)
        if any(made[column].null_count() for column in (*(means or {}), *sums)):
            notes.append("A figure that one or two persons make up most of is not shown.")
        nameless = [
            pl.col(column).cast(pl.String).fill_null("missing")
            for column in by
            if made[column].null_count() and not rows.schema[column].is_nested()
        ]
        return Table(
            name=name,
            title=title,
            rows=made.select(order).with_columns(nameless),
            persons="persons",
            labels=dict(labels or {}),
            formats=formats,
            origin=self.release.origin,
            note=" ".join(notes),
        )

    def _persons(self, rows: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
        """Return the rows if ``customer_id`` has customers of the view only.

        Raises
        ------
        PrivacyError
            It has other ids: orders with new numbers, for instance, would count as persons.
        """
        made = rows.lazy().collect()
        if "customer_id" not in made.columns or made.schema["customer_id"] != pl.UInt64:
            raise PrivacyError(
                "figures about persons are made from rows with the view's customer_id, one a person"
            )
        mine = self.data["customers"].select("customer_id").collect()
        if made.join(mine, on="customer_id", how="anti").height:
            raise PrivacyError(
                "customer_id contains ids other than the customers of the view: keep the view's "
                "own, one row a person"
            )
        floats = [name for name, kind in made.schema.items() if kind.is_float()]
        return made.with_columns(pl.col(floats).fill_nan(None))

    def _require_groups(self, rows: pl.DataFrame, by: Sequence[str], name: str) -> None:
        """Refuse groups of single persons: ids, amounts, instants, rare values.

        Raises
        ------
        PrivacyError
            A column cannot be a group, or fewer than half of the persons would be in a group that
            is large enough to be shown.
        """
        for column in by:
            kind = rows.schema[column]
            is_own = column in _OWN or _has_amounts(rows[column])
            is_instant = isinstance(kind, pl.Datetime) and not _are_days(rows[column])
            if is_own or is_instant or kind.is_float() or isinstance(kind, pl.List | pl.Struct):
                raise PrivacyError(
                    f"table {name}: {column} cannot be a group, as it contains ids, amounts or "
                    "instants: cut it into a few bands whose limits are round numbers of your own"
                )
        sizes = rows.group_by(list(by)).len()["len"] if by else pl.Series([rows.height])
        shown = int(sizes.filter(sizes >= self.release.min_group).sum() or 0)
        if rows.height and shown < rows.height / 2:
            raise PrivacyError(
                f"table {name}: most persons would be in groups of fewer than "
                f"{self.release.min_group}: take fewer or coarser columns to group by"
            )

    def share(
        self, rows: pl.DataFrame | pl.LazyFrame, condition: pl.Expr, *, name: str, label: str
    ) -> Estimate:
        """Estimate the share of persons for whom a condition holds.

        Parameters
        ----------
        rows : DataFrame or LazyFrame
            One row per person, with ``customer_id``.
        condition : Expr
            Boolean expression; null counts as false.
        name, label : str
            Name and label of the ``Estimate``.
        """
        rows = self._persons(rows)
        if rows.is_empty():
            return _nothing(self.release, name, label, "share")
        counted = self.release.counts(rows, of={"part": condition})
        n = int(counted["persons"][0])
        if n == 0:
            return _nothing(self.release, name, label, "share")
        found = released_shares(
            counted["part"],
            counted["persons"],
            release=self.release,
            is_sensitive=reveals_sensitive(rows, condition, self.data),
        )
        bound = found.bound[0]
        return Estimate(
            name=name,
            value=None if bound else float(found.value[0]),
            low=float(found.low[0]),
            high=float(found.high[0]),
            n=n,
            unit="share",
            label=label,
            note=bound or "Wilson interval, exact for few",
            origin=self.release.origin,
        )

    def mean(
        self,
        rows: pl.DataFrame | pl.LazyFrame,
        column: str,
        *,
        smallest: float,
        name: str,
        label: str,
        unit: str,
    ) -> Estimate:
        """Estimate the mean of a column over persons.

        Parameters
        ----------
        rows : DataFrame or LazyFrame
            One row per person, with ``customer_id``; persons without a value are left out.
        column : str
            A column of numbers.
        smallest : float
            Smallest difference that counts: 0.01 for euros.
        name, label, unit : str
            Name, label and unit of the ``Estimate``.
        """
        rows = self._persons(rows)
        if column not in rows.columns:
            raise ParameterError(f"estimate {name}: {unknown_name('column', column, rows.columns)}")
        if rows.drop_nulls(column).is_empty():
            return _nothing(self.release, name, label, unit)
        _require_measure(rows, (), column, f"estimate {name}")
        made = self.release.means(rows, of={column: smallest}).row(0, named=True)
        is_given = made[column] is not None
        return Estimate(
            name=name,
            value=made[column],
            low=made[f"{column}_low"],
            high=made[f"{column}_high"],
            n=int(made[f"{column}_persons"]),
            unit=unit,
            label=label,
            note="t interval" if is_given else "not shown: one or two persons make up most of it",
            origin=self.release.origin,
        )

    def quantile(
        self,
        rows: pl.DataFrame | pl.LazyFrame,
        column: str,
        share: float,
        *,
        name: str,
        label: str,
        unit: str,
    ) -> Estimate:
        """Estimate a quantile of a column over persons, from counts in fixed bins.

        Parameters
        ----------
        rows, column, name, label, unit
            As in ``mean``.
        share : float
            Share of persons below the quantile: 0.5 for the median. Other quantiles have no value
            if fewer than ``min_group`` persons are above or below them.
        """
        rows = self._persons(rows)
        if column not in rows.columns:
            raise ParameterError(f"estimate {name}: {unknown_name('column', column, rows.columns)}")
        if not 0 < share < 1:
            raise ParameterError(f"estimate {name}: a quantile is between 0 and 1, not {share}")
        grouped = rows.select("customer_id", pl.lit("all").alias("_all"), column)
        counts, edges = bin_counts(
            grouped,
            "_all",
            column,
            ["all"],
            is_whole=rows.schema[column].is_integer(),
            release=self.release,
        )
        found = binned_quantile(counts[0], edges, share, least=self.release.min_group)
        note = "from counts in fixed bins"
        return Estimate(
            name=name,
            value=found,
            n=self.release.count(rows.drop_nulls(column)),
            unit=unit,
            label=label,
            note=note
            if found is not None
            else f"not shown: fewer than {self.release.min_group} persons are beyond it",
            origin=self.release.origin,
        )


def _require_measure(rows: pl.DataFrame, by: Sequence[str], column: str, what: str) -> None:
    """Refuse columns that do not measure single persons: two values, or one value in a group.

    Raises
    ------
    PrivacyError
        The column has two values, whose mean would undo the bounds of shares; or everybody in a
        group has the same value (a maximum, for instance), which the mean would publish.
    """
    sizes = (
        rows.drop_nulls(column)
        .group_by(list(by) or pl.lit(0))
        .agg(pl.len().alias("_n"), pl.col(column).n_unique().alias("_values"))
    )
    if (sizes["_n"] > 1).any() and (sizes["_values"] == 1).all():
        raise PrivacyError(
            f"{what}: {column} has one value for everybody in a group, so it is no measure of each "
            "person"
        )
    if rows[column].drop_nulls().n_unique() <= 2 and rows.height > 2:
        raise PrivacyError(
            f"{what}: {column} has two values at most, as yes and no: take shares={{...}} or "
            "view.share, which bound what few persons have"
        )


def _are_days(instants: pl.Series) -> bool:
    return bool((instants.drop_nulls() == instants.drop_nulls().dt.truncate("1d")).all())


def _has_amounts(labels: pl.Series) -> bool:
    """Return whether the names of groups contain numbers like amounts, with many digits.

    Round numbers and numbers below 100 name bands. Names of products, for instance, contain numbers
    but differ in their words too. Names with amounts leave the same text if the numbers are removed
    ("spent 1234.50").
    """
    if labels.dtype.is_temporal():
        return False
    texts = labels.drop_nulls().unique().cast(pl.String)
    odd = [text for text in texts if unstated_numbers(text, _SMALL)]
    rests = {re.sub(r"[\d.,]+", "", text) for text in odd}
    are_alike = len(odd) == 1 or len(rests) <= len(odd) / 2
    return len(odd) > 0 and 2 * len(odd) >= texts.len() and are_alike


def _nothing(release: Release, name: str, label: str, unit: str) -> Estimate:
    return Estimate(
        name=name, value=None, n=0, unit=unit, label=label, note=_NOBODY, origin=release.origin
    )
