"""Views: the tables of a dataset as one study may see them, with a report of their treatment."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from workbench.foundation.errors import InputError, ParameterError, PrivacyError
from workbench.foundation.files import canonical_json
from workbench.intake.control_totals import unmet_expectations
from workbench.privacy.columns import (
    generalise_customers,
    history_units,
    suppress_rarely_referenced,
    treat_columns,
)
from workbench.privacy.consent import exclusion_reasons
from workbench.privacy.figures import Figures
from workbench.privacy.linkability import linkability
from workbench.privacy.losses import losses_by_group
from workbench.privacy.pseudonyms import Pseudonyms
from workbench.privacy.release import Release
from workbench.privacy.view_report import ViewReport
from workbench.privacy.vocabulary import Vocabulary
from workbench.schema import TABLES, CustomerData
from workbench.schema.links import add_customer_ids
from workbench.schema.time_units import TimeUnits
from workbench.schema.timeline import convert_instants, first_moment, is_later, rows_known_before
from workbench.studies import Study
from workbench.vault import Dataset


@dataclass(frozen=True, kw_only=True)
class View(Figures):
    """Data that one study may see, as of a date.

    Attributes
    ----------
    study : Study
        Study of the view.
    as_of : date
        Scoring date; all facts of the view are from before this day in the study's zone.
    data_until : date
        First day that not all sources of the dataset cover.
    data : CustomerData
        Lazy tables; ``customer_id`` is a pseudonym that only this study has, and instants are in
        the study's zone.
    report : ViewReport
        Treatment of each column, and numbers of customers that each step removed.
    dataset : str
        Name of the dataset; ``version`` and ``is_synthetic`` are the dataset's.
    fingerprint : str
        Hash that is equal for views made from the same data by the same rules.
    release : Release
        Release that makes every published figure about the persons of the view.
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
    release: Release

    @property
    def currency(self) -> str:
        """Currency of the study; features leave out amounts in other currencies and count them."""
        return self.study.currency

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Values of the text columns, each looked up once."""
        return Vocabulary(data=self.data, k=self.study.policy.k)

    @property
    def min_group(self) -> int:
        """Number of persons in the smallest group that may be shown."""
        return self.study.min_group

    def describe(self) -> dict[str, Any]:
        """Return the view without its tables, as content for JSON."""
        return {
            "study": self.study.model_dump(mode="json"),
            "as_of": self.as_of.isoformat(),
            "data_until": self.data_until.isoformat(),
            "time_units": self.data.time_units.to_json(),
            "report": self.report.to_json(),
            "dataset": self.dataset,
            "version": self.version,
            "is_synthetic": self.is_synthetic,
            "fingerprint": self.fingerprint,
            "release_secret": self.release.secret.hex(),
        }

    @classmethod
    def restore(cls, description: Mapping[str, Any], data: CustomerData) -> "View":
        """Return a view from its tables and the result of ``describe``."""
        study = Study.model_validate(description["study"], strict=False)
        return cls(
            study=study,
            as_of=date.fromisoformat(description["as_of"]),
            data_until=date.fromisoformat(description["data_until"]),
            data=CustomerData(data.tables, TimeUnits.from_json(description["time_units"])),
            report=ViewReport.from_json(description["report"]),
            dataset=description["dataset"],
            version=description["version"],
            is_synthetic=description["is_synthetic"],
            fingerprint=description["fingerprint"],
            release=_release(
                study, description["fingerprint"], bytes.fromhex(description["release_secret"])
            ),
        )

    def _repr_html_(self) -> str:
        from workbench.privacy.view_markup import (
            view_markup,  # Imported late because it imports this class.
        )

        return view_markup(self)


def common_zone(dataset: Dataset) -> str | None:
    """Return the zone that all sources of a dataset share; None if there are several zones."""
    zones = {source.zone for source in dataset.sources}
    return zones.pop() if len(zones) == 1 else None


def zone_of(study: Study, dataset: Dataset) -> str:
    """Return the zone in which a study's days begin.

    Raises
    ------
    ParameterError
        The study names no zone, and the sources of its dataset have several.
    """
    zone = study.zone or common_zone(dataset)
    if zone is None:
        zones = sorted({source.zone for source in dataset.sources})
        raise ParameterError(
            f"study {study.name}: the sources of dataset {dataset.name} are in the zones "
            f'{", ".join(zones)}: say whose days are meant with zone = "{zones[0]}"'
        )
    return zone


def default_as_of(dataset: Dataset, *, zone: str) -> date:
    """Return the latest date until whose beginning all sources of the dataset are complete.

    The exports of one system in one format are complete until the end of the latest of them. The
    system whose exports end first decides.

    Parameters
    ----------
    dataset : Dataset
        Dataset, whose sources state until when they are complete.
    zone : str
        IANA name of the zone in which days begin.
    """
    until: dict[tuple[str, str], datetime] = {}
    for source in dataset.sources:
        complete = datetime.fromisoformat(source.data_until_at).astimezone(UTC)
        origin = (source.system, source.format)
        until[origin] = max(complete, until.get(origin, complete))
    return min(until.values()).astimezone(ZoneInfo(zone)).date()


#: Settings of a policy that decide the content of a view; the others concern publishing.
_VIEW_POLICY = {
    "k", "keep", "suppression_limit", "time", "amounts", "shift_days", "rare_products",
}  # fmt: skip


def view_fingerprint(study: Study, dataset: Dataset, as_of: date) -> str:
    """Return a hash of the data and the rules from which a view is made."""
    rules = {
        "zone": zone_of(study, dataset),
        "dataset": [dataset.name, dataset.fingerprint],
        "as_of": as_of.isoformat(),
        "study": study.name,
        "rules": study.model_dump(
            mode="json",
            include={
                "purpose": True, "channel": True, "basis": True, "columns": True,
                "policy": _VIEW_POLICY, "min_group": True, "special_categories_basis": True,
            },
        ),
    }  # fmt: skip
    return hashlib.sha256(canonical_json(rules)).hexdigest()[:16]


def open_view(study: Study, dataset: Dataset, *, as_of: date | None = None) -> View:
    """Make the view of a study on a dataset.

    Parameters
    ----------
    study : Study
        Study with its purpose, basis, columns and policy.
    dataset : Dataset
        Version of a dataset, opened with the key of the workspace.
    as_of : date, optional
        Scoring date; by default the date from ``default_as_of``.

    Raises
    ------
    InputError
        The study requires complete data, and a load did not bring what its supplier stated.
    ParameterError
        ``as_of`` lies outside the data.
    PrivacyError
        The study may see fewer customers than ``min_group``.
    """
    if study.require_complete and (lacks := unmet_expectations(dataset)):
        raise InputError(
            f"study {study.name} requires complete data, but in dataset {dataset.name} "
            f"{'; '.join(lacks)}: load the missing records with --expect"
        )
    zone = zone_of(study, dataset)
    latest = default_as_of(dataset, zone=zone)
    as_of = as_of or latest
    everyone = dataset.data(known_at=first_moment(as_of, zone))
    customers = convert_instants(everyone["customers"], zone).sort("customer_id").collect()
    shared = add_customer_ids(dataset.shared_identifiers().lazy(), dataset.links())
    excluded = _reasons_without_date(customers, everyone["consents"], shared, study)
    may_see = customers.filter(excluded["reason"].is_null())
    if may_see.height < study.min_group:
        raise PrivacyError(
            f"study {study.name} may see {_count_in_words(may_see.height)} customers of dataset "
            f"{dataset.name}, its min_group is {study.min_group}: no view is made"
        )
    _require_covered(as_of, latest, may_see["first_seen_at"], min_group=study.min_group)
    decided = _add_first_seen_later(excluded, customers, as_of)
    allowed = customers.filter(decided["reason"].is_null())
    fingerprint = view_fingerprint(study, dataset, as_of)
    secret = dataset.figure_key(study.name).secret
    release = _release(study, fingerprint, secret)
    pseudonyms = Pseudonyms.of(allowed["customer_id"], study=study, dataset=dataset)
    shifted = pseudonyms.shift_dates(allowed.lazy()).sort("customer_id").collect()
    made = generalise_customers(shifted, study, as_of, release=release)
    tables, changes = (
        {"customers": pseudonyms.replace(pseudonyms.keep_visible(made.rows.lazy()))},
        list(made.changes),
    )

    def visible_rows(table: str) -> pl.LazyFrame:
        # Order items need their orders, whoever placed these, to be known.
        _, whole = TABLES[table].part_of or (None, table)
        visible = everyone.with_tables(
            {whole: everyone[whole], table: pseudonyms.keep_visible(everyone[table])}
        )
        return convert_instants(rows_known_before(visible, table, as_of, zone=zone), zone)

    unordered: dict[str, pl.LazyFrame] = {}
    for table in study.columns:
        if table != "customers" and TABLES[table].is_in_views:
            rows = pseudonyms.shift_dates(visible_rows(table))
            if "customer_id" not in TABLES[table]:
                histories = {name: visible_rows(name) for name in TABLES if TABLES[name].is_history}
                rows = suppress_rarely_referenced(rows, table, histories, k=study.policy.k)
            rows, done = treat_columns(rows, table, study, secret=secret)
            unordered[table] = rows
            tables[table] = pseudonyms.replace(rows)
            changes += done
    return View(
        study=study,
        as_of=as_of,
        data_until=latest,
        data=CustomerData(
            {
                name: tables.get(name, pl.LazyFrame(schema=declared.schema))
                for name, declared in TABLES.items()
            },
            TimeUnits(units={**history_units(study), **made.units}, as_of=as_of),
        ),
        report=ViewReport(
            steps=_steps(decided, release),
            columns=pl.DataFrame(changes, schema=ViewReport.COLUMNS, orient="row"),
            groups=losses_by_group(customers, allowed, made.rows, made.levels, release=release),
            linkability=linkability(unordered, allowed["customer_id"], release=release),
            k=study.policy.k,
            suppressed=made.suppressed,
            min_group=study.min_group,
            origin=release.origin,
        ),
        dataset=dataset.name,
        version=dataset.version,
        is_synthetic=dataset.is_synthetic,
        fingerprint=fingerprint,
        release=release,
    )


def _release(study: Study, fingerprint: str, secret: bytes) -> Release:
    return Release(
        view=fingerprint,
        # The same persons have the same noise for every date, notebook and load; otherwise readers
        # could average the noise of many pages.
        draws=f"study {study.name}",
        secret=secret,
        is_exact=study.policy.release == "exact",
        min_group=study.min_group,
    )


def _count_in_words(count: int) -> str:
    return "no" if count == 0 else "too few"


def _require_covered(as_of: date, latest: date, seen_at: pl.Series, *, min_group: int) -> None:
    """Refuse a date that sources do not cover, or before which too few customers were seen.

    ``seen_at`` has the customers whom the study may see. The refusal depends on the first
    ``min_group`` of them together, so it does not reveal when a single one was seen.
    """
    enough = seen_at.sort()[min_group - 1]
    if enough.date() >= latest:
        raise ParameterError(
            "no as_of can be served: too few of the customers whom the study may see were seen "
            f"before {latest}, up to which all sources are complete; load "
            "earlier or later data"
        )
    if not enough.date() < as_of <= latest:
        raise ParameterError(
            f"as_of {as_of} lies outside the data: take a date after {enough:%Y-%m}, by which "
            f"{min_group} customers were seen, and not after {latest}, up to which all sources "
            "are complete"
        )


#: Reasons that come before the reasons of consent, in the order of the steps.
_LATER, _TEST = "first seen on or after the as-of date", "test accounts"


def _reasons_without_date(
    customers: pl.DataFrame, consents: pl.LazyFrame, shared: pl.LazyFrame, study: Study
) -> pl.DataFrame:
    """Return for each customer, in order, why the study may not see them; null if it may."""
    consented = exclusion_reasons(customers, consents, study=study, shared=shared)
    never = customers.select(pl.sql_expr(TABLES["customers"].never_in_view or "false"))
    return consented.with_columns(
        reason=pl.when(never.to_series()).then(pl.lit(_TEST)).otherwise("reason")
    )


def _add_first_seen_later(
    excluded: pl.DataFrame, customers: pl.DataFrame, as_of: date
) -> pl.DataFrame:
    """Add the reason that a customer was not seen before the as-of date, which comes first."""
    later = customers.select(is_later(customers.lazy(), "customers", as_of)).to_series()
    return excluded.with_columns(reason=pl.when(later).then(pl.lit(_LATER)).otherwise("reason"))


def _steps(decided: pl.DataFrame, release: Release) -> pl.DataFrame:
    """Count the customers whom each step removed; the numbers left follow from these counts."""
    counts = dict(release.counts(decided, ["reason"]).iter_rows())
    reasons = sorted(reason for reason in counts if reason not in (None, _LATER, _TEST))
    left = sum(counts.values())
    rows = []
    for step in (_LATER, _TEST, *reasons):
        removed = counts.get(step, 0)
        left -= removed
        rows.append((step, removed, left))
    schema = {"step": pl.String, "removed": pl.Int64, "left": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")
