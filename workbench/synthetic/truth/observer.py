"""What the history of a customer tells of rate, frailty and of being active.

With x purchases after the first in S operational days, rate ~ Gamma(r, b) and cumulated hazard H_z
under frailty z, the weight of being active is

    p_z exp(-H_z) (b + S)^-(r + x),

and that of having left at day d after the last purchase

    p_z h_z(d) exp(-H_z(d)) (b + S(d))^-(r + x):

Pareto/NBD (Schmittlein, Morrison and Colombo 1987) with a hazard that moves. Given active, the rate
is Gamma(r + x, b + S) whatever z. Sums over z are Gauss-Hermite, over d by months, over
the rate Gauss-Laguerre with two nodes.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from workbench.synthetic.draws import Flags, Floats, Integers
from workbench.synthetic.people.block import Block
from workbench.synthetic.shop.leaving import annoyed_in, calm_hazard
from workbench.synthetic.shop.purchasing import Purchases, mean_rate

_FRAILTIES = 3  # nodes of the sum over what nobody sees
_PARTS = 1  # of a month, in the sum over the day of leaving; eight change it by .003 at most


@dataclass(frozen=True, slots=True)
class Observed:
    """What an observer concludes as of a moment.

    Attributes
    ----------
    p_active : array of float, shape (customers,)
        Probability of not having left.
    nodes : list of (weight, frailty, rate)
        Arrays of shape (customers,): what the customer may be like, given active; the weights of a
        customer add up to 1.
    """

    p_active: Floats
    nodes: list[tuple[Floats, Floats, Floats]]


def observed(
    block: Block, bought: Purchases, *, before: Flags, experienced: Flags, starts: Integers
) -> Observed:
    """Conclude from the history up to the last of ``starts``.

    Parameters
    ----------
    block : Block
    bought : Purchases
    before : array of bool, shape (sales,)
        Sales of the history.
    experienced : array of bool, shape (customers, months of the world)
        Months of bad experiences in the history.
    starts : array of int, shape (months + 1,)
        Days on which the months of the history begin, and the day as of which is asked.
    """
    clock, months = block.clock, len(starts) - 1
    as_of = float(starts[-1])
    orders = np.bincount(bought.owner[before], minlength=block.size)
    at_once = block.u("registered only") >= block.recipe.registered_only
    repeats = np.maximum(orders - at_once, 0)
    shape = block.of_kind("purchases_shape")
    prior = shape / mean_rate(block)
    begin = clock.operational(np.minimum(block.joined_day, as_of))
    whole = clock.operational(np.full(block.size, as_of)) - begin
    posterior = shape + repeats

    felt, share = _frailties(block)
    edges = _edges(starts, as_of)
    hazard = calm_hazard(block, np.zeros(block.size), range(months)) if months else None
    survived = np.zeros((block.size, len(edges)))
    if hazard is not None:
        annoyed = annoyed_in(block, experienced)[:, :months]
        hazard = np.where(annoyed, hazard * block.recipe.leaving.annoyed, hazard)
        survived = _survived(block, hazard, starts, edges)
    last = block.joined_day.copy()
    day = (bought.placed_at[before] - clock.start_at) / 86_400
    np.maximum.at(last, bought.owner[before], day)
    # weights relative to that of a rate integrated over the whole history, at the edges of what is
    # silent of each part: nothing of those before the last purchase
    points = np.maximum(edges, last[:, None])

    def likelier(day: Floats) -> Floats:
        passed = np.maximum(clock.operational(day) - begin[:, None], 0.0)
        return ((prior + whole)[:, None] / (prior[:, None] + passed)) ** posterior[:, None]

    at_edges, middle = likelier(points), likelier((points[:, 1:] + points[:, :-1]) / 2)
    relative = (at_edges[:, :-1] + 4 * middle + at_edges[:, 1:]) / 6  # Simpson's rule
    lived = edges[1:] - np.clip(block.joined_day[:, None], edges[:-1], edges[1:])
    silent = np.diff(points, axis=1) / np.maximum(lived, 1e-12)
    active = np.empty((len(felt), block.size))
    left = np.zeros(block.size)
    for node, z in enumerate(felt):
        factor = np.exp(z)
        alive = np.exp(-survived * factor)
        active[node] = share[node] * alive[:, -1]
        gone = (alive[:, :-1] - alive[:, 1:]) * silent
        left += share[node] * (gone * relative).sum(axis=1)
    being = active.sum(axis=0)
    weights = active / np.maximum(being, 1e-300)
    rates = _rates(posterior, prior + whole)
    nodes = [
        (weights[node] * part, np.full(block.size, z), rate)
        for node, z in enumerate(felt)
        for part, rate in rates
    ]
    return Observed(being / np.maximum(being + left, 1e-300), nodes)


def _frailties(block: Block) -> tuple[Floats, Floats]:
    """Return frailties and their shares in the population."""
    spread = block.recipe.leaving.frailty_sd
    if spread == 0:
        return np.zeros(1), np.ones(1)
    points, weights = np.polynomial.hermite_e.hermegauss(_FRAILTIES)
    return spread * points, weights / weights.sum()


def _edges(starts: Integers, as_of: float) -> Floats:
    """Return the days that part the history into parts of months."""
    parts = [np.linspace(begin, end, _PARTS, endpoint=False) for begin, end in pairwise(starts)]
    return np.concatenate([*parts, [as_of]])


def _survived(block: Block, hazard: Floats, starts: Integers, edges: Floats) -> Floats:
    """Return the cumulated hazard at each edge, from joining, shape (customers, edges)."""
    per_day = np.repeat(hazard / np.diff(starts), _PARTS, axis=1)
    begins = np.maximum(edges[:-1], block.joined_day[:, None])
    days = np.maximum(edges[1:] - begins, 0.0)
    summed = np.cumsum(per_day * days, axis=1)
    return np.concatenate([np.zeros((block.size, 1)), summed], axis=1)


def _rates(shape: Floats, rate: Floats) -> list[tuple[Floats, Floats]]:
    """Return weights and nodes that stand for Gamma(shape, rate): exact up to the third moment."""
    root = np.sqrt(shape + 1)
    return [
        ((1 + 1 / root) / 2, (root**2 - root) / rate),
        ((1 - 1 / root) / 2, (root**2 + root) / rate),
    ]
