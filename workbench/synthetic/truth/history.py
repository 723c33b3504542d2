"""What the tables of a block show by a day: the only thing that the best observer looks at.

Everything here is in a table of the world: orders, visits, mails and what became of them, plans,
what customers stated. In three respects the observer is told more than the tables show, which can
only make it better: to which order a ticket, a review or a comment belongs, what a text says (its
topic and tone are read without error), and the age of customers who answer surveys. It is told the
segment of nobody.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.draws import Flags, Floats, Integers
from workbench.synthetic.people.block import Block
from workbench.synthetic.population import Population
from workbench.synthetic.shop.leaving import month_days
from workbench.synthetic.shop.purchasing import FIRST_ORDER_SECONDS, MAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is known of the customers of a block by the start of a month of the world.

    Attributes
    ----------
    lived : Population
        Where details are looked up, of what happened before ``as_of`` only.
    as_of : float
        Day of the world.
    month : int
        Month of the world that begins on it.
    before : array of bool, shape (sales,)
        Sales before that day.
    begin : array of float, shape (customers,)
        Day of joining, at most ``as_of``.
    repeats : array of int, shape (customers,)
        Purchases of the customer's own accord, after the one at joining.
    orders : array of int, shape (customers,)
        All sales.
    on_site, in_app : array of int, shape (customers,)
        Recorded visits that no order and no mail explains.
    last : array of float, shape (customers,)
        Day of the latest sale or of the latest such visit; of joining where there is none.
    """

    lived: Population
    as_of: float
    month: int
    before: Flags
    begin: Floats
    repeats: Integers
    orders: Integers
    on_site: Integers
    in_app: Integers
    last: Floats

    @property
    def block(self) -> Block:
        """The customers."""
        return self.lived.block


def history(lived: Population, month: int) -> History:
    """Return what is known by the start of a month."""
    block, bought, seen = lived.block, lived.bought, lived.seen
    as_of = float(month_days(block, month)[month])
    end_at = block.clock.start_at + int(as_of) * DAY_SECONDS
    before = bought.placed_at < end_at
    owner = bought.owner[before]
    orders = np.bincount(owner, minlength=block.size)
    # the first order of customers who buy at joining comes at a fixed time after it
    at_joining = bought.placed_at == (block.joined_at + FIRST_ORDER_SECONDS)[bought.owner]
    at_joining &= bought.rank == 0
    own = before & ~at_joining & (bought.place < MAILED)
    is_look = seen.is_known & (seen.order < 0) & seen.campaign.is_null().to_numpy()
    is_look &= seen.starts_at < end_at
    looked = seen.at(np.flatnonzero(is_look))
    last = np.minimum(block.joined_day, as_of)
    for who, at in ((owner, bought.placed_at[before]), (looked.owner, looked.starts_at)):
        np.maximum.at(last, who, (at - block.clock.start_at) / DAY_SECONDS)
    return History(
        lived=lived,
        as_of=as_of,
        month=month,
        before=before,
        begin=np.minimum(block.joined_day, as_of),
        repeats=np.bincount(bought.owner[own], minlength=block.size),
        orders=orders,
        on_site=np.bincount(looked.owner[~looked.is_app], minlength=block.size),
        in_app=np.bincount(looked.owner[looked.is_app], minlength=block.size),
        last=np.minimum(last, as_of),
    )


def owners(block: Block, rows: pl.DataFrame) -> Integers:
    """Return the row of the block that each row's record is."""
    records = pl.DataFrame({"record_id": block.record_id}).with_row_index("owner")
    joined = rows.select("record_id").join(
        records, on="record_id", how="left", maintain_order="left"
    )
    return joined["owner"].to_numpy().astype(np.int64)
