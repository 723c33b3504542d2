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

from workbench.synthetic.clock import DAY_SECONDS, MONTH_DAYS, Clock
from workbench.synthetic.draws import Floats, Integers, logit
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


def weigh_activity(history: History, hypotheses: Hypotheses, edges: Floats) -> Activity:
    """Compute the likelihood of leaving at given days by purchases and visits.

    Parameters
    ----------
    history : History
    hypotheses : Hypotheses
    edges : array of float, shape (customers, edges)
        Days, ascending, from the customer's latest purchase or visit on.
    """
    block, owner = history.block, hypotheses.owner
    shape = hypotheses.segment_values(block, "purchases_shape")
    rate = mean_rate_by_segment(block)[hypotheses.segment] * hypotheses.purchases
    visiting = hypotheses.segment_values(block, "visits_per_month") / MONTH_DAYS
    visiting = visiting * np.sqrt(hypotheses.purchases)
    app = app_shares(block)[hypotheses.segment]
    n, v = history.repeats[owner], (history.on_site + history.in_app)[owner]
    power = n + v / 2 + shape
    recording = _Recording.of(history)
    middles = (edges[:, 1:] + edges[:, :-1]) / 2
    days = np.concatenate([edges, middles], axis=1)
    purchases, on_site, in_app = _exposures(history, recording, days)
    mails = [
        _MailingEffect.of(history, hypotheses, number, days)
        for number in range(len(history.population.mailings))
    ]
    exposed = purchases[owner]
    for mail in mails:
        exposed = exposed + mail.further
    grid, base = _grid(power, shape, rate, exposed, visiting * (recording.total[owner]))
    base += _log_banner_answers(history, grid, owner)
    log_app = _log_app_recording(history, recording)[owner]
    found = np.empty((len(owner), days.shape[1]))
    speed, root = np.exp(grid), np.exp(grid / 2)
    last = edges.shape[1] - 1
    weight = np.empty(grid.shape)
    for place in range(days.shape[1]):
        log_value = base - (rate * exposed[:, place])[:, None] * speed
        log_value -= (visiting * (1 - app) * on_site[owner, place])[:, None] * root
        silent = (visiting * app * in_app[owner, place])[:, None] * root
        if recording.is_unsure:
            log_value += np.logaddexp(log_app[:, :1] - silent, log_app[:, 1:])
        else:
            log_value -= silent
        found[:, place] = logsumexp(log_value, axis=1)
        if place == last:
            weight = np.exp(log_value - found[:, [place]])
    constant = shape * np.log(shape) - gammaln(shape) + np.log(grid[:, 1] - grid[:, 0])
    constant += n * np.log(rate) + xlogy(v, visiting)
    constant += xlogy(history.in_app[owner], app) + xlogy(history.on_site[owner], 1 - app)
    found += constant[:, None]
    for mail in mails:
        found += mail.log_factor
    return Activity(
        at_edges=found[:, : last + 1],
        within=found[:, last + 1 :],
        rate=rate[:, None] * speed,
        weight=weight,
    )


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
class _Recording:
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
    def of(cls, history: History) -> "_Recording":
        block = history.block
        clock = Clock.of(block.recipe, "visits")
        days = np.array([history.as_of])
        total = clock.operational(days)[0] - clock.operational(history.begin)
        total = total + extra_app_days(block, history.as_of - history.begin)
        if block.recipe.tracking.banner == "none":
            return cls(None, np.ones(block.size, dtype=np.int64), total)
        purchases = history.population.purchases
        in_app = history.before & (purchases.channel == CHANNELS.index("app"))
        shows = np.bincount(purchases.owner[in_app], minlength=block.size) + history.in_app > 0
        state = np.where(shows, allows_app_tracking(block), -1).astype(np.int64)
        return cls(history.population.decisions["analytics"], state, total)


def _exposures(
    history: History, recording: _Recording, days: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return operational days of buying, of recorded visits on site, and of visits in the app."""
    block, begin = history.block, history.begin[:, None]
    clock = Clock.of(block.recipe, "visits")
    purchases = block.clock.operational(days) - block.clock.operational(begin)
    passed = clock.operational(days) - clock.operational(begin)
    in_app = passed + extra_app_days(block, days - begin)
    if recording.permission is None:
        return purchases, passed, in_app
    given = recording.permission.asked & recording.permission.given

    def day(seconds: Integers) -> Floats:
        return np.minimum(block.clock.day_of(seconds), 1e6)

    opens = np.maximum(day(recording.permission.decided_at), history.begin)[:, None]
    closes = day(recording.permission.withdrawn_at)[:, None]
    held = clock.operational(np.clip(days, opens, np.maximum(closes, opens)))
    on_site = np.where(given[:, None], held - clock.operational(opens), 0.0)
    return purchases, on_site, in_app


def _log_app_recording(history: History, recording: _Recording) -> Floats:
    """Return the log probabilities that the app is not tracked and that it is, by customer."""
    rule = history.block.recipe.tracking
    share = rule.app_asked * rule.app_allowed
    with np.errstate(divide="ignore"):
        unsure = np.log([share, 1 - share])
        by_state = np.stack([np.log([0.0, 1.0]), np.log([1.0, 0.0]), unsure])
    return by_state[np.where(recording.in_app < 0, 2, recording.in_app)]


def _log_banner_answers(history: History, grid: Floats, owner: Integers) -> Floats | float:
    """Return the log likelihood of the answer to the banner, given the customer's rate."""
    rule, block = history.block.recipe.tracking, history.block
    if rule.banner == "none":
        return 0.0
    decision = history.population.decisions["analytics"]
    by_age = rule.on_age * (block.age - 45) / 10
    log_odds = (logit(BANNERS[rule.banner][0]) + by_age)[owner, None] + rule.on_activity * grid
    accepts = (decision.asked & decision.given)[owner, None]
    found: Floats = np.log(np.where(accepts, expit(log_odds), expit(-log_odds)))
    return found


@dataclass(frozen=True, slots=True)
class _MailingEffect:
    """Effect of one randomised mailing: additional operational days, and a log factor, by day."""

    further: Floats
    log_factor: Floats

    @classmethod
    def of(
        cls, history: History, hypotheses: Hypotheses, number: int, days: Floats
    ) -> "_MailingEffect":
        block, owner, mail = history.block, hypotheses.owner, history.population.mailings[number]
        clock, purchases = block.clock, history.population.purchases
        begin, end = ((at - clock.start_at) / DAY_SECONDS for at in (mail.at, mail.until))
        is_treated = mail.is_treated & (begin < history.as_of)
        effects = effects_of(block, mail.name)[hypotheses.segment] * is_treated[owner]
        within = np.clip(days, begin, end)
        passed = clock.operational(within) - clock.operational(np.array([begin]))[0]
        lost = np.minimum(effects, 0.0)
        bought_then = (
            history.before & (purchases.placed_at >= mail.at) & (purchases.placed_at < mail.until)
        )
        gained = history.before & (purchases.place == MAILED + number)
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
