"""Studies: each has one question, the decision that it serves, and the data that it may see.

The study file is the unit of purpose limitation. It names the purpose, the lawful basis, the
dataset, the columns, the policy of the view, the notebooks and the owner of the study.
"""

from workbench.studies.study import (
    NotebookUse,
    Policy,
    Study,
    StudyTerms,
    read_study,
)

__all__ = ["NotebookUse", "Policy", "Study", "StudyTerms", "read_study"]
