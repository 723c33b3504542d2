"""A run of a world's customers with all their rows, as the writers of exports see them.

A world is read part by part and handed on in slices of customers. Nothing a slice tells about a
customer depends on who else is in it, so the same customers cut otherwise give the same exports.
Rows of nobody come with the last slice of their part.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from workbench.exports.ids import salesforce_id, thirteen_digits
from workbench.foundation.errors import InputError
from workbench.foundation.streams import Stream
from workbench.schema import DENIALS, TABLES
from workbench.synthetic.frames import columns_of

SLICE = 500  # customers at a time: decides memory, never a byte
_GIVEN = ("given",)

_KNOWN = [
    "email",
    "phone",
    "full_name",
    "given_name",
    "family_name",
    "birth_date",
    "street_address",
    "city",
    "postcode",
    "organization",
    "username",
    "user_id",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What holds for a whole world.

    Attributes
    ----------
    seed : int
        Seed of the world, under which the vendors' ids are made.
    end : datetime
        First moment that the world does not cover (UTC).
    campaigns : DataFrame
        The table of that name.
    questions : DataFrame
        One row per question of a survey in the order of first answers: ``survey``,
        ``question_id``, ``question`` (all String) and ``is_coded`` (Boolean, some answer is a
        number).
    """

    seed: int
    end: datetime
    campaigns: pl.DataFrame
    questions: pl.DataFrame

    def bits(self, name: str, key: pl.Expr, position: pl.Expr | None = None) -> pl.Expr:
        """Return 64 bits for each key (and position) in the stream of this name."""
        stream = Stream(self.seed, f"exports: {name}")

        def draw(keys: Any) -> pl.Series:
            owner, place = (each.fill_null(0).cast(pl.UInt64).to_numpy() for each in keys)
            if len(owner) == 1 or len(place) == 1:
                owner, place = np.broadcast_arrays(owner, place)
            return pl.Series(stream.bits(owner, place), dtype=pl.UInt64)

        inputs = [key, pl.lit(0, pl.UInt64) if position is None else position]
        return pl.map_batches(inputs, draw, return_dtype=pl.UInt64, is_elementwise=True)

    def u(self, name: str, key: pl.Expr, position: pl.Expr | None = None) -> pl.Expr:
        """Return uniforms in [0, 1) for each key in the stream of this name."""
        high = (self.bits(name, key, position) // 2**11).cast(pl.Float64)
        return high * 2.0**-53

    def option(self, name: str, key: pl.Expr, options: tuple[str, ...]) -> pl.Expr:
        """Return one of the options for each key, all as likely."""
        position = (self.bits(name, key) % len(options)).cast(pl.UInt32)
        return position.replace_strict(range(len(options)), options, return_dtype=pl.String)


@dataclass(frozen=True)
class Slice:
    """Some customers, in the world's order, and the rows about them.

    Attributes
    ----------
    world : World
    is_first : bool
        Whether it is the first of its world: what belongs to nobody is written with it.
    tables : mapping of str to DataFrame
        Every declared table, empty where the world has none.
    """

    world: World
    is_first: bool
    tables: Mapping[str, pl.DataFrame]

    def __getitem__(self, table: str) -> pl.DataFrame:
        return self.tables[table]

    @cached_property
    def people(self) -> pl.DataFrame:
        """The customers with one identifier of each kind.

        One row per customer: the columns of ``customers``, the kinds of identifier (String),
        ``shop_customer`` (13 digits, by which the shop's other systems know the customer),
        ``contact_id`` (the Salesforce id) and ``owner`` (place in the slice).
        """
        people = self["customers"].with_row_index("owner")
        wide = self["identities"].filter(pl.col("kind").cast(pl.String).is_in(_KNOWN))
        for kind in _KNOWN:
            own = wide.filter(pl.col("kind") == kind)
            first = own.unique("record_id", keep="first", maintain_order=True)
            told = first.select("record_id", pl.col("identifier").alias(kind))
            people = people.join(told, on="record_id", how="left", maintain_order="left")
        key = pl.col("record_id")
        return people.with_columns(
            shop_customer=thirteen_digits(self.world.bits("shop customer", key), 7),
            contact_id=salesforce_id("003", self.world.bits("salesforce contact", key)),
        )

    def members(self, vendor: str, share: float) -> pl.DataFrame:
        """Return the people whom a vendor's system knows, with their e-mail as it is written there.

        A few have none there, or in capitals.
        """
        key = pl.col("record_id")
        known = self.people.filter(self.world.u(f"{vendor} knows", key) < share)
        return known.with_columns(email=self.written_email(vendor))

    def written_email(self, vendor: str) -> pl.Expr:
        """Return the e-mail as a vendor has it, of rows with ``record_id`` and ``email``."""
        u, email = self.world.u(f"{vendor} e-mail", pl.col("record_id")), pl.col("email")
        return (
            pl.when(u < 0.03)
            .then(pl.lit(None, pl.String))
            .when(u < 0.07)
            .then(email.str.to_uppercase())
            .when(u < 0.12)
            .then(email.str.slice(0, 1).str.to_uppercase() + email.str.slice(1))
            .otherwise(email)
        )

    def with_people(self, rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
        """Return rows with these columns of the people they are about, null where of nobody."""
        told = self.people.select("record_id", *columns)
        return rows.join(told, on="record_id", how="left", maintain_order="left")

    def with_consent(self, rows: pl.DataFrame, purpose: str, *, at: str, name: str) -> pl.DataFrame:
        """Return rows with the consent as it stood at an instant, Boolean, null when undecided.

        Parameters
        ----------
        rows : DataFrame
            With ``record_id`` and the instant.
        purpose : str
        at, name : str
            Column of the instant; column to add.
        """
        decisions = (
            self["consents"]
            .filter(
                (pl.col("purpose") == purpose) | pl.col("purpose").is_null(),
                pl.col("decision").cast(pl.String).is_in(_GIVEN + DENIALS),
                pl.col("decided_at").is_not_null(),
            )
            .select(
                "record_id",
                "decided_at",
                pl.col("decision").cast(pl.String).is_in(_GIVEN).alias(name),
            )
            .sort("decided_at", maintain_order=True)
        )
        found = (
            rows.with_row_index("_row")
            .sort(at, maintain_order=True)
            .join_asof(
                decisions,
                left_on=at,
                right_on="decided_at",
                by="record_id",
                check_sortedness=False,
            )
            .sort("_row")
        )
        return found.select(*rows.columns, name)

    def latest(self, attribute: str) -> pl.DataFrame:
        """Return the value last stated of an attribute: ``record_id`` and one named like it."""
        own = self["attributes"].filter(pl.col("attribute") == attribute)
        own = own.sort("observed_at", maintain_order=True)
        stated = own.group_by("record_id", maintain_order=True)
        return stated.agg(pl.col("value").last().alias(attribute))

    def ordered(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows put in the order of their customers and, within, as they come."""
        place = self.people.select("record_id", "owner")
        placed = rows.join(place, on="record_id", how="left", maintain_order="left")
        return placed.sort("owner", nulls_last=True, maintain_order=True).drop("owner")


def open_world(folder: Path) -> World:
    """Return what holds for a whole world.

    Raises
    ------
    InputError
        The folder is no world.
    """
    manifest = folder / "world.json"
    if not manifest.is_file():
        raise InputError(f"{folder} is no world: it has no {manifest.name}")
    said = json.loads(manifest.read_bytes())
    campaigns = [_read(folder, "campaigns", part) for part in _parts(folder)]
    questions = [_questions(folder, part) for part in _parts(folder)]
    joined = pl.concat(questions).group_by("survey", "question_id", maintain_order=True)
    return World(
        seed=int(said["seed"]),
        end=datetime.combine(date.fromisoformat(said["data_until"]), datetime.min.time(), UTC),
        campaigns=pl.concat(campaigns).unique("campaign_id", keep="first", maintain_order=True),
        questions=joined.agg(
            pl.col("question").drop_nulls().first(), pl.col("is_coded").any()
        ).with_columns(pl.col("question").fill_null(pl.col("question_id"))),
    )


def slices(folder: Path, world: World) -> Iterator[Slice]:
    """Read a world, some customers at a time, in its order."""
    is_first = True
    for part in _parts(folder):
        tables = {name: _read(folder, name, part) for name in TABLES if name != "sources"}
        records = tables["customers"]["record_id"]
        for start in range(0, max(len(records), 1), SLICE):
            chosen = records.slice(start, SLICE).to_frame()
            is_last = start + SLICE >= len(records)
            yield Slice(
                world,
                is_first,
                {name: _of(rows, chosen, with_nobody=is_last) for name, rows in tables.items()},
            )
            is_first = False


def _of(rows: pl.DataFrame, chosen: pl.DataFrame, *, with_nobody: bool) -> pl.DataFrame:
    """Return the rows of the chosen customers, put in their order."""
    if "record_id" not in rows.columns:
        return rows
    placed = rows.join(chosen.with_row_index("_place"), on="record_id", maintain_order="left")
    own = placed.sort("_place", maintain_order=True).drop("_place")
    return pl.concat([own, rows.filter(pl.col("record_id").is_null())]) if with_nobody else own


def _parts(folder: Path) -> list[int]:
    """Return the numbers of the parts, in their order."""
    paths = (folder / "customers").glob("part-*.parquet")
    return sorted(int(path.stem.removeprefix("part-")) for path in paths)


def _read(folder: Path, table: str, part: int) -> pl.DataFrame:
    """Return one part of a table; what it lacks is empty or null."""
    wanted = columns_of(table)
    path = folder / table / f"part-{part:04d}.parquet"
    if not path.is_file():
        return pl.DataFrame(schema=wanted)
    rows = pl.read_parquet(path, glob=False)
    absent = {name: pl.lit(None, kind) for name, kind in wanted.items() if name not in rows.columns}
    return rows.with_columns(**absent).select(pl.col(k).cast(t) for k, t in wanted.items())


def _questions(folder: Path, part: int) -> pl.DataFrame:
    threads = _read(folder, "interactions", part).select("interaction_id", survey="campaign_id")
    answers = _read(folder, "answers", part).join(
        threads, on="interaction_id", how="left", maintain_order="left"
    )
    return answers.group_by("survey", "question_id", maintain_order=True).agg(
        pl.col("question").drop_nulls().first(),
        is_coded=pl.col("answer_number").is_not_null().any(),
    )
