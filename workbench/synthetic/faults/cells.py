"""Cells that are missing, went through a wrong encoding, or hold the time of recording."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.draws import Flags
from workbench.synthetic.faults.typos import mojibake
from workbench.synthetic.frames import instant
from workbench.synthetic.people.block import Block

_BLANKED = ("birth_year", "age_band", "gender", "region", "income_band", "education_level")
_NAMES = ("full_name", "given_name", "family_name", "street_address", "city")

Spoilt = tuple[pl.DataFrame, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Misread:
    """Two tables with cells read in a wrong encoding, and these cells."""

    identities: pl.DataFrame
    interactions: pl.DataFrame
    cells: pl.DataFrame


def blanked(block: Block, customers: pl.DataFrame) -> Spoilt:
    """Return customers with cells taken out, and these cells."""
    share = block.recipe.faults.missing
    found = []
    for column in _BLANKED:
        hit = _hit(customers["record_id"], f"blank {column}", block, share)
        hit &= customers[column].is_not_null().to_numpy()
        found.append(cells("customers", customers, hit, column, "blanked"))
        customers = customers.with_columns(pl.when(~pl.Series(hit)).then(column).alias(column))
    return customers, pl.concat(found)


def misread(block: Block, identities: pl.DataFrame, interactions: pl.DataFrame) -> Misread:
    """Return names and texts of which some were read in a wrong encoding, and these cells."""
    share = block.recipe.faults.encodings
    is_name = identities["kind"].cast(pl.String).is_in(_NAMES).to_numpy()
    of_file = is_name & _hit(identities["record_id"], "misread file", block, share)
    of_text = _hit(interactions["interaction_id"], "misread text", block, share)
    found = []
    for name, rows, column, key, hit in (
        ("identities", identities, "identifier", "kind", of_file),
        ("interactions", interactions, "body", "interaction_id", of_text),
    ):
        foreign = hit & rows[column].str.contains(r"[^\x00-\x7F]").fill_null(value=False).to_numpy()
        spoilt = rows[column].scatter(
            np.flatnonzero(foreign), mojibake(rows[column].filter(pl.Series(foreign)))
        )
        found.append(
            (rows.with_columns(spoilt), cells(name, rows, foreign, column, "misread", key))
        )
    (identities, of_names), (interactions, of_texts) = found
    return Misread(identities, interactions, pl.concat([of_names, of_texts]))


def delayed(block: Block, events: pl.DataFrame) -> Spoilt:
    """Return events of which some bear the time of recording, and these cells.

    They are recorded up to three days after they happened, and so stand before others that came
    later: what the customer did is out of order.
    """
    hit = _hit(events["event_id"], "late event", block, block.recipe.faults.late)
    rows = np.flatnonzero(hit)
    keys = events["event_id"].to_numpy()[rows]
    wait = (3 * DAY_SECONDS * _uniform(keys, "late by", block)).astype(np.int64)
    happened = events["occurred_at"].dt.epoch("s").to_numpy()[rows]
    recorded = np.minimum(happened + 60 + wait, block.clock.end_at - 1)
    known = cells("events", events, hit, "occurred_at", "late", "event_id")
    times = events["occurred_at"].scatter(rows, instant(recorded))
    return events.with_columns(times), known


def _hit(keys: pl.Series, stream: str, block: Block, share: float) -> Flags:
    hit: Flags = _uniform(keys.to_numpy().astype(np.uint64), stream, block) < share
    return hit


def _uniform(keys: np.ndarray, stream: str, block: Block) -> np.ndarray:
    return block.stream(stream).uniform(keys, 0)


def cells(
    table: str, rows: pl.DataFrame, hit: Flags, column: str, kind: str, key: str | None = None
) -> pl.DataFrame:
    """Return the cells that are about to be spoilt, with what they held."""
    spoilt = rows.filter(pl.Series(hit))
    return pl.DataFrame(
        {
            "table": pl.Series([table], dtype=pl.String).new_from_index(0, spoilt.height),
            "record_id": spoilt["record_id"],
            "key": spoilt[key].cast(pl.String)
            if key
            else pl.Series([None], dtype=pl.String).new_from_index(0, spoilt.height),
            "column": pl.Series([column], dtype=pl.String).new_from_index(0, spoilt.height),
            "clean": spoilt[column].cast(pl.String),
            "kind": pl.Series([kind], dtype=pl.String).new_from_index(0, spoilt.height),
        }
    )
