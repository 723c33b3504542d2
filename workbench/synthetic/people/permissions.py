"""Permissions of customers: decisions on each purpose, and withdrawals.

Decisions in the form at joining are independent of every trait, so customers who consent do not
differ from others. A cookie banner is accepted, rejected or ignored. How often depends on the form
of the banner and, where the recipe plants it, on the customer's age and activity.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from workbench.synthetic.draws import Flags, Floats, Integers, logistic, logit
from workbench.synthetic.frames import (
    enum_labels,
    instants,
    join_texts,
    keep_where,
    labels,
    make_table,
)
from workbench.synthetic.people.block import Block
from workbench.synthetic.recipes import BANNERS, Permission

_NEVER = np.iinfo(np.int64).max
_ADVERTISING_OF_ANALYTICS = 0.9  # Share of customers who accept both, among analytics.
_UNDATED = 0.02  # Share of decisions that were imported from an old system without dates.
_METHODS = ("banner", "form", "double_opt_in", "checkout", "import")
_DECISIONS = ("given", "refused", "withdrawn")
_BY_MAIL = "marketing.communications"  # The only purpose that is limited to a channel.


@dataclass(frozen=True)
class Decision:
    """The decisions of a block's customers on one purpose, arrays of shape (customers,).

    Attributes
    ----------
    asked, given : array of bool
        Whether the customer decided; whether the first decision was yes.
    decided_at, withdrawn_at : array of int
        Seconds since 1970; ``withdrawn_at`` is the largest integer without a withdrawal.
    """

    asked: Flags
    given: Flags
    decided_at: Integers
    withdrawn_at: Integers

    def holds(self, at: Integers, owner: Integers) -> Flags:
        """Return whether each row's customer had given permission at an instant."""
        is_given = (self.asked & self.given)[owner]
        return is_given & (at >= self.decided_at[owner]) & (at < self.withdrawn_at[owner])


def decide_in_form(block: Block, purpose: str, rule: Permission) -> Decision:
    """Draw the decisions on one purpose in the form at joining."""
    asked = block.u(f"{purpose} asked") < rule.asked
    given = block.u(f"{purpose} given") < rule.given
    return _make_decision(block, purpose, rule, asked, given)


def decide_in_banner(block: Block, purpose: str, rule: Permission, p_accepts: Floats) -> Decision:
    """Draw the decisions on one purpose in a banner, which customers may ignore.

    Parameters
    ----------
    block, purpose, rule
        See ``decide_in_form``.
    p_accepts : array of float, shape (customers,)
        Probability of accepting. The other customers reject or ignore the banner in the
        proportions of its form.
    """
    accepted, rejected = BANNERS[block.recipe.tracking.banner]
    u = block.u("banner")  # The same draw for all purposes, because there is one banner.
    given = u < p_accepts
    p_rejects = (1 - p_accepts) * rejected / (1 - accepted)
    return _make_decision(block, purpose, rule, given | (u < p_accepts + p_rejects), given)


def acceptance_probability(block: Block) -> Floats:
    """Return each customer's probability of accepting the banner; 1 where there is none."""
    rule = block.recipe.tracking
    if rule.banner == "none":
        return np.ones(block.size)
    log_odds = logit(BANNERS[rule.banner][0]) + rule.on_age * (block.age - 45) / 10
    return logistic(log_odds + rule.on_activity * np.log(block.eagerness)).round(6)


def allows_app_tracking(block: Block) -> Flags:
    """Return whether each customer was asked by the app's tracking prompt and allowed it."""
    rule = block.recipe.tracking
    is_asked = block.u("app asked") < rule.app_asked
    allowed: Flags = is_asked & (block.u("app allowed") < rule.app_allowed)
    return allowed


def _make_decision(
    block: Block, purpose: str, rule: Permission, asked: Flags, given: Flags
) -> Decision:
    """Add the times of decision and the withdrawals."""
    decided_at = block.joined_at + (240 * block.u(f"{purpose} decided")).astype(np.int64)
    left = (block.clock.end_at - 1 - decided_at).clip(1)
    when = decided_at + 1 + (left * block.u(f"{purpose} withdrawn at")).astype(np.int64)
    withdraws = asked & given & (block.u(f"{purpose} withdrawn") < rule.withdrawn)
    withdraws &= when < block.clock.end_at
    return Decision(asked, given, decided_at, np.where(withdraws, when, _NEVER))


def all_decisions(block: Block) -> dict[str, Decision]:
    """Draw the decisions on every purpose; the keys are the schema's names of purposes."""
    rules = block.recipe.permissions
    if block.recipe.tracking.banner == "none":
        analytics = decide_in_form(block, "analytics", rules.analytics)
        advertising = decide_in_form(block, "advertising", rules.advertising)
    else:
        accepts = acceptance_probability(block)
        analytics = decide_in_banner(block, "analytics", rules.analytics, accepts)
        advertising = decide_in_banner(
            block, "advertising", rules.advertising, accepts * _ADVERTISING_OF_ANALYTICS
        )
    return {
        "analytics": analytics,
        _BY_MAIL: decide_in_form(block, "marketing", rules.marketing),
        "personalize": decide_in_form(block, "personalize", rules.personalize),
        "marketing.advertising": advertising,
    }


class _Statements(NamedTuple):
    """Statements on purposes; arrays of shape (statements,).

    ``purpose`` is a position in the list of purposes. ``is_later`` is true for withdrawals and
    false for first decisions. ``decision`` and ``method`` are codes in ``_DECISIONS`` and
    ``_METHODS``.
    """

    owner: Integers
    at: Integers
    purpose: Integers
    is_later: Flags
    decision: Integers
    method: Integers
    is_undated: Flags


def consents(block: Block, decisions: dict[str, Decision]) -> pl.DataFrame:
    """Return the table ``consents``: first decisions and withdrawals, append-only."""
    purposes = list(decisions)
    parts = [
        statements(block, place, purposes[place], decisions[purposes[place]])
        for place in range(len(purposes))
        for statements in (_first_statements, _withdrawals)
    ]
    rows = _Statements(*map(np.concatenate, zip(*parts, strict=True)))
    dated = ~rows.is_undated
    decision = labels(_DECISIONS, rows.decision)
    return make_table(
        "consents",
        block.rows_of(rows.owner, rows.at)
        | {
            "consent_id": join_texts(
                f"{block.recipe.system}:",
                block.account_numbers(rows.owner),
                labels([f"-{name}-" for name in purposes], rows.purpose),
                labels(["1", "2"], rows.is_later),
            ),
            "purpose": labels(purposes, rows.purpose),
            "channel": keep_where(
                rows.purpose == purposes.index(_BY_MAIL),
                labels(["email"], 0 * rows.purpose),
            ),
            "decision": decision,
            "basis": "consent",
            "method": enum_labels("consents", "method", _METHODS, rows.method),
            "decided_at": keep_where(dated, instants(rows.at)),
            "policy_version": keep_where(dated, labels(["2024-01"], 0 * rows.purpose)),
            "jurisdiction": labels(
                [_country(name) for name in block.recipe.locales], block.locale[rows.owner]
            ),
            "raw_signal": join_texts(
                labels([f"{name}=" for name in purposes], rows.purpose), decision
            ),
        },
    )


def _first_statements(block: Block, place: int, purpose: str, decision: Decision) -> _Statements:
    """Return the first decisions: in the form or the banner, or undated from an old system."""
    owner = np.flatnonzero(decision.asked)
    decision_code = np.where(
        decision.given[owner], _DECISIONS.index("given"), _DECISIONS.index("refused")
    )
    usual = "double_opt_in" if purpose == _BY_MAIL else "banner"
    method = _draw_methods(block, f"{purpose} method 1", owner, usual, "checkout")
    # Only a decision that is never changed may have no date: the newer one would be unknown.
    undated = (block.u(f"{purpose} undated", owner) < _UNDATED) & ~decision.given[owner]
    method = np.where(undated, _METHODS.index("import"), method)
    later = np.zeros(len(owner), dtype=bool)
    return _Statements(
        owner, decision.decided_at[owner], 0 * owner + place, later, decision_code, method, undated
    )


def _withdrawals(block: Block, place: int, purpose: str, decision: Decision) -> _Statements:
    """Return the withdrawals."""
    owner = np.flatnonzero(decision.asked & decision.given & (decision.withdrawn_at < _NEVER))
    decision_code = np.full(len(owner), _DECISIONS.index("withdrawn"))
    method = _draw_methods(block, f"{purpose} method 2", owner, "form", "form")
    later = np.ones(len(owner), dtype=bool)
    return _Statements(
        owner, decision.withdrawn_at[owner], 0 * owner + place, later, decision_code, method, ~later
    )


def _draw_methods(block: Block, stream: str, owner: Integers, usual: str, seldom: str) -> Integers:
    """Return the method of each statement: 70 % usual, 20 % a form, 10 % the seldom one."""
    other = block.u(stream, owner)
    codes = [_METHODS.index(name) for name in (usual, "form", seldom)]
    return np.select([other < 0.7, other < 0.9], codes[:2], codes[2])


def _country(locale: str) -> str:
    return locale[-2:]
