"""Assess whether a decision treats groups of persons alike, and where the data are too few.

A *disparity* is a difference between groups in the results of a decision: the share selected
(demographic parity), or the share selected among persons with and without the outcome (equalized
odds). Terms and values are those of fairlearn. An audit does not judge whether a difference is
unjust or lawful; it measures the difference and its uncertainty.

The functions take decisions, scores and outcomes and depend on no model.
"""

from workbench.fairness.audit import Audit, audit
from workbench.fairness.contrasts import contrasts
from workbench.fairness.decisions import add_groups, campaign_recipients, select_by_score
from workbench.fairness.disparity import METRICS, count_decisions, rates
from workbench.fairness.groups import MISSING, assign_groups, intersections
from workbench.fairness.question import Question
from workbench.fairness.ranking import scores_by_group
from workbench.fairness.representation import representation

__all__ = [
    "METRICS",
    "MISSING",
    "Audit",
    "Question",
    "add_groups",
    "assign_groups",
    "audit",
    "campaign_recipients",
    "contrasts",
    "count_decisions",
    "intersections",
    "rates",
    "representation",
    "scores_by_group",
    "select_by_score",
]
