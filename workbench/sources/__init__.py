"""Read files into tables keyed by the source's own records, and into refused records.

``open_source`` returns a ``Source`` for a path: a world made by ``workbench generate``, or a file
with the mapping that defines its columns. ``Source.read`` reads one part of it into a
``ReadResult``. This room links no records, hashes no ids and writes no files.
"""

from workbench.sources.mapping.source_mapping import SourceMapping, find_mapping
from workbench.sources.opening import open_source
from workbench.sources.source import REFUSED, ReadResult, Source, faults_of, refused_records

__all__ = [
    "REFUSED",
    "ReadResult",
    "Source",
    "SourceMapping",
    "faults_of",
    "find_mapping",
    "open_source",
    "refused_records",
]
