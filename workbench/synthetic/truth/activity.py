"""Likelihood of a customer's purchases and visits, if the customer left at a given moment.

A customer has the rate g ~ Gamma(r, r) relative to the segment's, n purchases and v visits. S(T)
and V(T) are the operational days of buying and of visiting up to T. The likelihood of leaving at T
is, up to a factor that is the same for all hypotheses,

    integral g^(n + v/2) exp(-g mu S(T) - sqrt(g) nu V(T)) p(g) dg  x  mu^n nu^v,

where purchases have the rate g mu and visits the rate sqrt(g) nu; it is 0 before the latest
purchase or visit. With x = log g the integrand is analytic and decreases on both sides, so the
trapezoidal rule converges exponentially (Trefethen and Weideman 2014, SIAM Review 56): 48 nodes are
exact to six digits.

Mailings change the purchases in their days. An effect e < 0 multiplies the rate by 1 + e. An effect
e > 0 adds a purchase with probability e, whose order names the mailing. Where visits are recorded
only with permission, V counts only the time and the channel in which they are recorded.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, gammaln, logsumexp, xlogy

from workbench.synthetic.clock import DAY_SECONDS, Clock
from workbench.synthetic.draws import Floats, Integers, logit
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.permissions import Decision, allows_app_tracking
from workbench.synthetic.recipes import BANNERS, CHANNELS
from workbench.synthetic.shop.purchasing import MAILED, mean_rate_by_segment
from workbench.synthetic.shop.visits import app_shares, extra_app_days
from workbench.synthetic.truth.history import History
from workbench.synthetic.truth.hypotheses import Hypotheses
from workbench.synthetic.truth.mailings import effects_of

_NODES = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """Likelihoods by purchases and visits; rows are hypotheses.

    Attributes
    ----------
    at_edges, within : array of float, shape (rows, edges) and (rows, edges - 1)
        Logarithm of the likelihood of leaving at each edge, and in the middle between two.
    rate : array of float, shape (rows, nodes)
        Possible rates of the customer, in purchases per operational day.
    weight : array of float, shape (rows, nodes)
        Probability of each rate, given that the customer is active at the last edge.
    """

    at_edges: Floats
    within: Floats
    rate: Floats
    weight: Floats


def activity(known: History, what: Hypotheses, edges: Floats) -> Activity:
    """Compute the likelihood of leaving at given days by purchases and visits.

    Parameters
    ----------
    known : History
    what : Hypotheses
    edges : array of float, shape (customers, edges)
        Days, ascending, from the customer's latest purchase or visit on.
    """
    block, owner = known.block, what.owner
    shape = what.segment_values(block, "purchases_shape")
    rate = mean_rate_by_segment(block)[what.kind] * what.purchases
    visiting = _visit_rates(block)[what.kind] * np.sqrt(what.purchases)
    app = app_shares(block)[what.kind]
    n, v = known.repeats[owner], (known.on_site + known.in_app)[owner]
    power = n + v / 2 + shape
    look = _Looking.of(known)
    middles = (edges[:, 1:] + edges[:, :-1]) / 2
    days = np.concatenate([edges, middles], axis=1)
    purchases, on_site, in_app = _exposures(known, look, days)
    mails = [
        _Mailing.of(known, what, number, days) for number in range(len(known.population.mailings))
    ]
    exposed = purchases[owner]
    for mail in mails:
        exposed = exposed + mail.further
    grid, base = _grid(power, shape, rate, exposed, visiting * (look.total[owner]))
    base += _accepting(known, grid, owner)
    log_app = _app_likelihoods(known, look)[owner]
    found = np.empty((len(owner), days.shape[1]))
    speed, root = np.exp(grid), np.exp(grid / 2)
    last = edges.shape[1] - 1
    weight = np.empty(grid.shape)
    for place in range(days.shape[1]):
        log_value = base - (rate * exposed[:, place])[:, None] * speed
        log_value -= (visiting * (1 - app) * on_site[owner, place])[:, None] * root
        silent = (visiting * app * in_app[owner, place])[:, None] * root
        if look.is_unsure:
            log_value += np.logaddexp(log_app[:, :1] - silent, log_app[:, 1:])
        else:
            log_value -= silent
        found[:, place] = logsumexp(log_value, axis=1)
        if place == last:
            weight = np.exp(log_value - found[:, [place]])
    constant = shape * np.log(shape) - gammaln(shape) + np.log(grid[:, 1] - grid[:, 0])
    constant += n * np.log(rate) + xlogy(v, visiting)
    constant += xlogy(known.in_app[owner], app) + xlogy(known.on_site[owner], 1 - app)
    found += constant[:, None]
    for mail in mails:
        found += mail.log_factor
    return Activity(
        at_edges=found[:, : last + 1],
        within=found[:, last + 1 :],
        rate=rate[:, None] * speed,
        weight=weight,
    )


def _visit_rates(block: Block) -> Floats:
    from_kinds = [kind.visits_per_month for kind in block.recipe.contrasted_segments]
    return np.array(from_kinds) / (365.25 / 12)


def _grid(
    power: Floats, shape: Floats, rate: Floats, exposed: Floats, visiting: Floats
) -> tuple[Floats, Floats]:
    """Return nodes of log g for each row, and the logarithm of the integrand without exposure."""

    def mode(exposure: Floats, visits: Floats) -> tuple[Floats, Floats]:
        b = rate * exposure + shape
        root = (np.sqrt((visits / 2) ** 2 + 4 * power * b) - visits / 2) / (2 * b)
        return 2 * np.log(root), 1 / np.sqrt(b * root**2 + visits / 4 * root)

    most, least = exposed.max(axis=1), np.maximum(exposed.min(axis=1), 0.0)
    low, wide = mode(most, visiting)
    high, narrow = mode(least, 0 * visiting)
    low = low - np.maximum(6 * wide, 14 / power)
    high = high + 5 * narrow
    grid = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, _NODES)
    return grid, power[:, None] * grid - shape[:, None] * np.exp(grid)


@dataclass(frozen=True, slots=True)
class _Looking:
    """Recording of a block's visits.

    ``permission`` is None where all visits are recorded. ``in_app`` is 1 where visits to the app
    are recorded, 0 where they are not, and -1 where the tables do not show it.
    """

    permission: Decision | None
    in_app: Integers
    total: Floats

    @property
    def is_unsure(self) -> bool:
        """Return whether it is unknown for some customers that visits to the app are recorded."""
        return self.permission is not None

    @classmethod
    def of(cls, known: History) -> "_Looking":
        block = known.block
        clock = Clock.of(block.recipe, "visits")
        days = np.array([known.as_of])
        total = clock.operational(days)[0] - clock.operational(known.begin)
        total = total + extra_app_days(block, known.as_of - known.begin)
        if block.recipe.tracking.banner == "none":
            return cls(None, np.ones(block.size, dtype=np.int64), total)
        purchases = known.population.purchases
        in_app = known.before & (purchases.channel == CHANNELS.index("app"))
        shows = np.bincount(purchases.owner[in_app], minlength=block.size) + known.in_app > 0
        state = np.where(shows, allows_app_tracking(block), -1).astype(np.int64)
        return cls(known.population.decisions["analytics"], state, total)


def _exposures(known: History, look: _Looking, days: Floats) -> tuple[Floats, Floats, Floats]:
    """Return operational days of buying, of recorded visits on site, and of visits in the app."""
    block, begin = known.block, known.begin[:, None]
    clock = Clock.of(block.recipe, "visits")
    purchases = block.clock.operational(days) - block.clock.operational(begin)
    passed = clock.operational(days) - clock.operational(begin)
    in_app = passed + extra_app_days(block, days - begin)
    if look.permission is None:
        return purchases, passed, in_app
    given = look.permission.asked & look.permission.given

    def day(seconds: Integers) -> Floats:
        return np.minimum(block.clock.day_of(seconds), 1e6)

    opens = np.maximum(day(look.permission.decided_at), known.begin)[:, None]
    closes = day(look.permission.withdrawn_at)[:, None]
    held = clock.operational(np.clip(days, opens, np.maximum(closes, opens)))
    on_site = np.where(given[:, None], held - clock.operational(opens), 0.0)
    return purchases, on_site, in_app


def _app_likelihoods(known: History, look: _Looking) -> Floats:
    """Return the log probabilities that the app is not tracked and that it is, by customer."""
    rule = known.block.recipe.tracking
    share = rule.app_asked * rule.app_allowed
    with np.errstate(divide="ignore"):
        unsure = np.log([share, 1 - share])
        by_state = np.stack([np.log([0.0, 1.0]), np.log([1.0, 0.0]), unsure])
    return by_state[np.where(look.in_app < 0, 2, look.in_app)]


def _accepting(known: History, grid: Floats, owner: Integers) -> Floats | float:
    """Return the log likelihood of the answer to the banner, given the customer's rate."""
    rule, block = known.block.recipe.tracking, known.block
    if rule.banner == "none":
        return 0.0
    decision = known.population.decisions["analytics"]
    by_age = rule.on_age * (block.age - 45) / 10
    log_odds = (logit(BANNERS[rule.banner][0]) + by_age)[owner, None] + rule.on_activity * grid
    accepts = (decision.asked & decision.given)[owner, None]
    found: Floats = np.log(np.where(accepts, expit(log_odds), expit(-log_odds)))
    return found


@dataclass(frozen=True, slots=True)
class _Mailing:
    """Effect of one randomised mailing: additional operational days, and a log factor, by day."""

    further: Floats
    log_factor: Floats

    @classmethod
    def of(cls, known: History, what: Hypotheses, number: int, days: Floats) -> "_Mailing":
        block, owner, mail = known.block, what.owner, known.population.mailings[number]
        clock, purchases = block.clock, known.population.purchases
        begin, end = ((at - clock.start_at) / DAY_SECONDS for at in (mail.at, mail.until))
        is_treated = mail.is_treated & (begin < known.as_of)
        effects = effects_of(block, mail.name)[what.kind] * is_treated[owner]
        within = np.clip(days, begin, end)
        passed = clock.operational(within) - clock.operational(np.array([begin]))[0]
        lost = np.minimum(effects, 0.0)
        bought_then = (
            known.before & (purchases.placed_at >= mail.at) & (purchases.placed_at < mail.until)
        )
        gained = known.before & (purchases.place == MAILED + number)
        own = np.bincount(
            purchases.owner[bought_then & (purchases.place < MAILED)], minlength=block.size
        )
        has_gained = np.bincount(purchases.owner[gained], minlength=block.size)[owner] > 0
        gains = np.maximum(effects, 0.0)
        share = ((within - begin) / (end - begin))[owner]
        none = np.log1p(-gains[:, None] * share)
        with np.errstate(divide="ignore"):
            some = np.log(gains)
        factor = np.where(has_gained[:, None], some[:, None], none)
        factor = factor + xlogy(own[owner], 1 + lost)[:, None]
        return cls(lost[:, None] * passed[owner], factor)
