"""Exhibits, which a notebook can show: figures and tables of group results."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from workbench.foundation.errors import ParameterError, unknown_name
from workbench.statistics.estimates import Estimate

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of group results.

    Attributes
    ----------
    name : str
        Identifier in the record, snake_case; files and parts of the page have this name.
    title : str
        Caption: the finding, or a description of the rows.
    rows : DataFrame, shape (groups, columns)
        One row per group, already sorted; numbers unrounded. The first columns name the group.
    persons : str or None
        Column that counts the persons behind each row; None if no row is about persons (a list of
        parameters, of feature names). Disclosure control hides rows below the study's
        ``min_group``.
    labels : mapping of str to str
        Headings of columns; a column without one has its name as heading.
    formats : mapping of str to str
        Python format specifications of columns, for instance ``.1%`` or ``,.0f``.
    margin : str or None
        Key column whose groups add up to a total that is published elsewhere. A single hidden row
        could then be computed by subtraction, so a second row is hidden too.
    origin : str
        Mark of the release that made the figures (``Release.origin``); empty if no figure is about
        persons. ``wb.show`` refuses figures about persons without the mark of its view.
    source : str
        Source of figures that are not about persons ("price list of 2025"), for a table with
        numbers and without ``origin``; the page prints it.
    note : str
        Explanation of a column ("effect: 0 is no difference"), printed below the table.
    original_rows : DataFrame
        Rows with which the table was first made, set automatically. ``dataclasses.replace`` keeps
        them, so that ``is_changed`` notices changed figures under a release's mark.

    Raises
    ------
    ParameterError
        The name contains characters other than letters, digits, - and _, ``persons`` or ``margin``
        is no column, or a format is invalid.
    """

    name: str
    title: str
    rows: pl.DataFrame
    persons: str | None
    labels: Mapping[str, str] = field(default_factory=dict)
    formats: Mapping[str, str] = field(default_factory=dict)
    margin: str | None = None
    origin: str = ""
    source: str = ""
    note: str = ""
    original_rows: pl.DataFrame | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.original_rows is None:
            object.__setattr__(self, "original_rows", self.rows.clone())
        if not _NAME.fullmatch(self.name):
            raise ParameterError(
                f"an exhibit is called {self.name!r}: use letters, digits, - and _, first a letter"
            )
        for named, form in self.formats.items():
            if not _is_format(form):
                raise ParameterError(f"exhibit {self.name}: {named} has no format {form!r}")
        for column in (self.persons, self.margin):
            if column is not None and column not in self.rows.columns:
                known = unknown_name("column", column, self.rows.columns)
                raise ParameterError(f"exhibit {self.name}: {known}")

    def label(self, column: str) -> str:
        """Return the heading of a column."""
        return self.labels.get(column, column.replace("_", " "))

    def estimate(
        self, value: str, group: Mapping[str, Any], *, name: str, label: str, unit: str
    ) -> Estimate:
        """Return the figure of one group, with its interval and its persons.

        A verdict about a group of a table is judged by this figure: a figure that was made once
        more would have another draw of the noise, and the page would show two values of it.

        Parameters
        ----------
        value : str
            Column of the figure.
        group : mapping
            Value of each column that names the group: ``{"gender": "female"}``.
        name, label, unit : str
            Name, label and unit of the ``Estimate``; the unit is "share" for a share.

        Raises
        ------
        ParameterError
            There is no such column, no such group, or several.

        Examples
        --------
        ``women = table.estimate("euros", {"gender": "female"}, name="women", label="Women",
        unit="EUR")``
        """
        for column in (value, *group):
            if column not in self.rows.columns:
                known = unknown_name("column", column, self.rows.columns)
                raise ParameterError(f"table {self.name}: {known}")
        rows = self.rows.filter(pl.col(column) == each for column, each in group.items())
        if rows.height != 1 or self.persons is None:
            raise ParameterError(
                f"table {self.name}: {rows.height} rows are the group {', '.join(group)}: name one "
                "row of groups of persons; a group of too few persons has none"
            )
        row = rows.row(0, named=True)
        return Estimate(
            name=name,
            value=row[value],
            low=row.get(f"{value}_low"),
            high=row.get(f"{value}_high"),
            n=int(row[self.persons] or 0),
            unit=unit,
            label=label,
            note=str(row.get(f"{value}_note") or f"as in table {self.name}"),
            origin="" if self.is_changed else self.origin,
        )

    @property
    def plot(self) -> Any:
        """Methods of polars that draw the rows with altair, which the extra ``lab`` installs.

        ``wb.chart.altair(table, table.plot.bar(x="channel", y="euros"))`` is a figure that
        ``wb.show`` takes.
        """
        return self.rows.plot

    def to_pandas(self) -> Any:
        """Return the rows as a pandas frame, for tools that take no other.

        polars' own ``to_pandas`` needs pyarrow (166 MB beside the 84 MB of pandas), which nothing
        here installs; a table of groups is small enough to be copied.
        """
        from pandas import DataFrame  # late: only who asks for it needs the extra ``lab``

        return DataFrame(self.rows.to_dict(as_series=False))

    @property
    def is_changed(self) -> bool:
        """Whether the table contains rows or columns that it did not contain originally.

        Removing rows or columns and sorting rows are no change.
        """
        original, columns = self.original_rows, self.rows.columns
        if original is None:
            return False
        if any(original.schema.get(name) != kind for name, kind in self.rows.schema.items()):
            return True
        return not self.rows.join(original, on=columns, how="anti", nulls_equal=True).is_empty()

    def _repr_html_(self) -> str:
        from workbench.charts.markup import table_markup  # ``markup`` imports this module.

        return table_markup(self)


def _is_format(form: str) -> bool:
    for number in (1.0, 1):
        try:
            format(number, form)
        except (TypeError, ValueError):
            continue
        return True
    return False


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A picture over a table of group results.

    Attributes
    ----------
    table : Table
        Data behind the picture; its ``name`` and ``title`` are those of the figure.
    spec : mapping
        Vega-Lite 6 specification without ``data``, which is the rows of the table.
    description : str
        Alternative text, computed: the kind of chart, the highest and lowest value, intervals and
        persons.
    narrow : mapping or None
        Specification for a phone; if it is None, ``spec`` is drawn there and scrolled.
    hidden : int
        Number of groups that disclosure control removed.
    redraw : callable or None
        Function that makes the figure from another table with the same columns. Disclosure control
        calls it after it removed rows, because scale and description depend on the rows.
    """

    table: Table
    spec: Mapping[str, Any]
    description: str
    narrow: Mapping[str, Any] | None = None
    hidden: int = 0
    redraw: Callable[[Table], "Figure"] | None = field(default=None, repr=False, compare=False)

    def _repr_html_(self) -> str:
        from workbench.charts.drawing import draw_svg  # Both modules import this one.
        from workbench.charts.markup import figure_markup

        return figure_markup(self, draw_svg(self))
