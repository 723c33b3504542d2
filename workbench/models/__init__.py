"""Models of customers, each with the figures and verdicts that say how far it can be trusted.

A model takes frames and a seed and gives back a frozen result: estimates with intervals, verdicts
with three possible outcomes, tables for a report, and, apart from those, frames about persons
(scores, assignments) that are for the vault and never shown.
"""

from workbench.models.assessment import Assessment, assess
from workbench.models.churn import churn
from workbench.models.churn_result import ChurnResult
from workbench.models.classifiers import Model
from workbench.models.leavers import leavers
from workbench.models.segmentation import Segmentation, segmentation
from workbench.models.snapshot import churn_in_folds, churn_snapshot

__all__ = [
    "Assessment",
    "ChurnResult",
    "Model",
    "Segmentation",
    "assess",
    "churn",
    "churn_in_folds",
    "churn_snapshot",
    "leavers",
    "segmentation",
]
