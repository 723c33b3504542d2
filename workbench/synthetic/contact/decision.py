"""The company's past decision on its ``retention-offer``, and the biases in it.

At one date the company decides for every customer who has joined, with the same rule for all. The
rule uses the worth of an offer: the mean of need (the time since the last order) and value (the
mean value of an order). A bias acts on one step of the decision: selecting the customers to
consider, measuring their worth, recording their response, rewarding a proxy, or deciding at equal
worth (the steps are those of Suresh and Guttag 2021, "A framework for understanding sources of
harm").

The truth has every probability with and without the biases, for the same customers and random
numbers. The effect of a bias is therefore known without noise, as the difference of two means of
probabilities. Clicks in the offer's mail cause visits; the offer does not change any purchase.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.draws import Flags, Floats, normal
from workbench.synthetic.frames import gather, instants, labels
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.traits import attribute_rows
from workbench.synthetic.recipes import GENDERS, LABEL_REWARDS, PROXY_REWARDS, Offer
from workbench.synthetic.shop.ordering import Sales
from workbench.synthetic.shop.purchasing import Purchases

CAMPAIGN = "retention-offer"
_HALF_NEED_DAYS = 45.0
_HALF_VALUE_MINOR = 6_000.0
_IN_CENTRE = 0.6  # Share of customers in the centre, without a proxy bias.
_RESPONDS, _RESPONDS_BY_WORTH = 0.15, 0.4  # Probability of responding: at worth 0; per unit.


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDecisions:
    """The decision for every customer of a block; arrays of shape (customers,).

    Attributes
    ----------
    is_known : array of bool
        Whether the customer had joined before the decision; others get no offer.
    worth, measured : array of float
        True and measured worth of an offer, 0 to 1.
    responds, is_recorded : array of bool
        Whether the customer would respond; whether the customer is recorded as a responder.
    in_centre : array of bool
        Whether the customer lives in the centre, the proxy that the rule may reward.
    is_considered : array of bool
        Whether the company considered the customer.
    p_off, p_on : array of float
        Probability of the offer without and with all biases.
    p_alone : mapping of str to array of float
        Probability with one bias only, by its name.
    is_sent : array of bool
        Whether the customer got the offer.
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
    """Input and probability of the decision under some of the biases."""

    measured: Floats
    is_recorded: Flags
    in_centre: Flags
    is_considered: Flags
    probability: Floats


def decision_day(offer: Offer, days: int) -> int:
    """Return the day of the decision in a world of this many days."""
    return int(days * offer.at)


def decide_offers(block: Block, purchases: Purchases, sales: Sales) -> OfferDecisions:
    """Decide for every customer of a block."""
    day = decision_day(block.recipe.offer, block.clock.days)
    at = block.clock.start_at + day * DAY_SECONDS
    worth = _worth(block, purchases, sales, at)
    responds = block.u("responds") < _RESPONDS + _RESPONDS_BY_WORTH * worth
    off, on = (_chain(block, worth, responds, names) for names in ((), block.recipe.bias))
    is_known = block.joined_at < at
    return OfferDecisions(
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


def noted_attributes(block: Block, offers: OfferDecisions) -> list[dict[str, object]]:
    """Return rows of ``attributes`` with the company's notes on the considered customers."""
    owner = np.flatnonzero(offers.is_known & offers.is_considered)
    mechanisms = {bias.mechanism for bias in block.recipe.bias.values()}
    score = pl.Series(np.rint(100 * offers.measured).astype(np.int64)).cast(pl.String)
    notes = [("offer_score", score)]
    if "label" in mechanisms:
        notes.append(("responder", labels(["no", "yes"], offers.is_recorded)))
    if "proxy" in mechanisms:
        places = labels(["outskirts", "centre"], offers.in_centre)
        notes.append(("neighbourhood", places))
    at = np.full(owner.size, offers.decided_at)
    later = {"_at": at, "observed_at": instants(at), "origin": "inferred"}
    return [attribute_rows(block, "status", name, value, owner) | later for name, value in notes]


def decision_truth(block: Block, offers: OfferDecisions) -> pl.DataFrame:
    """Return the truth about the decision, one row per customer who had joined before it.

    Returns
    -------
    DataFrame, shape (known customers, 11 + 2 x biases)
        ``record_id``; ``group`` (stated gender, null as in the data); ``worth`` and
        ``measured_worth``; ``responds`` and ``is_recorded_responder``; ``in_centre``;
        ``is_considered``; ``p_offer_without`` and ``p_offer`` (probability without and with the
        planted biases); ``is_offered``; and for each bias ``in_NAME`` (the customer belongs to the
        disadvantaged group) and ``p_offer_NAME`` (probability with this bias alone).
    """
    known = np.flatnonzero(offers.is_known)
    columns = {
        "record_id": block.record_id,
        "worth": offers.worth.round(6),
        "measured_worth": offers.measured.round(6),
        "responds": offers.responds,
        "is_recorded_responder": offers.is_recorded,
        "in_centre": offers.in_centre,
        "is_considered": offers.is_considered,
        "p_offer_without": offers.p_off,
        "p_offer": offers.p_on,
        "is_offered": offers.is_sent,
    }
    for name, bias in block.recipe.bias.items():
        columns[f"in_{name}"] = block.is_in(bias.attribute, bias.group)
        columns[f"p_offer_{name}"] = offers.p_alone[name]
    group = gather(pl.Series("group", [*GENDERS[:4], None]), block.gender[known])
    rows = pl.DataFrame({name: values[known] for name, values in columns.items()})
    return rows.insert_column(1, group)


def _worth(block: Block, purchases: Purchases, sales: Sales, at: int) -> Floats:
    """Return the worth of an offer at an instant: mean of need and value, 0 to 1."""
    before = purchases.placed_at < at
    owner = purchases.owner[before]
    orders = np.bincount(owner, minlength=block.size)
    spent = np.zeros(block.size, dtype=np.int64)
    np.add.at(spent, owner, sales.total[before])
    last = block.joined_at.copy()
    np.maximum.at(last, owner, purchases.placed_at[before])
    silent_days = np.maximum(at - last, 0) / DAY_SECONDS
    need = silent_days / (silent_days + _HALF_NEED_DAYS)
    per_order = spent / np.maximum(orders, 1)
    value = per_order / (per_order + _HALF_VALUE_MINOR)
    worth: Floats = (need + value) / 2
    return worth


def _chain(block: Block, worth: Floats, responds: Flags, names: Collection[str]) -> _Chain:
    """Compute the decision under the biases with these names."""
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
