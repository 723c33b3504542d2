"""How each quasi-identifier of the customer table is made coarser, step by step.

A *level* is one expression over the customer table; level 0 is the finest a view ever holds, the
last is null for everybody. Bands of age are those of Eurostat's population statistics, widened to
three at level 1.
"""

from collections.abc import Mapping
from datetime import date

import polars as pl

from workbench.schema import TABLES

_AGES = ("<18", "18-24", "25-34", "35-44", "45-54", "55-64", "65+")
_STARTS = (18, 25, 35, 45, 55, 65)
_WIDE = {
    "<18": "<35", "18-24": "<35", "25-34": "<35", "35-44": "35-54", "45-54": "35-54",
    "55-64": "55+", "65+": "55+",
}  # fmt: skip


def levels(as_of: date) -> Mapping[str, tuple[pl.Expr, ...]]:
    """Return the levels of each quasi-identifier, finest first, without the empty last one.

    Parameters
    ----------
    as_of : date
        Date at which ages are counted.
    """
    seen = pl.col("first_seen_at")
    education = pl.col("education_level")
    return {
        "age_band": (age_band(as_of), age_band(as_of).replace_strict(_WIDE, default=None)),
        "gender": (pl.col("gender"),),
        "country": (pl.col("country"),),
        "region": (pl.col("region"),),
        "postcode_area": (pl.col("postcode_area"),),
        "language": (pl.col("language"), pl.col("language").str.split("-").list.first()),
        "education_level": (
            education,
            pl.when(education <= 2).then(0).when(education <= 4).then(3).otherwise(5)
            .cast(pl.Int8, strict=False),
        ),
        "first_seen_at": tuple(seen.dt.truncate(every) for every in ("1mo", "1q", "1y")),
    }  # fmt: skip


def age_band(as_of: date) -> pl.Expr:
    """Return the band of each customer's age: from the birth year, else as it was stated."""
    age = as_of.year - pl.col("birth_year").cast(pl.Int32, strict=False)
    band = pl.lit(_AGES[0])
    for start, label in zip(_STARTS, _AGES[1:], strict=True):
        band = pl.when(age >= start).then(pl.lit(label)).otherwise(band)
    return pl.when(age.is_not_null()).then(band).otherwise(pl.col("age_band"))


def quasi_identifiers() -> tuple[str, ...]:
    """Quasi-identifiers of the customer table that a view can hold (never the birth year)."""
    return TABLES["customers"].columns_with_treatment("generalise")
