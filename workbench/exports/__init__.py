"""Worlds written as vendors write them, so that intake and identity can be judged end to end.

A world is tables that fit together; a company has files of a dozen systems that do not: each with
its own ids, zone, quoting and gaps, each knowing only some of the customers, some with another
spelling. ``write_exports`` writes those files from a world and, apart from them, whose rows they
are. The writers follow the formats' notes and samples and share no code with the readers: a mistake
that both made alike would never be seen.

The columns of a vendor's CSV file and the values of its JSON objects are declared in ``fields/``,
one table a file: header or key, source, format. Code makes the sources, and what no table can say.

>>> from pathlib import Path
>>> from workbench.exports import write_exports
>>> write_exports(Path("world"), out=Path("files"), truth=Path("known"), vendors=["shopfy"])
Traceback (most recent call last):
workbench.foundation.errors.ParameterError: no vendor 'shopfy'; did you mean 'shopify_orders'? ...
"""

from workbench.exports.exporting import VENDORS, write_exports

__all__ = ["VENDORS", "write_exports"]
