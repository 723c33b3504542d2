"""Spoil the finished tables of a block as the recipe has it, and keep what was there.

The truth of it: ``duplicates`` (whose further records are), ``bots`` (whose cookies crawlers used)
and ``faults``, one row per spoilt cell: ``table``, ``record_id``, ``key`` (of the row within the
record's, where there are several), ``column``, ``clean`` (what it held, as text), ``kind``.
"""

import polars as pl

from workbench.synthetic.faults.bots import crawled
from workbench.synthetic.faults.bots import truth as bots
from workbench.synthetic.faults.cells import blanked, delayed, misread
from workbench.synthetic.faults.duplicates import file_twice, further_records
from workbench.synthetic.faults.duplicates import truth as duplicates
from workbench.synthetic.faults.strings import hostile
from workbench.synthetic.people.block import Block

Frames = dict[str, pl.DataFrame]


def spoil(block: Block, tables: Frames) -> tuple[Frames, Frames]:
    """Return tables with the recipe's faults in them, and the truth of the faults by name."""
    rule = block.recipe.faults
    tables, known, cells = dict(tables), {}, []
    unknown = None
    # no fault touches visits of people without a record
    if rule.bots or rule.late or rule.duplicates or rule.strings == "adversarial":
        unknown = tables["events"].filter(pl.col("record_id").is_null())
        tables["events"] = tables["events"].filter(pl.col("record_id").is_not_null())
    if rule.bots:
        tables["events"] = _by_customer(block, tables["events"], crawled(block))
        known["bots"] = bots(block)
    if rule.late:
        tables["events"], found = delayed(block, tables["events"])
        cells.append(found)
    if rule.duplicates:
        further = further_records(block)
        tables, found = file_twice(block, further, tables)
        known["duplicates"] = duplicates(block, further)
        cells.append(found)
    if rule.missing:
        tables["customers"], found = blanked(block, tables["customers"])
        cells.append(found)
    if rule.encodings:
        read = misread(block, tables["identities"], tables["interactions"])
        tables |= {"identities": read.identities, "interactions": read.interactions}
        cells.append(read.cells)
    if rule.strings == "adversarial":
        tables, found = hostile(block, tables)
        cells.append(found)
    if unknown is not None and unknown.height:
        tables["events"] = pl.concat([tables["events"], unknown])
    cells = [each for each in cells if each.height]
    if cells:
        known["faults"] = pl.concat(cells)
    return tables, known


def untouched(spans: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Return the spans of bodies that no fault rewrote: only there they stand where they say."""
    rewritten = cells.filter((pl.col("table") == "interactions") & (pl.col("column") == "body"))
    ids = rewritten.select(interaction_id=pl.col("key").cast(pl.UInt64))
    return spans.join(ids, on="interaction_id", how="anti", maintain_order="left")


def _by_customer(block: Block, rows: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    """Return both, customer by customer in the order of the block."""
    place = pl.DataFrame({"record_id": block.record_id}).with_row_index("_place")
    every = pl.concat([rows, more]).join(place, on="record_id", how="left", maintain_order="left")
    return every.sort("_place", maintain_order=True).drop("_place")
