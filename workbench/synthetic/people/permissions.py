"""What customers allow: decisions by purpose, from joining on, and withdrawals.

Decisions in the form at joining are drawn apart from every trait, so the customers who consent are
like the others. A cookie banner is accepted, rejected or ignored, as its form makes people do and,
where the recipe says so, as who they are makes them.
"""

from dataclasses import dataclass

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
        "marketing.communications": decisions(block, "marketing", rules.marketing),
        "personalize": decisions(block, "personalize", rules.personalize),
        "marketing.advertising": advertising,
    }


def consents(block: Block, decided: dict[str, Decision]) -> pl.DataFrame:
    """Return the table ``consents``: first decisions and withdrawals, append-only."""
    parts = []
    for purpose, decision in decided.items():
        first = np.flatnonzero(decision.asked)
        later = np.flatnonzero(decision.asked & decision.given & (decision.withdrawn_at < _NEVER))
        said = np.where(decision.given[first], 0, 1)
        parts.append(_rows(block, purpose, first, decision.decided_at[first], said, "1"))
        parts.append(_rows(block, purpose, later, decision.withdrawn_at[later], later * 0 + 2, "2"))
    return table("consents", parts)


def _rows(
    block: Block, purpose: str, owner: Integers, at: Integers, said: Integers, number: str
) -> dict[str, object]:
    first = number == "1"
    is_mail = purpose == "marketing.communications"
    usual = (2 if is_mail else 0) if first else 1
    other = block.u(f"{purpose} method {number}", owner)
    method = np.where(other < 0.7, usual, np.where(other < 0.9, 1, 3 if first else 1))
    # only a decision never changed later may lack its date: else none could tell which is newer
    undated = np.zeros(len(owner), dtype=bool)
    if first:
        undated = (block.u(f"{purpose} undated", owner) < _UNDATED) & (said == 1)
    method = np.where(undated, _METHODS.index("import"), method)
    countries = [_country(name) for name in block.recipe.locales]
    decision = words(["given", "refused", "withdrawn"], said)
    return {
        "_owner": owner,
        "_at": at,
        "consent_id": text(
            f"{block.recipe.system}:",
            pl.Series(block.numbers[owner] + 100_000).cast(pl.String),
            f"-{purpose}-{number}",
        ),
        "record_id": block.record_id[owner],
        "purpose": purpose,
        "channel": "email" if is_mail else None,
        "decision": decision,
        "basis": "consent",
        "method": choices("consents", "method", _METHODS, method),
        "decided_at": where(~undated, instant(at)),
        "policy_version": where(~undated, words(["2024-01"], owner * 0)),
        "jurisdiction": words(countries, block.locale[owner]),
        "raw_signal": text(f"{purpose}=", decision),
    }


def _country(locale: str) -> str:
    return locale[-2:]
