"""What a notebook can show: a figure or a table, each over group results."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from workbench.foundation.errors import ParameterError, unknown_name

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of group results.

    Attributes
    ----------
    name : str
        Identifier in the record, snake_case; it names files and parts of the page.
    title : str
        The finding or what is listed, as a caption.
    rows : DataFrame, shape (groups, columns)
        One row per group, already sorted; numbers unrounded. The first columns name the group.
    persons : str or None
        Column that counts the persons behind each row; None where no row is about persons
        (a list of parameters, of feature names). Disclosure control hides rows below the study's
        ``min_group``.
    labels : mapping of str to str
        Column name to heading; the name itself where it is absent.
    formats : mapping of str to str
        Column name to a Python format specification: ``.1%``, ``,.0f``; text as it is otherwise.
    margin : str or None
        Name of the key column whose groups add up to a total that is known elsewhere; then a
        single hidden row would be given away by subtraction, so a second one is hidden too.
    origin : str
        Mark of the release that made the figures (``Release.origin``); empty where no figure is
        about persons. ``wb.show`` refuses figures about persons without the mark of its view.
    source : str
        Where figures that are not about persons come from ("price list of 2025"), for a table
        with numbers and without ``origin``; the page prints it.
    note : str
        What a reader needs to read a column ("effect: 0 is no difference"), printed below it.
    made : DataFrame
        The rows as the table was first made; ``dataclasses.replace`` keeps them, so that a change
        of figures that bear a release's mark is noticed. Not given by hand.

    Raises
    ------
    ParameterError
        The name holds something other than letters, digits, - and _, ``persons`` or ``margin`` is
        no column, or a format is none.
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
    made: pl.DataFrame | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.made is None:
            object.__setattr__(self, "made", self.rows.clone())
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
        """Return what a column is called in words."""
        return self.labels.get(column, column.replace("_", " "))

    @property
    def is_changed(self) -> bool:
        """Whether rows or columns stand in it that did not when it was made.

        Rows left out or sorted, and columns left out, are no change.
        """
        made, columns = self.made, self.rows.columns
        if made is None:
            return False
        if any(made.schema.get(name) != kind for name, kind in self.rows.schema.items()):
            return True
        return not self.rows.join(made, on=columns, how="anti", nulls_equal=True).is_empty()

    def _repr_html_(self) -> str:
        from workbench.charts.markup import table_markup  # late: it knows this class

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
        The data behind the picture; its ``name`` and ``title`` are the figure's.
    spec : mapping
        Vega-Lite 6 specification without ``data`` (that is the table's rows).
    description : str
        Alternative text: what is drawn, highest, lowest, intervals and persons, computed.
    narrow : mapping or None
        The same picture for a phone; the one picture is scrolled there where it is None.
    hidden : int
        Groups that disclosure control took away.
    redraw : callable or None
        Makes the figure from another table of the same columns: scale and description follow from
        the rows, and disclosure control takes rows away.
    """

    table: Table
    spec: Mapping[str, Any]
    description: str
    narrow: Mapping[str, Any] | None = None
    hidden: int = 0
    redraw: Callable[[Table], "Figure"] | None = field(default=None, repr=False, compare=False)

    def _repr_html_(self) -> str:
        from workbench.charts.drawing import svg  # late: they know this class
        from workbench.charts.markup import figure_markup

        return figure_markup(self, svg(self))
