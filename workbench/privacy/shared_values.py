"""Show only values that k persons of a view share, and numbers as bands of k persons.

A text that k persons state identifies none of them; a text that fewer than k persons state is
suppressed. Persons seldom share a number, but they share a band of numbers: numbers are put into
bands of at least k persons, and every band is shown as one number, so that features can read it.

    income of 1,200 persons      bands of the hierarchy, each of k persons      shown
    31_250, 33_900, 34_800 ──>   30,000 to 35,000                          ──>  32500
    412_000 (one person)   ──>   60,000 to 65,000 and larger numbers       ──>  62500

``number_bands`` chooses the bands. All numbers of a column are put into bands, even if k persons
share each number: otherwise one more person with a rare number would change all shown values.
Numbers too large for a band are suppressed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from workbench.privacy.number_bands import Draw, find_cells, shown_numbers
from workbench.privacy.release.noise import keyed_unit
from workbench.schema.customer_ranges import equal_ranges

#: Share of numbers in the stated cells from which a column counts as numeric: clearly less than
#: all, so that no single person decides.
_NUMERIC_SHARE = 0.9
#: Names are first looked for among one of so many persons.
_ONE_OF = 64
_OWNER = pl.col("customer_id")
#: Number of cells that are held in memory. More cells are read anew each time they are looked at.
_MOST_HELD = 15_000_000
#: Number of cells of which persons and values are grouped together.
_MOST_CELLS = 2_500_000
#: Whole numbers below it are written without a decimal point.
_MOST_WHOLE = 2**52


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedValues:
    """Values that are shown in place of the values of a column.

    Attributes
    ----------
    shown : DataFrame
        Columns that name what the value is about, the value (``column``), and the value that is
        shown in its place (``_shown``). Suppressed values have no row.
    about : DataFrame
        One row per combination of the columns that name what the value is about: these columns,
        the numbers of ``persons`` with a value, of stated ``cells`` and of ``suppressed`` cells,
        and ``step`` (Float64), of which the limits of bands are multiples; it is null for texts.
    """

    shown: pl.DataFrame
    about: pl.DataFrame


def shared_values(
    rows: pl.LazyFrame, column: str, *, k: int, secret: bytes, within: tuple[str, ...] = ()
) -> SharedValues:
    """Find the values and bands of a column that at least k persons share.

    Rows without a customer count for no person.

    Parameters
    ----------
    rows : LazyFrame
        Rows of one table, with ``customer_id``.
    column : str
        Column of texts or numbers.
    k : int
        Smallest number of persons who share a shown value or band.
    secret : bytes
        Secret of the study, which draws the limits of bands.
    within : tuple of str
        Columns that name what the value is about: "yes" to one question is another value than
        "yes" to the next.
    """
    stated = _hold_stated(rows, column, within)
    counted, stating = _count_persons(stated, column, within)
    counted = counted.sort(*within, column, nulls_last=True)
    counted = counted.with_columns(_number=pl.col(column).cast(pl.Float64, strict=False))
    as_texts = counted.filter(pl.col("_persons") >= k)
    parts = [as_texts.select(*within, column, _shown=column)]
    steps: list[pl.DataFrame] = []
    numeric = _numeric_subjects(counted, within)
    for about, values in _numbers_by_subject(counted, within, numeric):
        is_about = [pl.col(name).eq_missing(pl.lit(about[name].item())) for name in within]
        names = (column, *(str(each) for each in about.row(0)))

        def draw(*what: object, names: tuple[str, ...] = names) -> float:
            return keyed_unit(secret, *names, *what)

        of_subject = stated.filter(is_about) if within else stated
        bands = _put_into_bands(values, of_subject, column, k, draw)
        if bands is None:
            continue
        step, shown = bands
        parts.append(
            shown.select(*within, column, _shown=_band_in_column_type("_middle", shown, column))
        )
        steps.append(about.with_columns(step=pl.lit(step)))
    shown = pl.concat(parts, how="vertical_relaxed")
    shown = shown.unique([*within, column], keep="last", maintain_order=True)
    kept = counted.join(shown, on=[*within, column], how="semi", nulls_equal=True)
    about = _count_by_subject(counted, kept, stating, steps, within)
    return SharedValues(shown=shown, about=about)


def common_values(
    rows: pl.LazyFrame, within: Mapping[str, tuple[str, ...]], *, k: int
) -> dict[str, SharedValues]:
    """Find the names that at least k persons share; codes made of digits count as names.

    Nearly all names are shared by k persons of a small sample. So only the persons of rare names
    are all counted, which takes memory for each person with each name; ``persons`` of the result
    may be too small where it is k or more.

    Parameters
    ----------
    rows, k
        As in ``shared_values``.
    within : mapping of str to tuple of str
        Columns of names, each with the columns that name what it is about. One reading of the rows
        counts the cells of all of them.
    """
    stated = {column: rows.filter(pl.col(column).is_not_null()) for column in within}
    in_sample = pl.when(_OWNER % _ONE_OF == 0).then(_OWNER).alias("_person")
    counts = pl.collect_all(
        [
            # Grouping by persons of the sample takes a tenth of the memory of n_unique.
            stated[column].group_by(*about, column, in_sample).agg(_cells=pl.len())
            for column, about in within.items()
        ],
        engine="streaming",
    )
    made = {}
    for (column, about), by_person in zip(within.items(), counts, strict=True):
        sampled = by_person.group_by(*about, column).agg(
            pl.col("_cells").sum(), _persons=pl.col("_person").count()
        )
        named = stated[column].with_columns(_all=pl.lit(0))
        counted = _recount_rare(sampled, named, (*about, column), k)
        keys = about or ("_all",)
        most = counted.with_columns(_all=pl.lit(0)).group_by(keys).agg(pl.col("_persons").max())
        stating = _recount_rare(most, named, keys, k).rename({"_persons": "persons"})
        kept = counted.filter(pl.col("_persons") >= k).sort(*about, column)
        made[column] = SharedValues(
            shown=kept.select(*about, column, _shown=column),
            about=_count_by_subject(counted, kept, stating, [], about),
        )
    return made


def _recount_rare(
    counted: pl.DataFrame, stated: pl.LazyFrame, keys: tuple[str, ...], k: int
) -> pl.DataFrame:
    """Count all persons of the combinations for which fewer than k were found so far."""
    is_rare = pl.col("_persons") < k
    rare = counted.filter(is_rare)
    if rare.is_empty():
        return counted
    persons = (
        stated.join(rare.lazy().select(keys), on=keys, how="semi", nulls_equal=True)
        .filter(_OWNER.is_not_null())
        .select(*keys, _OWNER)
        .unique()
        .group_by(keys)
        .agg(_persons=pl.len())
        .collect(engine="streaming")
    )
    exact = rare.drop("_persons").join(persons, on=keys, how="left", nulls_equal=True)
    exact = exact.with_columns(pl.col("_persons").fill_null(0))  # Only guests state such a name.
    return pl.concat([counted.filter(~is_rare), exact.select(counted.columns)])


def _hold_stated(rows: pl.LazyFrame, column: str, within: tuple[str, ...]) -> pl.LazyFrame:
    """Return the stated cells of a column with their persons, held in memory if they fit."""
    stated = rows.filter(pl.col(column).is_not_null()).select(*within, column, "customer_id")
    held = stated.head(_MOST_HELD + 1).collect(engine="streaming")
    return stated if held.height > _MOST_HELD else held.lazy()


def _count_persons(
    stated: pl.LazyFrame, column: str, within: tuple[str, ...]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return cells and persons of each value, and the persons who state any, in any order.

    Each person counts once with each value, so the persons of each value are in memory: those of
    one range of customers at a time.
    """
    cells = int(stated.select(pl.len()).collect(engine="streaming").item())
    about = within or ("_all",)
    values, persons = [], []
    for part, customers in enumerate(equal_ranges(max(1, -(-cells // _MOST_CELLS)))):
        inside = customers.contains.fill_null(part == 0)  # Rows of guests have no customer.
        by_person = (
            (stated if customers.is_everybody else stated.filter(inside))
            .group_by(*within, column, "customer_id")
            .agg(_cells=pl.len())
            .collect(engine="streaming")
        )
        known = by_person.filter(_OWNER.is_not_null()).with_columns(_all=pl.lit(0))
        values.append(
            by_person.group_by(*within, column).agg(pl.col("_cells").sum(), _persons=_OWNER.count())
        )
        persons.append(known.group_by(about).agg(persons=_OWNER.n_unique().cast(pl.Int64)))
    counts = pl.concat(values).group_by(*within, column).agg(pl.col("_cells", "_persons").sum())
    return counts, pl.concat(persons).group_by(about).agg(pl.col("persons").sum())


def show_shared(rows: pl.LazyFrame, column: str, *, shared: SharedValues) -> pl.LazyFrame:
    """Replace each value of a column by its shown value; rows come in any order."""
    keys = [name for name in shared.shown.columns if name != "_shown"]
    return (
        rows.join(shared.shown.lazy(), on=keys, how="left", nulls_equal=True)
        .with_columns(pl.col("_shown").alias(column))
        .drop("_shown")
    )


def _numeric_subjects(counted: pl.DataFrame, within: tuple[str, ...]) -> pl.DataFrame:
    """Return the subjects whose stated cells are nearly all numbers."""
    keys = [pl.col(name) for name in within] or [pl.lit(0).alias("_all")]
    numeric = pl.col("_number").is_finite().fill_null(False)
    return (
        counted.group_by(keys)
        .agg(_share=pl.col("_cells").filter(numeric).sum() / pl.col("_cells").sum())
        .filter(pl.col("_share") >= _NUMERIC_SHARE)
        .drop("_share")
    )


def _numbers_by_subject(
    counted: pl.DataFrame, within: tuple[str, ...], numeric: pl.DataFrame
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Yield each numeric subject with its numbers, ascending."""
    if numeric.is_empty():
        return
    numbers = counted.filter(pl.col("_number").is_finite())
    if within:
        numbers = numbers.join(numeric, on=list(within), how="semi", nulls_equal=True)
    parts = numbers.partition_by(list(within), maintain_order=True) if within else [numbers]
    for values in parts:
        about = values.select(within).head(1) if within else pl.DataFrame({"_all": [0]})
        yield about, values.sort("_number")


def _put_into_bands(
    values: pl.DataFrame, rows: pl.LazyFrame, column: str, k: int, draw: Draw
) -> tuple[float, pl.DataFrame] | None:
    """Put numbers into bands of k persons; return the step, and each value with ``_middle``.

    ``rows`` are the rows that state the values.
    """
    weights = values["_persons"].cast(pl.Int64).to_numpy()
    finest = find_cells(values["_number"].to_numpy(), weights, k=k, draw=draw)
    cells = values.with_columns(pl.Series("_cell", finest.cells)).filter(
        ~pl.Series(finest.is_outside)
    )
    counted = (
        rows.drop_nulls("customer_id")
        .join(cells.lazy().select(column, "_cell"), on=column)
        # Each person counts in one of their cells, drawn at random, so that a band has k persons.
        .group_by("customer_id")
        .agg(pl.col("_cell").sort_by(pl.struct("customer_id", "_cell").hash(seed=4)).first())
        .group_by("_cell")
        .agg(_persons=pl.len().cast(pl.Int64))
        .collect(engine="streaming")
    )
    sizes = (
        cells.select("_cell")
        .unique()
        .join(counted, on="_cell", how="left")
        .with_columns(pl.col("_persons").fill_null(0))
        .sort("_cell")
    )
    shown = shown_numbers(
        sizes["_cell"].to_numpy(), sizes["_persons"].to_numpy(), finest=finest, k=k, draw=draw
    )
    if shown is None:
        return None
    middles = pl.DataFrame({"_cell": sizes["_cell"], "_middle": shown})
    return finest.width, cells.join(middles, on="_cell")


def _band_in_column_type(middle: str, shown: pl.DataFrame, column: str) -> pl.Expr:
    """Return the number of a band in the type of its column: as a text, or as a number."""
    if shown.schema[column] != pl.String:
        return pl.col(middle).cast(shown.schema[column], strict=False)
    number = pl.col(middle)
    is_whole = (number == number.floor()) & (number.abs() < _MOST_WHOLE)
    return (
        pl.when(is_whole)
        .then(number.cast(pl.Int64, strict=False).cast(pl.String))
        .otherwise(number.round_sig_figs(12).cast(pl.String))
    )


def _count_by_subject(
    counted: pl.DataFrame,
    kept: pl.DataFrame,
    persons: pl.DataFrame,
    steps: list[pl.DataFrame],
    within: tuple[str, ...],
) -> pl.DataFrame:
    keys = list(within) or ["_all"]
    everything = pl.lit(0).alias("_all")
    made = persons
    for rows, name in ((counted, "cells"), (kept, "left")):
        part = rows if within else rows.with_columns(everything)
        sums = part.group_by(keys).agg(pl.col("_cells").sum().cast(pl.Int64).alias(name))
        made = made.join(sums, on=keys, how="left", nulls_equal=True)
    none = pl.DataFrame(schema={**made.select(keys).schema, "step": pl.Float64})
    stepped = [rows if within else rows.with_columns(everything) for rows in steps]
    made = made.join(
        pl.concat([none, *(rows.select(none.columns) for rows in stepped)]),
        on=keys, how="left", nulls_equal=True,
    )  # fmt: skip
    suppressed = pl.col("cells") - pl.col("left").fill_null(0)
    made = made.sort(keys, nulls_last=True).with_columns(suppressed=suppressed)
    return made.select(*within, "persons", "cells", "suppressed", "step")
