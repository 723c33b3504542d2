"""Features and labels: one row per customer, as of a date.

A *feature* is a fact about a customer, computed only from rows that were known at the first moment
of ``as_of``. A *label* is an event after it, within a window that the data cover in full. History
and label window cannot overlap (`Windows`), and the features do not change if all rows from
``as_of`` on are deleted.

>>> from datetime import date
>>> Windows(as_of=date(2024, 1, 31), gap_days=0, horizon_days=0)
Traceback (most recent call last):
workbench.foundation.errors.ParameterError: horizon_days is 0: it must be 1 or more
"""

from workbench.features.feature_dictionary import (
    FEATURES,
    Feature,
    feature_dictionary,
    feature_group,
)
from workbench.features.labels import churn_labels
from workbench.features.products import gather_lines, sold_lines
from workbench.features.profile import attribute, declared_label, profile
from workbench.features.purchases import LeftOutOrders, count_left_out_orders, purchases
from workbench.features.subscriptions import last_terms
from workbench.features.table import CustomerFeatures, customer_features, feature_batches
from workbench.features.windows import (
    Coverage,
    Split,
    Windows,
    coverage,
    fact_spans,
    split_for_churn,
)

__all__ = [
    "FEATURES",
    "Coverage",
    "CustomerFeatures",
    "Feature",
    "LeftOutOrders",
    "Split",
    "Windows",
    "attribute",
    "churn_labels",
    "count_left_out_orders",
    "coverage",
    "customer_features",
    "declared_label",
    "fact_spans",
    "feature_batches",
    "feature_dictionary",
    "feature_group",
    "gather_lines",
    "last_terms",
    "profile",
    "purchases",
    "sold_lines",
    "split_for_churn",
]
