"""The view: the tables as one study may see them, and the report of what was done to them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import polars as pl

from workbench.foundation.errors import ParameterError, PrivacyError
from workbench.foundation.files import canonical_json
from workbench.identity import keyed_hash
from workbench.privacy.anonymity import anonymise, smallest_class
from workbench.privacy.consent import permitted
from workbench.privacy.generalisation import levels, quasi_identifiers
from workbench.privacy.report import ViewReport, groups_lost
from workbench.privacy.texts import NEVER, blank_rare, text_columns
from workbench.schema import TABLES, CustomerData
from workbench.schema.tables import LINEAGE
from workbench.studies import Study
from workbench.vault import Dataset

#: When a row happened; attributes are states, which hold at the as-of moment itself.
_TIMES: Mapping[str, str] = {
    "events": "occurred_at",
    "orders": "ordered_at",
    "payments": "paid_at",
    "subscriptions": "started_on",
    "interactions": "occurred_at",
    "attributes": "observed_at",
}
_STATES = frozenset({"attributes"})

#: Tables that no view holds: who someone is, what was decided, where rows came from.
_APART = frozenset({"identities", "consents", "sources"})


@dataclass(frozen=True, kw_only=True)
class View:
    """What one study may see, as of a date.

    Attributes
    ----------
    study : Study
        Whose view it is.
    as_of : date
        Scoring date; the view holds nothing from its first moment (UTC) on.
    data_until : date
        First day that not all sources of the dataset cover.
    data : CustomerData
        The tables, lazily; ``customer_id`` is a pseudonym that only this study has.
    report : ViewReport
        What was done to which column, and whom each step removed.
    dataset : str
        Name of the dataset; ``version`` and ``is_synthetic`` are the dataset's.
    fingerprint : str
        Equal for views that are made from the same data by the same rules.
    """

    study: Study
    as_of: date
    data_until: date
    data: CustomerData
    report: ViewReport
    dataset: str
    version: int
    is_synthetic: bool
    fingerprint: str

    @property
    def currency(self) -> str:
        """The study's currency; amounts in others are left out of features and counted."""
        return self.study.currency

    @property
    def min_group(self) -> int:
        """Persons in the smallest group that may be shown."""
        return self.study.min_group

    def describe(self) -> dict[str, Any]:
        """Return all but the tables in a form that JSON can hold."""
        return {
            "study": self.study.model_dump(mode="json"),
            "as_of": self.as_of.isoformat(),
            "data_until": self.data_until.isoformat(),
            "report": self.report.to_json(),
            "dataset": self.dataset,
            "version": self.version,
            "is_synthetic": self.is_synthetic,
            "fingerprint": self.fingerprint,
        }

    @classmethod
    def restore(cls, description: Mapping[str, Any], data: CustomerData) -> "View":
        """Make a view again from what ``describe`` gave and its tables."""
        return cls(
            study=Study.model_validate(description["study"], strict=False),
            as_of=date.fromisoformat(description["as_of"]),
            data_until=date.fromisoformat(description["data_until"]),
            data=data,
            report=ViewReport.of_json(description["report"]),
            dataset=description["dataset"],
            version=description["version"],
            is_synthetic=description["is_synthetic"],
            fingerprint=description["fingerprint"],
        )

    def _repr_html_(self) -> str:
        about = (
            f"<p>View of study <b>{self.study.name}</b> on dataset {self.dataset} "
            f"(version {self.version}) as of {self.as_of}, purpose {self.study.purpose}, "
            f"basis {self.study.basis}.</p>"
        )
        return about + self.report.steps._repr_html_() + self.data._repr_html_()


def default_as_of(dataset: Dataset) -> date:
    """Return the last date before whose first moment all sources of the dataset are complete."""
    return min(datetime.fromisoformat(source.data_until_at) for source in dataset.sources).date()


def view_fingerprint(study: Study, dataset: Dataset, as_of: date) -> str:
    """Return the hash of all that a view is made from."""
    rules = {
        "dataset": dataset.fingerprint,
        "as_of": as_of.isoformat(),
        "study": study.name,
        "rules": study.model_dump(
            mode="json",
            include={
                "purpose", "channel", "basis", "columns", "policy", "min_group",
                "special_categories_basis",
            },
        ),
    }  # fmt: skip
    return hashlib.sha256(canonical_json(rules)).hexdigest()[:16]


def open_view(study: Study, dataset: Dataset, *, as_of: date | None = None) -> View:
    """Make the view that a study has on a dataset.

    Parameters
    ----------
    study : Study
        Purpose, basis, columns and policy.
    dataset : Dataset
        One version, opened with the workspace's key.
    as_of : date, optional
        Scoring date, ``default_as_of`` unless given.

    Raises
    ------
    ParameterError
        ``as_of`` lies outside the data.
    PrivacyError
        Fewer customers than ``min_group`` may be seen.
    """
    latest = default_as_of(dataset)
    as_of = as_of or latest
    everyone = dataset.data()
    customers = everyone["customers"].sort("customer_id").collect()
    _require_covered(as_of, latest, customers)
    moment = datetime.combine(as_of, time.min, tzinfo=UTC)

    allowed, steps = _who(customers, everyone, study, moment, latest)
    if allowed.height < study.min_group:
        raise PrivacyError(
            f"study {study.name} may see {allowed.height} customers of dataset {dataset.name}, "
            f"its min_group is {study.min_group}: no view is made"
        )
    secret = dataset.key.derive(f"pseudonyms of study {study.name} on {dataset.name}").text
    pseudonyms = pl.DataFrame(
        {
            "customer_id": allowed["customer_id"],
            "_pseudonym": keyed_hash(allowed["customer_id"], secret=secret),
        }
    )
    shown, done, k_reached = _customers(allowed, study, as_of)
    tables: dict[str, pl.LazyFrame] = {"customers": _pseudonymous(shown.lazy(), pseudonyms, secret)}
    for table in study.columns:
        if table == "customers" or table in _APART:
            continue
        rows = _before(everyone[table], table, moment)
        tables[table], changes = _table(rows, table, study, pseudonyms, secret)
        done += changes
    data = CustomerData(
        {name: tables.get(name, pl.LazyFrame(schema=declared.schema)) for name, declared in TABLES.items()}
    )
    return View(
        study=study,
        as_of=as_of,
        data_until=latest,
        data=data,
        report=ViewReport(
            steps=steps,
            columns=pl.DataFrame(done, schema=ViewReport.COLUMNS, orient="row"),
            groups=groups_lost(customers, allowed, shown, as_of),
            k=study.policy.k,
            k_reached=k_reached,
        ),
        dataset=dataset.name,
        version=dataset.version,
        is_synthetic=dataset.is_synthetic,
        fingerprint=view_fingerprint(study, dataset, as_of),
    )


def _require_covered(as_of: date, latest: date, customers: pl.DataFrame) -> None:
    first = customers["first_seen_at"].min()
    if not isinstance(first, datetime):
        raise PrivacyError("the dataset holds no customer: there is nothing to view")
    if not first.date() < as_of <= latest:
        raise ParameterError(
            f"as_of {as_of} lies outside the data: take a date after {first.date()} "
            f"and not after {latest}, up to which all sources are complete"
        )


def _who(
    customers: pl.DataFrame, data: CustomerData, study: Study, moment: datetime, latest: date
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Customers the study may see, and how many each step removed."""
    seen = customers.filter(pl.col("first_seen_at") < moment)
    real = seen.filter(pl.col("kind") != "test")
    undated = pl.lit(datetime.combine(latest, time.min, tzinfo=UTC))
    told = permitted(real, data["consents"].collect(), study=study, undated_at=undated)
    allowed = real.join(
        told.filter(pl.col("reason").is_null()), on="customer_id", how="semi", maintain_order="left"
    )
    refused = told.drop_nulls("reason").group_by("reason").len().sort("reason")
    steps: list[tuple[str, int]] = [
        ("first seen on or after the as-of date", customers.height - seen.height),
        ("test accounts", seen.height - real.height),
        *refused.iter_rows(),
    ]
    frame = pl.DataFrame(steps, schema={"step": pl.String, "removed": pl.Int64}, orient="row")
    left = customers.height - frame["removed"].cum_sum()
    return allowed, frame.with_columns(left=left)


def _customers(
    allowed: pl.DataFrame, study: Study, as_of: date
) -> tuple[pl.DataFrame, list[tuple[str, str, str, str]], int]:
    """The customer table, generalised to k; what was done; the k reached."""
    wanted = study.columns.get("customers", ())
    quasi = [name for name in quasi_identifiers() if name in wanted]
    other = [
        name
        for name in wanted
        if name not in (*quasi_identifiers(), "customer_id", "birth_year", "kind")
    ]
    base = allowed.select("customer_id", "kind", *other)
    done = [("customers", name, "kept", "") for name in ("kind", *other)]
    k_reached = allowed.height
    if quasi:
        known = levels(as_of)
        made = anonymise(
            allowed,
            levels={name: known[name] for name in quasi},
            k=study.policy.k,
            keep=study.policy.keep,
            suppression_limit=study.policy.suppression_limit,
        )
        k_reached = smallest_class(made.rows, quasi)
        if k_reached < study.policy.k:  # a fault of ours would otherwise become a leak
            raise PrivacyError(f"k of {study.policy.k} was asked, {k_reached} was reached")
        base = base.join(made.rows, on="customer_id", how="left", maintain_order="left")
        for name in quasi:
            how = ("finest level", "coarser", "coarsest")[min(made.level[name], 2)]
            if made.level[name] >= len(known[name]):
                how = "emptied for everybody"
            cells = f"{made.emptied[name]:,} of {allowed.height:,} cells emptied to reach k"
            done.append(("customers", name, how, cells if made.emptied[name] else ""))
    return base, done, k_reached


def _before(rows: pl.LazyFrame, table: str, moment: datetime) -> pl.LazyFrame:
    """Rows that happened strictly before the as-of moment; a term's later end is not known yet."""
    if table not in _TIMES:
        return rows
    column = _TIMES[table]
    limit = moment.date() if TABLES[table].column(column).type == pl.Date else moment
    is_known = pl.col(column) <= limit if table in _STATES else pl.col(column) < limit
    rows = rows.filter(is_known)
    if table == "subscriptions":
        ends_later = pl.col("ended_on") >= moment.date()
        rows = rows.with_columns(
            pl.when(~ends_later).then(pl.col(name)).alias(name) for name in ("ended_on", "end_reason")
        )
    return rows


def _table(
    rows: pl.LazyFrame, table: str, study: Study, pseudonyms: pl.DataFrame, secret: str
) -> tuple[pl.LazyFrame, list[tuple[str, str, str, str]]]:
    """One table of the view and what was done to its columns."""
    declared = TABLES[table]
    names = [name for name in study.columns[table] if name not in (*LINEAGE, "record_id")]
    done: list[tuple[str, str, str, str]] = []
    if table == "attributes" and study.special_categories_basis is None:
        rows = rows.filter(~pl.col("is_special_category"))
        done.append((table, "is_special_category", "rows left out", "no lawful basis of their own"))
    if "customer_id" in declared:
        allowed = pseudonyms.lazy().select("customer_id")
        rows = rows.join(allowed, on="customer_id", how="semi", maintain_order="left")
        names = list(dict.fromkeys(["customer_id", *names]))
    rows = rows.select(names)
    for name in names:
        column = declared.column(name)
        if name in text_columns(table):
            if name in NEVER:
                rows = rows.with_columns(pl.lit(None, dtype=column.type).alias(name))
                done.append((table, name, "emptied", "never shown before there is redaction"))
            else:
                rows = blank_rare(rows, name, k=study.policy.k)
                done.append((table, name, "rare values emptied", f"fewer than {study.policy.k}"))
        elif column.sensitivity == "key":
            done.append((table, name, "pseudonym", "differs from study to study"))
        elif column.type == pl.Datetime("us", "UTC"):
            rows = rows.with_columns(pl.col(name).dt.truncate("1d"))
            done.append((table, name, "cut to the day", ""))
        else:
            done.append((table, name, "kept", ""))
    return _pseudonymous(rows, pseudonyms, secret), done


def _pseudonymous(rows: pl.LazyFrame, pseudonyms: pl.DataFrame, secret: str) -> pl.LazyFrame:
    """Replace every key column: customers by the study's pseudonym, others by a keyed hash."""
    schema = rows.collect_schema()
    if "customer_id" in schema:
        rows = (
            rows.join(pseudonyms.lazy(), on="customer_id", how="left", maintain_order="left")
            .with_columns(customer_id=pl.col("_pseudonym"))
            .drop("_pseudonym")
        )
    keys = {"order_id", "original_order_id", "payment_id", "subscription_id"} | {
        "event_id", "session_id", "interaction_id", "thread_id"
    }  # fmt: skip
    for name in keys & set(schema.names()):
        rows = rows.with_columns(
            pl.col(name).map_batches(
                lambda series: keyed_hash(series, secret=secret).cast(series.dtype),
                return_dtype=schema[name],
                is_elementwise=True,
            )
        )
    return rows
