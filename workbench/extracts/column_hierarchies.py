"""Hierarchies of the columns that a policy generalises, from their rule and their values."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import InputError, ParameterError
from workbench.privacy.coarsening import cut_time
from workbench.privacy.recoding.hierarchies import (
    SUPPRESSED,
    Hierarchy,
    hierarchy_of,
)
from workbench.privacy.recoding.hierarchy_builders import (
    date_periods,
    flat,
    number_bands,
    text_prefixes,
)
from workbench.privacy.recoding.hierarchy_files import read_hierarchy
from workbench.privacy.risk.cell_ranges import parse_range
from workbench.studies import ColumnTreatment, ExtractPolicy

#: Limits of bands within a power of ten.
_LADDER = (1, 2, 5, 10)
_MOST = 10**15
#: What stands between the labels of a set, see ``range_labels``.
_SET = " | "
_DATE_FORMS = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%Y%m%d")


def read_hierarchy_files(policy: ExtractPolicy, folder: Path) -> dict[str, Hierarchy]:
    """Read the hierarchy files that a policy names, before any data is read.

    Parameters
    ----------
    policy : ExtractPolicy
        Policy of a single table.
    folder : Path
        Folder of the policy, in which the files lie.

    Raises
    ------
    InputError
        A file is missing or is no text.
    ParameterError
        The lines of a file are no hierarchy.
    """
    found = {}
    for name, rule in policy.rules("generalise").items():
        if rule.hierarchy is not None:
            path = folder / rule.hierarchy
            if not path.is_file():
                raise InputError(
                    f"policy {policy.name}: the hierarchy of {name} is to lie in "
                    f"{rule.hierarchy}, beside the policy, and is not there"
                )
            found[name] = read_hierarchy(path)
    return found


def hierarchies_of(
    rows: pl.DataFrame, policy: ExtractPolicy, files: Mapping[str, Hierarchy]
) -> tuple[pl.DataFrame, dict[str, Hierarchy]]:
    """Return the hierarchy of every column that is generalised, and the rows as these read them.

    Parameters
    ----------
    rows : DataFrame
        The table.
    policy : ExtractPolicy
        Policy of a single table.
    files : mapping of str to Hierarchy
        From ``read_hierarchy_files``.

    Raises
    ------
    ParameterError
        A hierarchy does not cover a value, or a column that is put into bands or cut to periods
        has cells that are no numbers or dates.
    """
    made = {}
    for name, rule in policy.rules("generalise").items():
        if _is_generalised(rows[name], rule, files.get(name)):
            rows = rows.with_columns(pl.col(name).cast(pl.String))
            made[name] = flat(rows[name].filter(rows[name] != SUPPRESSED))
            continue
        rows = rows.with_columns(_typed(rows[name], rule).alias(name))
        if rule.dates:
            rows = rows.with_columns(cut_time(name, policy))
        cells = rows[name]
        made[name] = files[name] if name in files else _from_values(cells, rule)
        lacking = made[name].uncovered(cells)
        if lacking.values:
            raise ParameterError(
                f"policy {policy.name}: the hierarchy of {name}"
                f"{f' in {rule.hierarchy}' if rule.hierarchy else ''} lacks "
                f"{count_text(lacking.values, 'value')} of the column, in "
                f"{count_text(lacking.rows, 'row')}: add a line for each, or write a file with "
                "all values by workbench policy draft"
            )
    return rows, made


def _is_generalised(cells: pl.Series, rule: ColumnTreatment, hierarchy: Hierarchy | None) -> bool:
    """Return whether a column has labels that its rule made before; nothing finer can be made."""
    if rule.bands:
        others = cells.filter(as_numbers(cells).is_null())
        labels = [parse_range(each) is not None for each in _stated(others)]
    elif rule.dates:
        others = cells.filter(as_dates(cells).is_null())
        labels = [parse_range(each, is_time=True) is not None for each in _stated(others)]
    elif hierarchy is not None:
        known = {label for level in hierarchy.labels for label in level}
        others = cells.cast(pl.String)
        others = others.filter(~others.is_in(hierarchy.labels[0].implode()))
        labels = [known.issuperset(each.split(_SET)) for each in _stated(others)]
    else:
        return False
    return len(labels) > 0 and all(labels)


def labelled_before(
    policy: ExtractPolicy, hierarchies: Mapping[str, Hierarchy], files: Mapping[str, Hierarchy]
) -> Iterator[str]:
    """Yield the columns that are shown by the labels that they have, whatever their rule makes.

    Parameters
    ----------
    policy, files
        Parameters of ``hierarchies_of``.
    hierarchies : mapping of str to Hierarchy
        Hierarchies that it returned.
    """
    for name, rule in policy.rules("generalise").items():
        made = hierarchies[name]
        is_flat = made.height == 1 and bool(rule.bands or rule.dates)
        if is_flat or made is not files.get(name, made):
            yield name


def _stated(cells: pl.Series) -> list[str]:
    """Return the different texts of the cells but for those that are suppressed."""
    return [each for each in cells.drop_nulls().cast(pl.String).unique() if each != SUPPRESSED]


def _from_values(cells: pl.Series, rule: ColumnTreatment) -> Hierarchy:
    if rule.bands:
        return number_bands(cells, widths=rule.bands)
    if rule.dates:
        return date_periods(cells, periods=rule.dates)
    if rule.prefixes:
        return text_prefixes(cells, lengths=rule.prefixes)
    return flat(cells)


def _typed(cells: pl.Series, rule: ColumnTreatment) -> pl.Series:
    """Return the cells as numbers or dates where the rule needs them, else as texts."""
    if rule.bands:
        made = as_numbers(cells)
        kind = "numbers"
    elif rule.dates:
        made = as_dates(cells)
        kind = "dates as 2024-02-29, 20240229 or 29.02.2024"
    else:
        return cells.cast(pl.String)
    if faulty := made.null_count() - cells.null_count():
        raise ParameterError(
            f"column {cells.name}: {count_text(faulty, 'cell')} of {len(cells):,} are no {kind}: "
            "correct them, or give the column a hierarchy file that has them"
        )
    return made


def as_numbers(cells: pl.Series) -> pl.Series:
    """Return cells as whole numbers if all are, else as decimal numbers; null where they are none.

    Examples
    --------
    >>> as_numbers(pl.Series(["7", "8.5", "x"])).to_list()
    [7.0, 8.5, None]
    """
    if cells.dtype.is_numeric():
        return cells
    whole = cells.cast(pl.Int64, strict=False)
    if whole.null_count() == cells.null_count():
        return whole
    made = cells.cast(pl.Float64, strict=False)
    return made.set(~made.is_finite().fill_null(True), None)


def as_dates(cells: pl.Series) -> pl.Series:
    """Return cells as days, of instants their day; null where they are none.

    All cells have one form, in which day and month cannot be confused: that which reads most.

    Examples
    --------
    >>> as_dates(pl.Series(["19970118", "x"])).to_list()
    [datetime.date(1997, 1, 18), None]
    """
    if cells.dtype.is_temporal():
        return cells.cast(pl.Date, strict=False)
    texts = cells.cast(pl.String).str.head(10)
    read = [texts.str.to_date(form, strict=False) for form in _DATE_FORMS]
    return min(read, key=lambda days: days.null_count())


def ladder_bands(numbers: pl.Series) -> Hierarchy:
    """Return the hierarchy of numbers whose bands grow with the number, as counts and sums need.

    Level 1 has bands of 1, 2, 5 times a power of ten, level 2 whole powers of ten. Bands below zero
    mirror those above.

    Examples
    --------
    >>> ladder_bands(pl.Series([0, 1, 7, 12, 80])).frame().rows()[2:4]
    [('7', '[5, 10)', '[1, 10)', '*'), ('12', '[10, 20)', '[10, 100)', '*')]
    """
    leaves = numbers.drop_nulls().unique().sort()
    return hierarchy_of(
        pl.DataFrame(
            {
                "value": leaves.cast(pl.String),
                "fine": _ladder_labels(leaves, _LADDER),
                "coarse": _ladder_labels(leaves, (1, 10)),
                "last": pl.repeat("*", len(leaves), eager=True),
            }
        ),
        name="of sums",
    )


def _ladder_labels(numbers: pl.Series, ladder: tuple[int, ...]) -> pl.Series:
    return pl.Series([_ladder_label(each, ladder) for each in numbers.to_list()], dtype=pl.String)


def _ladder_label(number: float, ladder: tuple[int, ...]) -> str:
    size = abs(number)
    if size < 1:
        return "[0, 1)"
    power = 1
    while power * 10 <= size and power < _MOST:
        power *= 10
    low = max(each for each in ladder[:-1] if each * power <= size) * power
    high = next(each for each in ladder if each * power > low) * power
    return f"[{low}, {high})" if number > 0 else f"(-{high}, -{low}]"
