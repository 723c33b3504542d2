"""The shop's customer file: the tables ``customers`` and ``identities``.

The recipe's ``[missing]`` has the share of customers who do not state each item. Whether an item is
missing does not depend on anything else, except that one draw decides on the birth year and the
birth date together. Half of the customers without a birth year state an age band. Names are never
missing.
"""

import numpy as np
import polars as pl

from workbench.synthetic.draws import Flags, Integers, choose, normal
from workbench.synthetic.frames import (
    enum_labels,
    gather,
    instants,
    join_texts,
    keep_where,
    labels,
    make_table,
)
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.personal_details import PersonalDetails
from workbench.synthetic.recipes import GENDERS
from workbench.synthetic.stock.names import locale

_INCOMES = (0, 10, 20, 30, 40, 50, 60, 80, 100)
_EDUCATION = (0.0, 0.01, 0.06, 0.33, 0.1, 0.1, 0.22, 0.15, 0.03)
_BANDS = (18, 25, 35, 45, 55, 65)
_STREAMS = {"birth_year": "birth known", "birth_date": "birth known"}


def customers(block: Block, details: PersonalDetails) -> pl.DataFrame:
    """Return the table ``customers``, one row per record."""
    born = block.clock.start_on.year - block.age
    knows_year = _is_stated(block, "birth_year")
    states_band = ~knows_year & (block.u("age band stated") < 0.5)
    incomes = [f"{block.recipe.currency} {_band(_INCOMES, i, 1000)}" for i in range(len(_INCOMES))]
    money = 34_000 * np.exp(0.5 * normal(block.u("income")))
    locales = [locale(name) for name in block.recipe.locales]
    gender = np.where(_is_stated(block, "gender"), block.gender, len(GENDERS) - 1)
    is_test = block.u("test record") < block.recipe.faults.test_accounts
    return make_table(
        "customers",
        block.rows_of(np.arange(block.size))
        | {
            "kind": labels(["person", "test"], is_test),
            "first_seen_at": instants(block.joined_at),
            "birth_year": keep_where(knows_year, pl.Series(born)),
            "age_band": keep_where(states_band, _age_bands(block.age)),
            "gender": enum_labels("customers", "gender", [*GENDERS[:4], None], gender),
            "country": labels([each.country for each in locales], block.locale),
            "region": details.region,
            "postcode_area": details.area,
            "language": labels([each.language for each in locales], block.locale),
            "income_band": keep_where(
                _is_stated(block, "income_band"),
                labels(incomes, np.searchsorted(np.array(_INCOMES) * 1000, money, "right") - 1),
            ),
            "education_level": keep_where(
                _is_stated(block, "education_level"),
                pl.Series(choose(block.u("education"), _EDUCATION)),
            ),
        },
    )


def identities(block: Block, details: PersonalDetails, last_seen_at: Integers) -> pl.DataFrame:
    """Return the table ``identities``, one row per stated identifier.

    Parameters
    ----------
    block, details
        Customers, and their personal details.
    last_seen_at : array of int, shape (customers,)
        Seconds since 1970 of the customer's latest activity.
    """
    has_address = _is_stated(block, "address")
    everyone = np.ones(block.size, dtype=bool)
    stated = {
        "user_id": (join_texts(f"{block.recipe.system}:", block.account_numbers()), everyone),
        "email": (details.email, _is_stated(block, "email")),
        "phone": (details.phone, _is_stated(block, "phone")),
        "full_name": (details.full, everyone),
        "given_name": (details.given, everyone),
        "family_name": (details.family, everyone),
        "birth_date": (details.birth_date, _is_stated(block, "birth_date")),
        "street_address": (details.street, has_address),
        "city": (details.city, has_address),
        "postcode": (details.postcode, has_address),
    }
    owners = [np.flatnonzero(is_stated) for _, is_stated in stated.values()]
    owner = np.concatenate(owners)
    kind = np.repeat(np.arange(len(stated)), [len(each) for each in owners])
    values = [
        gather(identifier, each)
        for (identifier, _), each in zip(stated.values(), owners, strict=True)
    ]
    return make_table(
        "identities",
        block.rows_of(owner)
        | {
            "kind": labels(list(stated), kind),
            "identifier": pl.concat(values),
            "last_seen_at": instants(last_seen_at[owner]),
            "match_rule": "own",
        },
    )


def _is_stated(block: Block, what: str) -> Flags:
    """Return whether each customer states an item."""
    stated: Flags = block.u(_STREAMS.get(what, f"{what} known")) >= block.recipe.missing[what]
    return stated


def _age_bands(age: Integers) -> pl.Series:
    codes = np.searchsorted(np.array(_BANDS), age, "right") - 1
    return labels([_band(_BANDS, i, 1) for i in range(len(_BANDS))], codes)


def _band(edges: tuple[int, ...], place: int, unit: int) -> str:
    low = edges[place] * unit
    return f"{low}+" if place + 1 == len(edges) else f"{low}-{edges[place + 1] * unit - 1}"
