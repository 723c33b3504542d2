"""Customers with several records: further records with typing errors and some of the orders.

A further record begins at a random moment after joining, as if the customer had ordered in a store
without naming the account. About half of the later orders belong to it, with their lines, payments
and events. It has the customer's identifiers, with one to four of them changed; the shares are
those of FEBRL's data.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.draws import Flags, Integers, Keys, child_rows, choose
from workbench.synthetic.faults.typos import KINDS, draw_typo_kinds, mistype
from workbench.synthetic.frames import gather, instants
from workbench.synthetic.people.block import Block
from workbench.synthetic.shop.purchasing import MOST_PLACES

_CHANGED = (0.28, 0.38, 0.24, 0.10)  # Shares of records with one to four changed fields.
#: Share of each field among the changed fields.
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
_FILED = 0.5  # Share of later orders that belong to the further record.
_KEPT = 0.75  # Share of the customer's identifiers that the further record has.


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherRecords:
    """Further records of a block; arrays of shape (records,)."""

    owner: Integers
    number: Integers
    record_id: Keys
    begins_at: Integers


def further_records(block: Block) -> FurtherRecords:
    """Draw the further records of a block's customers and the moment at which each begins."""
    mean = block.recipe.faults.duplicates
    # A geometric number from 0: P(k or more) = (mean / (1 + mean)) ** k.
    count = np.floor(np.log(block.u("duplicates")) / np.log(mean / (1 + mean))).astype(np.int64)
    owner, number = child_rows(np.minimum(count, 8))
    span = np.maximum(block.clock.end_at - 1 - block.joined_at, 1)[owner]
    begins = block.joined_at[owner] + (span * block.u("duplicate from", owner, number)).astype(
        np.int64
    )
    return FurtherRecords(
        owner=owner,
        number=number,
        record_id=block.bits("duplicate", owner, number),
        begins_at=begins,
    )


def duplicates_truth(block: Block, further: FurtherRecords) -> pl.DataFrame:
    """Return each further record and its customer's first one: ``record_id``, ``of_record_id``."""
    return pl.DataFrame(
        {"record_id": further.record_id, "of_record_id": block.record_id[further.owner]}
    )


def file_twice(
    block: Block, further: FurtherRecords, tables: dict[str, pl.DataFrame]
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Add the further records to the tables; return the tables and the changed cells."""
    if not further.owner.size:
        return tables, pl.DataFrame()
    links = pl.DataFrame(
        {
            "record_id": block.record_id[further.owner],
            "further_id": further.record_id,
            "owner": further.owner,
            "number": further.number,
            "begins_at": instants(further.begins_at),
        }
    )
    tables = dict(tables)
    people = tables["customers"].join(links, on="record_id", how="inner", maintain_order="right")
    tables["customers"] = _insert_behind(
        tables["customers"],
        people.with_columns(
            of_record_id="record_id", record_id="further_id", first_seen_at="begins_at"
        ),
    )
    copied, cells = _identifiers(block, tables["identities"], links)
    tables["identities"] = _insert_behind(tables["identities"], copied)
    return tables | _refile(block, tables, links), cells


def _insert_behind(rows: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    """Return both tables, with further rows directly behind the rows of their customer."""
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
    """Return the identifiers of further records, and those of them that have a typing error."""
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
    typo = draw_typo_kinds(block.u("typo kind", owner, spot))
    written = mistype(copied["identifier"], typo, block.bits("typo", owner, spot))
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
            "kind": gather(pl.Series([*KINDS]), typo),
        }
    ).filter(pl.Series(kept & changed))
    stays = pl.Series(kept) & copied["identifier"].is_not_null()
    return copied.filter(stays & (copied["identifier"] != "")), cells


def _is_changed(block: Block, owner: Integers, number: Integers, place: Integers) -> Flags:
    """Return whether a field is among the one to four changed ones of its record."""
    wanted = 1 + choose(block.u("fields changed", owner, number), _CHANGED)
    share = np.array([*_FIELDS.values(), 0.0])[place]
    changed: Flags = block.u("field changed", owner, number * 16 + place) < wanted * share
    return changed


def _refile(
    block: Block, tables: dict[str, pl.DataFrame], links: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """Return orders, lines, payments and events, some of them under further records."""
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
        # Returns and cancellations belong to the same record as their sale.
        sale = pl.col("order_id").str.replace(r"-[RC]$", "")
        rows = tables[name].with_columns(_sale=sale)
        rows = rows.join(
            moved, left_on="_sale", right_on="order_id", how="left", maintain_order="left"
        )
        found[name] = rows.with_columns(record_id=pl.coalesce("further_id", "record_id")).drop(
            "_sale", "further_id"
        )
    return found
