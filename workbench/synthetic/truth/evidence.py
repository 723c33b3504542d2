"""Likelihood of the reactions to an order, if it annoyed the customer and if it did not.

No table shows whether an order was late or damaged, or whether this annoyed the customer. Tickets
and chats (by topic and tone), returned lines, the survey, reviews and comments depend on it. All of
them except tickets and returns depend on the satisfaction u = .6 s + .8 e - .8 [trouble]
- 1.2 [annoyed], where s is the customer's part, e the order's part, and both are standard normal.
Given s and the state of the order, u is normal, so the likelihood is summed over a grid of u whose
cells end where stars and tones change.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import expit, ndtr

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.contact import reviews, service, social, surveys
from workbench.synthetic.contact.satisfaction import ANNOYED, ORDER, OWN, TROUBLE, stars_of
from workbench.synthetic.draws import Flags, Floats, Integers, Keys
from workbench.synthetic.recipes import CHANNELS
from workbench.synthetic.shop.ordering import RETURN_DAYS, RETURNED_IF_DAMAGED
from workbench.synthetic.stock.catalogue import CATEGORIES, catalogue
from workbench.synthetic.stock.texts import TONES, TOPICS
from workbench.synthetic.truth.history import History

#: Nodes of the customer's own satisfaction, and their weights (Gauss-Hermite).
OWN_NODES, _OWN_WEIGHTS = np.polynomial.hermite_e.hermegauss(5)
OWN_WEIGHTS = _OWN_WEIGHTS / _OWN_WEIGHTS.sum()

_EDGES = np.linspace(-7, 5, 241)  # Bounds of the grid's cells, .05 apart.
_CELLS = (_EDGES[1:] + _EDGES[:-1]) / 2
_FINE, _TROUBLED, _ANNOYED = range(3)
_SHIFTS = (0.0, TROUBLE, TROUBLE + ANNOYED)
_NEUTRAL, _PLEASED, _ANGRY = (TONES.index(name) for name in ("neutral", "pleased", "angry"))


@dataclass(frozen=True, slots=True)
class Evidence:
    """Likelihood of the reactions to each order of the history, shape (orders, nodes of s).

    ``annoyed`` and ``calm`` are the joint probabilities of the customer's state and the reactions.
    They are scaled so that the largest sum of both is 1 for each order. Orders are sorted like the
    sales of the history.
    """

    owner: Integers
    placed_at: Integers
    annoyed: Floats
    calm: Floats


def weigh_evidence(history: History) -> Evidence:
    """Compute the likelihood of the reactions to a block's orders."""
    block, purchases = history.block, history.population.purchases
    rows = np.flatnonzero(history.before)
    owner, placed_at = purchases.owner[rows], purchases.placed_at[rows]
    end_at = block.clock.start_at + int(history.as_of) * DAY_SECONDS
    elapsed = (end_at - placed_at).astype(np.float64)
    reactions = _Reactions.of(history, rows)
    by_mood = _likelihoods_by_mood(history, reactions, elapsed, owner)
    rule = block.recipe.troubles
    day = block.clock.day_of(placed_at).astype(np.int64)
    late = rule.late * block.change_factors("late")[day]
    late = np.where(purchases.channel[rows] == CHANNELS.index("store"), 0.0, late)
    back = _returned_lines(history, rows, elapsed)
    shape = (len(rows), len(OWN_NODES))
    annoyed, calm = np.zeros(shape), np.zeros(shape)
    for is_late in (False, True):
        for is_damaged in (False, True):
            share = np.where(is_late, late, 1 - late)
            share = share * (rule.damaged if is_damaged else 1 - rule.damaged)
            share = share * reactions.ticket(history, is_late=is_late, is_damaged=is_damaged)
            share = share * reactions.delivered(is_late=is_late) * back[is_damaged]
            if is_late or is_damaged:
                calm += (share * (1 - rule.annoys))[:, None] * by_mood[_TROUBLED]
                annoyed += (share * rule.annoys)[:, None] * by_mood[_ANNOYED]
            else:
                calm += share[:, None] * by_mood[_FINE]
    most = (annoyed + calm).max(axis=1, keepdims=True)
    return Evidence(owner, placed_at, annoyed / most, calm / most)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reactions:
    """Recorded reactions to each order up to the day of the history; -1 where there is none.

    ``topic`` and ``tone`` are those of the ticket or chat. ``written`` is the share of tickets that
    customers write before this day. ``remark`` is the tone of the comment, ``rating`` the stars of
    the review. ``score`` and ``delivery`` are answers to the survey.
    """

    topic: Integers
    tone: Integers
    written: Floats
    remark: Integers
    rating: Integers
    is_invited: Flags
    score: Integers
    delivery: Integers

    @classmethod
    def of(cls, history: History, rows: Integers) -> "_Reactions":
        block, purchases = history.block, history.population.purchases
        owner, place = purchases.owner[rows], purchases.place[rows]
        end_at = block.clock.start_at + int(history.as_of) * DAY_SECONDS
        interactions = history.population.tables["interactions"].filter(
            pl.col("occurred_at").dt.epoch("s") < end_at
        )
        action, channel = (pl.col(name).cast(pl.String) for name in ("action", "channel"))
        texts = history.population.contact.truth["texts"].select("interaction_id", "topic", "tone")
        first = (
            interactions.filter(
                channel.is_in(["ticket", "chat"])
                & (pl.col("direction").cast(pl.String) == "inbound")
            )
            .drop("topic")
            .join(texts, on="interaction_id", how="inner")
            .sort("occurred_at", maintain_order=True)
            .unique("thread_id", keep="first", maintain_order=True)
        )
        threads = _rows_by_key(block.bits("ticket thread", owner, place), first, "thread_id")
        notes = interactions.filter(channel == "social").join(
            texts, on="interaction_id", how="inner"
        )
        notes = _rows_by_key(block.bits("comment id", owner, place), notes, "interaction_id")
        stars_given = interactions.filter(channel == "review")
        stars_given = _rows_by_key(
            block.bits("review id", owner, place), stars_given, "interaction_id"
        )
        asked = interactions.filter((channel == "survey") & (action == "sent"))
        asked = _rows_by_key(block.bits("survey thread", owner, place), asked, "thread_id")
        answered = interactions.filter((channel == "survey") & (action == "responded"))
        answers = history.population.tables["answers"]
        for name in ("nps", "delivery"):
            given = answers.filter(pl.col("question_id") == name)
            given = given.select("interaction_id", pl.col("answer_number").alias(name))
            answered = answered.join(given, on="interaction_id", how="left")
        answered = _rows_by_key(block.bits("survey thread", owner, place), answered, "thread_id")
        age = (end_at - purchases.placed_at[rows]) / DAY_SECONDS
        return cls(
            topic=_codes(threads["topic"], TOPICS),
            tone=_codes(threads["tone"], TONES),
            written=np.clip((age - service.SOONEST_DAYS) / service.LONGEST_DAYS, 0, 1),
            remark=_codes(notes["tone"], TONES),
            rating=stars_given["rating"].cast(pl.Int64).fill_null(-1).to_numpy(),
            is_invited=asked["thread_id"].is_not_null().to_numpy(),
            score=answered["nps"].cast(pl.Int64).fill_null(-1).to_numpy(),
            delivery=answered["delivery"].cast(pl.Int64).fill_null(-1).to_numpy(),
        )

    def ticket(self, history: History, *, is_late: bool, is_damaged: bool) -> Floats:
        """Return the likelihood of a ticket about its topic, or of no ticket so far."""
        rule = history.block.recipe.troubles
        writes = rule.writes if is_late or is_damaged else rule.writes_anyway
        about = np.array(service.TOPIC_SHARES) / sum(service.TOPIC_SHARES)
        if is_late or is_damaged:
            about = np.zeros(len(TOPICS))
            about[TOPICS.index("delivery" if is_late else "product")] = 1.0
        found: Floats = np.where(
            self.topic < 0, 1 - writes * self.written, writes * about[self.topic]
        )
        return found

    def delivered(self, *, is_late: bool) -> Floats:
        """Return the likelihood of the stars for the delivery."""
        shares = np.array(surveys.DELIVERY_STARS)
        if is_late:
            moved = np.zeros_like(shares)
            np.add.at(moved, np.maximum(np.arange(len(shares)) - 2, 0), shares)
            shares = moved
        found: Floats = np.where(self.delivery < 0, 1.0, shares[self.delivery - 1])
        return found


def _likelihoods_by_mood(
    history: History, reactions: _Reactions, elapsed: Floats, owner: Integers
) -> list[Floats]:
    """Return the likelihood of review, comment and survey, by mood; shape (orders, nodes of s)."""
    recipe, u = history.block.recipe, _CELLS[None, :]
    # The first factor is the likelihood of the review, or of none so far.
    writes = reviews.review_probability(recipe, _CELLS)[None, :]
    by_now = np.clip((elapsed / DAY_SECONDS - reviews.SOONEST_DAYS) / reviews.LONGEST_DAYS, 0, 1)
    rated = writes * (stars_of(_CELLS)[None, :] == reactions.rating[:, None])
    found = np.where(reactions.rating[:, None] < 0, 1 - writes * by_now[:, None], rated)
    # Comments do not depend on the satisfaction, but their tones do.
    tone = np.where(
        _CELLS < social.ANGRY_BELOW,
        _ANGRY,
        np.where(_CELLS > social.PLEASED_ABOVE, _PLEASED, _NEUTRAL),
    )
    found *= (reactions.remark[:, None] < 0) | (tone[None, :] == reactions.remark[:, None])
    # The last factor, for invited customers, is the likelihood of the answer, or of none so far.
    scores = surveys.score_shares(_CELLS)
    rule, age = recipe.survey, history.block.age[owner]
    log_odds = surveys.answer_log_odds(rule, np.arange(11)[None, :], age[:, None])
    in_time = surveys.share_answered_within(elapsed - surveys.INVITED_AFTER)
    silent = (1 - expit(log_odds) * in_time[:, None]) @ scores.T
    invited = np.flatnonzero(reactions.is_invited)
    score = reactions.score[invited]
    answered = scores.T[score] * expit(log_odds[invited, score])[:, None]
    found[invited] *= np.where(score[:, None] < 0, silent[invited], answered)
    masks = {
        _FINE: _tone_fits(reactions, u, is_annoyed=False),
        _TROUBLED: _tone_fits(reactions, u, is_annoyed=False),
        _ANNOYED: _tone_fits(reactions, u, is_annoyed=True),
    }
    return [(found * masks[mood]) @ _density(_SHIFTS[mood]) for mood in masks]


def _tone_fits(reactions: _Reactions, u: Floats, *, is_annoyed: bool) -> Flags:
    """Return whether a ticket's tone fits the mood and the satisfaction; no ticket always fits."""
    tone = reactions.tone[:, None]
    if is_annoyed:
        angry: Flags = (tone < 0) | (tone == _ANGRY)
        return angry
    wanted = np.where(u > service.PLEASED_ABOVE, _PLEASED, _NEUTRAL)
    found: Flags = (tone < 0) | (tone == wanted)
    return found


def _density(shift: float) -> Floats:
    """Return the probability of each cell of satisfaction, shape (cells, nodes of s)."""
    below = ndtr((_EDGES[:, None] - OWN * OWN_NODES[None, :] + shift) / ORDER)
    found: Floats = np.diff(below, axis=0)
    return found


def _returned_lines(history: History, rows: Integers, elapsed: Floats) -> list[Floats]:
    """Return the likelihood of the returned lines so far, for undamaged and for damaged orders."""
    block, sales, purchases = history.block, history.population.sales, history.population.purchases
    back, end_at = sales.reversals, block.clock.start_at + history.as_of * DAY_SECONDS
    at = np.full(len(purchases.owner), np.inf)
    at[back.sale] = back.at
    is_return = np.zeros(len(purchases.owner), dtype=bool)
    is_return[back.sale] = back.is_return
    came = (at < end_at)[rows]
    rates = np.array([block.recipe.returns.rates[name] for name in CATEGORIES])
    rate = rates[sales.product // catalogue(block.recipe.system).rungs]
    starts = np.cumsum(sales.lines) - sales.lines
    others = np.log1p(-rate)
    others[starts] = 0.0
    kept = np.exp(np.add.reduceat(others, starts))[rows] if len(starts) else np.zeros(0)
    first_back = sales.reversed_line[starts][rows] if len(starts) else np.zeros(0, dtype=bool)
    by_now = np.clip((elapsed / DAY_SECONDS - RETURN_DAYS[0]) / RETURN_DAYS[1], 0, 1)
    found = []
    for first in (rate[starts][rows], np.full(len(rows), RETURNED_IF_DAMAGED)):
        none = 1 - by_now + by_now * (1 - first) * kept
        some = np.where(first_back, first, 1 - first)
        known_back = np.where(is_return[rows], some, 1.0)  # A cancelled order has no return.
        found.append(np.where(came, known_back, none))
    return found


def _rows_by_key(keys: Keys, rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return the row of each key, with nulls for keys without a row."""
    frame = pl.DataFrame({"key": keys})
    kept = rows.with_columns(key=pl.col(column)).unique("key", maintain_order=True)
    return frame.join(kept, on="key", how="left", maintain_order="left")


def _codes(column: pl.Series, options: tuple[str, ...]) -> Integers:
    """Return the position of each text in a list of options, -1 for null."""
    codes = column.cast(pl.String).replace_strict(
        list(options), range(len(options)), default=-1, return_dtype=pl.Int64
    )
    return codes.fill_null(-1).to_numpy()
