"""Faulty cells: blanked, read in a wrong encoding, or with the time of recording."""

import numpy as np
import polars as pl

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.draws import Flags
from workbench.synthetic.faults.typos import misread_as_latin
from workbench.synthetic.frames import instants
from workbench.synthetic.people.block import Block

_BLANKED = ("birth_year", "age_band", "gender", "region", "income_band", "education_level")
_NAMES = ("full_name", "given_name", "family_name", "street_address", "city")

Frames = dict[str, pl.DataFrame]


def blank_cells(block: Block, tables: Frames) -> tuple[Frames, pl.DataFrame]:
    """Blank cells of the customer table; return the tables and the blanked cells."""
    share, customers, found = block.recipe.faults.missing, tables["customers"], []
    for column in _BLANKED:
        hit = _hit(customers["record_id"], f"blank {column}", block, share)
        hit &= customers[column].is_not_null().to_numpy()
        found.append(cell_truth("customers", customers, hit, column, "blanked"))
        customers = customers.with_columns(pl.when(~pl.Series(hit)).then(column).alias(column))
    return tables | {"customers": customers}, pl.concat(found)


def misread_cells(block: Block, tables: Frames) -> tuple[Frames, pl.DataFrame]:
    """Read some names and texts in a wrong encoding; return the tables and these cells."""
    share = block.recipe.faults.encodings
    identities, interactions = tables["identities"], tables["interactions"]
    is_name = identities["kind"].cast(pl.String).is_in(_NAMES).to_numpy()
    of_file = is_name & _hit(identities["record_id"], "misread file", block, share)
    of_text = _hit(interactions["interaction_id"], "misread text", block, share)
    tables, found = dict(tables), []
    for name, column, key, hit in (
        ("identities", "identifier", "kind", of_file),
        ("interactions", "body", "interaction_id", of_text),
    ):
        rows = tables[name]
        foreign = hit & rows[column].str.contains(r"[^\x00-\x7F]").fill_null(value=False).to_numpy()
        spoilt = rows[column].scatter(
            np.flatnonzero(foreign), misread_as_latin(rows[column].filter(pl.Series(foreign)))
        )
        found.append(cell_truth(name, rows, foreign, column, "misread", key))
        tables[name] = rows.with_columns(spoilt)
    return tables, pl.concat(found)


def delay_events(block: Block, tables: Frames) -> tuple[Frames, pl.DataFrame]:
    """Give some events the time of recording; return the tables and the changed cells.

    The time of recording is up to three days after the event, so the recorded order of a customer's
    events is wrong.
    """
    events = tables["events"]
    hit = _hit(events["event_id"], "late event", block, block.recipe.faults.late)
    rows = np.flatnonzero(hit)
    keys = events["event_id"].to_numpy()[rows]
    wait = (3 * DAY_SECONDS * _uniform(keys, "late by", block)).astype(np.int64)
    happened = events["occurred_at"].dt.epoch("s").to_numpy()[rows]
    recorded = np.minimum(happened + 60 + wait, block.clock.end_at - 1)
    known = cell_truth("events", events, hit, "occurred_at", "late", "event_id")
    times = events["occurred_at"].scatter(rows, instants(recorded))
    return tables | {"events": events.with_columns(times)}, known


def _hit(keys: pl.Series, stream: str, block: Block, share: float) -> Flags:
    """Return whether each key is among the share of keys with a fault."""
    hit: Flags = _uniform(keys.to_numpy().astype(np.uint64), stream, block) < share
    return hit


def _uniform(keys: np.ndarray, stream: str, block: Block) -> np.ndarray:
    return block.stream(stream).uniform(keys, 0)


def cell_truth(
    table: str, rows: pl.DataFrame, hit: Flags, column: str, kind: str, key: str | None = None
) -> pl.DataFrame:
    """Return the cells that get a fault, with their content before it."""
    return rows.filter(pl.Series(hit)).select(
        pl.lit(table).alias("table"),
        "record_id",
        (pl.col(key) if key else pl.lit(None)).cast(pl.String).alias("key"),
        pl.lit(column).alias("column"),
        pl.col(column).cast(pl.String).alias("clean"),
        pl.lit(kind).alias("kind"),
    )
