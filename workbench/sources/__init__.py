"""Read files into tables keyed by the source's own records, and into refused records.

``open_sources`` returns the sources at a path: a world made by ``workbench generate``, or files
with the parts of a mapping that read them. ``Source.read`` reads one part of it into a
``ReadResult``. This room links no records, hashes no ids and writes no files.
"""

from workbench.sources.file_evidence import NeedsWholeFileError
from workbench.sources.mapping.source_mapping import SourceMapping, find_mapping
from workbench.sources.opening import open_source, open_sources
from workbench.sources.source import (
    NO_RECORDS,
    NONE_REFUSED,
    REFUSED,
    FileWithoutRecords,
    ReadResult,
    Source,
    faults_of,
    refused_records,
)
from workbench.sources.undated_times import undated_moment

__all__ = [
    "NONE_REFUSED",
    "NO_RECORDS",
    "REFUSED",
    "FileWithoutRecords",
    "NeedsWholeFileError",
    "ReadResult",
    "Source",
    "SourceMapping",
    "faults_of",
    "find_mapping",
    "open_source",
    "open_sources",
    "refused_records",
    "undated_moment",
]
