"""Replace names, texts and search words by strings that break careless programs."""

import numpy as np
import polars as pl

from workbench.synthetic.draws import Flags
from workbench.synthetic.faults.cells import cell_truth
from workbench.synthetic.people.block import Block
from workbench.synthetic.stock.texts import draw_hostile_strings

#: Table, column, key of the row within its record, and share of filled cells that are replaced.
_PLACES = (
    ("identities", "identifier", "kind", 0.3),
    ("attributes", "value", "attribute", 0.2),
    ("interactions", "body", "interaction_id", 0.5),
    ("events", "search_text", "event_id", 1.0),
    ("answers", "answer", "question_id", 0.5),
)
_NAMES = ("full_name", "given_name", "family_name", "street_address", "city")


def insert_hostile_strings(
    block: Block, tables: dict[str, pl.DataFrame]
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Replace some cells by hostile strings; return the tables and the replaced cells."""
    tables, found = dict(tables), []
    for name, column, key, share in _PLACES:
        if name not in tables:
            continue
        rows = tables[name]
        own = rows["record_id"].to_numpy().astype(np.uint64)
        place = rows.select(pl.int_range(pl.len()).over("record_id")).to_series()
        bits = block.stream(f"hostile {name}").bits(own, place.to_numpy().astype(np.uint64))
        hit = _may_be_replaced(rows, name, column) & ((bits >> np.uint64(40)) < share * 2**24)
        found.append(cell_truth(name, rows, hit, column, "hostile", key))
        put = rows[column].scatter(np.flatnonzero(hit), draw_hostile_strings(bits[hit]))
        tables[name] = rows.with_columns(put)
    return tables, pl.concat(found)


def _may_be_replaced(rows: pl.DataFrame, name: str, column: str) -> Flags:
    """Return whether each cell has text that a hostile string may replace."""
    is_open = rows[column].is_not_null()
    if name == "identities":
        is_open &= rows["kind"].cast(pl.String).is_in(_NAMES)
    if name == "answers":
        is_open &= rows["answer_number"].is_null()
    found: Flags = is_open.to_numpy()
    return found
