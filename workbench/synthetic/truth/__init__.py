"""The truth about a world: planted facts and probabilities, stored separately from its tables.

>>> from pathlib import Path
>>> from workbench.synthetic.truth import open_truth
>>> open_truth(Path("nowhere"))
Traceback (most recent call last):
    ...
workbench.foundation.errors.InputError: nowhere contains no truth: give the folder of a world as \
workbench generate made it
"""

from workbench.synthetic.truth.store import Truth, open_truth, tables_of_truth
from workbench.synthetic.truth.summary import summary
from workbench.synthetic.truth.tables import truth_tables

__all__ = ["Truth", "open_truth", "summary", "tables_of_truth", "truth_tables"]
