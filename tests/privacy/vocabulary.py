"""The large dataset against which the search is measured, made once for all tests."""

from functools import cache

import polars as pl

from tests.privacy.people import identities, ordinary, people
from workbench.privacy import KnownIdentifiers, known_identifiers

CUSTOMERS = 20_000
NOBODY = pl.Series("customer_id", [], dtype=pl.UInt64)


@cache
def vocabulary() -> KnownIdentifiers:
    """Return what is known of twenty thousand customers of eight locales and hostile ones."""
    everybody = people(CUSTOMERS) + ordinary(CUSTOMERS)
    return known_identifiers(identities(everybody).lazy())
