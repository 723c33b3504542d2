"""The customer tables, declared once; every other room reads its rules from these declarations.

A *column* has a type, a unit, one of six components (demographic, behavioural, psychographic,
transactional, interaction, consent; a seventh, lineage, marks columns about the origin of a row), a
data category (fideslang 3.1 or W3C DPV 2) and a *sensitivity*: a ``direct`` column names a person,
a ``key`` joins tables, a ``quasi`` column identifies in combination with others, a ``sensitive``
one must not be learned about a person, ``text`` may contain anything, ``plain`` is none of these.

>>> from workbench.schema import TABLES
>>> TABLES["orders"].column("total_minor").unit
'minor unit'
>>> TABLES["orders"].column("price")
Traceback (most recent call last):
workbench.foundation.errors.ParameterError: no column of orders 'price'. Known: campaign_id, ...
"""

from workbench.schema.buckets import NO_CUSTOMER, bucket_of
from workbench.schema.customer_data import CustomerData
from workbench.schema.table_declarations import DENIALS, TABLES, Column, DeclaredTable

__all__ = [
    "DENIALS",
    "NO_CUSTOMER",
    "TABLES",
    "Column",
    "CustomerData",
    "DeclaredTable",
    "bucket_of",
]
