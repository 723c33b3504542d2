"""Brute force: what may have happened to one customer, drawn from the recipe and weighed.

Independent of the best observer on purpose: nothing here sums in closed form or by quadrature, and
every order, mail and visit is looked at on its own. Each particle draws what nobody sees (segment,
rate, frailty, eagerness to open mail, satisfaction, the level of order values, how each order went,
leaving, purchases to come) as the generator does, and its weight is the probability of what the
tables show of the customer. For worlds like ``retail``, in which all visits are recorded, nothing
is mailed at random, and no group differs.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import gamma, geom, norm

from workbench.synthetic.clock import DAY_SECONDS, Clock
from workbench.synthetic.population import Population
from workbench.synthetic.recipes import CHANNELS, Segment
from workbench.synthetic.shop.leaving import month_days
from workbench.synthetic.shop.visits import extra_app_days
from workbench.synthetic.stock.catalogue import CATEGORIES, LADDER_STEP, catalogue
from workbench.synthetic.stock.texts import TOPICS

Numbers = np.ndarray[Any, Any]
_INTERESTS = {
    "beauty": ("skincare", "wellness", "perfume"),
    "electronics": ("gaming", "photography", "gadgets"),
    "fashion": ("fashion", "running", "vintage"),
    "gifts": ("board_games", "crafts", "parenting"),
    "home": ("interior_design", "cooking", "gardening"),
}
_TOPIC_SHARES = (0.20, 0.24, 0.11, 0.15, 0.13, 0.07, 0.06, 0.04)


@dataclass(frozen=True)
class Order:
    """One order and what followed it by the day as of which is asked; None where nothing did."""

    day: float
    channel: str
    lines: int
    categories: list[int]
    prices: list[float]  # log of price, number of lines and quantity
    rates: list[float]  # of return of each line
    is_back: list[bool] | None
    is_cancelled: bool
    topic: str | None
    tone: str | None
    stars: int | None
    remark: str | None
    is_invited: bool
    score: int | None
    delivery: int | None


@dataclass(frozen=True)
class Estimate:
    """A probability, its standard error, and how many equal particles it is worth."""

    active: tuple[float, float]
    leaves: tuple[float, float]
    buys: tuple[float, float]
    worth: float


def posterior(
    population: Population, row: int, month: int, *, particles: int, seed: int
) -> Estimate:
    """Return P(active), P(leaves within 3 months) and P(buys within 90 days) of one customer."""
    random = np.random.default_rng(seed)
    recipe, block = population.block.recipe, population.block
    starts = month_days(block, month + 4).astype(float)
    as_of, joined = starts[month], float(block.joined_day[row])
    seen = orders(population, row, as_of)
    kinds = recipe.contrasted_segments
    kind = random.choice(len(kinds), particles, p=np.array(recipe.shares))
    own = np.array([each.purchases_shape for each in kinds])[kind]
    # the rate is drawn near what is likely, and weighed for it
    clock, visiting = block.clock, Clock.of(recipe, "visits")
    base = np.array([each.purchases_per_month for each in kinds])[kind] * 12 / 365.25
    # the first order, half an hour after joining, says nothing of the rate
    first = (block.joined_at[row] + 1_800 - block.clock.start_at) / DAY_SECONDS
    purchases = [each for each in seen if each.day > first + 1e-6]

    def passed(day: Numbers, by: Clock = clock) -> Numbers:
        found: Numbers = by.operational(day) - by.operational(np.array([joined]))[0]
        return found

    exposure = passed(np.array([as_of]))[0]
    near = gamma(own + len(purchases), scale=1 / (own + 0.7 * base * exposure))
    g = near.rvs(random_state=random)
    log_w = gamma(own, scale=1 / own).logpdf(g) - near.logpdf(g)
    # how orders went
    z = recipe.leaving.frailty_sd * random.standard_normal(particles)
    s = random.standard_normal(particles)
    months = month + 3
    annoyed = np.zeros((particles, months + 8), dtype=bool)
    for each in seen:
        bad, weight = went(population, each, s, as_of, random)
        log_w += weight
        m = int(np.searchsorted(starts, each.day, "right")) - 1
        for later in range(1, recipe.leaving.annoyed_months + 1):
            annoyed[:, m + later] |= bad
    # leaving and buying from here on
    power = (1.0 + np.arange(months + 1)) ** recipe.leaving.tenure_power
    monthly = -np.log1p(-np.array([each.leaving_per_month for each in kinds])[kind])
    monthly = monthly * recipe.leaving.scale * np.exp(z)
    joined_month = int(np.searchsorted(starts, joined, "right")) - 1
    threshold, summed = random.exponential(size=particles), np.zeros(particles)
    left = np.full(particles, np.inf)
    buys = np.zeros(particles, dtype=bool)
    sent = np.array([1 - each.channels["store"] / sum(each.channels.values()) for each in kinds])
    trouble = recipe.troubles
    annoys = (1 - (1 - sent * trouble.late) * (1 - trouble.damaged))[kind] * trouble.annoys
    for m in range(joined_month, months):
        begin, end = max(starts[m], joined), starts[m + 1]
        part = (end - begin) / (end - starts[m])
        pace = monthly * power[m - joined_month] * recipe.change("leaving", m / recipe.months)
        pace = pace * np.where(annoyed[:, m], recipe.leaving.annoyed, 1.0)
        leaves = np.isinf(left) & (summed + pace * part >= threshold)
        at = begin + (threshold - summed) / np.maximum(pace * part, 1e-300) * (end - begin)
        left[leaves] = at[leaves]
        summed = summed + pace * part
        if m >= month:
            first, last = passed(np.array([starts[m], end]))
            rate = g * base * (last - first)
            number = random.poisson(rate)
            place = random.random(particles) ** (1 / np.maximum(number, 1))  # the latest
            earliest = starts[m] + (1 - place) * (end - starts[m])
            in_time = (earliest < as_of + 90) & (earliest < left)
            buys |= (number > 0) & in_time
            bad = random.random(particles) < -np.expm1(-rate * annoys)
            for later in range(1, recipe.leaving.annoyed_months + 1):
                annoyed[:, m + later] |= bad
    # what is seen of purchases, visits, mails, the plan, and of the segment
    there = np.minimum(left, as_of)
    log_w += len(purchases) * np.log(g * base) - g * base * passed(there)
    log_w += visits(population, row, as_of, kind, g, there, passed(there, visiting))
    log_w += mails(population, row, as_of, left, random)
    log_w += plan(population, row, month, left, starts)
    shown = kinds_seen(population, row, as_of, seen, particles, seed)
    log_w += shown[kind, np.arange(particles)]
    latest = max([each.day for each in seen] + [joined, *looks(population, row, as_of)["day"]])
    log_w[left < latest] = -np.inf
    weight = np.exp(log_w - log_w.max())
    weight /= weight.sum()
    active = left >= as_of
    found = [
        (float(weight @ each), float(np.sqrt((weight**2) @ (each - weight @ each) ** 2)))
        for each in (active, active & (left < starts[month + 3]), active & buys)
    ]
    return Estimate(*found, worth=float(1 / (weight**2).sum()))


def orders(population: Population, row: int, as_of: float) -> list[Order]:
    """Return the orders of a customer before a day, and what followed each by then."""
    block, bought, sold = population.block, population.purchases, population.sales
    end_at = block.clock.start_at + int(as_of) * DAY_SECONDS
    told = population.tables["interactions"].filter(pl.col("occurred_at").dt.epoch("s") < end_at)
    told = told.filter(pl.col("record_id") == int(block.record_id[row]))
    texts = {
        one: (two, three)
        for one, two, three in population.contact.truth["texts"]
        .filter(pl.col("interaction_id").is_in(told["interaction_id"].implode()))
        .select("interaction_id", "topic", "tone").iter_rows()
    }  # fmt: skip
    rates, found = recipe_rates(population), []
    goods = catalogue(block.recipe.system)
    for sale in np.flatnonzero(bought.owner == row):
        if bought.placed_at[sale] >= end_at:
            continue
        lines = np.flatnonzero(sold.line_sale == sale)
        keys = {
            name: int(block.bits(name, np.array([row]), bought.place[[sale]])[0])
            for name in ("ticket thread", "review id", "comment id", "survey thread")
        }
        thread = told.filter(pl.col("thread_id") == keys["ticket thread"])
        first = [
            texts[each] for each in thread["interaction_id"] if each in texts and texts[each][1]
        ]
        review = told.filter(pl.col("interaction_id") == keys["review id"])
        asked = told.filter(pl.col("thread_id") == keys["survey thread"])
        response = asked.filter(pl.col("action") == "responded")
        answers = dict(
            population.tables["answers"]
            .filter(pl.col("interaction_id").is_in(response["interaction_id"].implode()))
            .select("question_id", "answer_number").iter_rows()
        )  # fmt: skip
        back = np.flatnonzero(sold.reversals.sale == sale)
        came = len(back) > 0 and sold.reversals.at[back[0]] < end_at
        is_return = came and bool(sold.reversals.is_return[back[0]])
        ladder = sold.product[lines] % goods.rungs
        found.append(
            Order(
                day=(bought.placed_at[sale] - block.clock.start_at) / DAY_SECONDS,
                channel=CHANNELS[bought.channel[sale]],
                lines=len(lines),
                categories=(sold.product[lines] // goods.rungs).tolist(),
                prices=[
                    math.log(250) + rung * LADDER_STEP + math.log(len(lines) * quantity)
                    for rung, quantity in zip(ladder, sold.quantity[lines], strict=True)
                ],
                rates=[rates[each] for each in sold.product[lines] // goods.rungs],
                is_back=sold.reversed_line[lines].tolist() if is_return else None,
                is_cancelled=came and not is_return,
                topic=first[0][0] if first else None,
                tone=first[0][1] if first else None,
                stars=review["rating"][0] if review.height else None,
                remark=texts[keys["comment id"]][1] if keys["comment id"] in texts else None,
                is_invited=asked.height > 0,
                score=int(answers["nps"]) if "nps" in answers else None,
                delivery=int(answers["delivery"]) if answers.get("delivery") else None,
            )
        )
    return found


def recipe_rates(population: Population) -> list[float]:
    """Return the share of lines that come back, by category."""
    return [population.block.recipe.returns.rates[name] for name in CATEGORIES]


def went(
    population: Population, order: Order, s: Numbers, as_of: float, random: np.random.Generator
) -> tuple[Numbers, Numbers]:
    """Draw how an order went; return whether it annoyed, and the log weight of what followed."""
    recipe, size = population.block.recipe, len(s)
    trouble, age = recipe.troubles, as_of - order.day
    # troubles are drawn as likely as calm, so that the few that explain a ticket are there
    is_late = random.random(size) < (0.0 if order.channel == "store" else 0.5)
    is_damaged = random.random(size) < 0.5
    p = np.where(is_damaged, trouble.damaged, 1 - trouble.damaged) / 0.5
    if order.channel != "store":
        p = p * np.where(is_late, trouble.late, 1 - trouble.late) / 0.5
    is_bad = is_late | is_damaged
    bad = is_bad & (random.random(size) < trouble.annoys)
    u = 0.6 * s + 0.8 * random.standard_normal(size) - 0.8 * is_bad - 1.2 * bad
    # ticket or chat
    writes = np.where(is_bad, trouble.writes, trouble.writes_anyway)
    if order.topic is None:
        p *= 1 - writes * np.clip((age - 0.5) / 9, 0, 1)
    else:
        share = _TOPIC_SHARES[TOPICS.index(order.topic)]
        about = np.where(
            is_late,
            order.topic == "delivery",
            np.where(is_damaged, order.topic == "product", share),
        )
        tone = np.where(bad, "angry", np.where(u > 1, "pleased", "neutral"))
        p *= writes * about * (tone == order.tone)
    # lines sent back
    first = np.where(is_damaged, 0.7, order.rates[0])
    if order.is_back is not None:
        p *= first if order.is_back[0] else 1 - first
    elif not order.is_cancelled:
        kept = math.prod(1 - rate for rate in order.rates[1:])
        p *= 1 - np.clip((age - 4) / 17, 0, 1) * (1 - (1 - first) * kept)
    # review and comment
    odds = np.exp(
        math.log(recipe.reviews.written / (1 - recipe.reviews.written))
        + recipe.reviews.polarity * (np.abs(u) - 0.8)
    )
    reviews = odds / (1 + odds)
    if order.stars is None:
        p *= 1 - reviews * np.clip((age - 3) / 20, 0, 1)
    else:
        p *= reviews * (1 + np.searchsorted([-1.8, -1.45, -1.0, -0.45], u) == order.stars)
    if order.remark is not None:
        p *= np.where(u < -1, "angry", np.where(u > 0, "pleased", "neutral")) == order.remark
    # survey
    if order.is_invited:
        score = np.clip(np.rint(8 + 1.8 * (u + 0.3 * random.standard_normal(size))), 0, 10)
        answers = recipe.survey.answered  # retail: whatever the score and age
        assert recipe.survey.on_score == recipe.survey.on_age == 0
        if order.score is None:
            p *= 1 - answers * math.sqrt(min(max((age - 7 - 120 / 86_400) / 6, 0), 1))
        else:
            p *= answers * (score == order.score)
        if order.delivery is not None:
            stars = np.array([0.03, 0.05, 0.14, 0.36, 0.42])
            late = np.array([0.03 + 0.05 + 0.14, 0.36, 0.42, 0, 0])
            p *= np.where(is_late, late[order.delivery - 1], stars[order.delivery - 1])
    with np.errstate(divide="ignore"):
        return bad, np.log(p)


def looks(population: Population, row: int, as_of: float) -> dict[str, Numbers]:
    """Return the days of visits without an order and a mail, and whether they were in the app."""
    seen = population.recorded_visits
    day = (seen.starts_at - population.block.clock.start_at) / DAY_SECONDS
    mine = (seen.owner == row) & (seen.order < 0) & (day < as_of)
    mine &= seen.campaign.is_null().to_numpy() & seen.is_known
    return {"day": day[mine], "is_app": seen.is_app[mine]}


def visits(
    population: Population,
    row: int,
    as_of: float,
    kind: Numbers,
    g: Numbers,
    there: Numbers,
    passed: Numbers,
) -> Numbers:
    """Return the log weight of the visits of a customer."""
    kinds = population.block.recipe.contrasted_segments
    rate = np.array([each.visits_per_month for each in kinds])[kind] * 12 / 365.25 * np.sqrt(g)
    app = np.array(
        [each.channels["app"] / (each.channels["app"] + each.channels["web"]) for each in kinds]
    )[kind]
    seen = looks(population, row, as_of)
    number = int(seen["is_app"].sum()), int((~seen["is_app"]).sum())
    trial = extra_app_days(population.block, there - float(population.block.joined_day[row]))
    found: Numbers = number[0] * np.log(rate * app) + number[1] * np.log(rate * (1 - app))
    found -= rate * (passed + app * trial)
    return found


def mails(
    population: Population, row: int, as_of: float, left: Numbers, random: np.random.Generator
) -> Numbers:
    """Return the log weight of the mails that were opened and not."""
    block = population.block
    o = random.standard_normal(len(left))
    there = np.minimum(block.recipe.mail.opened * np.exp(0.5 * o), 0.9)
    day = (pl.col("occurred_at").dt.epoch("s") - block.clock.start_at) / DAY_SECONDS
    is_mail = (pl.col("channel").cast(pl.String) == "email") & pl.col("thread_id").is_not_null()
    rows = population.tables["interactions"].filter(
        is_mail, pl.col("record_id") == int(block.record_id[row])
    )
    rows = rows.with_columns(day=day)
    found = np.zeros(len(left))
    for _, mail in rows.filter(pl.col("day") < as_of).group_by("thread_id"):
        actions = mail["action"].cast(pl.String)
        if "bounced" in actions:
            continue
        day = mail["day"].min()
        p = np.where(left > day, there, 0.06)
        is_opened = ((actions == "opened") & ~mail["is_machine"]).any()
        by_now = min(max(((as_of - day) * 86_400 - 60) / 108_000, 0), 1) ** (1 / 3)
        found += np.log(p if is_opened else 1 - p * by_now)
    return found


def plan(population: Population, row: int, month: int, left: Numbers, starts: Numbers) -> Numbers:
    """Return the log weight of the plan: every month of beginning and every stay is tried."""
    rule, held = population.block.recipe.plan, population.contracts
    first = (
        12 * (population.block.clock.start_on.year - 1970)
        + population.block.clock.start_on.month
        - 1
    )
    joined = int(np.searchsorted(starts, population.block.joined_day[row], "right")) - 1
    leaving = np.where(np.isinf(left), 10_000, np.searchsorted(starts, left, "right") - 1)
    leaving = np.where(left >= starts[month], 10_000, leaving)
    mine = np.flatnonzero((held.owner == row) & (held.begins - first < month))
    shown = (
        (int(held.begins[mine[0]]) - first, int(held.ends[mine[0]]) - first) if len(mine) else None
    )
    if shown is not None and shown[1] > month:
        shown = (shown[0], 10_001)
    after_shares, stay_shares = _counted(3.0, 12), _counted(rule.stays_months, 120)
    by_month: dict[int, float] = {}
    for gone in np.unique(leaving):
        p = 0.0
        for after, p_after in enumerate(after_shares, start=1):
            begins = joined + after
            for stays, p_stays in enumerate(stay_shares, start=1):
                ends = min(begins + stays, gone + 1)
                is_shown = None
                if ends > begins and begins < month:
                    is_shown = (begins, ends if ends <= month else 10_001)
                p += p_after * p_stays * rule.share * (is_shown == shown)
        by_month[int(gone)] = p + (1 - rule.share) * (shown is None)
    with np.errstate(divide="ignore"):
        return np.log(np.array([by_month[int(gone)] for gone in leaving]))


def _counted(mean: float, most: int) -> list[float]:
    """Return the shares of geometric counts from 1 on, all larger ones with the largest."""
    shares = [float(geom(1 / mean).pmf(count)) for count in range(1, most)]
    return [*shares, 1 - sum(shares)]


def kinds_seen(
    population: Population, row: int, as_of: float, seen: list[Order], size: int, seed: int
) -> Numbers:
    """Return the log weight of what shows the segment, by segment and particle."""
    random = np.random.default_rng(seed)
    shown = looked_at(population, row, as_of) + interests_of(population, row)
    kinds = population.block.recipe.contrasted_segments
    return np.stack(
        [shown[i] + _of_orders(each, seen, size, random) for i, each in enumerate(kinds)]
    )


def interests_of(population: Population, row: int) -> Numbers:
    """Return the log weight of the interests of a customer, by segment."""
    is_own = (pl.col("record_id") == int(population.block.record_id[row])) & (
        pl.col("namespace") == "interest"
    )
    found = np.zeros(len(population.block.recipe.contrasted_segments))
    for name in population.tables["attributes"].filter(is_own)["attribute"]:
        (category,) = (key for key, names in _INTERESTS.items() if name in names)
        for i, kind in enumerate(population.block.recipe.contrasted_segments):
            weights = {key: each + 0.05 for key, each in kind.categories.items()}
            found[i] += math.log(weights[category] / sum(weights.values()))
    return found


def looked_at(population: Population, row: int, as_of: float) -> Numbers:
    """Return the log weight of the products that a customer looked at, by segment."""
    block = population.block
    goods = catalogue(block.recipe.system)
    place = {each: i for i, each in enumerate(goods.product_id)}
    nouns = goods.noun.to_list()
    shares = [_liked(kind, goods.rungs) for kind in block.recipe.contrasted_segments]
    mine = population.tables["events"].filter(
        (pl.col("record_id") == int(block.record_id[row]))
        & (pl.col("occurred_at").dt.epoch("s") < block.clock.start_at + int(as_of) * DAY_SECONDS)
    )
    lines = dict(zip(population.sales.order_id, population.sales.lines.tolist(), strict=True))
    found = np.zeros(len(shares))
    for _, visit in mine.group_by("session_id", maintain_order=True):
        order = visit["order_id"].drop_nulls()
        skipped = lines[order[0]] if len(order) else 0
        products = visit.filter(pl.col("event_name") == "view_item")["product_id"].to_list()
        for i, share in enumerate(shares):
            found[i] += sum(math.log(max(share[place[each]], 1e-9)) for each in products[skipped:])
            for text in visit["search_text"].drop_nulls():
                sought = sum(share[j] for j, noun in enumerate(nouns) if noun == text)
                found[i] += math.log(max(sought, 1e-9))
    return found


def _liked(kind: Segment, rungs: int) -> Numbers:
    """Return the share of each product in what a segment looks at: prices are log-normal."""
    share = np.zeros(len(CATEGORIES) * rungs)
    log_price = math.log(kind.order_value_minor / kind.lines)
    total = sum(kind.categories.values())
    for i, weight in enumerate(kind.categories.values()):
        for q in range(256):
            price = log_price + 0.5 * norm.ppf((q + 0.5) / 256)
            rung = min(max(round((price - math.log(250)) / LADDER_STEP), 0), rungs - 1)
            share[i * rungs + rung] += weight / total / 256
    return share


def _of_orders(kind: Segment, seen: list[Order], size: int, random: np.random.Generator) -> Numbers:
    """Return the log weight of channels, lines, categories and prices of orders of a segment."""
    level = kind.order_value_sd * random.standard_normal(size)
    found = np.zeros(size)
    channels, categories = sum(kind.channels.values()), sum(kind.categories.values())
    for order in seen:
        found += math.log(kind.channels[order.channel] / channels)
        found += (
            geom(1 / kind.lines).logpmf(order.lines)
            if order.lines < 12
            else geom(1 / kind.lines).logsf(11)
        )
        found += sum(
            math.log(kind.categories[CATEGORIES[each]] / categories) for each in order.categories
        )
        mean = float(np.mean(order.prices)) - math.log(kind.order_value_minor)
        sd = math.sqrt(kind.order_sd**2 + (0.15**2 + LADDER_STEP**2 / 12) / order.lines)
        found += norm(0, 1).logpdf((mean - level) / sd) - math.log(sd)
    return found
