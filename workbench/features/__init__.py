"""One row per customer, as of a date: what was known then, and nothing that came later.

A *feature* is a fact about a customer computed from what lay strictly before the first moment of
``as_of``. A *label* is what happened after it, within a window that the data cover in full. The two
are built apart (`Windows` cannot overlap) and the features do not change when everything from
``as_of`` on is deleted.

>>> from datetime import date
>>> Windows(as_of=date(2024, 1, 31), gap_days=0, horizon_days=0)
Traceback (most recent call last):
workbench.foundation.errors.ParameterError: horizon_days is 0: it must be 1 or more
"""

from workbench.features.contracts import last_terms
from workbench.features.dictionary import FEATURES, Feature, feature_dictionary, feature_group
from workbench.features.labels import no_order_within
from workbench.features.profile import attribute, declared_label, profile
from workbench.features.purchases import LeftOut, left_out, purchases
from workbench.features.table import CustomerFeatures, customer_features
from workbench.features.windows import Coverage, Split, Windows, churn_split, coverage

__all__ = [
    "FEATURES",
    "Coverage",
    "CustomerFeatures",
    "Feature",
    "LeftOut",
    "Split",
    "Windows",
    "attribute",
    "churn_split",
    "coverage",
    "customer_features",
    "declared_label",
    "feature_dictionary",
    "feature_group",
    "last_terms",
    "left_out",
    "no_order_within",
    "profile",
    "purchases",
]
