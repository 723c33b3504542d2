"""A study: one question, the decision it serves, and what it may see to answer it.

The study file is the unit of purpose limitation: it names purpose and lawful basis, the dataset and
the columns it needs, the policy its view obeys, its notebooks and who answers for it.
"""

from workbench.studies.study import (
    NotebookUse,
    Policy,
    Study,
    read_study,
)

__all__ = ["NotebookUse", "Policy", "Study", "read_study"]
