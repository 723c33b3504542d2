"""Rules on names, addresses and permissions; each function returns the rows that break a rule."""

import re
from collections.abc import Mapping
from functools import cache

import polars as pl

from workbench.schema import TABLES
from workbench.synthetic.stock.names import LOCALES, locale
from workbench.synthetic.stock.phones import ranges

Tables = Mapping[str, pl.LazyFrame]

_DOMAINS = r"@(example\.(com|net|org)|([a-z0-9-]+\.)+example)$"  # RFC 2606


def names_of_other_gender(tables: Tables) -> pl.LazyFrame:
    """Return given names that are not on the list of the customer's gender and country."""
    given = tables["identities"].filter(pl.col("kind") == "given_name")
    stated = pl.col("gender").is_in(["female", "male"])
    people = tables["customers"].filter(stated).select("record_id", "gender", "country")
    named = given.join(people, on="record_id", how="inner").with_columns(
        pl.col("gender").cast(pl.String)
    )
    return named.join(
        _listed_names().lazy(),
        left_on=["country", "gender", "identifier"],
        right_on=["country", "gender", "name"],
        how="anti",
    )


def foreign_phones(tables: Tables) -> pl.LazyFrame:
    """Return phones that are not in the range for fiction of the customer's country."""
    phones = tables["identities"].filter(pl.col("kind") == "phone")
    country = tables["customers"].select("record_id", "country")
    numbers = phones.join(country, on="record_id", how="inner")
    fits = pl.any_horizontal(
        (pl.col("country") == name) & pl.col("identifier").str.contains(_beginning(each.prefixes))
        for name, each in ranges().items()
    )
    return numbers.filter(~fits.fill_null(value=False))


def reachable_mail(tables: Tables) -> pl.LazyFrame:
    """Return e-mail addresses in domains that somebody could own."""
    mail = tables["identities"].filter(pl.col("kind") == "email")
    return mail.filter(~pl.col("identifier").str.contains(_DOMAINS))


def unwanted_newsletters(tables: Tables) -> pl.LazyFrame:
    """Return newsletters to customers whose latest decision before the mail was not a yes."""
    is_newsletter = pl.col("campaign_id").str.starts_with("newsletter-")
    sent = tables["interactions"].filter(is_newsletter & (pl.col("action") == "sent"))
    decided = tables["consents"].filter(
        (pl.col("purpose") == "marketing.communications") & pl.col("decided_at").is_not_null()
    )
    latest = sent.sort("occurred_at").join_asof(
        decided.sort("decided_at").select("record_id", "decided_at", "decision"),
        left_on="occurred_at",
        right_on="decided_at",
        by="record_id",
        strategy="backward",
        check_sortedness=False,
    )
    return latest.filter(pl.col("decision").ne_missing(pl.lit("given", pl.Enum(_decisions()))))


@cache
def _listed_names() -> pl.DataFrame:
    rows = [
        (each.country, gender, name)
        for each in map(locale, LOCALES)
        for gender, names in (("female", each.female), ("male", each.male))
        for name, _ in names
    ]
    # Each country has its own list, also the two countries with English names.
    return pl.DataFrame(rows, schema=["country", "gender", "name"], orient="row").unique()


def _decisions() -> tuple[str, ...]:
    return TABLES["consents"].column("decision").choices


def _beginning(prefixes: tuple[str, ...]) -> str:
    """Return a regular expression for numbers with one of these prefixes."""
    return rf"^({'|'.join(map(re.escape, prefixes))})[0-9]+$"
