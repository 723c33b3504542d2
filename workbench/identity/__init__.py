"""Identity of customers: ids of records, and links between records of one customer.

A *record* contains the data of one source under one native id; a *customer* is the person or firm
that the record is about. Ids are keyed hashes under the dataset's key: they stay the same over
loads, and without the key nobody can compute the native id from them. Records of several sources
are linked by rules (``linkage``).
"""

from workbench.identity.ids import keyed_hash, keyed_hashes, keyed_native
from workbench.identity.linkage import Linkage, link_records

__all__ = ["Linkage", "keyed_hash", "keyed_hashes", "keyed_native", "link_records"]
