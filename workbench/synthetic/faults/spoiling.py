"""Plant the recipe's faults in the finished tables of a block, and list them.

The truth about them has three tables. ``duplicates`` has the customer of each further record.
``bots`` has the customers whose cookies a crawler used. ``faults`` has one row per faulty cell:
``table``, ``record_id``, ``key`` (which identifies the row among those of the record), ``column``,
``clean`` (the cell before the fault, as text) and ``kind``.
"""

import polars as pl

from workbench.synthetic.faults.bots import bots_truth, crawler_events
from workbench.synthetic.faults.cells import blank_cells, delay_events, misread_cells
from workbench.synthetic.faults.duplicates import duplicates_truth, file_twice, further_records
from workbench.synthetic.faults.strings import insert_hostile_strings
from workbench.synthetic.people.block import Block

Frames = dict[str, pl.DataFrame]


def spoil(block: Block, tables: Frames) -> tuple[Frames, Frames]:
    """Return tables with the recipe's faults, and the truth about the faults by name."""
    rule = block.recipe.faults
    tables, known, cells = dict(tables), {}, []
    unknown = None
    # Visits of people without a record have no faults.
    if rule.bots or rule.late or rule.duplicates or rule.strings == "adversarial":
        unknown = tables["events"].filter(pl.col("record_id").is_null())
        tables["events"] = tables["events"].filter(pl.col("record_id").is_not_null())
    if rule.bots:
        tables["events"] = _by_customer(block, tables["events"], crawler_events(block))
        known["bots"] = bots_truth(block)
    if rule.late:
        tables, found = delay_events(block, tables)
        cells.append(found)
    if rule.duplicates:
        further = further_records(block)
        tables, found = file_twice(block, further, tables)
        known["duplicates"] = duplicates_truth(block, further)
        cells.append(found)
    for is_planted, plant in (
        (rule.missing, blank_cells),
        (rule.encodings, misread_cells),
        (rule.strings == "adversarial", insert_hostile_strings),
    ):
        if is_planted:
            tables, found = plant(block, tables)
            cells.append(found)
    if unknown is not None and unknown.height:
        tables["events"] = pl.concat([tables["events"], unknown])
    cells = [each for each in cells if each.height]
    if cells:
        known["faults"] = pl.concat(cells)
    return tables, known


def spans_without_faults(spans: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Return the spans of bodies that no fault changed; in others their positions are wrong."""
    rewritten = cells.filter((pl.col("table") == "interactions") & (pl.col("column") == "body"))
    ids = rewritten.select(interaction_id=pl.col("key").cast(pl.UInt64))
    return spans.join(ids, on="interaction_id", how="anti", maintain_order="left")


def _by_customer(block: Block, rows: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of both tables, sorted by customer in the order of the block."""
    place = pl.DataFrame({"record_id": block.record_id}).with_row_index("_place")
    every = pl.concat([rows, more]).join(place, on="record_id", how="left", maintain_order="left")
    return every.sort("_place", maintain_order=True).drop("_place")
