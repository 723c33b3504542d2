"""Exports: the files that vendors' systems would write of a world, for tests from end to end.

The tables of a world fit together. The files of a company come from a dozen systems and do not fit:
each system has its own ids, time zone, quoting and gaps, contains only some of the customers, and
spells some of them differently. ``write_exports`` writes such files from a world and, in another
folder, the truth: the record of each row. The writers follow the formats' notes and samples and
share no code with the readers, because a mistake in shared code would never be noticed.

The columns of a vendor's CSV file and the values of its JSON objects are declared in ``fields/``,
one table per file: header or key, source, format. Code prepares the sources, and writes the parts
of a file that a table cannot declare.

>>> from pathlib import Path
>>> from workbench.exports import write_exports
>>> write_exports(Path("world"), out=Path("files"), truth=Path("known"), vendors=["shopfy"])
Traceback (most recent call last):
workbench.foundation.errors.ParameterError: no vendor 'shopfy'; did you mean 'shopify_orders'? ...
"""

from workbench.exports.exporting import VENDORS, write_exports

__all__ = ["VENDORS", "write_exports"]
