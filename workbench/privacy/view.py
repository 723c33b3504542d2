"""The view: the tables as one study may see them, and the report of what was done to them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from workbench.foundation.errors import ParameterError, PrivacyError
from workbench.foundation.files import canonical_json
from workbench.privacy.columns import generalised, harmless
from workbench.privacy.consent import permitted
from workbench.privacy.losses import groups_lost
from workbench.privacy.pseudonyms import Pseudonyms
from workbench.privacy.report import ViewReport
from workbench.privacy.timeline import before, first_moment
from workbench.schema import TABLES, CustomerData
from workbench.studies import ABSENT_TABLES, Study
from workbench.vault import Dataset


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
    """Return the last date before whose first moment all sources of the dataset are complete.

    What one system says in one format is complete as far as its latest load; the system that lags
    behind decides.
    """
    until: dict[tuple[str, str], datetime] = {}
    for source in dataset.sources:
        complete = datetime.fromisoformat(source.data_until_at).astimezone(UTC)
        origin = (source.system, source.format)
        until[origin] = max(complete, until.get(origin, complete))
    return min(until.values()).date()


def view_fingerprint(study: Study, dataset: Dataset, as_of: date) -> str:
    """Return the hash of all that a view is made from."""
    rules = {
        "dataset": [dataset.name, dataset.fingerprint],
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

    allowed, steps = _who(customers, everyone, study, as_of)
    if allowed.height < study.min_group:
        raise PrivacyError(
            f"study {study.name} may see {_few(allowed.height)} customers of dataset "
            f"{dataset.name}, its min_group is {study.min_group}: no view is made"
        )
    pseudonyms = Pseudonyms.of(allowed["customer_id"], study=study, dataset=dataset)
    made = generalised(allowed, study, as_of)
    tables, doings = (
        {"customers": pseudonyms.replace(made.rows.lazy())},
        list(made.doings),
    )
    for table in study.columns:
        if table != "customers" and table not in ABSENT_TABLES:
            rows = pseudonyms.seen(before(everyone, table, as_of))
            rows, done = harmless(rows, table, study)
            tables[table] = pseudonyms.replace(rows)
            doings += done
    return View(
        study=study,
        as_of=as_of,
        data_until=latest,
        data=CustomerData(
            {
                name: tables.get(name, pl.LazyFrame(schema=declared.schema))
                for name, declared in TABLES.items()
            }
        ),
        report=ViewReport(
            steps=steps,
            columns=pl.DataFrame(doings, schema=ViewReport.COLUMNS, orient="row"),
            groups=groups_lost(customers, allowed, made.rows, as_of),
            k=study.policy.k,
            k_reached=made.k_reached,
            suppressed=made.suppressed,
            min_group=study.min_group,
        ),
        dataset=dataset.name,
        version=dataset.version,
        is_synthetic=dataset.is_synthetic,
        fingerprint=view_fingerprint(study, dataset, as_of),
    )


def _few(count: int) -> str:
    return "no" if count == 0 else "too few"


def _require_covered(as_of: date, latest: date, customers: pl.DataFrame) -> None:
    first = customers["first_seen_at"].min()
    if not isinstance(first, datetime):
        raise PrivacyError("the dataset holds no customer: there is nothing to view")
    if first.date() >= latest:
        raise ParameterError(
            f"no as_of can be served: no customer was seen before {latest}, up to which all "
            "sources are complete; load what happened before or later"
        )
    if not first.date() < as_of <= latest:
        raise ParameterError(
            # by the month: the day would be one person's
            f"as_of {as_of} lies outside the data: take a date after {first:%Y-%m} "
            f"and not after {latest}, up to which all sources are complete"
        )


def _who(
    customers: pl.DataFrame, data: CustomerData, study: Study, as_of: date
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the customers the study may see, and how many each step removed."""
    seen = customers.filter(pl.col("first_seen_at") < first_moment(as_of))
    real = seen.filter(pl.col("kind") != "test")
    told = permitted(real, data["consents"], study=study, sources=data["sources"])
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
