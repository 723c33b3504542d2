"""Crawlers with the cookie of a customer: they request a page every second, hundreds in all."""

import numpy as np
import polars as pl

from workbench.synthetic.draws import Flags, child_rows, geometric
from workbench.synthetic.frames import enum_labels, instants, labels, make_table
from workbench.synthetic.people.block import Block

_PAGES, _MOST_PAGES = 150.0, 600
_SECTIONS = ("/", "/sale", "/new", "/p/be-1000", "/p/el-1010", "/p/fa-1020", "/p/ho-1030")


def is_bot(block: Block) -> Flags:
    """Return whether a crawler used the customer's cookie."""
    found: Flags = block.u("bot") < block.recipe.faults.bots
    return found


def crawler_events(block: Block) -> pl.DataFrame:
    """Return the page views of crawlers, as rows of ``events``."""
    bots = np.flatnonzero(is_bot(block))
    pages = geometric(block.u("bot pages", bots), _PAGES, most=_MOST_PAGES)
    which, step = child_rows(pages)
    owner = bots[which]
    span = np.maximum(block.clock.end_at - 1 - _MOST_PAGES - block.joined_at, 0)[bots]
    begins = block.joined_at[bots] + (span * block.u("bot from", bots)).astype(np.int64)
    at = np.minimum(begins[which] + step, block.clock.end_at - 1)
    bits = block.bits("bot step", owner, step)
    page = (bits % np.uint64(len(_SECTIONS))).astype(np.int64)
    return make_table(
        "events",
        block.rows_of(owner, at)
        | {
            "event_id": bits,
            "session_id": block.bits("bot visit", bots)[which],
            "occurred_at": instants(at),
            "event_name": "page_view",
            "channel": "web",
            "device_type": enum_labels("events", "device_type", ["other"], 0 * owner),
            "page": labels(_SECTIONS, page),
            "traffic_source": "(direct) / (none)",
            "duration_seconds": 1.0,
        },
    )


def bots_truth(block: Block) -> pl.DataFrame:
    """Return the visits of crawlers: ``record_id`` of the customer, ``session_id``."""
    bots = np.flatnonzero(is_bot(block))
    return pl.DataFrame(
        {"record_id": block.record_id[bots], "session_id": block.bits("bot visit", bots)}
    )
