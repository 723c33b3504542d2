"""Which customers of a dataset a study may see as of a date, and the rows that were known then."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import polars as pl

from workbench.foundation.errors import InputError, ParameterError, PrivacyError
from workbench.privacy.consent import exclusion_reasons
from workbench.privacy.release import Release
from workbench.schema import TABLES, CustomerData
from workbench.schema.links import add_customer_ids
from workbench.schema.timeline import convert_instants, first_moment, is_later, rows_known_before
from workbench.studies import StudyTerms
from workbench.vault import Dataset

#: Columns of the customer table that are about customers and not about loads.
_ABOUT_CUSTOMERS = tuple(
    column.name for column in TABLES["customers"].columns if column.component != "lineage"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibleData:
    """The data of a dataset that a study may see, before anything in it is treated.

    Attributes
    ----------
    as_of : date
        Scoring date; only what was known before it is visible.
    data_until : date
        First day that not all sources of the dataset cover.
    zone : str
        IANA name of the zone in which days begin.
    customers : DataFrame
        All customers of the dataset by ``customer_id``, instants in the zone, without the columns
        of their lineage.
    decided : DataFrame
        For each of them, in order, the ``reason`` why the study may not see them; null if it may.
    everyone : CustomerData
        Lazy tables of the dataset, with the rows of all customers; those of guests may be absent.
    """

    as_of: date
    data_until: date
    zone: str
    customers: pl.DataFrame = field(repr=False)
    decided: pl.DataFrame = field(repr=False)
    everyone: CustomerData = field(repr=False)

    @property
    def allowed(self) -> pl.DataFrame:
        """Customers whom the study may see."""
        return self.customers.filter(self.decided["reason"].is_null())

    def rows(self, table: str, *, keep: Callable[[pl.LazyFrame], pl.LazyFrame]) -> pl.LazyFrame:
        """Return the rows of a history that were known before the date, in the study's zone.

        Parameters
        ----------
        table : str
            Name of the table.
        keep : callable
            Keeps the rows of the customers who are wanted.
        """
        # Order items need their orders, whoever placed these, to be known.
        _, whole = TABLES[table].part_of or (None, table)
        visible = self.everyone.with_tables(
            {whole: self.everyone[whole], table: keep(self.everyone[table])}
        )
        known = rows_known_before(visible, table, self.as_of, zone=self.zone)
        return convert_instants(known, self.zone)

    def steps(self, release: Release) -> pl.DataFrame:
        """Count the customers whom each step removed."""
        return _steps(self.decided, release)


def find_visible_data(
    study: StudyTerms, dataset: Dataset, *, as_of: date | None = None
) -> VisibleData:
    """Find what a study may see of a dataset.

    Parameters
    ----------
    study : StudyTerms
        Study with its purpose, basis and zone.
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
    if study.require_complete:
        _require_complete(study, dataset)
    zone = zone_of(study, dataset)
    latest = default_as_of(dataset, zone=zone)
    as_of = as_of or latest
    everyone = dataset.data(known_at=first_moment(as_of, zone), with_guests=False)
    customers = (
        convert_instants(everyone["customers"], zone)
        .select(_ABOUT_CUSTOMERS)
        .collect(engine="streaming")
        .sort("customer_id")
    )
    shared = add_customer_ids(dataset.shared_identifiers().lazy(), dataset.links())
    excluded = _reasons_without_date(customers, everyone["consents"], shared, study)
    may_see = customers.filter(excluded["reason"].is_null())
    if may_see.height < study.min_group:
        raise PrivacyError(
            f"study {study.name} may see {_count_in_words(may_see.height)} customers of dataset "
            f"{dataset.name}, its min_group is {study.min_group}: no view is made"
        )
    _require_covered(as_of, latest, may_see["first_seen_at"], min_group=study.min_group)
    return VisibleData(
        as_of=as_of,
        data_until=latest,
        zone=zone,
        customers=customers,
        decided=_add_first_seen_later(excluded, customers, as_of),
        everyone=everyone,
    )


def _require_complete(study: StudyTerms, dataset: Dataset) -> None:
    # Imported late because kernels, which open sealed views, never load data.
    from workbench.intake.control_totals import unmet_expectations

    if lacks := unmet_expectations(dataset):
        raise InputError(
            f"study {study.name} requires complete data, but in dataset {dataset.name} "
            f"{'; '.join(lacks)}: load the missing records with --expect"
        )


def common_zone(dataset: Dataset) -> str | None:
    """Return the zone that all sources of a dataset share; None if there are several zones."""
    zones = {source.zone for source in dataset.sources}
    return zones.pop() if len(zones) == 1 else None


def zone_of(study: StudyTerms, dataset: Dataset) -> str:
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
    customers: pl.DataFrame, consents: pl.LazyFrame, shared: pl.LazyFrame, study: StudyTerms
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
