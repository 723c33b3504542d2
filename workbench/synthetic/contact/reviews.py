"""Reviews of orders and their stars.

Delighted and disappointed customers write reviews more often than others. The distribution of stars
therefore has the J shape of public ratings (Hu, Zhang and Pavlou 2009; Schoenmueller, Netzer and
Stahl 2020).
"""

import numpy as np

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.contact.interaction_rows import Messages, interaction_rows
from workbench.synthetic.contact.satisfaction import stars_of
from workbench.synthetic.contact.writers import (
    identifiers_of_writers,
    languages,
    span_truth,
    text_truth,
)
from workbench.synthetic.draws import Floats, logistic, logit
from workbench.synthetic.frames import gather, keep_where
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.personal_details import PersonalDetails
from workbench.synthetic.recipes import Recipe
from workbench.synthetic.shop.ordering import Sales
from workbench.synthetic.shop.purchasing import Purchases
from workbench.synthetic.stock import texts
from workbench.synthetic.stock.catalogue import catalogue

#: A review comes 3 to 3 + 20 days after the order.
SOONEST_DAYS, LONGEST_DAYS = 3, 20


def review_probability(recipe: Recipe, satisfaction: Floats) -> Floats:
    """Return the probability of writing a review at this satisfaction."""
    rule = recipe.reviews
    return logistic(logit(rule.written) + rule.polarity * (np.abs(satisfaction) - 0.8))


def reviews(
    block: Block, purchases: Purchases, sales: Sales, details: PersonalDetails, satisfaction: Floats
) -> Messages:
    """Draw the reviews of a block; each is about the product in the first line of its order."""
    owner, place = purchases.owner, purchases.place
    writes = review_probability(block.recipe, satisfaction)
    days = SOONEST_DAYS + LONGEST_DAYS * block.u("review after", owner, place)
    at = purchases.placed_at + (days * DAY_SECONDS).astype(np.int64)
    sale = np.flatnonzero((block.u("review", owner, place) < writes) & (at < block.clock.end_at))
    owner, place = owner[sale], place[sale]
    rating = stars_of(satisfaction[sale])
    starts = np.cumsum(sales.lines) - sales.lines
    goods = catalogue(block.recipe.system)
    product = sales.product[starts[sale]]
    written = texts.write_reviews(
        languages(block, owner),
        stars=rating,
        bits=block.bits("review words", owner, place),
        category=product // goods.rungs,
        people=identifiers_of_writers(details, owner, gather(sales.order_id, sale)),
    )
    has_text = block.u("review text", owner, place) < 0.8
    part = interaction_rows(
        block, owner, at[sale], stream="review id", number=place, channel="review", action="message"
    )
    part |= {
        "product_id": gather(goods.product_id, product),
        "body": keep_where(has_text, written.body),
        "rating": rating,
    }
    kept = np.flatnonzero(has_text)
    ids = np.asarray(part["interaction_id"])[kept]
    return Messages(
        parts=[part],
        texts=text_truth(
            owner[kept],
            ids,
            written.family[kept],
            tone=texts.tone_of_stars(rating)[kept],
        ),
        spans=span_truth(written, ids, kept, owner[kept]),
    )
