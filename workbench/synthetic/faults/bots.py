"""Crawlers that came by with a customer's cookie: one page a second, hundreds of pages."""

import numpy as np
import polars as pl

from workbench.synthetic.draws import Flags, geometric, spread
from workbench.synthetic.frames import choices, instant, table, words
from workbench.synthetic.people.block import Block

_PAGES, _MOST_PAGES = 150.0, 600
_SECTIONS = ("/", "/sale", "/new", "/p/be-1000", "/p/el-1010", "/p/fa-1020", "/p/ho-1030")


def is_bot(block: Block) -> Flags:
    """Return whose cookie a crawler used."""
    found: Flags = block.u("bot") < block.recipe.faults.bots
    return found


def crawled(block: Block) -> pl.DataFrame:
    """Return the steps of crawlers, rows of ``events``."""
    bots = np.flatnonzero(is_bot(block))
    pages = geometric(block.u("bot pages", bots), _PAGES, most=_MOST_PAGES)
    which, step = spread(pages)
    owner = bots[which]
    span = np.maximum(block.clock.end_at - 1 - _MOST_PAGES - block.joined_at, 0)[bots]
    begins = block.joined_at[bots] + (span * block.u("bot from", bots)).astype(np.int64)
    at = np.minimum(begins[which] + step, block.clock.end_at - 1)
    bits = block.bits("bot step", owner, step)
    page = (bits % np.uint64(len(_SECTIONS))).astype(np.int64)
    return table(
        "events",
        [
            {
                "_owner": owner,
                "_at": at,
                "event_id": bits,
                "record_id": block.record_id[owner],
                "session_id": block.bits("bot visit", bots)[which],
                "occurred_at": instant(at),
                "event_name": "page_view",
                "channel": "web",
                "device_type": choices("events", "device_type", ["other"], 0 * owner),
                "page": words(_SECTIONS, page),
                "traffic_source": "(direct) / (none)",
                "duration_seconds": 1.0,
            }
        ],
    )


def truth(block: Block) -> pl.DataFrame:
    """Return whose steps are partly a crawler's: ``record_id``, ``session_id`` of its visit."""
    bots = np.flatnonzero(is_bot(block))
    return pl.DataFrame(
        {"record_id": block.record_id[bots], "session_id": block.bits("bot visit", bots)}
    )
