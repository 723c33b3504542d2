"""Levels of the quasi-identifiers of the customer table, from fine to coarse.

A *level* is an expression over the customer table. Level 0 is the finest level that a view can
have, the last level is null for everybody. Level 0 has the age bands of Eurostat's population
statistics, and level 1 joins them to three bands.
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
    """Return the levels of each quasi-identifier, finest first, without the last, which is null.

    Parameters
    ----------
    as_of : date
        Date in whose year ages are counted.
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
    """Return the band of each customer's age, from the birth year or else as stated."""
    age = as_of.year - pl.col("birth_year").cast(pl.Int32, strict=False)
    band = pl.lit(_AGES[0])
    for start, label in zip(_STARTS, _AGES[1:], strict=True):
        band = pl.when(age >= start).then(pl.lit(label)).otherwise(band)
    return pl.when(age.is_not_null()).then(band).otherwise(pl.col("age_band"))


def quasi_identifiers() -> tuple[str, ...]:
    """Return the quasi-identifiers that a view can have, without the birth year."""
    return TABLES["customers"].columns_with_treatment("generalise")
