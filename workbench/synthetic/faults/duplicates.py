"""People who are on file more than once: further records, mistyped, with part of what they did.

A further record begins at some moment after joining, as when somebody orders as a guest or in a
store; about half of the later orders are filed under it, with their lines, payments and steps. It
has the person's identifiers with one to four of them changed, as often as in FEBRL's data.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.draws import Flags, Integers, Keys, choice, spread
from workbench.synthetic.faults.typos import KINDS, kinds, mistyped
from workbench.synthetic.frames import gathered, instant
from workbench.synthetic.people.block import Block
from workbench.synthetic.shop.purchasing import MOST_PLACES

_CHANGED = (0.28, 0.38, 0.24, 0.10)  # shares of one to four changed fields
#: How often a field is among the changed ones: addresses most, birth dates seldom.
_FIELDS = {
    "street_address": 0.30,
    "email": 0.18,
    "family_name": 0.15,
    "given_name": 0.13,
    "city": 0.11,
    "postcode": 0.07,
    "phone": 0.04,
    "birth_date": 0.02,
}
_FILED = 0.5  # of later orders
_KEPT = 0.75  # of identifiers that the further record has at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Further:
    """Further records of a block; arrays of shape (records,)."""

    owner: Integers
    number: Integers
    record_id: Keys
    begins_at: Integers


def further_records(block: Block) -> Further:
    """Draw which customers have further records, and since when."""
    mean = block.recipe.faults.duplicates
    # geometric from 0: P(k or more) = (mean / (1 + mean)) ** k
    count = np.floor(np.log(block.u("duplicates")) / np.log(mean / (1 + mean))).astype(np.int64)
    owner, number = spread(np.minimum(count, 8))
    span = np.maximum(block.clock.end_at - 1 - block.joined_at, 1)[owner]
    begins = block.joined_at[owner] + (span * block.u("duplicate from", owner, number)).astype(
        np.int64
    )
    return Further(
        owner=owner,
        number=number,
        record_id=block.bits("duplicate", owner, number),
        begins_at=begins,
    )


def truth(block: Block, further: Further) -> pl.DataFrame:
    """Return whose the further records are: ``record_id``, ``of_record_id``."""
    return pl.DataFrame(
        {"record_id": further.record_id, "of_record_id": block.record_id[further.owner]}
    )


def file_twice(
    block: Block, further: Further, tables: dict[str, pl.DataFrame]
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Return the tables with the further records in them, and the cells that were changed."""
    if not further.owner.size:
        return tables, pl.DataFrame()
    links = pl.DataFrame(
        {
            "record_id": block.record_id[further.owner],
            "further_id": further.record_id,
            "owner": further.owner,
            "number": further.number,
            "begins_at": instant(further.begins_at),
        }
    )
    tables = dict(tables)
    people = tables["customers"].join(links, on="record_id", how="inner", maintain_order="right")
    tables["customers"] = _beside(
        tables["customers"],
        people.with_columns(
            of_record_id="record_id", record_id="further_id", first_seen_at="begins_at"
        ),
    )
    copied, cells = _identifiers(block, tables["identities"], links)
    tables["identities"] = _beside(tables["identities"], copied)
    return tables | _refiled(block, tables, links), cells


def _beside(rows: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    """Return rows and more of them, each customer's further ones right behind."""
    place = (
        rows.select("record_id")
        .with_row_index("_place")
        .group_by("record_id")
        .agg(pl.col("_place").max())
    )
    more = more.join(place, left_on="of_record_id", right_on="record_id", maintain_order="left")
    joined = pl.concat(
        [
            rows.with_row_index("_place").select(*rows.columns, "_place"),
            more.select(*rows.columns, "_place"),
        ]
    )
    return joined.sort("_place", maintain_order=True).drop("_place")


def _identifiers(
    block: Block, identities: pl.DataFrame, links: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the identifiers of further records, some of them changed, and the changed cells."""
    copied = identities.filter(pl.col("kind") != "user_id").join(
        links, on="record_id", how="inner", maintain_order="right_left"
    )
    kind = copied["kind"].cast(pl.String)
    names = [*_FIELDS]
    place = kind.replace_strict(names, list(range(len(names))), default=len(names)).to_numpy()
    owner, number = copied["owner"].to_numpy(), copied["number"].to_numpy()
    spot = number * 16 + place
    kept = block.u("duplicate has", owner, spot) < _KEPT
    kept |= np.isin(kind.to_numpy(), ("full_name", "given_name", "family_name"))
    changed = _is_changed(block, owner, number, place)
    typo = kinds(block.u("typo kind", owner, spot))
    written = mistyped(copied["identifier"], typo, block.bits("typo", owner, spot))
    clean = copied["identifier"]
    copied = copied.with_columns(
        identifier=pl.when(pl.Series(changed)).then(written).otherwise(clean),
        last_seen_at="begins_at",
        of_record_id="record_id",
    ).with_columns(record_id="further_id")
    cells = pl.DataFrame(
        {
            "table": "identities",
            "record_id": copied["record_id"],
            "key": kind,
            "column": "identifier",
            "clean": clean,
            "kind": gathered(pl.Series([*KINDS]), typo),
        }
    ).filter(pl.Series(kept & changed))
    stays = pl.Series(kept) & copied["identifier"].is_not_null()
    return copied.filter(stays & (copied["identifier"] != "")), cells


def _is_changed(block: Block, owner: Integers, number: Integers, place: Integers) -> Flags:
    """Return whether a field is among the one to four changed ones of its record."""
    wanted = 1 + choice(block.u("fields changed", owner, number), _CHANGED)
    share = np.array([*_FIELDS.values(), 0.0])[place]
    changed: Flags = block.u("field changed", owner, number * 16 + place) < wanted * share
    return changed


def _refiled(
    block: Block, tables: dict[str, pl.DataFrame], links: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """Return orders, lines, payments and steps, some of the orders under further records."""
    sales = (
        tables["orders"]
        .filter(pl.col("kind") == "sale")
        .select(
            "order_id",
            "record_id",
            "ordered_at",
            rank=pl.int_range(pl.len()).over("record_id"),
        )
    )
    later = sales.join(links, on="record_id", how="inner", maintain_order="left_right").filter(
        pl.col("ordered_at") >= pl.col("begins_at")
    )
    spot = later["number"].to_numpy() * MOST_PLACES + later["rank"].to_numpy()
    moves = block.u("filed under duplicate", later["owner"].to_numpy(), spot) < _FILED
    moved = (
        later.filter(pl.Series(moves))
        .unique("order_id", keep="first", maintain_order=True)
        .select("order_id", "further_id")
    )
    found: dict[str, pl.DataFrame] = {}
    for name in ("orders", "order_items", "payments", "events"):
        if name not in tables:
            continue
        # returns and cancellations go with their sale
        sale = pl.col("order_id").str.replace(r"-[RC]$", "")
        rows = tables[name].with_columns(_sale=sale)
        rows = rows.join(
            moved, left_on="_sale", right_on="order_id", how="left", maintain_order="left"
        )
        found[name] = rows.with_columns(record_id=pl.coalesce("further_id", "record_id")).drop(
            "_sale", "further_id"
        )
    return found
