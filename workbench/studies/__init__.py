"""Studies: each has one question, the decision that it serves, and the data that it may see.

The study file is the unit of purpose limitation. It names the purpose, the lawful basis, the
dataset, the columns, the policy of the view, the notebooks and the owner of the study.
"""

from workbench.studies.extract_policy import (
    ColumnTreatment,
    ExtractPolicy,
    read_extract_policy,
)
from workbench.studies.policy import Policy, Protection, RiskLimits
from workbench.studies.study import NotebookUse, Study, StudyTerms, read_study

__all__ = [
    "ColumnTreatment",
    "ExtractPolicy",
    "NotebookUse",
    "Policy",
    "Protection",
    "RiskLimits",
    "Study",
    "StudyTerms",
    "read_extract_policy",
    "read_study",
]
