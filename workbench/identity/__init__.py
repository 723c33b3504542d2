"""Who is whom: records of sources become customers.

A *record* is what one source knows under one native id; a *customer* is who it is about. Ids are
keyed hashes under the dataset's key: stable over loads, and they say nothing. Records of several
sources are linked by rule (``linkage``).
"""

from workbench.identity.ids import keyed_hash, keyed_native
from workbench.identity.linkage import Linkage, linked

__all__ = ["Linkage", "keyed_hash", "keyed_native", "linked"]
