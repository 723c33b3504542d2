"""How likely what followed an order is, if it annoyed the customer and if it did not.

Whether an order came late or damaged, and whether that annoyed, no table shows. What shows it are
tickets and chats (their topic and tone), lines sent back, the survey, reviews and comments. All but
tickets depend on satisfaction, u = .6 s + .8 e - .8 [trouble] - 1.2 [annoyed], with s the
customer's own and e the order's standard normal: given s and the state of the order, u is normal,
and what followed is summed over a grid of u whose cells end where stars and tones change.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import expit, ndtr

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.contact import reviews, service, social, surveys
from workbench.synthetic.contact.satisfaction import ANNOYED, ORDER, OWN, TROUBLE, stars
from workbench.synthetic.draws import Flags, Floats, Integers, Keys
from workbench.synthetic.recipes import CHANNELS
from workbench.synthetic.shop.ordering import RETURN_DAYS, RETURNED_IF_DAMAGED
from workbench.synthetic.stock.catalogue import CATEGORIES, catalogue
from workbench.synthetic.stock.texts import TONES, TOPICS
from workbench.synthetic.truth.history import History

#: Nodes of the customer's own satisfaction, and their weights (Gauss-Hermite).
OWN_NODES, _OWN_WEIGHTS = np.polynomial.hermite_e.hermegauss(5)
OWN_WEIGHTS = _OWN_WEIGHTS / _OWN_WEIGHTS.sum()

_EDGES = np.linspace(-7, 5, 241)  # .05 apart
_CELLS = (_EDGES[1:] + _EDGES[:-1]) / 2
_FINE, _TROUBLED, _ANNOYED = range(3)
_SHIFTS = (0.0, TROUBLE, TROUBLE + ANNOYED)
_NEUTRAL, _PLEASED, _ANGRY = (TONES.index(name) for name in ("neutral", "pleased", "angry"))


@dataclass(frozen=True, slots=True)
class Evidence:
    """Likelihood of what followed each order of the history, shape (orders, nodes of own).

    ``annoyed`` and ``calm`` hold the joint probability of the state and what followed; orders are
    in the order of the sales before the day. Each order's largest sum of both is 1.
    """

    owner: Integers
    placed_at: Integers
    annoyed: Floats
    calm: Floats


def evidence(known: History) -> Evidence:
    """Weigh what followed the orders of a block."""
    block, bought = known.block, known.lived.bought
    rows = np.flatnonzero(known.before)
    owner, placed_at = bought.owner[rows], bought.placed_at[rows]
    end_at = block.clock.start_at + int(known.as_of) * DAY_SECONDS
    elapsed = (end_at - placed_at).astype(np.float64)
    seen = _Seen.of(known, rows)
    by_mood = _by_mood(known, seen, elapsed, owner)
    rule = block.recipe.troubles
    day = ((placed_at - block.clock.start_at) / DAY_SECONDS).astype(np.int64)
    late = rule.late * block.changed_by_day("late")[day]
    late = np.where(bought.channel[rows] == CHANNELS.index("store"), 0.0, late)
    back = _sent_back(known, rows, elapsed)
    shape = (len(rows), len(OWN_NODES))
    annoyed, calm = np.zeros(shape), np.zeros(shape)
    for is_late in (False, True):
        for is_damaged in (False, True):
            share = np.where(is_late, late, 1 - late)
            share = share * (rule.damaged if is_damaged else 1 - rule.damaged)
            share = share * seen.ticket(known, is_late=is_late, is_damaged=is_damaged)
            share = share * seen.delivered(is_late=is_late) * back[is_damaged]
            if is_late or is_damaged:
                calm += (share * (1 - rule.annoys))[:, None] * by_mood[_TROUBLED]
                annoyed += (share * rule.annoys)[:, None] * by_mood[_ANNOYED]
            else:
                calm += share[:, None] * by_mood[_FINE]
    most = (annoyed + calm).max(axis=1, keepdims=True)
    return Evidence(owner, placed_at, annoyed / most, calm / most)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What is seen of each order by the day; -1 or not-a-number where nothing is.

    ``topic`` and ``tone`` are those of the ticket or chat, ``written`` the share of tickets that
    would have come by now; ``remark`` is the tone of the comment, ``rating`` the stars of the
    review, ``score`` and ``delivery`` the answers to the survey.
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
    def of(cls, known: History, rows: Integers) -> "_Seen":
        block, bought = known.block, known.lived.bought
        owner, place = bought.owner[rows], bought.place[rows]
        end_at = block.clock.start_at + int(known.as_of) * DAY_SECONDS
        told = known.lived.tables["interactions"].filter(
            pl.col("occurred_at").dt.epoch("s") < end_at
        )
        action, channel = (pl.col(name).cast(pl.String) for name in ("action", "channel"))
        texts = known.lived.contact.truth["texts"].select("interaction_id", "topic", "tone")
        first = (
            told.filter(
                channel.is_in(["ticket", "chat"])
                & (pl.col("direction").cast(pl.String) == "inbound")
            )
            .drop("topic")
            .join(texts, on="interaction_id", how="inner")
            .sort("occurred_at", maintain_order=True)
            .unique("thread_id", keep="first", maintain_order=True)
        )
        threads = _matched(block.bits("ticket thread", owner, place), first, "thread_id")
        notes = told.filter(channel == "social").join(texts, on="interaction_id", how="inner")
        notes = _matched(block.bits("comment id", owner, place), notes, "interaction_id")
        stars_given = told.filter(channel == "review")
        stars_given = _matched(block.bits("review id", owner, place), stars_given, "interaction_id")
        asked = told.filter((channel == "survey") & (action == "sent"))
        asked = _matched(block.bits("survey thread", owner, place), asked, "thread_id")
        answered = told.filter((channel == "survey") & (action == "responded"))
        answers = known.lived.tables["answers"]
        for name in ("nps", "delivery"):
            given = answers.filter(pl.col("question_id") == name)
            given = given.select("interaction_id", pl.col("answer_number").alias(name))
            answered = answered.join(given, on="interaction_id", how="left")
        answered = _matched(block.bits("survey thread", owner, place), answered, "thread_id")
        age = (end_at - bought.placed_at[rows]) / DAY_SECONDS
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

    def ticket(self, known: History, *, is_late: bool, is_damaged: bool) -> Floats:
        """Return the likelihood of a ticket about this topic, or of none by now."""
        rule = known.block.recipe.troubles
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


def _by_mood(known: History, seen: _Seen, elapsed: Floats, owner: Integers) -> list[Floats]:
    """Return the likelihood of what depends on satisfaction, by mood; shape (orders, nodes)."""
    recipe, u = known.block.recipe, _CELLS[None, :]
    # reviews
    writes = reviews.p_writes(recipe, _CELLS)[None, :]
    by_now = np.clip((elapsed / DAY_SECONDS - reviews.SOONEST_DAYS) / reviews.LONGEST_DAYS, 0, 1)
    rated = writes * (stars(_CELLS)[None, :] == seen.rating[:, None])
    found = np.where(seen.rating[:, None] < 0, 1 - writes * by_now[:, None], rated)
    # comments come whatever the satisfaction is; their tone does not
    tone = np.where(
        _CELLS < social.ANGRY_BELOW,
        _ANGRY,
        np.where(_CELLS > social.PLEASED_ABOVE, _PLEASED, _NEUTRAL),
    )
    found *= (seen.remark[:, None] < 0) | (tone[None, :] == seen.remark[:, None])
    # the survey
    scores = surveys.score_shares(_CELLS)
    rule, age = recipe.survey, known.block.age[owner]
    log_odds = surveys.answering(rule, np.arange(11)[None, :], age[:, None])
    in_time = surveys.answered_within(elapsed - surveys.INVITED_AFTER)
    silent = (1 - expit(log_odds) * in_time[:, None]) @ scores.T
    invited = np.flatnonzero(seen.is_invited)
    score = seen.score[invited]
    answered = scores.T[score] * expit(log_odds[invited, score])[:, None]
    found[invited] *= np.where(score[:, None] < 0, silent[invited], answered)
    masks = {
        _FINE: _tone_fits(seen, u, is_annoyed=False),
        _TROUBLED: _tone_fits(seen, u, is_annoyed=False),
        _ANNOYED: _tone_fits(seen, u, is_annoyed=True),
    }
    return [(found * masks[mood]) @ _density(_SHIFTS[mood]) for mood in masks]


def _tone_fits(seen: _Seen, u: Floats, *, is_annoyed: bool) -> Flags:
    """Return whether a ticket's tone is that of the mood and satisfaction, or there is none."""
    tone = seen.tone[:, None]
    if is_annoyed:
        angry: Flags = (tone < 0) | (tone == _ANGRY)
        return angry
    wanted = np.where(u > service.PLEASED_ABOVE, _PLEASED, _NEUTRAL)
    found: Flags = (tone < 0) | (tone == wanted)
    return found


def _density(shift: float) -> Floats:
    """Return the probability of each cell of satisfaction, shape (cells, nodes of own)."""
    below = ndtr((_EDGES[:, None] - OWN * OWN_NODES[None, :] + shift) / ORDER)
    found: Floats = np.diff(below, axis=0)
    return found


def _sent_back(known: History, rows: Integers, elapsed: Floats) -> list[Floats]:
    """Return the likelihood of the lines sent back by now, of an order in good state or damaged."""
    block, sold, bought = known.block, known.lived.sold, known.lived.bought
    back, end_at = sold.reversals, block.clock.start_at + known.as_of * DAY_SECONDS
    at = np.full(len(bought.owner), np.inf)
    at[back.sale] = back.at
    is_return = np.zeros(len(bought.owner), dtype=bool)
    is_return[back.sale] = back.is_return
    came = (at < end_at)[rows]
    rates = np.array([block.recipe.returns.rates[name] for name in CATEGORIES])
    rate = rates[sold.product // catalogue(block.recipe.system).rungs]
    starts = np.cumsum(sold.lines) - sold.lines
    others = np.log1p(-rate)
    others[starts] = 0.0
    kept = np.exp(np.add.reduceat(others, starts))[rows] if len(starts) else np.zeros(0)
    first_back = sold.reversed_line[starts][rows] if len(starts) else np.zeros(0, dtype=bool)
    by_now = np.clip((elapsed / DAY_SECONDS - RETURN_DAYS[0]) / RETURN_DAYS[1], 0, 1)
    found = []
    for first in (rate[starts][rows], np.full(len(rows), RETURNED_IF_DAMAGED)):
        none = 1 - by_now + by_now * (1 - first) * kept
        some = np.where(first_back, first, 1 - first)
        known_back = np.where(is_return[rows], some, 1.0)  # a cancelled order cannot be sent back
        found.append(np.where(came, known_back, none))
    return found


def _matched(keys: Keys, rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return for each key its row, with nulls where there is none."""
    frame = pl.DataFrame({"key": keys})
    kept = rows.with_columns(key=pl.col(column)).unique("key", maintain_order=True)
    return frame.join(kept, on="key", how="left", maintain_order="left")


def _codes(column: pl.Series, options: tuple[str, ...]) -> Integers:
    """Return the position of each text in a list, -1 for null."""
    codes = column.cast(pl.String).replace_strict(
        list(options), range(len(options)), default=-1, return_dtype=pl.Int64
    )
    return codes.fill_null(-1).to_numpy()
