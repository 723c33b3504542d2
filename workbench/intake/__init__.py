"""The second station: exports in, a new version of a dataset out.

    sources ──> identity ──> schema ──> comparison ──> vault
    read        hash ids     check      find new rows  encrypt

Every record is accepted or refused as a whole. Refused records are kept in the dataset's quarantine
with their faults. A load that changes nothing makes no version.
"""

from workbench.intake.load import load
from workbench.intake.load_report import FileReport, LoadReport
from workbench.intake.quarantine import quarantined_records

__all__ = ["FileReport", "LoadReport", "load", "quarantined_records"]
