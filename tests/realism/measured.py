"""Hold worlds, and real data, against the published facts."""

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from tests.realism import buying, contact
from tests.realism.buying import Measures, number
from tests.realism.facts import FACTS
from workbench.synthetic.rules import read_tables
from workbench.synthetic.truth import Truth, open_truth

Tables = dict[str, pl.LazyFrame]


def held_against(worlds: Mapping[str, Path]) -> pl.DataFrame:
    """Measure worlds and say which published facts they are like.

    Parameters
    ----------
    worlds : mapping of str to Path
        Folder of a world by the name of its recipe; facts about others are left out.

    Returns
    -------
    DataFrame, shape (facts, 10)
        ``fact``, ``component``, ``definition``, ``world`` (String); ``low``, ``high``, ``measured``
        (Float64); ``is_inside`` (Boolean); ``source``, ``sure`` (String).
    """
    measured = {name: _measures(folder, name) for name, folder in worlds.items()}
    rows = [
        {
            "fact": fact.name,
            "component": fact.component,
            "definition": fact.definition,
            "world": fact.world,
            "low": fact.low,
            "high": fact.high,
            "measured": measured[fact.world][fact.name],
            "is_inside": fact.holds(measured[fact.world][fact.name]),
            "source": fact.source,
            "sure": fact.sure,
        }
        for fact in FACTS
        if fact.world in measured
    ]
    return pl.DataFrame(rows)


def measured_on_real(orders: pl.DataFrame) -> pl.DataFrame:
    """Measure real orders by the same definitions, for whoever doubts a range.

    Parameters
    ----------
    orders : DataFrame
        ``buyer``, ``at`` (Datetime), ``value`` (above 0): one row per order.

    Returns
    -------
    DataFrame, shape (facts about purchases and seasons, 2)
        ``fact``, ``measured``.
    """
    found = buying.purchases(orders) | buying.seasons(orders)
    return pl.DataFrame({"fact": list(found), "measured": list(found.values())})


def _measures(folder: Path, name: str) -> Measures:
    tables, truth = read_tables(folder), open_truth(folder)
    wanted = {fact.name for fact in FACTS if fact.world == name}
    found: Measures = {}
    for measure, gives in _OF.items():
        if wanted & gives:
            found |= measure(tables, truth)
    renamed = {f"{fact}_quiet": value for fact, value in found.items() if name == "quiet"}
    return found | renamed


def _orders(tables: Tables) -> pl.DataFrame:
    sales = tables["orders"].filter(pl.col("kind").cast(pl.String) == "sale")
    return sales.select(
        buyer="record_id", at="ordered_at", value=pl.col("total_minor").cast(pl.Float64)
    ).collect()


def _buying(tables: Tables, truth: Truth) -> Measures:
    orders, months = _orders(tables), truth.tables["months"]
    again = orders.filter(pl.col("at") > pl.col("at").min().over("buyer"))
    seasons = buying.seasons(again)
    # a world that grows has more buyers in November: orders after the first, per customer there
    there = months.group_by(pl.col("month_on").dt.month()).len().collect()
    days = again.select(pl.col("at").dt.month().alias("month_on")).group_by("month_on").len()
    rate = there.join(days, on="month_on", suffix="_orders").select(
        "month_on", rate=pl.col("len_orders") / pl.col("len")
    )
    by_month = dict(rate.iter_rows())
    if {1, 11} <= set(by_month):
        seasons["november_over_january"] = by_month[11] / by_month[1]
    return buying.purchases(orders) | seasons


def _baskets(tables: Tables, truth: Truth) -> Measures:
    del truth
    back = tables["orders"].select("order_id", kind=pl.col("kind").cast(pl.String))
    lines = tables["order_items"].join(back, on="order_id").collect()
    sold, returned = (lines.filter(pl.col("kind") == kind) for kind in ("sale", "return"))
    is_fashion = pl.col("product_category").str.starts_with("fashion/")
    count = {
        (name, each): frame.filter(is_fashion if each else ~is_fashion).height
        for name, frame in (("sold", sold), ("returned", returned))
        for each in (True, False)
    }
    payments = tables["payments"].filter(pl.col("order_id").is_not_null())
    online = (
        tables["orders"].filter(pl.col("channel").cast(pl.String) != "store").select("order_id")
    )
    paid = (
        payments.join(online, on="order_id", how="semi")
        .select("method", kind=pl.col("kind").cast(pl.String))
        .collect()
    )
    tried = paid.filter(pl.col("kind").is_in(["charge", "failed"]))
    cards = tried.filter(
        (pl.col("method").cast(pl.String) == "card") & (pl.col("kind") == "charge")
    )
    return {
        "lines_per_order": sold.height / sold["order_id"].n_unique(),
        "returns_fashion": count["returned", True] / max(count["sold", True], 1),
        "returns_other": count["returned", False] / max(count["sold", False], 1),
        "declined": paid.filter(pl.col("kind") == "failed").height / tried.height,
        "chargebacks": paid.filter(pl.col("kind") == "chargeback").height / max(cards.height, 1),
    }


def _leaving(tables: Tables, truth: Truth) -> Measures:
    months = (
        truth.tables["months"]
        .collect()
        .with_columns(tenure=pl.col("month_on").rank("ordinal").over("record_id"))
    )
    later = months.filter(pl.col("month_on") >= months["month_on"].unique().sort()[3])
    reasons = tables["subscriptions"].select(pl.col("end_reason").cast(pl.String)).collect()
    ended = reasons.filter(pl.col("end_reason").is_in(["cancelled", "payment_failed"]))
    early, late = (
        number(months.filter(pl.col("tenure").is_between(*span))["leaves"].mean())
        for span in ((1, 2), (13, 18))
    )
    failed = ended.filter(pl.col("end_reason") == "payment_failed").height
    return {
        "monthly_churn": number(later["leaves"].mean()),
        "involuntary_churn": failed / max(ended.height, 1),
        "early_over_late_churn": early / late,
    }


def _contact(tables: Tables, truth: Truth) -> Measures:
    del truth
    return contact.mail(tables) | contact.reviews(tables) | contact.service(tables)


def _survey(tables: Tables, truth: Truth) -> Measures:
    del truth
    return contact.answers(tables)


def _visits(tables: Tables, truth: Truth) -> Measures:
    del truth
    return contact.visits(tables) | contact.app_retention(tables)


def _consent(tables: Tables, truth: Truth) -> Measures:
    del tables
    known = truth.tables["tracking"].collect()
    asked = truth.recipe.tracking.app_asked
    return {
        "banner_accepted": number(known["p_accepts"].mean()),
        "app_tracking_allowed": number(known["allows_app"].mean()) / asked,
    }


def _records(tables: Tables, truth: Truth) -> Measures:
    people = tables["customers"].select("income_band", "education_level").collect()
    found = {
        "income_missing": people["income_band"].null_count() / people.height,
        "education_missing": people["education_level"].null_count() / people.height,
    }
    if "duplicates" in truth.tables:
        links = truth.tables["duplicates"].collect()
        cells = truth.tables["faults"].filter(pl.col("table") == "identities")
        changed = cells.join(links.lazy(), on="record_id", how="semi")
        per_record = changed.group_by("record_id").len().collect()
        found["duplicates"] = links.height / truth.recipe.customers
        found["changed_fields"] = number(per_record["len"].mean())
        kinds = dict(changed.group_by("kind").agg(pl.len()).collect().iter_rows())
        for kind in ("substituted", "transposed"):
            found[f"typo_{kind}"] = kinds.get(kind, 0) / max(sum(kinds.values()), 1)
    return found


def _mailings(tables: Tables, truth: Truth) -> Measures:
    arms = truth.tables["uplift"].collect()
    days = pl.duration(days=14)
    sent = tables["campaigns"].select("campaign_id", "launched_on").collect()
    visits = tables["events"].select("record_id", "occurred_at").collect()
    effects = []
    for name in arms["campaign_id"].unique().sort():
        start = pl.lit(sent.filter(pl.col("campaign_id") == name)["launched_on"][0]).cast(
            pl.Datetime("us", "UTC")
        )
        within = visits.filter(pl.col("occurred_at").is_between(start, start + days))
        part = arms.filter(pl.col("campaign_id") == name).with_columns(
            visits=pl.col("record_id").is_in(within["record_id"].unique().implode())
        )
        by_arm = part.group_by("is_treated").agg(pl.col("visits", "bought").mean())
        mailed, held = (
            by_arm.row(by_predicate=pl.col("is_treated") == arm, named=True)
            for arm in (True, False)
        )
        effects.append((mailed["visits"] - held["visits"], mailed["bought"] - held["bought"]))
    return {
        "mail_moves_visits": sum(each for each, _ in effects) / len(effects),
        "mail_moves_orders": sum(each for _, each in effects) / len(effects),
    }


_PURCHASES = frozenset(f.name for f in FACTS if f.component in ("purchases", "seasons"))

#: Which facts a measure gives; a measure runs only where one of them is asked of the world.
_OF: dict[Callable[[Tables, Truth], Measures], frozenset[str]] = {
    _buying: _PURCHASES - {"lines_per_order"},
    _baskets: frozenset(
        {"lines_per_order", "returns_fashion", "returns_other", "declined", "chargebacks"}
    ),
    _leaving: frozenset({"monthly_churn", "involuntary_churn", "early_over_late_churn"}),
    _contact: frozenset(f.name for f in FACTS if f.component in ("mail", "reviews", "service")),
    _survey: frozenset({"answered", "answered_quiet"}),
    _visits: frozenset(f.name for f in FACTS if f.component == "visits"),
    _consent: frozenset({"banner_accepted", "app_tracking_allowed"}),
    _records: frozenset(f.name for f in FACTS if f.component == "records"),
    _mailings: frozenset({"mail_moves_visits", "mail_moves_orders"}),
}
