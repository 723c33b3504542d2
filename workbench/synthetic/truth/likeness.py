"""Likelihood of a customer's purchases, views and statements in each segment.

The recipe has the probabilities of channels, numbers of lines, categories and viewed products. The
price of a line is that of the product with the log price nearest to

    log(value of the order) + .15 e - log(lines x quantity),   value = base exp(own + order),

with normal deviations between customers, orders and lines; ``own`` is integrated in closed form.
Log prices have equal steps, so rounding adds a variance of a twelfth of the squared step. Clipping
at the lowest and the highest price is ignored. In recipes with gamma-gamma values, values are not
used.
"""

import math

import numpy as np
import polars as pl

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.draws import CELLS, Floats, cell_counts
from workbench.synthetic.people.traits import interest_shares, interests
from workbench.synthetic.shop.browsing import product_shares
from workbench.synthetic.shop.ordering import LINE_SD, MOST_LINES
from workbench.synthetic.stock.catalogue import (
    CATEGORIES,
    LADDER_STEP,
    LOWEST_PRICE_MINOR,
    catalogue,
)
from workbench.synthetic.truth.history import History, block_rows
from workbench.synthetic.truth.hypotheses import Hypotheses


def log_likeness(history: History, hypotheses: Hypotheses) -> Floats:
    """Return the logarithm of the likelihood of each hypothesis, shape (rows,)."""
    if len(history.block.recipe.contrasted_segments) == 1:
        return np.zeros(len(hypotheses.owner))
    by_kind = _log_choices(history) + _log_views(history) + _log_interests(history)
    found: Floats = by_kind[hypotheses.owner, hypotheses.segment] + _log_values(history, hypotheses)
    return found


def _log_choices(history: History) -> Floats:
    """Return the log likelihood of channels, numbers of lines, and categories."""
    block, sales, purchases = history.block, history.population.sales, history.population.purchases
    rows = np.flatnonzero(history.before)
    owner, found = (
        purchases.owner[rows],
        np.zeros((block.size, len(block.recipe.contrasted_segments))),
    )
    is_known = history.before[sales.line_sale]
    line_owner = purchases.owner[sales.line_sale[is_known]]
    category = sales.product[is_known] // catalogue(block.recipe.system).rungs
    with np.errstate(divide="ignore"):
        for code, segment in enumerate(block.recipe.contrasted_segments):
            channels, categories = (
                np.log(_shares((*weights.values(),)))
                for weights in (segment.channels, segment.categories)
            )
            stop = 1 / max(segment.lines, 1 + 1e-9)
            number = np.arange(1, MOST_LINES + 1)
            of_lines = (number - 1) * math.log1p(-stop) + math.log(stop)
            of_lines[-1] -= math.log(stop)  # Larger numbers are cut to this one.
            per_order = channels[purchases.channel[rows]] + of_lines[sales.lines[rows] - 1]
            np.add.at(found[:, code], owner, per_order)
            np.add.at(found[:, code], line_owner, categories[category])
    return found


def _log_values(history: History, hypotheses: Hypotheses) -> Floats:
    """Return the log likelihood of the prices of the bought lines."""
    block, sales, purchases = history.block, history.population.sales, history.population.purchases
    if any(segment.order_shape is not None for segment in block.recipe.contrasted_segments):
        return np.zeros(len(hypotheses.owner))
    rung = sales.product % catalogue(block.recipe.system).rungs
    per_line = math.log(LOWEST_PRICE_MINOR) + rung * LADDER_STEP
    per_line = per_line + np.log(sales.lines[sales.line_sale] * sales.quantity)
    rows = np.flatnonzero(history.before)
    owner, lines = purchases.owner[rows], sales.lines[rows]
    mean = np.bincount(sales.line_sale, per_line, minlength=len(sales.lines))[rows] / lines
    day = (purchases.placed_at[rows] - block.clock.start_at) // DAY_SECONDS
    mean = mean - np.log(block.change_factors("order_value")[day])
    line_variance = (LINE_SD**2 + LADDER_STEP**2 / 12) / lines
    found = np.zeros(len(hypotheses.owner))
    for code, segment in enumerate(block.recipe.contrasted_segments):
        some = hypotheses.segment == code
        who, shift = hypotheses.owner[some], np.log(hypotheses.order_value[some])
        variance = segment.order_sd**2 + line_variance
        left = mean - math.log(segment.order_value_minor)
        sums = [
            np.bincount(owner, each, minlength=block.size)[who]
            for each in (1 / variance, left / variance, left**2 / variance, np.log(variance))
        ]
        weight, linear, square, logs = sums
        square = square - 2 * shift * linear + shift**2 * weight
        linear = linear - shift * weight
        own = 1 + segment.order_value_sd**2 * weight
        found[some] = -0.5 * (logs + np.log(own) + square)
        found[some] += 0.5 * segment.order_value_sd**2 * linear**2 / own
    return found


def _log_views(history: History) -> Floats:
    """Return the log likelihood of the viewed products and of the searches."""
    block, goods = history.block, catalogue(history.block.recipe.system)
    end_at = block.clock.start_at + int(history.as_of) * DAY_SECONDS
    events = history.population.tables["events"].filter(
        pl.col("record_id").is_not_null() & (pl.col("occurred_at").dt.epoch("s") < end_at)
    )
    lines = pl.DataFrame(
        {"order_id": history.population.sales.order_id, "lines": history.population.sales.lines}
    )
    of_order = events.drop_nulls("order_id").select("session_id", "order_id")
    of_order = of_order.join(lines, on="order_id").select("session_id", "lines")
    place = pl.int_range(pl.len()).over("session_id")
    # The first viewed products of a visit with an order are those of its lines.
    views = (
        events.filter(pl.col("event_name") == "view_item")
        .join(of_order, on="session_id", how="left", maintain_order="left")
        .filter(place >= pl.col("lines").fill_null(0))
    )
    searches = events.filter(pl.col("event_name") == "search")
    by_product = product_shares(block)
    shares: Floats = np.stack([cell_counts(each) for each in by_product]) / CELLS
    names = sorted(set(goods.noun))
    noun = np.searchsorted(names, goods.noun.to_numpy())
    by_noun = np.stack([np.bincount(noun, each, minlength=len(names)) for each in shares])
    product = views["product_id"].replace_strict(
        goods.product_id, np.arange(len(noun)), return_dtype=pl.Int64
    )
    searched = np.searchsorted(names, searches["search_text"].to_numpy())
    viewer, searcher = block_rows(block, views), block_rows(block, searches)
    found = np.zeros((block.size, len(shares)))
    with np.errstate(divide="ignore"):
        for code, (of_product, of_noun) in enumerate(zip(shares, by_noun, strict=True)):
            seen, sought = np.log(of_product)[product.to_numpy()], np.log(of_noun)[searched]
            found[:, code] = np.bincount(viewer, seen, minlength=block.size)
            found[:, code] += np.bincount(searcher, sought, minlength=block.size)
    return found


def _log_interests(history: History) -> Floats:
    """Return the log likelihood of interests, which depend on the segment's categories."""
    block, shares = history.block, interest_shares(history.block)
    rows = history.population.tables["attributes"].filter(pl.col("namespace") == "interest")
    names = interests()
    category = rows["attribute"].replace_strict(
        list(names), [CATEGORIES.index(each) for each in names.values()], return_dtype=pl.Int64
    )
    found = np.zeros((block.size, len(shares)))
    np.add.at(found, block_rows(block, rows), np.log(shares)[:, category.to_numpy()].T)
    return found


def _shares(weights: tuple[float, ...]) -> Floats:
    found: Floats = np.array(weights) / sum(weights)
    return found
