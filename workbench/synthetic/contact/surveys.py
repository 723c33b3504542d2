"""The survey after an order: invitations, answers, and the scores of customers without an answer.

The probability of an answer depends on the score and on age, as far as the recipe plants it. The
mean of the answers then differs from the mean score by Cov(P(answers), score) / mean P(answers)
(Bethlehem 1988, "Reduction of nonresponse bias through regression estimation", Journal of Official
Statistics 4). The truth has the scores of all invited customers.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import ndtr

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.contact.interaction_rows import Part, interaction_rows
from workbench.synthetic.contact.writers import languages, text_truth
from workbench.synthetic.draws import Floats, Integers, choose, logistic, logit, normal
from workbench.synthetic.frames import keep_where, make_table, null_texts
from workbench.synthetic.people.block import Block
from workbench.synthetic.recipes.contact_declarations import Survey as SurveyRule
from workbench.synthetic.shop.purchasing import Purchases
from workbench.synthetic.stock import texts

SURVEY = "survey-nps"
INVITED_AFTER = 7 * DAY_SECONDS  # Time from the order to the invitation.
#: Shares of 1 to 5 stars for the delivery of an order in time; a late delivery gets two fewer.
DELIVERY_STARS = (0.03, 0.05, 0.14, 0.36, 0.42)
_SCORE_SD, _SOONEST, _LONGEST = 0.3, 120, 6 * DAY_SECONDS
_QUESTIONS = {
    "nps": "How likely are you to recommend us to a friend?",
    "reason": "Why do you say so?",
    "delivery": "How satisfied were you with the delivery (1 to 5)?",
}


@dataclass(frozen=True, slots=True)
class SurveyResult:
    """Rows of ``interactions``, the table ``answers``, and the truth about all invitations.

    ``texts`` has the truth about the texts of reasons, see ``writers.text_truth``.
    """

    parts: list[Part]
    answers: pl.DataFrame
    texts: pl.DataFrame
    truth: pl.DataFrame


def run_survey(block: Block, purchases: Purchases, satisfaction: Floats) -> SurveyResult:
    """Draw the invitations and the answers of a block."""
    rule = block.recipe.survey
    invited_at = purchases.placed_at + INVITED_AFTER
    is_invited = block.u("invited", purchases.owner, purchases.place) < rule.invited
    sale = np.flatnonzero(is_invited & (invited_at < block.clock.end_at))
    owner, place, invited_at = purchases.owner[sale], purchases.place[sale], invited_at[sale]
    felt = satisfaction[sale] + _SCORE_SD * normal(block.u("score", owner, place))
    score = np.clip(np.rint(8 + 1.8 * felt), 0, 10).astype(np.int64)
    p_answers = logistic(answer_log_odds(rule, score, block.age[owner])).round(6)
    wait = _LONGEST * block.u("answered after", owner, place) ** 2
    answered_at = invited_at + _SOONEST + wait.astype(np.int64)
    would_answer = block.u("answers survey", owner, place) < p_answers
    answers = would_answer & (answered_at < block.clock.end_at)
    invitation = interaction_rows(
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
    response = interaction_rows(
        block,
        who,
        answered_at[rows],
        stream="survey id",
        number=which,
        channel="survey",
        action="responded",
    ) | {"campaign_id": SURVEY, "thread_id": block.bits("survey thread", who, which)}
    late = purchases.is_late[sale][rows]
    answer_rows, reasons = _answers(block, response, which, score[rows], late)
    return SurveyResult(
        parts=[invitation, response],
        answers=answer_rows,
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


def answer_log_odds(rule: SurveyRule, score: Integers, age: Integers) -> Floats:
    """Return the log odds of answering an invitation."""
    found: Floats = (
        logit(rule.answered) + rule.on_score * (score - 8) + rule.on_age * (age - 45) / 10
    )
    return found


def share_answered_within(seconds: Floats) -> Floats:
    """Return the share of answers within so many seconds of the invitation."""
    found: Floats = np.sqrt(np.clip((seconds - _SOONEST) / _LONGEST, 0.0, 1.0))
    return found


def score_shares(satisfaction: Floats) -> Floats:
    """Return the probability of each score at these satisfactions, shape (values, 11)."""
    edges = (np.arange(10) + 0.5 - 8) / 1.8  # Bounds between neighbouring scores.
    below = ndtr((edges[None, :] - satisfaction[:, None]) / _SCORE_SD)
    every = np.concatenate([0 * below[:, :1], below, 1 + 0 * below[:, :1]], axis=1)
    found: Floats = np.diff(every, axis=1)
    return found


def _answers(
    block: Block, response: Part, place: Integers, score: Integers, late: np.ndarray
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the table ``answers``, and the truth about the reasons in it."""
    owner = np.asarray(response["_owner"])
    delivery = choose(block.u("delivery stars", owner, place), DELIVERY_STARS)
    delivery = np.where(late, np.maximum(delivery - 2, 0), delivery) + 1
    bits = block.bits("reason words", owner, place)
    reason = texts.write_reasons(languages(block, owner), score=score, bits=bits)
    is_reasoned = block.u("reason given", owner, place) < 0.6
    given = {
        "nps": (pl.Series(score).cast(pl.String), pl.Series(score).cast(pl.Float64)),
        "reason": (
            keep_where(is_reasoned, reason),
            null_texts(len(score)).cast(pl.Float64),
        ),
        "delivery": (pl.Series(delivery).cast(pl.String), pl.Series(delivery).cast(pl.Float64)),
    }
    parts = []
    for name, (answer, number) in given.items():
        kept = block.u(f"{name} skipped", owner, place) >= block.recipe.survey.skipped
        if name == "nps":  # This question must be answered.
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
                "answer": keep_where(kept, answer),
                "answer_number": keep_where(kept, number),
            }
        )
    rows = np.flatnonzero(is_reasoned)
    reasons = text_truth(
        owner[rows],
        np.asarray(response["interaction_id"])[rows],
        texts.choose_families(bits)[rows],
        tone=texts.tone_of_score(score[rows]),
    )
    return make_table("answers", *parts), reasons
