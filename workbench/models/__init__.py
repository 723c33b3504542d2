"""Models of customers, each with figures and verdicts about its quality.

A model takes frames and a seed and returns a frozen result: estimates with intervals, verdicts with
three possible outcomes, and tables for a report. The result also contains frames about persons
(scores, assignments), which are for the vault and are never shown.
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
