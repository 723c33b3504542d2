"""Bytes to tables keyed by the source's own records, and the records that were refused.

``open_source`` looks at a path and returns a ``Source``: a world made by ``workbench generate``, or
a file together with the mapping that says what its columns mean. ``Source.read`` turns one part of
it into a ``Reading``. Nothing here knows who is whom, hashes an id or writes a file.
"""

from workbench.sources.mapping import SourceMapping, find_mapping
from workbench.sources.opening import open_source
from workbench.sources.reading import REFUSED, Reading, Source, faults_of, refused_records

__all__ = [
    "REFUSED",
    "Reading",
    "Source",
    "SourceMapping",
    "faults_of",
    "find_mapping",
    "open_source",
    "refused_records",
]
