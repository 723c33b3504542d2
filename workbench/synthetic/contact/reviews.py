"""Reviews: who writes one, and how many stars it has.

All who bought have an opinion; the delighted and the disappointed write it down more often than the
others, which makes the J of public ratings (Hu, Zhang and Pavlou 2009; Schoenmueller, Netzer and
Stahl 2020).
"""

import numpy as np

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.contact.said import Messages, said
from workbench.synthetic.contact.satisfaction import stars
from workbench.synthetic.contact.writers import identifiers, languages, spans_of, told
from workbench.synthetic.draws import Floats, logistic, logit
from workbench.synthetic.frames import gathered, where
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.personal_details import PersonalDetails
from workbench.synthetic.recipes import Recipe
from workbench.synthetic.shop.ordering import Sales
from workbench.synthetic.shop.purchasing import Purchases
from workbench.synthetic.stock import texts
from workbench.synthetic.stock.catalogue import catalogue

#: A review comes after the first of these days, within as many more.
SOONEST_DAYS, LONGEST_DAYS = 3, 20


def p_writes(recipe: Recipe, satisfied: Floats) -> Floats:
    """Return the probability of writing a review at this satisfaction."""
    rule = recipe.reviews
    return logistic(logit(rule.written) + rule.polarity * (np.abs(satisfied) - 0.8))


def reviews(
    block: Block, bought: Purchases, sold: Sales, home: PersonalDetails, satisfied: Floats
) -> Messages:
    """Return the reviews of a block, each of the first line of its order."""
    owner, place = bought.owner, bought.place
    writes = p_writes(block.recipe, satisfied)
    days = SOONEST_DAYS + LONGEST_DAYS * block.u("review after", owner, place)
    at = bought.placed_at + (days * DAY_SECONDS).astype(np.int64)
    sale = np.flatnonzero((block.u("review", owner, place) < writes) & (at < block.clock.end_at))
    owner, place = owner[sale], place[sale]
    rating = stars(satisfied[sale])
    starts = np.cumsum(sold.lines) - sold.lines
    goods = catalogue(block.recipe.system)
    product = sold.product[starts[sale]]
    written = texts.review(
        languages(block, owner),
        stars=rating,
        bits=block.bits("review words", owner, place),
        category=product // goods.rungs,
        people=identifiers(home, owner, gathered(sold.order_id, sale)),
    )
    has_text = block.u("review text", owner, place) < 0.8
    part = said(
        block, owner, at[sale], stream="review id", number=place, channel="review", action="message"
    )
    part |= {
        "product_id": gathered(goods.product_id, product),
        "body": where(has_text, written.body),
        "rating": rating,
    }
    kept = np.flatnonzero(has_text)
    ids = np.asarray(part["interaction_id"])[kept]
    return Messages(
        parts=[part],
        texts=told(
            owner[kept],
            ids,
            written.family[kept],
            tone=texts.tone_of_stars(rating)[kept],
        ),
        spans=spans_of(written, ids, kept, owner[kept]),
    )
