"""The customer tables, declared once; everything else reads its rules from here.

A *column* has a type, a unit, one of six components (demographic, behavioural, psychographic,
transactional, interaction, consent; lineage for what only says where a row came from), a data
category (fideslang 3.1 or W3C DPV 2) and a *sensitivity*: ``direct`` names a person, ``key``
joins, ``quasi`` identifies in combination, ``sensitive`` must not be learned about a person,
``text`` may contain anything, ``plain`` is none of these.

>>> from workbench.schema import TABLES
>>> TABLES["orders"].column("total_minor").unit
'minor unit'
>>> TABLES["orders"].column("price")
Traceback (most recent call last):
workbench.foundation.errors.ParameterError: no column of orders 'price'. Known: campaign_id, ...
"""

from workbench.schema.buckets import NO_CUSTOMER, bucket_of
from workbench.schema.customer_data import CustomerData
from workbench.schema.tables import DENIALS, TABLES, Column, Table

__all__ = ["DENIALS", "NO_CUSTOMER", "TABLES", "Column", "CustomerData", "Table", "bucket_of"]
