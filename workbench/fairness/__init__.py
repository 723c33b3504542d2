"""Whether a decision treats groups of people alike: assessed, with what the data cannot say.

A *disparity* is a difference between groups in what a decision did to them: how many were selected
(demographic parity), how many of those for whom it was right or wrong (equalized odds). The words
and the values are fairlearn's. Nothing here says that a difference is unjust or lawful; it says
whether there is one, how large, and how sure that is.

Takes decisions, scores and outcomes, and knows no model.
"""

from workbench.fairness.audit import Audit, audit
from workbench.fairness.decisions import chosen_by_score, sent_campaign, with_groups
from workbench.fairness.disparity import METRICS, cells, contrasts, rates
from workbench.fairness.groups import MISSING, grouped, intersections
from workbench.fairness.question import Question
from workbench.fairness.ranking import scores_by_group
from workbench.fairness.representation import representation

__all__ = [
    "METRICS",
    "MISSING",
    "Audit",
    "Question",
    "audit",
    "cells",
    "chosen_by_score",
    "contrasts",
    "grouped",
    "intersections",
    "rates",
    "representation",
    "scores_by_group",
    "sent_campaign",
    "with_groups",
]
