"""Anonymised extracts: tables that may be handed on, with the risk that is left in them.

    policy ──> read file  ──> single table ───┐
           └─> see dataset ──> customers ─────┼──> recode to k, l, t ──> measure risk ──> write
                          └──> histories ─────┘    random numbers         refuse above    describe
                                                                          the limits

An *extract* is a table or a set of tables that leaves. Its *policy* says what is done to every
column, how far, and what risk may be left. Nothing joins an extract to a view or to another
extract: its ids and the order of its rows are drawn at random and kept nowhere. Every extract of a
dataset is entered in the workspace's list of what left.
"""

from workbench.extracts.dataset_extract import anonymise_dataset
from workbench.extracts.extract import Extract
from workbench.extracts.single_table import anonymise_table
from workbench.extracts.treated_column import TreatedColumn

__all__ = ["Extract", "TreatedColumn", "anonymise_dataset", "anonymise_table"]
