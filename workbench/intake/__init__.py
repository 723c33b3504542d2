"""The second station: exports in, a new version of a dataset out.

    sources ──> identity ──> schema ──> known rows ──> vault
    read        who is whom   check     what is new    encrypt

Every record read is accepted or refused, as a whole; refused ones are kept in the dataset's
quarantine with their faults. A load that changes nothing makes no version.
"""

from workbench.intake.load import load
from workbench.intake.load_report import FileReport, LoadReport
from workbench.intake.quarantine import quarantined

__all__ = ["FileReport", "LoadReport", "load", "quarantined"]
