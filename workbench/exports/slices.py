"""Slices: some customers of a world with all their rows, from which the writers make exports.

A world is read part by part and divided into slices of customers. The rows of a customer do not
depend on the other customers of the slice, so slices of another size give the same exports. Rows
without a customer are in the last slice of their part.
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

from workbench.exports.vendor_ids import salesforce_id, thirteen_digits
from workbench.foundation.errors import InputError
from workbench.foundation.streams import Stream
from workbench.schema import DENIALS, TABLES
from workbench.synthetic.frames import world_columns

SLICE = 500  # number of customers per slice; it decides memory and changes no byte of the exports
_GIVEN = ("given",)

_IDENTIFIERS = [
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
class ExportedWorld:
    """The properties of a whole world.

    Attributes
    ----------
    seed : int
        Seed of the world, from which the vendors' ids are made.
    end : datetime
        First moment that the world does not cover (UTC).
    campaigns : DataFrame
        The table ``campaigns``.
    questions : DataFrame
        One row per question of a survey in the order of first answers: ``survey``,
        ``question_id``, ``question`` (all String) and ``is_coded`` (Boolean, whether an answer is
        a number).
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

    def uniform(self, name: str, key: pl.Expr, position: pl.Expr | None = None) -> pl.Expr:
        """Return uniforms in [0, 1) for each key in the stream of this name."""
        high = (self.bits(name, key, position) // 2**11).cast(pl.Float64)
        return high * 2.0**-53

    def option(self, name: str, key: pl.Expr, options: tuple[str, ...]) -> pl.Expr:
        """Return one of the options for each key; all are equally likely."""
        position = (self.bits(name, key) % len(options)).cast(pl.UInt32)
        return position.replace_strict(range(len(options)), options, return_dtype=pl.String)


@dataclass(frozen=True)
class Slice:
    """Some customers, in the world's order, with their rows.

    Attributes
    ----------
    world : ExportedWorld
        Properties of the world.
    is_first : bool
        Whether the slice is the first of its world; records that belong to no customer, such as
        service agents, are written with it.
    tables : mapping of str to DataFrame
        Every declared table, empty if the world does not have it.
    """

    world: ExportedWorld
    is_first: bool
    tables: Mapping[str, pl.DataFrame]

    def __getitem__(self, table: str) -> pl.DataFrame:
        return self.tables[table]

    @cached_property
    def people(self) -> pl.DataFrame:
        """The customers with one identifier of each kind.

        One row per customer: the columns of ``customers``, the kinds of identifier (String),
        ``shop_customer`` (the customer number of the shop's systems, 13 digits), ``contact_id``
        (the Salesforce id) and ``owner`` (place in the slice).
        """
        people = self["customers"].with_row_index("owner")
        wide = self["identities"].filter(pl.col("kind").cast(pl.String).is_in(_IDENTIFIERS))
        for kind in _IDENTIFIERS:
            own = wide.filter(pl.col("kind") == kind)
            first = own.unique("record_id", keep="first", maintain_order=True)
            identifiers = first.select("record_id", pl.col("identifier").alias(kind))
            people = people.join(identifiers, on="record_id", how="left", maintain_order="left")
        key = pl.col("record_id")
        return people.with_columns(
            shop_customer=thirteen_digits(self.world.bits("shop customer", key), 7),
            contact_id=salesforce_id("003", self.world.bits("salesforce contact", key)),
        )

    def people_in_system(self, vendor: str, share: float) -> pl.DataFrame:
        """Return the customers that a vendor's system contains, with their e-mail in that system.

        A few have no e-mail there, or one in capitals.
        """
        key = pl.col("record_id")
        known = self.people.filter(self.world.uniform(f"{vendor} knows", key) < share)
        return known.with_columns(email=self.email_in_system(vendor))

    def email_in_system(self, vendor: str) -> pl.Expr:
        """Return the e-mail in a vendor's system, for rows with ``record_id`` and ``email``."""
        u, email = self.world.uniform(f"{vendor} e-mail", pl.col("record_id")), pl.col("email")
        return (
            pl.when(u < 0.03)
            .then(pl.lit(None, pl.String))
            .when(u < 0.07)
            .then(email.str.to_uppercase())
            .when(u < 0.12)
            .then(email.str.slice(0, 1).str.to_uppercase() + email.str.slice(1))
            .otherwise(email)
        )

    def add_person_columns(self, rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
        """Return rows with these columns of their customers, null for rows without a customer."""
        person_columns = self.people.select("record_id", *columns)
        return rows.join(person_columns, on="record_id", how="left", maintain_order="left")

    def add_consent(self, rows: pl.DataFrame, purpose: str, *, at: str, name: str) -> pl.DataFrame:
        """Return rows with the consent at an instant: Boolean, null before the first decision.

        The time of the decision is added as ``NAME_at``.

        Parameters
        ----------
        rows : DataFrame
            Rows with ``record_id`` and the instant.
        purpose : str
            Purpose of the consent.
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
                pl.col("decided_at").alias(f"{name}_at"),
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
        return found.select(*rows.columns, name, f"{name}_at")

    def latest_attribute(self, attribute: str) -> pl.DataFrame:
        """Return each record's latest value of an attribute: ``record_id`` and the attribute."""
        own = self["attributes"].filter(pl.col("attribute") == attribute)
        own = own.sort("observed_at", maintain_order=True)
        stated = own.group_by("record_id", maintain_order=True)
        return stated.agg(pl.col("value").last().alias(attribute))

    def sort_by_customer(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows sorted by the order of customers; the rows of a customer keep their order."""
        place = self.people.select("record_id", "owner")
        placed = rows.join(place, on="record_id", how="left", maintain_order="left")
        return placed.sort("owner", nulls_last=True, maintain_order=True).drop("owner")


def read_world(folder: Path) -> ExportedWorld:
    """Read the properties of a world from its folder.

    Raises
    ------
    InputError
        The folder is not a world.
    """
    manifest = folder / "world.json"
    if not manifest.is_file():
        raise InputError(f"{folder} is not a world: it has no {manifest.name}")
    description = json.loads(manifest.read_bytes())
    campaigns = [_read_part(folder, "campaigns", part) for part in _part_numbers(folder)]
    questions = [_read_questions(folder, part) for part in _part_numbers(folder)]
    joined = pl.concat(questions).group_by("survey", "question_id", maintain_order=True)
    return ExportedWorld(
        seed=int(description["seed"]),
        end=datetime.combine(
            date.fromisoformat(description["data_until"]), datetime.min.time(), UTC
        ),
        campaigns=pl.concat(campaigns).unique("campaign_id", keep="first", maintain_order=True),
        questions=joined.agg(
            pl.col("question").drop_nulls().first(), pl.col("is_coded").any()
        ).with_columns(pl.col("question").fill_null(pl.col("question_id"))),
    )


def read_slices(folder: Path, world: ExportedWorld) -> Iterator[Slice]:
    """Yield the slices of a world, in its order."""
    is_first = True
    for part in _part_numbers(folder):
        tables = {name: _read_part(folder, name, part) for name in TABLES if name != "sources"}
        records = tables["customers"]["record_id"]
        for start in range(0, max(len(records), 1), SLICE):
            chosen = records.slice(start, SLICE).to_frame()
            is_last = start + SLICE >= len(records)
            yield Slice(
                world,
                is_first,
                {
                    name: _rows_of_customers(rows, chosen, with_nobody=is_last)
                    for name, rows in tables.items()
                },
            )
            is_first = False


def _rows_of_customers(
    rows: pl.DataFrame, chosen: pl.DataFrame, *, with_nobody: bool
) -> pl.DataFrame:
    """Return the rows of the chosen customers, in the order of the customers."""
    if "record_id" not in rows.columns:
        return rows
    placed = rows.join(chosen.with_row_index("_place"), on="record_id", maintain_order="left")
    own = placed.sort("_place", maintain_order=True).drop("_place")
    return pl.concat([own, rows.filter(pl.col("record_id").is_null())]) if with_nobody else own


def _part_numbers(folder: Path) -> list[int]:
    """Return the numbers of the world's parts, in order."""
    paths = (folder / "customers").glob("part-*.parquet")
    return sorted(int(path.stem.removeprefix("part-")) for path in paths)


def _read_part(folder: Path, table: str, part: int) -> pl.DataFrame:
    """Read one part of a table; a missing table is empty, a missing column is null."""
    wanted = world_columns(table)
    path = folder / table / f"part-{part:04d}.parquet"
    if not path.is_file():
        return pl.DataFrame(schema=wanted)
    rows = pl.read_parquet(path, glob=False)
    absent = {name: pl.lit(None, kind) for name, kind in wanted.items() if name not in rows.columns}
    return rows.with_columns(**absent).select(pl.col(k).cast(t) for k, t in wanted.items())


def _read_questions(folder: Path, part: int) -> pl.DataFrame:
    threads = _read_part(folder, "interactions", part).select(
        "interaction_id", survey="campaign_id"
    )
    answers = _read_part(folder, "answers", part).join(
        threads, on="interaction_id", how="left", maintain_order="left"
    )
    return answers.group_by("survey", "question_id", maintain_order=True).agg(
        pl.col("question").drop_nulls().first(),
        is_coded=pl.col("answer_number").is_not_null().any(),
    )
