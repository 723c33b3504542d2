"""Views of a dataset: the consented, generalised and pseudonymous data of one study.

    dataset ──> consent ──> columns ──> time ──> text ──> quasi-identifiers ──> pseudonyms ──> view

A *view* is made for one study and one as-of date. A *pseudonym* is a keyed hash that differs from
study to study. *k* counts persons: at least k of them share every combination of quasi-identifiers
of the customer table. Histories have no such k: a few orders single out most customers, and two
studies can be joined on orders. ``linkability`` measures this, and a policy can lower it.
Pseudonymised data remain personal data (GDPR recital 26); k alone makes nothing anonymous.

The ``release`` of a view makes all published figures: counts, shares, sums and means with noise.
"""

from workbench.privacy.anonymity import smallest_class
from workbench.privacy.consent import exclusion_reasons
from workbench.privacy.leaks import KnownIdentifiers, find_leaks, known_identifiers
from workbench.privacy.view import View, open_view
from workbench.privacy.view_report import ViewReport
from workbench.privacy.visible_data import common_zone, default_as_of, zone_of

__all__ = [
    "KnownIdentifiers",
    "View",
    "ViewReport",
    "common_zone",
    "default_as_of",
    "exclusion_reasons",
    "find_leaks",
    "known_identifiers",
    "open_view",
    "smallest_class",
    "zone_of",
]
