"""Link records by rules: records that state the same identifier belong to one customer.

    e-mail, normalised            ┐
    customer number in one system ├──> records that share one ──> connected records ──> links
    cookie or device after login  ┘

A *link* is a row with a record, its customer, the rule, the version since which the link exists,
and who decided on it. A record without a link is a customer of its own, so only records whose
customer has the id of another record have a link. A customer keeps the id of its earliest record
through all later links.

An identifier that too many records state (the shop's own address, a shared till) links none of
them, nor does an address that people write for none (``no@no.no``), because linking strangers is
worse than counting one person twice. The same holds for a cookie or device on which several
customers logged in. It is unknown which of the records with such an identifier are the same person.
These records are therefore stored as *shared*, and an objection of one of them counts for all
(``privacy.consent``).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.schema.links import LINKS, SHARED
from workbench.schema.person_identifiers import (
    is_identifier,
    is_nobodys_address,
    normalise_identifier,
)

#: Kinds of identifiers by which records are linked, each with the name of its rule. Families and
#: firms share names, addresses, birth dates and phones, so those would need weights.
RULES = {"email": "same e-mail address", "user_id": "same customer number"}
#: Identifiers of devices, which link visitors to the one customer who logged in on them.
_DEVICE_RULES = {"cookie_id": "cookie to login", "device_id": "device to login"}
#: Largest number of records with one e-mail address of a person; visits are not counted.
MOST_RECORDS = 8
#: Largest number of records, with visits, that share one identifier of a person of any kind.
MOST_VISITS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Linkage:
    """The links of a dataset, and the records that could not be linked.

    Attributes
    ----------
    links : DataFrame
        One row per link, with the columns of ``LINKS``, sorted by record.
    shared : DataFrame
        One row per record and identifier that several persons share, with the columns of
        ``SHARED``.
    """

    links: pl.DataFrame
    shared: pl.DataFrame


def link_records(
    identities: pl.LazyFrame, *, held: pl.DataFrame, version: int, loads: list[str]
) -> Linkage:
    """Link records by the rules.

    Parameters
    ----------
    identities : LazyFrame
        Stored identities: record_id, kind, identifier, source_id.
    held : DataFrame
        Links of the version before. Links that a person decided stay, and customers keep their ids.
    version : int
        Number of the version that is being made.
    loads : list of str
        Ids of the loads in their order, by which the earliest record of a customer is found.
    """
    decided = held.filter(pl.col("decided_by") != "rule").select(
        "record_id", other="customer_id", rule="rule"
    )
    stated = _linkable_identifiers(identities, loads, decided)
    pairs, shared = _find_pairs(stated, decided)
    if pairs.is_empty():
        return Linkage(links=pl.DataFrame(schema=LINKS), shared=shared)
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
    return Linkage(links=links.cast(LINKS).sort("record_id"), shared=shared)


def _linkable_identifiers(
    identities: pl.LazyFrame, loads: list[str], decided: pl.DataFrame
) -> pl.DataFrame:
    """Return the identifiers of records that may be linked: record_id, _kind, _value, _load.

    Most records of a large dataset state no identifier that another record states. A first reading
    of the identities finds the others with a hash of each identifier, so that only the texts of
    these records are in memory. Equal hashes of different identifiers add records that the rules
    do not link.
    """
    place = {load: number for number, load in enumerate(loads)}
    kind = pl.col("kind").cast(pl.String)
    value = normalise_identifier(pl.col("identifier"), kind=kind)
    stated = (
        identities.filter(kind.is_in([*RULES, *_DEVICE_RULES]), pl.col("record_id").is_not_null())
        .select("record_id", "source_id", _kind=kind, _value=value)
        .filter(is_identifier(pl.col("_value"), kind=pl.col("_kind")))
    )
    hashes = (
        stated.select(
            "record_id",
            _hash=pl.struct("_kind", "_value").hash(),
            _is_device=pl.col("_kind").is_in(_DEVICE_RULES),
        )
        .unique()
        .collect(engine="streaming")
    )
    is_device = pl.col("_is_device")
    visits = hashes.group_by("record_id").agg(_several=is_device.any() & ((~is_device).sum() > 1))
    records = pl.concat(
        [
            hashes.filter(pl.col("_hash").is_duplicated()).select("record_id"),
            visits.filter("_several").select("record_id"),  # Several customers may have logged in.
            decided.select("record_id"),
            decided.select(record_id="other"),
        ]
    ).unique()
    return (
        stated.join(records.lazy(), on="record_id", how="semi")
        .with_columns(
            _load=pl.col("source_id").replace_strict(place, default=None, return_dtype=pl.Int64)
        )
        .group_by("record_id", "_kind", "_value")
        .agg(pl.col("_load").min())
        .collect(engine="streaming")
    )


def _find_pairs(stated: pl.DataFrame, decided: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return pairs of records of one customer, and the records that share an identifier.

    Returns
    -------
    pairs : DataFrame
        One row per pair: ``record_id``, ``other``, ``rule``.
    shared : DataFrame
        See ``Linkage``.
    """
    is_device, is_number = pl.col("_kind").is_in(_DEVICE_RULES), pl.col("_kind") == "user_id"
    system = pl.col("_value").str.extract("^([^:]*:)")
    kinds = stated.group_by("record_id").agg(
        has_device=is_device.any(),
        numbers=is_number.sum(),
        # If several customers of one system logged in on a visit, it belongs to none of them.
        is_of_many=is_device.any() & (is_number.sum() > system.filter(is_number).n_unique()),
        is_known=(~is_device).any(),
    )
    marked = stated.join(kinds, on="record_id")
    by_rule = _groups(
        marked.filter(~is_device, ~pl.col("is_of_many")),
        records=(~(pl.col("has_device") & (pl.col("numbers") == 0))).sum(),
    )
    most = pl.when(pl.col("_kind") == "email").then(MOST_RECORDS).otherwise(MOST_VISITS)
    is_shared = (
        (pl.col("records") > most)
        | (pl.col("all") > MOST_VISITS)
        | ((pl.col("_kind") == "email") & is_nobodys_address(pl.col("_value")))
    )
    rule_pairs = _pairs(by_rule.filter(~is_shared))
    persons = _components(pl.concat([rule_pairs, decided]))
    visits = marked.join(persons, on="record_id", how="left").with_columns(
        # The customer of the record, or the record itself; null for a visit without a login.
        _person=pl.when("is_of_many")
        .then(None)
        .when("is_known")
        .then(
            pl.coalesce(
                pl.concat_str(pl.lit("c"), "_component"), pl.concat_str(pl.lit("r"), "record_id")
            )
        )
    )
    by_device = _groups(
        visits.filter(is_device),
        persons=pl.col("_person").n_unique() - pl.col("_person").has_nulls().cast(pl.UInt32),
        login=pl.col("record_id").filter(pl.col("_person").is_not_null()).min(),
        is_of_many=pl.col("is_of_many").any(),
    )
    is_shared_device = (
        (pl.col("persons") > 1) | pl.col("is_of_many") | (pl.col("all") > MOST_VISITS)
    )
    device_of_one = by_device.filter(~is_shared_device, pl.col("persons") == 1).with_columns(
        first="login"
    )
    shared_groups = pl.concat(
        [
            by_rule.filter(is_shared).select(_GROUP),
            by_device.filter(is_shared_device).select(_GROUP),
            _visits_of_many(marked).select(_GROUP),
        ]
    ).sort("_kind", "_value")
    shared = shared_groups.with_row_index("shared_id").explode("record_id").select(list(SHARED))
    return pl.concat([rule_pairs, decided, _pairs(device_of_one)]), shared.cast(SHARED)


def _visits_of_many(marked: pl.DataFrame) -> pl.DataFrame:
    """Return each visit on which several customers logged in, with the records of all of them."""
    numbers = marked.filter(pl.col("_kind") == "user_id")
    visits = numbers.filter("is_of_many").select("_value", visit="record_id")
    return (
        numbers.join(visits, on="_value")
        .group_by("visit")
        .agg(pl.col("record_id").unique().sort())
        .select(
            _kind=pl.lit("visit"), _value=pl.col("visit").cast(pl.String), record_id="record_id"
        )
    )


_GROUP = ("_kind", "_value", "record_id")


def _groups(stated: pl.DataFrame, **counts: pl.Expr) -> pl.DataFrame:
    """Return one row per identifier that several records state, with its records and counts."""
    identifier = ["_kind", "_value"]
    several = stated.select(identifier).filter(pl.struct(identifier).is_duplicated()).unique()
    return (
        stated.join(several, on=identifier, how="semi")
        .group_by(identifier)
        .agg(pl.col("record_id").sort(), all=pl.len(), first=pl.col("record_id").min(), **counts)
    )


def _pairs(groups: pl.DataFrame) -> pl.DataFrame:
    """Pair all records of each group with its first one."""
    names = {**RULES, **_DEVICE_RULES}
    return (
        groups.explode("record_id")
        .filter(pl.col("record_id") != pl.col("first"))
        .sort("_kind", "_value", "record_id")
        .select(
            "record_id",
            other="first",
            rule=pl.col("_kind").replace_strict(names, return_dtype=pl.String),
        )
    )


def _components(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the connected records: record_id and _component."""
    if pairs.is_empty():
        return pl.DataFrame(schema={"record_id": pl.UInt64, "_component": pl.Int32})
    # Importing scipy takes .2 CPU seconds, and loads of one system need it not.
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

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
    """Return the customers that have linked records already, with the version of the first link."""
    return held.group_by(pl.col("customer_id").alias("record_id")).agg(
        _since=pl.col("since_version").min()
    )
