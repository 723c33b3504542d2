"""What customers allow: decisions by purpose, from joining on, and withdrawals.

Decisions in the form at joining are drawn apart from every trait, so the customers who consent are
like the others. A cookie banner is accepted, rejected or ignored, as its form makes people do and,
where the recipe says so, as who they are makes them.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from workbench.synthetic.draws import Flags, Floats, Integers, logistic, logit
from workbench.synthetic.frames import choices, instant, table, text, where, words
from workbench.synthetic.people.block import Block
from workbench.synthetic.recipes import BANNERS, Permission

_NEVER = np.iinfo(np.int64).max
_ADVERTISING_OF_ANALYTICS = 0.9  # of who accepts the one in a banner, the other too
_UNDATED = 0.02  # imported from an old system that kept no dates
_METHODS = ("banner", "form", "double_opt_in", "checkout", "import")
_SAID = ("given", "refused", "withdrawn")
_BY_MAIL = "marketing.communications"  # the one purpose that is about a channel


@dataclass(frozen=True)
class Decision:
    """One purpose's decisions of a block, all arrays of shape (customers,).

    Attributes
    ----------
    asked, given : array of bool
        Whether there is a decision; whether the first one was yes.
    decided_at, withdrawn_at : array of int
        Seconds since 1970; ``withdrawn_at`` is never (the largest integer) where it still holds.
    """

    asked: Flags
    given: Flags
    decided_at: Integers
    withdrawn_at: Integers

    def holds(self, at: Integers, owner: Integers) -> Flags:
        """Return whether the permission of each row's customer held at an instant."""
        is_given = (self.asked & self.given)[owner]
        return is_given & (at >= self.decided_at[owner]) & (at < self.withdrawn_at[owner])


def decisions(block: Block, purpose: str, rule: Permission) -> Decision:
    """Draw the decisions on one purpose, taken in the form at joining."""
    asked = block.u(f"{purpose} asked") < rule.asked
    given = block.u(f"{purpose} given") < rule.given
    return _decided(block, purpose, rule, asked, given)


def in_banner(block: Block, purpose: str, rule: Permission, p_accepts: Floats) -> Decision:
    """Draw the decisions on one purpose, taken in a banner that may be ignored.

    Parameters
    ----------
    p_accepts : array of float, shape (customers,)
        Probability of accepting; of the others as many reject, in proportion, as the form of the
        banner makes them.
    """
    accepted, rejected = BANNERS[block.recipe.tracking.banner]
    u = block.u("banner")  # one banner for all purposes
    given = u < p_accepts
    p_rejects = (1 - p_accepts) * rejected / (1 - accepted)
    return _decided(block, purpose, rule, given | (u < p_accepts + p_rejects), given)


def p_accepts(block: Block) -> Floats:
    """Return each customer's probability of accepting the banner; 1 where there is none."""
    rule = block.recipe.tracking
    if rule.banner == "none":
        return np.ones(block.size)
    log_odds = logit(BANNERS[rule.banner][0]) + rule.on_age * (block.age - 45) / 10
    return logistic(log_odds + rule.on_activity * np.log(block.eagerness)).round(6)


def allows_app(block: Block) -> Flags:
    """Return who may be tracked in the app: asked by the system's prompt, and allowed it."""
    rule = block.recipe.tracking
    is_asked = block.u("app asked") < rule.app_asked
    allowed: Flags = is_asked & (block.u("app allowed") < rule.app_allowed)
    return allowed


def _decided(block: Block, purpose: str, rule: Permission, asked: Flags, given: Flags) -> Decision:
    decided_at = block.joined_at + (240 * block.u(f"{purpose} decided")).astype(np.int64)
    left = (block.clock.end_at - 1 - decided_at).clip(1)
    when = decided_at + 1 + (left * block.u(f"{purpose} withdrawn at")).astype(np.int64)
    withdraws = asked & given & (block.u(f"{purpose} withdrawn") < rule.withdrawn)
    withdraws &= when < block.clock.end_at
    return Decision(asked, given, decided_at, np.where(withdraws, when, _NEVER))


def all_decisions(block: Block) -> dict[str, Decision]:
    """Draw the decisions on every purpose, by the purpose's name in the schema."""
    rules = block.recipe.permissions
    if block.recipe.tracking.banner == "none":
        analytics = decisions(block, "analytics", rules.analytics)
        advertising = decisions(block, "advertising", rules.advertising)
    else:
        accepts = p_accepts(block)
        analytics = in_banner(block, "analytics", rules.analytics, accepts)
        advertising = in_banner(
            block, "advertising", rules.advertising, accepts * _ADVERTISING_OF_ANALYTICS
        )
    return {
        "analytics": analytics,
        _BY_MAIL: decisions(block, "marketing", rules.marketing),
        "personalize": decisions(block, "personalize", rules.personalize),
        "marketing.advertising": advertising,
    }


class _Said(NamedTuple):
    """What was said on purposes; arrays of shape (decisions,).

    ``purpose`` is a place in the list of purposes, ``is_later`` tells a withdrawal from what was
    said first, ``decision`` and ``method`` are codes in ``_SAID`` and ``_METHODS``.
    """

    owner: Integers
    at: Integers
    purpose: Integers
    is_later: Flags
    decision: Integers
    method: Integers
    is_undated: Flags


def consents(block: Block, decided: dict[str, Decision]) -> pl.DataFrame:
    """Return the table ``consents``: first decisions and withdrawals, append-only."""
    purposes = list(decided)
    parts = [
        said(block, place, purposes[place], decided[purposes[place]])
        for place in range(len(purposes))
        for said in (_first, _withdrawn)
    ]
    rows = _Said(*map(np.concatenate, zip(*parts, strict=True)))
    dated = ~rows.is_undated
    decision = words(_SAID, rows.decision)
    return table(
        "consents",
        [
            {
                "_owner": rows.owner,
                "_at": rows.at,
                "consent_id": text(
                    f"{block.recipe.system}:",
                    pl.Series(block.numbers[rows.owner] + 100_000).cast(pl.String),
                    words([f"-{name}-" for name in purposes], rows.purpose),
                    words(["1", "2"], rows.is_later),
                ),
                "record_id": block.record_id[rows.owner],
                "purpose": words(purposes, rows.purpose),
                "channel": where(
                    rows.purpose == purposes.index(_BY_MAIL), words(["email"], 0 * rows.purpose)
                ),
                "decision": decision,
                "basis": "consent",
                "method": choices("consents", "method", _METHODS, rows.method),
                "decided_at": where(dated, instant(rows.at)),
                "policy_version": where(dated, words(["2024-01"], 0 * rows.purpose)),
                "jurisdiction": words(
                    [_country(name) for name in block.recipe.locales], block.locale[rows.owner]
                ),
                "raw_signal": text(
                    words([f"{name}=" for name in purposes], rows.purpose), decision
                ),
            }
        ],
    )


def _first(block: Block, place: int, purpose: str, decision: Decision) -> _Said:
    """Return what was said when asked: by the form or the banner, or undated in an old system."""
    owner = np.flatnonzero(decision.asked)
    said = np.where(decision.given[owner], _SAID.index("given"), _SAID.index("refused"))
    usual = "double_opt_in" if purpose == _BY_MAIL else "banner"
    method = _method(block, f"{purpose} method 1", owner, usual, "checkout")
    # only a decision never changed later may lack its date: else none could tell which is newer
    undated = (block.u(f"{purpose} undated", owner) < _UNDATED) & ~decision.given[owner]
    method = np.where(undated, _METHODS.index("import"), method)
    later = np.zeros(len(owner), dtype=bool)
    return _Said(owner, decision.decided_at[owner], 0 * owner + place, later, said, method, undated)


def _withdrawn(block: Block, place: int, purpose: str, decision: Decision) -> _Said:
    """Return the withdrawals."""
    owner = np.flatnonzero(decision.asked & decision.given & (decision.withdrawn_at < _NEVER))
    said = np.full(len(owner), _SAID.index("withdrawn"))
    method = _method(block, f"{purpose} method 2", owner, "form", "form")
    later = np.ones(len(owner), dtype=bool)
    return _Said(
        owner, decision.withdrawn_at[owner], 0 * owner + place, later, said, method, ~later
    )


def _method(block: Block, stream: str, owner: Integers, usual: str, seldom: str) -> Integers:
    """Return how it was said: mostly as is usual, else in a form, seldom in another way."""
    other = block.u(stream, owner)
    codes = [_METHODS.index(name) for name in (usual, "form", seldom)]
    return np.select([other < 0.7, other < 0.9], codes[:2], codes[2])


def _country(locale: str) -> str:
    return locale[-2:]
