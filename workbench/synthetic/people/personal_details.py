"""Names, e-mail addresses, phones, homes and birth dates of customers.

Every part of a field (a given name, a domain, a house number) is chosen by 16 bits of a hash of the
customer's number; the parts are then concatenated for all customers at once. Customers of one
household (``households``) share the address, mostly the family name and sometimes the phone. E-mail
addresses are in domains reserved by RFC 2606 and end in a code of the customer's own, so no two
customers share one. Phones are in the country's range for fiction; where a world has more customers
than the range has numbers, they repeat (``stock.phones`` has the numbers).

Names do not depend on the year of birth, area codes do not depend on the home, and nobody moves.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.draws import Integers, Keys
from workbench.synthetic.frames import gather
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.households import household_heads
from workbench.synthetic.stock.pools import FIRST_YEAR, Pools, domain_cells, pools

# This number has no common divisor with any range of phones or power of 36. Multiplying by it,
# modulo such a range, therefore permutes the numbers of the range.
_SCATTER = 7_368_787
_TWO, _CODES = 36**2, 36**5
_SHARED_PHONE = 0.3  # Share of household members who use the phone of the household's head.
#: Share of household members with a family name of their own: couples keep their names in Spain,
#: and must share one in Japan. The values are plausible and have no source.
_OWN_NAME = {"es_ES": 0.6, "ja_JP": 0.05, "nl_NL": 0.35}
_OWN_NAME_ELSEWHERE = 0.15


@dataclass(frozen=True)
class PersonalDetails:
    """Names, contact details and homes of a block's customers, Series of shape (customers,).

    ``region`` is null for locales without regions; no other value is null.
    """

    given: pl.Series
    family: pl.Series
    full: pl.Series
    email: pl.Series
    phone: pl.Series
    street: pl.Series
    city: pl.Series
    postcode: pl.Series
    area: pl.Series
    region: pl.Series
    birth_date: pl.Series


def make_personal_details(block: Block) -> PersonalDetails:
    """Make the names, homes and contact details of a block's customers."""
    stock = pools(tuple(block.recipe.locales))
    head = household_heads(block)
    own = block.bits("person")
    parts = (
        _names(block, stock, head, own)
        | _home(block, stock, head)
        | _contact(block, stock, head, own)
    )
    family, email = pl.concat_str("family", "second"), ["given_latin", "between", "family_latin"]
    fields = pl.DataFrame(parts).select(
        "given",
        "city",
        "area",
        "region",
        family.alias("family"),
        pl.when("is_family_first")
        .then(pl.concat_str(family, pl.lit(" "), "given"))
        .otherwise(pl.concat_str("given", pl.lit(" "), family))
        .alias("full"),
        email=pl.concat_str(*email, "code", "domain"),
        phone=pl.concat_str("phone_head", "phone_tail"),
        street=pl.concat_str("before", "street", "behind"),
        postcode=pl.concat_str("area", "rest"),
        birth_date=pl.concat_str("year", "day"),
    )
    return PersonalDetails(**fields.to_dict())


def _names(block: Block, stock: Pools, head: Keys, own: Keys) -> dict[str, pl.Series]:
    """Return the parts of names, chosen by the customer and, for a shared family name, the head."""
    which = 2 * block.locale + block.bears_female_name
    keeping = [_OWN_NAME.get(name, _OWN_NAME_ELSEWHERE) for name in block.recipe.locales]
    keeps_own = _piece(own, 3) < (np.array(keeping) * 65_536)[block.locale]
    shared = block.stream("family name").bits(np.where(keeps_own, block.numbers, head))
    given = stock.given.rows(which, _piece(own, 0))
    family = stock.family.rows(which, _piece(shared, 0))
    second = stock.second.rows(which, _piece(shared, 1))
    # The first entry of each list is empty. A double name like Smith-Smith occurs only where
    # everybody has two family names; elsewhere it is replaced by the empty entry.
    none = stock.second.starts[which]
    same = second - none == family - stock.family.starts[which] + 1
    second = np.where(same & ~stock.has_two_families[block.locale], none, second)
    return {
        "given": gather(stock.given.forms[0], given),
        "given_latin": gather(stock.given.forms[1], given),
        "family": gather(stock.family.forms[0], family),
        "family_latin": gather(stock.family.forms[1], family),
        "second": gather(stock.second.forms[0], second),
        "is_family_first": pl.Series(stock.is_family_first[block.locale]),
    }


def _home(block: Block, stock: Pools, head: Keys) -> dict[str, pl.Series]:
    """Return the parts of addresses, chosen by the number of the household head."""
    place, more = block.stream("home").bits(head), block.stream("house").bits(head)
    area_bits = _piece(place, 0)
    # Neighbouring postcode areas have neighbouring towns: each hundredth of the list of areas has
    # its towns in the same hundredth of the list of towns.
    near = ((area_bits * 100 >> 16 << 16) + _piece(place, 1)) // 100
    area = stock.areas.rows(block.locale, area_bits)
    house = stock.houses.rows(block.locale, _piece(more, 0))
    return {
        "area": gather(stock.areas.forms[0], area),
        "region": gather(stock.areas.forms[1], area),
        "rest": gather(stock.rests.forms[0], stock.rests.rows(block.locale, _piece(more, 1))),
        "city": gather(stock.cities.forms[0], stock.cities.rows(block.locale, near)),
        "street": gather(
            stock.streets.forms[0], stock.streets.rows(block.locale, _piece(place, 2))
        ),
        "before": gather(stock.houses.forms[0], house),
        "behind": gather(stock.houses.forms[1], house),
    }


def _contact(block: Block, stock: Pools, head: Keys, own: Keys) -> dict[str, pl.Series]:
    """Return the parts of e-mail addresses, phones and birth dates."""
    more = block.bits("contact")
    code = ((block.numbers * np.uint64(_SCATTER) + np.uint64(987_654)) % np.uint64(_CODES)).astype(
        np.int64
    )
    holder = np.where(_piece(more, 0) < _SHARED_PHONE * 65_536, head, block.numbers).astype(
        np.int64
    )
    width = stock.tails.sizes[block.locale]
    number = (holder * _SCATTER + 1_234_567) % (stock.heads.sizes[block.locale] * width)
    domain = domain_cells()[_piece(more, 1)]
    year = block.clock.start_on.year - block.age - FIRST_YEAR
    return {
        "between": gather(stock.between.forms[0], stock.between.rows(0, _piece(own, 1))),
        "code": gather(stock.codes.forms[0], code // _TWO),
        "domain": gather(stock.domains.forms[0], stock.domains.starts[domain] + code % _TWO),
        "phone_head": gather(
            stock.heads.forms[0], stock.heads.starts[block.locale] + number // width
        ),
        "phone_tail": gather(
            stock.tails.forms[0], stock.tails.starts[block.locale] + number % width
        ),
        "year": gather(stock.years.forms[0], year),
        "day": gather(stock.days.forms[0], stock.days.rows(0, _piece(own, 2))),
    }


def _piece(bits: Keys, place: int) -> Integers:
    """Return one of the four 16-bit pieces of each value, counted from 0."""
    piece: Integers = (bits >> np.uint64(16 * place)).astype(np.int64) & 0xFFFF
    return piece
