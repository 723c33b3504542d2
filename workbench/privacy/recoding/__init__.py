"""Anonymise one table by generalisation: replace values by coarser labels of their hierarchies.

    rows + hierarchies + criteria ──> recode ──> RecodedTable (rows, levels, measured, utility)
                                             rows of any file ──> measure_table

*Quasi-identifiers* are columns that identify a person in combination. Rows that share the labels of
all quasi-identifiers are an *equivalence class*. *Criteria* are conditions on every class: its size
(k-anonymity), the values of a sensitive column in it (l-diversity, t-closeness). The package knows
only frames: nothing of customers, datasets or policies.

What k, l and t cannot do: two releases of one table can identify persons together; who knows that a
row is in the table still learns what all rows of its class share; a recoded table is not
*anonymous* before its risks are measured.

Examples
--------
>>> import polars as pl
>>> rows = pl.DataFrame({"age": [21, 23, 38, 39], "city": ["Ulm", "Ulm", "Bonn", "Ulm"]})
>>> made = recode(
...     rows,
...     hierarchies={"age": number_bands(rows["age"], widths=[5, 10]), "city": flat(rows["city"])},
...     criteria=[KAnonymity(k=2)],
... )
>>> made.rows.rows()
[('[20, 25)', '*'), ('[20, 25)', '*'), ('[35, 40)', '*'), ('[35, 40)', '*')]
>>> made.measured.smallest
2
"""

from workbench.privacy.recoding.closeness import Closeness, HierarchicalCloseness, OrderedCloseness
from workbench.privacy.recoding.criteria import (
    Criterion,
    KAnonymity,
)
from workbench.privacy.recoding.diversity import (
    DistinctDiversity,
    EntropyDiversity,
)
from workbench.privacy.recoding.hierarchies import (
    SUPPRESSED,
    Hierarchy,
    Uncovered,
    hierarchy_of,
)
from workbench.privacy.recoding.hierarchy_builders import (
    category_tree,
    date_periods,
    flat,
    number_bands,
    text_prefixes,
)
from workbench.privacy.recoding.hierarchy_files import read_hierarchy, write_hierarchy
from workbench.privacy.recoding.measured import MeasuredTable, measure_table
from workbench.privacy.recoding.recode import RecodedTable, recode
from workbench.privacy.recoding.utility import Utility

__all__ = [
    "SUPPRESSED",
    "Closeness",
    "Criterion",
    "DistinctDiversity",
    "EntropyDiversity",
    "HierarchicalCloseness",
    "Hierarchy",
    "KAnonymity",
    "MeasuredTable",
    "OrderedCloseness",
    "RecodedTable",
    "Uncovered",
    "Utility",
    "category_tree",
    "date_periods",
    "flat",
    "hierarchy_of",
    "measure_table",
    "number_bands",
    "read_hierarchy",
    "recode",
    "text_prefixes",
    "write_hierarchy",
]
