"""The survey after an order: who is invited, who answers, and what everybody would have said.

Whether somebody answers depends on the score and on age as the recipe has it, so the mean of the
answers is off by Cov(P(answers), score) / mean P(answers) (Bethlehem 1988, "Reduction of
nonresponse bias through regression estimation", Journal of Official Statistics 4). The truth keeps
the score of all who were invited.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import ndtr

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.contact.said import Part, said
from workbench.synthetic.contact.writers import languages, told
from workbench.synthetic.draws import Floats, Integers, choice, logistic, logit, normal
from workbench.synthetic.frames import nothing, table, where
from workbench.synthetic.people.block import Block
from workbench.synthetic.recipes.contact_declarations import Survey as SurveyRule
from workbench.synthetic.shop.purchasing import Purchases
from workbench.synthetic.stock import texts

SURVEY = "survey-nps"
INVITED_AFTER = 7 * DAY_SECONDS  # of the order
#: Shares of 1 to 5 stars for the delivery of an order in time; a late one gets two fewer.
DELIVERY_STARS = (0.03, 0.05, 0.14, 0.36, 0.42)
_SCORE_SD, _SOONEST, _LONGEST = 0.3, 120, 6 * DAY_SECONDS
_QUESTIONS = {
    "nps": "How likely are you to recommend us to a friend?",
    "reason": "Why do you say so?",
    "delivery": "How satisfied were you with the delivery (1 to 5)?",
}


@dataclass(frozen=True, slots=True)
class Surveyed:
    """Rows of ``interactions``, the table ``answers``, and the truth of all who were invited.

    ``texts`` says what is true of the reasons given, see ``writers.told``.
    """

    parts: list[Part]
    answers: pl.DataFrame
    texts: pl.DataFrame
    truth: pl.DataFrame


def survey(block: Block, bought: Purchases, satisfied: Floats) -> Surveyed:
    """Invite and let answer."""
    rule = block.recipe.survey
    invited_at = bought.placed_at + INVITED_AFTER
    is_invited = block.u("invited", bought.owner, bought.place) < rule.invited
    sale = np.flatnonzero(is_invited & (invited_at < block.clock.end_at))
    owner, place, invited_at = bought.owner[sale], bought.place[sale], invited_at[sale]
    felt = satisfied[sale] + _SCORE_SD * normal(block.u("score", owner, place))
    score = np.clip(np.rint(8 + 1.8 * felt), 0, 10).astype(np.int64)
    p_answers = logistic(answering(rule, score, block.age[owner])).round(6)
    wait = _LONGEST * block.u("answered after", owner, place) ** 2
    answered_at = invited_at + _SOONEST + wait.astype(np.int64)
    would_answer = block.u("answers survey", owner, place) < p_answers
    answers = would_answer & (answered_at < block.clock.end_at)
    invitation = said(
        block,
        owner,
        invited_at,
        stream="invitation",
        number=place,
        channel="survey",
        action="sent",
        direction="outbound",
    ) | {"campaign_id": SURVEY, "thread_id": block.bits("survey thread", owner, place)}
    rows = np.flatnonzero(answers)
    who, which = owner[rows], place[rows]
    response = said(
        block,
        who,
        answered_at[rows],
        stream="survey id",
        number=which,
        channel="survey",
        action="responded",
    ) | {"campaign_id": SURVEY, "thread_id": block.bits("survey thread", who, which)}
    late = bought.is_late[sale][rows]
    answered, reasons = _answers(block, response, which, score[rows], late)
    return Surveyed(
        parts=[invitation, response],
        answers=answered,
        texts=reasons,
        truth=pl.DataFrame(
            {
                "record_id": block.record_id[owner],
                "interaction_id": invitation["interaction_id"],
                "score": score,
                "p_answers": p_answers,
                "answers": answers,
            }
        ),
    )


def answering(rule: SurveyRule, score: Integers, age: Integers) -> Floats:
    """Return the log odds of answering an invitation."""
    found: Floats = (
        logit(rule.answered) + rule.on_score * (score - 8) + rule.on_age * (age - 45) / 10
    )
    return found


def answered_within(seconds: Floats) -> Floats:
    """Return the share of answers that come within so many seconds of the invitation."""
    found: Floats = np.sqrt(np.clip((seconds - _SOONEST) / _LONGEST, 0.0, 1.0))
    return found


def score_shares(satisfied: Floats) -> Floats:
    """Return the probability of each score at these satisfactions, shape (values, 11)."""
    edges = (np.arange(10) + 0.5 - 8) / 1.8  # between two scores
    below = ndtr((edges[None, :] - satisfied[:, None]) / _SCORE_SD)
    every = np.concatenate([0 * below[:, :1], below, 1 + 0 * below[:, :1]], axis=1)
    found: Floats = np.diff(every, axis=1)
    return found


def _answers(
    block: Block, response: Part, place: Integers, score: Integers, late: np.ndarray
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the table ``answers``, and what is true of the reasons in it."""
    owner = np.asarray(response["_owner"])
    delivery = choice(block.u("delivery stars", owner, place), DELIVERY_STARS)
    delivery = np.where(late, np.maximum(delivery - 2, 0), delivery) + 1
    bits = block.bits("reason words", owner, place)
    reason = texts.reason(languages(block, owner), score=score, bits=bits)
    is_reasoned = block.u("reason given", owner, place) < 0.6
    given = {
        "nps": (pl.Series(score).cast(pl.String), pl.Series(score).cast(pl.Float64)),
        "reason": (
            where(is_reasoned, reason),
            nothing(len(score)).cast(pl.Float64),
        ),
        "delivery": (pl.Series(delivery).cast(pl.String), pl.Series(delivery).cast(pl.Float64)),
    }
    parts = []
    for name, (answer, number) in given.items():
        kept = block.u(f"{name} skipped", owner, place) >= block.recipe.survey.skipped
        if name == "nps":  # the page cannot be left without it
            kept = np.ones(len(owner), dtype=bool)
        if name == "reason":
            is_reasoned &= kept
        parts.append(
            {
                "_owner": owner,
                "_at": response["_at"],
                "interaction_id": response["interaction_id"],
                "question_id": name,
                "record_id": response["record_id"],
                "question": _QUESTIONS[name],
                "answer": where(kept, answer),
                "answer_number": where(kept, number),
            }
        )
    rows = np.flatnonzero(is_reasoned)
    reasons = told(
        owner[rows],
        np.asarray(response["interaction_id"])[rows],
        texts.families(bits)[rows],
        tone=texts.tone_of_score(score[rows]),
    )
    return table("answers", parts), reasons
