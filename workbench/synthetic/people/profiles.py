"""What the shop's customer file says: the tables ``customers`` and ``identities``.

Who does not state something is as many as the recipe's ``[missing]`` has it, whatever else is true
of them. Names are never missing. Who does not state the birth year does not state the date either,
where the recipe has more of the latter missing; half of them name an age band.
"""

import numpy as np
import polars as pl

from workbench.synthetic.draws import Flags, Integers, choice, normal
from workbench.synthetic.frames import choices, gathered, instant, table, text, where, words
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.personal_details import PersonalDetails
from workbench.synthetic.recipes import GENDERS
from workbench.synthetic.stock.names import locale

_INCOMES = (0, 10, 20, 30, 40, 50, 60, 80, 100)
_EDUCATION = (0.0, 0.01, 0.06, 0.33, 0.1, 0.1, 0.22, 0.15, 0.03)
_BANDS = (18, 25, 35, 45, 55, 65)
_STREAMS = {"birth_year": "birth known", "birth_date": "birth known"}


def customers(block: Block, home: PersonalDetails) -> pl.DataFrame:
    """Return the table ``customers``, one row per record."""
    born = block.clock.start_on.year - block.age
    knows_year = _states(block, "birth_year")
    states_band = ~knows_year & (block.u("age band stated") < 0.5)
    incomes = [f"{block.recipe.currency} {_band(_INCOMES, i, 1000)}" for i in range(len(_INCOMES))]
    money = 34_000 * np.exp(0.5 * normal(block.u("income")))
    locales = [locale(name) for name in block.recipe.locales]
    gender = np.where(_states(block, "gender"), block.gender, len(GENDERS) - 1)
    is_test = block.u("test record") < block.recipe.faults.test_accounts
    return table(
        "customers",
        [
            {
                "_owner": np.arange(block.size),
                "record_id": block.record_id,
                "kind": words(["person", "test"], is_test.astype(np.int64)),
                "first_seen_at": instant(block.joined_at),
                "birth_year": where(knows_year, pl.Series(born)),
                "age_band": where(states_band, _age_bands(block.age)),
                "gender": choices("customers", "gender", [*GENDERS[:4], None], gender),
                "country": words([each.country for each in locales], block.locale),
                "region": home.region,
                "postcode_area": home.area,
                "language": words([each.language for each in locales], block.locale),
                "income_band": where(
                    _states(block, "income_band"),
                    words(incomes, np.searchsorted(np.array(_INCOMES) * 1000, money, "right") - 1),
                ),
                "education_level": where(
                    _states(block, "education_level"),
                    pl.Series(choice(block.u("education"), _EDUCATION)),
                ),
            }
        ],
    )


def identities(block: Block, home: PersonalDetails, last_seen_at: Integers) -> pl.DataFrame:
    """Return the table ``identities``: what the file says of whom, one row per identifier.

    Parameters
    ----------
    last_seen_at : array of int, shape (customers,)
        Seconds since 1970 of the customer's latest activity.
    """
    has_address = _states(block, "address")
    everyone = np.ones(block.size, dtype=bool)
    number = pl.Series(block.numbers + 100_000).cast(pl.String)
    stated = {
        "user_id": (text(f"{block.recipe.system}:", number), everyone),
        "email": (home.email, _states(block, "email")),
        "phone": (home.phone, _states(block, "phone")),
        "full_name": (home.full, everyone),
        "given_name": (home.given, everyone),
        "family_name": (home.family, everyone),
        "birth_date": (home.birth_date, _states(block, "birth_date")),
        "street_address": (home.street, has_address),
        "city": (home.city, has_address),
        "postcode": (home.postcode, has_address),
    }
    owners = [np.flatnonzero(is_stated) for _, is_stated in stated.values()]
    owner = np.concatenate(owners)
    kind = np.repeat(np.arange(len(stated)), [len(each) for each in owners])
    values = [
        gathered(identifier, each)
        for (identifier, _), each in zip(stated.values(), owners, strict=True)
    ]
    return table(
        "identities",
        [
            {
                "_owner": owner,
                "record_id": block.record_id[owner],
                "kind": words(list(stated), kind),
                "identifier": pl.concat(values),
                "last_seen_at": instant(last_seen_at[owner]),
                "match_rule": "own",
            }
        ],
    )


def _states(block: Block, what: str) -> Flags:
    """Return who states something; one draw decides on the birth year and the birth date."""
    stated: Flags = block.u(_STREAMS.get(what, f"{what} known")) >= block.recipe.missing[what]
    return stated


def _age_bands(age: Integers) -> pl.Series:
    codes = np.searchsorted(np.array(_BANDS), age, "right") - 1
    return words([_band(_BANDS, i, 1) for i in range(len(_BANDS))], codes)


def _band(edges: tuple[int, ...], place: int, unit: int) -> str:
    low = edges[place] * unit
    return f"{low}+" if place + 1 == len(edges) else f"{low}-{edges[place + 1] * unit - 1}"
