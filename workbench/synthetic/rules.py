"""Rules that hold across the tables of every world, and how often each is broken.

The declarations of ``schema`` rule single rows; these rule what rows say together: totals and
lines, money back and money paid, nothing before its customer. ``generate`` breaks none; a world
that does, or a table changed by hand, shows it here.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from workbench.foundation.errors import InputError
from workbench.schema import TABLES
from workbench.synthetic.frames import columns_of
from workbench.synthetic.recipes import Recipe
from workbench.synthetic.stock.names import LOCALES, PHONE_PREFIXES, locale

Tables = Mapping[str, pl.LazyFrame]

#: The instant of a row, by table; dates count from their first moment.
_INSTANTS = {
    "attributes": "observed_at",
    "events": "occurred_at",
    "orders": "ordered_at",
    "payments": "paid_at",
    "subscriptions": "started_on",
    "interactions": "occurred_at",
    "consents": "decided_at",
    "identities": "last_seen_at",
}
_FOREIGN = (
    ("order_items", "order_id", "orders"),
    ("payments", "order_id", "orders"),
    ("events", "order_id", "orders"),
    ("answers", "interaction_id", "interactions"),
    ("orders", "campaign_id", "campaigns"),
    ("interactions", "campaign_id", "campaigns"),
    *((name, "record_id", "customers") for name in ("identities", "answers", *_INSTANTS)),
)
_DOMAINS = r"@(example\.(com|net|org)|([a-z0-9-]+\.)+example)$"  # RFC 2606


@dataclass(frozen=True)
class Rule:
    """One rule: its name, what it says, and the rows that break it."""

    name: str
    says: str
    broken: Callable[[Tables], pl.LazyFrame]


def tables_of(folder: Path) -> dict[str, pl.LazyFrame]:
    """Return the tables of a world on disk, lazily; a table without rows is there, empty.

    Raises
    ------
    InputError
        The folder holds no world.
    """
    if not (folder / "world.json").is_file():
        raise InputError(f"{folder} is no world: it has no world.json")
    held = {
        name: sorted((folder / name).glob("part-*.parquet")) for name in TABLES if name != "sources"
    }
    return {
        name: pl.concat([pl.scan_parquet(path) for path in paths])
        if paths
        else pl.LazyFrame(schema=columns_of(name))
        for name, paths in held.items()
    }


def violations(world: Path | Mapping[str, pl.DataFrame], *, adds_tax: bool = False) -> pl.DataFrame:
    """Count the rows that break each rule.

    Parameters
    ----------
    world : Path or mapping of str to DataFrame
        Folder of a world, or its tables by name; missing ones count as empty.
    adds_tax : bool
        Whether prices come without the tax; a world on disk says so itself.

    Returns
    -------
    DataFrame, shape (rules, 3)
        ``rule``, ``says`` (String) and ``violations`` (Int64), one row per rule, in a fixed order.
    """
    if isinstance(world, Path):
        tables: Tables = tables_of(world)
        adds_tax = not json.loads((world / "world.json").read_bytes())["recipe"]["prices_with_tax"]
    else:
        given = {name: rows.lazy() for name, rows in world.items()}
        empty = {n: pl.LazyFrame(schema=columns_of(n)) for n in TABLES if n != "sources"}
        tables = empty | given
    if not adds_tax:  # it is contained in what is due
        tables = {**tables, "orders": tables["orders"].with_columns(tax_minor=pl.lit(0, pl.Int64))}
    counts = pl.collect_all([rule.broken(tables).select(pl.len()) for rule in RULES])
    return pl.DataFrame(
        {
            "rule": [rule.name for rule in RULES],
            "says": [rule.says for rule in RULES],
            "violations": pl.Series([count.item() for count in counts], dtype=pl.Int64),
        }
    )


def planted(recipe: Recipe) -> frozenset[str]:
    """Return the rules that a recipe's faults break on purpose."""
    faults = recipe.faults
    found = set()
    if faults.duplicates:  # mistyped names, addresses and numbers
        found |= {"given_name", "phone", "email"}
    if faults.late:  # recorded after they happened
        found.add("placed")
    if faults.encodings or faults.strings == "adversarial":
        found.add("given_name")
    return frozenset(found)


def _wrong_totals(tables: Tables) -> pl.LazyFrame:
    lines = tables["order_items"].group_by("order_id").agg(lines=pl.col("amount_minor").sum())
    due = pl.col("lines") - pl.col("discount_minor") + pl.col("shipping_minor")
    due += pl.col("tax_minor")
    orders = tables["orders"].join(lines, on="order_id", how="left")
    return orders.filter(pl.col("total_minor").ne_missing(due))


def _wrong_amounts(tables: Tables) -> pl.LazyFrame:
    due = pl.col("unit_price_minor") * pl.col("quantity")
    return tables["order_items"].filter(pl.col("amount_minor") != due)


def _wrong_signs(tables: Tables) -> pl.LazyFrame:
    is_sale = pl.col("kind") == "sale"
    return tables["orders"].filter(is_sale != (pl.col("total_minor") > 0))


def _sales_and_reversals(tables: Tables) -> pl.LazyFrame:
    """Return each reversal with its sale's total and time, and all taken back of that sale."""
    sales = tables["orders"].filter(pl.col("kind") == "sale")
    sales = sales.select("order_id", "record_id", sold="total_minor", sold_at="ordered_at")
    back = tables["orders"].filter(pl.col("kind") != "sale")
    back = back.with_columns(all_back=pl.col("total_minor").sum().over("original_order_id"))
    return back.join(
        sales, left_on="original_order_id", right_on="order_id", how="left", suffix="_sale"
    )


def _unfounded_reversals(tables: Tables) -> pl.LazyFrame:
    holds = (
        (pl.col("record_id") == pl.col("record_id_sale"))
        & (pl.col("ordered_at") > pl.col("sold_at"))
        & (-pl.col("all_back") <= pl.col("sold"))
    )
    return _sales_and_reversals(tables).filter(~holds.fill_null(value=False))


def _payments_per_order(tables: Tables) -> pl.LazyFrame:
    amount = pl.col("amount_minor")
    kinds = ("charge", "refund", "chargeback", "failed")
    paid = tables["payments"].filter(pl.col("order_id").is_not_null())
    return paid.group_by("order_id").agg(
        **{kind: amount.filter(pl.col("kind") == kind).sum() for kind in kinds}
    )


def _wrong_payments(tables: Tables) -> pl.LazyFrame:
    """Return orders whose payments are neither nothing nor the total."""
    paid = tables["orders"].join(_payments_per_order(tables), on="order_id", how="inner")
    is_sale = pl.col("kind") == "sale"
    settled = pl.when(is_sale).then("charge").otherwise("refund")
    other = pl.when(is_sale).then("refund").otherwise("charge")
    is_partial = (settled != 0) & (settled != pl.col("total_minor"))
    return paid.filter(is_partial | (other != 0) | (pl.col("failed") != 0))


def _refunds_unpaid(tables: Tables) -> pl.LazyFrame:
    """Return sales of which more went back than was paid."""
    origin = tables["orders"].select("order_id", sale=pl.coalesce("original_order_id", "order_id"))
    flows = _payments_per_order(tables).join(origin, on="order_id", how="left")
    net = pl.col("charge") + pl.col("refund") + pl.col("chargeback")
    return flows.group_by("sale").agg(net=net.sum()).filter(pl.col("net") < 0)


def _before_first_seen(tables: Tables) -> pl.LazyFrame:
    seen = tables["customers"].select("record_id", "first_seen_at")
    early = []
    for name, column in _INSTANTS.items():
        at = pl.col(column)
        # a contract begins on a date: the day of joining is early enough
        bound = (
            pl.col("first_seen_at").dt.date() if column.endswith("_on") else pl.col("first_seen_at")
        )
        joined = tables[name].join(seen, on="record_id", how="inner")
        early.append(joined.filter(at < bound).select("record_id"))
    return pl.concat(early)


def _before_their_cause(tables: Tables) -> pl.LazyFrame:
    """Return what was done in a thread before what it answers: before the mail, or the question."""
    said = tables["interactions"].filter(pl.col("thread_id").is_not_null())
    channel, action = (pl.col(name).cast(pl.String) for name in ("channel", "action"))
    is_mail = channel.is_in(["email", "survey"])
    is_asked = channel.is_in(["ticket", "chat"])
    begins = (is_mail & (action == "sent")) | (
        is_asked & (action == "message") & (pl.col("direction").cast(pl.String) == "inbound")
    )
    first = said.filter(begins).group_by("thread_id").agg(begun_at=pl.col("occurred_at").min())
    later = said.filter(is_mail | is_asked).join(first, on="thread_id", how="left")
    return later.filter((pl.col("occurred_at") < pl.col("begun_at")).fill_null(value=True))


def _unplaced_orders(tables: Tables) -> pl.LazyFrame:
    """Return purchases on site or in the app that are not at the moment of their order."""
    placed = tables["orders"].select("order_id", "ordered_at", "record_id")
    bought = tables["events"].filter(pl.col("event_name") == "purchase")
    both = bought.join(placed, on="order_id", how="left", suffix="_of_order")
    return both.filter(
        (pl.col("occurred_at") != pl.col("ordered_at")).fill_null(value=True)
        | (pl.col("record_id") != pl.col("record_id_of_order")).fill_null(value=True)
    )


def _unknown_keys(tables: Tables) -> pl.LazyFrame:
    lost = []
    for name, column, target in _FOREIGN:
        keys = tables[target].select(column)
        rows = tables[name].filter(pl.col(column).is_not_null())
        # a literal alone would make a row of nothing
        lost.append(rows.join(keys, on=column, how="anti").select(pl.col(column).is_null()))
    return pl.concat(lost)


def _names_of_other_gender(tables: Tables) -> pl.LazyFrame:
    """Return persons whose given name is on the other gender's list of their country only."""
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


def _foreign_phones(tables: Tables) -> pl.LazyFrame:
    phones = tables["identities"].filter(pl.col("kind") == "phone")
    country = tables["customers"].select("record_id", "country")
    numbers = phones.join(country, on="record_id", how="inner")
    fits = pl.any_horizontal(
        (pl.col("country") == name) & pl.col("identifier").str.contains(_beginning(prefixes))
        for name, prefixes in PHONE_PREFIXES.items()
    )
    return numbers.filter(~fits.fill_null(value=False))


def _beginning(prefixes: tuple[str, ...]) -> str:
    """Return a pattern of numbers with one of these prefixes."""
    return rf"^({'|'.join(map(re.escape, prefixes))})[0-9]+$"


def _reachable_mail(tables: Tables) -> pl.LazyFrame:
    mail = tables["identities"].filter(pl.col("kind") == "email")
    return mail.filter(~pl.col("identifier").str.contains(_DOMAINS))


def _unwanted_newsletters(tables: Tables) -> pl.LazyFrame:
    """Return newsletters whose recipient's latest decision before was not a yes."""
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


def _overlapping_terms(tables: Tables) -> pl.LazyFrame:
    ordered = tables["subscriptions"].sort("subscription_id", "started_on")
    following = pl.col("started_on").shift(-1).over("subscription_id", order_by="started_on")
    ends = pl.col("ended_on")
    return ordered.filter(
        (ends <= pl.col("started_on"))
        | (following.is_not_null() & ends.ne_missing(following))
        | (ends.is_null() != pl.col("end_reason").is_null())
    )


@cache
def _listed_names() -> pl.DataFrame:
    rows = [
        (each.country, gender, name)
        for each in map(locale, LOCALES)
        for gender, names in (("female", each.female), ("male", each.male))
        for name, _ in names
    ]
    # English is spoken in two countries; a name counts in each by its own list
    return pl.DataFrame(rows, schema=["country", "gender", "name"], orient="row").unique()


def _decisions() -> tuple[str, ...]:
    return TABLES["consents"].column("decision").choices


RULES = (
    Rule(
        "order_total",
        "an order's total is its lines less discount plus shipping, plus tax where prices lack it",
        _wrong_totals,
    ),
    Rule("line_amount", "a line's amount is its price times its quantity", _wrong_amounts),
    Rule("order_sign", "sales are above zero, returns and cancellations are not", _wrong_signs),
    Rule(
        "reversal",
        "what comes back names an earlier sale of the same customer, and never exceeds it",
        _unfounded_reversals,
    ),
    Rule("payment", "an order is paid or refunded in full or not at all", _wrong_payments),
    Rule("refund", "never more goes back than was paid", _refunds_unpaid),
    Rule("first_seen", "nothing happens before its customer is first seen", _before_first_seen),
    Rule("cause", "nothing is answered before it is asked or sent", _before_their_cause),
    Rule("placed", "a purchase on site is its order, at the moment of it", _unplaced_orders),
    Rule(
        "known_keys",
        "orders, campaigns, responses and customers that are referred to exist",
        _unknown_keys,
    ),
    Rule(
        "given_name",
        "the given name is one of the stated gender's, in the country",
        _names_of_other_gender,
    ),
    Rule("phone", "a phone number is a fictional one of the customer's country", _foreign_phones),
    Rule("email", "an e-mail address is in a domain reserved for examples", _reachable_mail),
    Rule("newsletter", "newsletters go to who allows them at the time", _unwanted_newsletters),
    Rule(
        "terms",
        "terms of a contract follow one another, and what ended says why",
        _overlapping_terms,
    ),
)
