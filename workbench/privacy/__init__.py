"""What one study may see: pseudonymous, consented, generalised, and cut to what it needs.

    dataset ──> consent ──> columns ──> time ──> text ──> quasi-identifiers ──> pseudonyms ──> view

A *view* is made for one study and one as-of date. A *pseudonym* is a keyed hash that differs from
study to study. *k* counts persons: every combination of quasi-identifiers of the customer table is
shared by at least k of them. Histories are beyond k: a few orders single most customers out, and
two studies can be joined on them; ``linkability`` measures that and a policy lowers it.
Pseudonymised data stay personal data (GDPR recital 26); k alone makes nothing anonymous.

What is published of a view is made by its ``release``: counts, shares, sums and means with noise.
"""

from workbench.privacy.anonymity import smallest_class
from workbench.privacy.consent import permitted
from workbench.privacy.leaks import KnownIdentifiers, find_leaks, known_identifiers
from workbench.privacy.view import View, common_zone, default_as_of, open_view, zone_of
from workbench.privacy.view_report import ViewReport

__all__ = [
    "KnownIdentifiers",
    "View",
    "ViewReport",
    "common_zone",
    "default_as_of",
    "find_leaks",
    "known_identifiers",
    "open_view",
    "permitted",
    "smallest_class",
    "zone_of",
]
