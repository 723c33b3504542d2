"""The company's past decision to whom to send its ``retention-offer``, and what biases it.

At one date the company decides for every customer it knows, by how long the customer has been
silent (need) and what an order of theirs has brought (value): the same rule for all. A bias acts on
one link of the chain: who is considered, what worth is measured, whether a responder is recorded as
one, what proxy the rule rewards, what is decided at equal worth (Suresh and Guttag 2021, "A
framework for understanding sources of harm", name the links).

Every probability is kept with and without the mechanisms, for the same customers and from the same
random numbers, so what they do is known without noise: the difference of two means of
probabilities. The offer brings visits of who clicks it, and changes no purchase.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.draws import Flags, Floats, normal
from workbench.synthetic.frames import gathered, instant, words
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.traits import stated
from workbench.synthetic.recipes import GENDERS, LABEL_REWARDS, PROXY_REWARDS, Offer
from workbench.synthetic.shop.ordering import Sales
from workbench.synthetic.shop.purchasing import Purchases

CAMPAIGN = "retention-offer"
_HALF_NEED_DAYS = 45.0
_HALF_VALUE_MINOR = 6_000.0
_IN_CENTRE = 0.6  # of customers without a proxy bias
_RESPONDS, _RESPONDS_BY_WORTH = 0.15, 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The decision for every customer of a block; arrays of shape (customers,).

    Attributes
    ----------
    is_known : array of bool
        Whether the customer had joined by then: nobody else could be sent anything.
    worth, measured : array of float
        True and measured worth of an offer, 0 to 1.
    responds, is_recorded : array of bool
        Whether the customer would respond; whether the company's records say so.
    in_centre : array of bool
        Whether the customer lives where the proxy rewards it.
    is_considered : array of bool
    p_off, p_on : array of float
        Probability of the offer without and with all mechanisms.
    p_alone : mapping of str to array of float
        With the mechanism of one bias only, by its name.
    is_sent : array of bool
    decided_at, sent_at : int
        Seconds since 1970.
    """

    is_known: Flags
    worth: Floats
    measured: Floats
    responds: Flags
    is_recorded: Flags
    in_centre: Flags
    is_considered: Flags
    p_off: Floats
    p_on: Floats
    p_alone: dict[str, Floats]
    is_sent: Flags
    decided_at: int
    sent_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chain:
    """What the decision has seen with some of the mechanisms at work."""

    measured: Floats
    is_recorded: Flags
    in_centre: Flags
    is_considered: Flags
    probability: Floats


def decision_day(offer: Offer, days: int) -> int:
    """Return the day of the decision in a world of this many days."""
    return int(days * offer.at)


def decide(block: Block, bought: Purchases, sold: Sales) -> Decided:
    """Decide for every customer of a block."""
    day = decision_day(block.recipe.offer, block.clock.days)
    at = block.clock.start_at + day * DAY_SECONDS
    worth = _worth(block, bought, sold, at)
    responds = block.u("responds") < _RESPONDS + _RESPONDS_BY_WORTH * worth
    off, on = (_chain(block, worth, responds, names) for names in ((), block.recipe.bias))
    is_known = block.joined_at < at
    return Decided(
        is_known=is_known,
        worth=worth,
        measured=on.measured,
        responds=responds,
        is_recorded=on.is_recorded,
        in_centre=on.in_centre,
        is_considered=on.is_considered,
        p_off=off.probability,
        p_on=on.probability,
        p_alone={
            name: _chain(block, worth, responds, (name,)).probability for name in block.recipe.bias
        },
        is_sent=is_known & (block.u("offer") < on.probability),
        decided_at=at,
        sent_at=at + 36_000,
    )


def concluded(block: Block, decided: Decided) -> list[dict[str, object]]:
    """Return what the company noted of the customers it considered: rows of ``attributes``."""
    owner = np.flatnonzero(decided.is_known & decided.is_considered)
    mechanisms = {bias.mechanism for bias in block.recipe.bias.values()}
    score = pl.Series(np.rint(100 * decided.measured).astype(np.int64)).cast(pl.String)
    notes = [("offer_score", score)]
    if "label" in mechanisms:
        notes.append(("responder", words(["no", "yes"], decided.is_recorded.astype(np.int64))))
    if "proxy" in mechanisms:
        places = words(["outskirts", "centre"], decided.in_centre.astype(np.int64))
        notes.append(("neighbourhood", places))
    at = np.full(owner.size, decided.decided_at)
    later = {"_at": at, "observed_at": instant(at), "origin": "inferred"}
    return [stated(block, "status", name, value, owner) | later for name, value in notes]


def truth(block: Block, decided: Decided) -> pl.DataFrame:
    """Return what is true of the decision: one row per customer known at the time.

    Returns
    -------
    DataFrame, shape (known customers, 11 + 2 x biases)
        ``record_id``; ``group`` (gender as stated, null as in the data); ``worth`` and
        ``measured_worth``; ``responds`` and ``is_recorded_responder``; ``in_centre``;
        ``is_considered``; ``p_offer_without`` and ``p_offer`` (probability without and with the
        planted mechanisms); ``is_offered``; and of each bias ``in_NAME`` (belongs to the
        disadvantaged group) and ``p_offer_NAME`` (with this mechanism alone).
    """
    known = np.flatnonzero(decided.is_known)
    columns = {
        "record_id": block.record_id,
        "worth": decided.worth.round(6),
        "measured_worth": decided.measured.round(6),
        "responds": decided.responds,
        "is_recorded_responder": decided.is_recorded,
        "in_centre": decided.in_centre,
        "is_considered": decided.is_considered,
        "p_offer_without": decided.p_off,
        "p_offer": decided.p_on,
        "is_offered": decided.is_sent,
    }
    for name, bias in block.recipe.bias.items():
        columns[f"in_{name}"] = block.is_in(bias.attribute, bias.group)
        columns[f"p_offer_{name}"] = decided.p_alone[name]
    group = gathered(pl.Series("group", [*GENDERS[:4], None]), block.gender[known])
    rows = pl.DataFrame({name: values[known] for name, values in columns.items()})
    return rows.insert_column(1, group)


def _worth(block: Block, bought: Purchases, sold: Sales, at: int) -> Floats:
    """Return need and value of each customer at an instant, as one number from 0 to 1."""
    before = bought.placed_at < at
    owner = bought.owner[before]
    orders = np.bincount(owner, minlength=block.size)
    spent = np.zeros(block.size, dtype=np.int64)
    np.add.at(spent, owner, sold.total[before])
    last = block.joined_at.copy()
    np.maximum.at(last, owner, bought.placed_at[before])
    silent_days = np.maximum(at - last, 0) / DAY_SECONDS
    need = silent_days / (silent_days + _HALF_NEED_DAYS)
    per_order = spent / np.maximum(orders, 1)
    value = per_order / (per_order + _HALF_VALUE_MINOR)
    worth: Floats = (need + value) / 2
    return worth


def _chain(block: Block, worth: Floats, responds: Flags, names: Collection[str]) -> _Chain:
    """Run the chain of the decision with the biases of these names at work."""
    rule, every = block.recipe.offer, block.recipe.bias
    mechanisms = {bias.mechanism for bias in every.values()}
    measured, is_recorded, treated = worth, responds, np.zeros(block.size)
    centre = np.full(block.size, _IN_CENTRE)
    is_considered = np.ones(block.size, dtype=bool)
    for name in names:
        bias = every[name]
        strength = np.where(block.is_in(bias.attribute, bias.group), bias.strength, 0.0)
        u = block.u(f"bias {name}")
        if bias.mechanism == "treatment":
            treated = treated + strength
        elif bias.mechanism == "label":
            is_recorded = is_recorded & (u >= strength)
        elif bias.mechanism == "measurement":
            measured = np.clip(measured - strength + strength / 2 * normal(u), 0.0, 1.0)
        elif bias.mechanism == "representation":
            is_considered = is_considered & (u >= strength)
        else:
            centre = centre - strength
    in_centre = block.u("in centre") < centre
    probability = rule.base_rate + rule.spread * (measured - 0.5) - treated
    if "label" in mechanisms:
        probability = probability + np.where(is_recorded, *LABEL_REWARDS)
    if "proxy" in mechanisms:
        probability = probability + np.where(in_centre, *PROXY_REWARDS)
    probability = np.where(is_considered, probability.clip(0, 1), 0.0).round(6)
    return _Chain(
        measured=measured,
        is_recorded=is_recorded,
        in_centre=in_centre,
        is_considered=is_considered,
        probability=probability,
    )
