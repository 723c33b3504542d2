"""Who is whom by rule: records that state the same identifier are one customer's.

    e-mail, normalised            ┐
    customer number in one system ├──> records that share one ──> connected records ──> links
    cookie or device after login  ┘

A *link* says which customer a record is, by which rule, since which version, by whose decision. A
record without a link is a customer of its own, so only records that belong to somebody else's
customer have one. The customer keeps the id of the record that was there first, through all later
links. An identifier that too many records state (the shop's own address, a shared till) links
none of them and is counted: linking strangers is worse than leaving one person twice.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from workbench.schema.links import LINKS

#: Kinds of identifiers by which records are linked, each with the name of its rule. Others (names,
#: addresses, birth dates, phones) are shared by families and firms: they need weights.
RULES = {"email": "same e-mail address", "user_id": "same customer number"}
#: Identifiers of devices, which link visitors to the one customer who logged in on them.
_OF_DEVICES = {"cookie_id": "cookie to login", "device_id": "device to login"}
#: Records that may state one identifier; more of them are no person's.
MOST_RECORDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Linkage:
    """The links of a dataset, and what was not linked.

    Attributes
    ----------
    links : DataFrame
        Columns of ``LINKS``, sorted by record.
    conflicts : int
        Identifiers that too many records state.
    """

    links: pl.DataFrame
    conflicts: int


def linked(
    identities: pl.LazyFrame, *, held: pl.DataFrame, version: int, loads: list[str]
) -> Linkage:
    """Link records by the rules.

    Parameters
    ----------
    identities : LazyFrame
        Stored identities: record_id, kind, identifier, source_id.
    held : DataFrame
        Links of the version before. What a person decided stays; a customer keeps its id.
    version : int
        Version that is being made.
    loads : list of str
        Loads in their order, which tells the record that was there first.
    """
    stated = _stated(identities, loads)
    edges, conflicts = _edges(stated)
    decided = held.filter(pl.col("decided_by") != "rule")
    pairs = pl.concat(
        [
            edges,
            decided.select("record_id", other="customer_id", rule="rule"),
        ]
    )
    if pairs.is_empty():
        return Linkage(links=pl.DataFrame(schema=LINKS), conflicts=conflicts)
    members = _components(pairs)
    rules = pl.concat(
        [pairs.select("record_id", "rule"), pairs.select(record_id="other", rule="rule")]
    ).unique("record_id", keep="first", maintain_order=True)
    first = stated.group_by("record_id").agg(pl.col("_load").min())
    owners = (
        members.join(first, on="record_id", how="left")
        .join(_earlier_owners(held), on="record_id", how="left")
        .sort("_component", "_since", "_load", "record_id", nulls_last=True)
        .group_by("_component", maintain_order=True)
        .agg(customer_id=pl.col("record_id").first())
    )
    made = (
        members.join(owners, on="_component")
        .filter(pl.col("record_id") != pl.col("customer_id"))
        .join(rules, on="record_id", how="left")
        .join(
            held.select("record_id", "customer_id", _was="since_version", _by="decided_by",
                        _weight="weight"),
            on=["record_id", "customer_id"],
            how="left",
        )
    )  # fmt: skip
    links = made.select(
        "record_id",
        "customer_id",
        "rule",
        weight=pl.col("_weight"),
        since_version=pl.col("_was").fill_null(version),
        decided_by=pl.col("_by").fill_null("rule"),
    )
    return Linkage(links=links.cast(LINKS).sort("record_id"), conflicts=conflicts)


def _stated(identities: pl.LazyFrame, loads: list[str]) -> pl.DataFrame:
    """Return the identifiers that can link: record_id, _kind, _value, _load, _has_login."""
    place = {load: number for number, load in enumerate(loads)}
    kind = pl.col("kind").cast(pl.String)
    rows = (
        identities.filter(kind.is_in([*RULES, *_OF_DEVICES]), pl.col("record_id").is_not_null())
        .select(
            "record_id",
            _kind=kind,
            _value=pl.when(kind == "email")
            .then(pl.col("identifier").str.strip_chars().str.to_lowercase())
            .otherwise(pl.col("identifier")),
            _load=pl.col("source_id").replace_strict(place, default=None, return_dtype=pl.Int64),
        )
        .unique(["record_id", "_kind", "_value"], keep="any")
        .collect(engine="streaming")
    )
    logins = rows.filter(pl.col("_kind") == "user_id").select("record_id").unique()
    return rows.join(logins.with_columns(_has_login=True), on="record_id", how="left").with_columns(
        pl.col("_has_login").fill_null(value=False)
    )


def _edges(stated: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return pairs of records that share an identifier, and how many identifiers are refused."""
    shared = stated.group_by("_kind", "_value").agg(
        pl.col("record_id").sort(),
        records=pl.len(),
        logins=pl.col("_has_login").sum(),
        login=pl.col("record_id").filter(pl.col("_has_login")).min(),
    )
    shared = shared.filter(pl.col("records") > 1)
    of_device = pl.col("_kind").is_in(_OF_DEVICES)
    is_conflict = (pl.col("records") > MOST_RECORDS) | (of_device & (pl.col("logins") > 1))
    # a device or cookie says who a visitor is only once somebody has logged in on it
    is_link = ~is_conflict & (~of_device | (pl.col("logins") == 1))
    edges = (
        shared.filter(is_link)
        .with_columns(
            other=pl.when(of_device).then("login").otherwise(pl.col("record_id").list.first())
        )
        .explode("record_id")
        .filter(pl.col("record_id") != pl.col("other"))
        .sort("_kind", "_value", "record_id")
        .select(
            "record_id",
            "other",
            rule=pl.col("_kind").replace_strict({**RULES, **_OF_DEVICES}, return_dtype=pl.String),
        )
    )
    return edges, shared.filter(is_conflict).height


def _components(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the connected records: record_id and _component."""
    records = pl.concat([pairs["record_id"], pairs["other"].alias("record_id")]).unique().sort()
    place = pl.DataFrame({"record_id": records}).with_row_index("_place")
    ends = [
        pairs.select(record_id=name).join(place, on="record_id", how="left", maintain_order="left")
        for name in ("record_id", "other")
    ]
    rows, columns = (end["_place"].to_numpy() for end in ends)
    graph = coo_matrix((np.ones(rows.size, bool), (rows, columns)), shape=(records.len(),) * 2)
    _, labels = connected_components(graph, directed=False)
    return pl.DataFrame({"record_id": records, "_component": labels})


def _earlier_owners(held: pl.DataFrame) -> pl.DataFrame:
    """Return the customers that had several records already, with the version since when."""
    return held.group_by(pl.col("customer_id").alias("record_id")).agg(
        _since=pl.col("since_version").min()
    )
