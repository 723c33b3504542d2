"""Views: the tables of a dataset as one study may see them, with a report of their treatment."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl

from workbench.foundation.files import canonical_json
from workbench.privacy.columns import history_units, suppress_rarely_referenced, treat_columns
from workbench.privacy.figures import Figures
from workbench.privacy.generalised_customers import generalise_customers
from workbench.privacy.linkability import LINKABILITY, linkability
from workbench.privacy.losses import losses_by_group
from workbench.privacy.policy_criteria import criteria_in_words
from workbench.privacy.pseudonyms import Pseudonyms
from workbench.privacy.release import Release
from workbench.privacy.view_report import Change, ViewReport
from workbench.privacy.view_risk import measure_view_risk
from workbench.privacy.visible_data import VisibleData, find_visible_data, zone_of
from workbench.privacy.vocabulary import Vocabulary
from workbench.schema import TABLES, CustomerData
from workbench.schema.time_units import TimeUnits
from workbench.studies import Study, StudyTerms
from workbench.vault import Dataset, UnorderedTables, seal_view


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
        Lazy tables; ``customer_id`` is a pseudonym that only this study has, other ids are hashes
        (UInt64 too), and instants are in the study's zone.
    unordered : UnorderedTables
        The same rows before they are put in order, from which they are sealed.
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
    unordered: UnorderedTables = field(repr=False)
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

    def seal(
        self, folder: Path, *, most_rows: Mapping[str, int] = MappingProxyType({})
    ) -> Mapping[str, str]:
        """Seal the view in a folder and return the environment that opens it.

        The linkability of the report is measured now, because sealed tables are in the order of
        their customers and read in a tenth of the time that it takes to make them.

        Parameters
        ----------
        folder, most_rows
            Parameters of ``vault.seal_view``.
        """

        def describe(data: CustomerData) -> dict[str, Any]:
            return replace(self, report=self._measure_linkability(data)).describe()

        return seal_view(folder, self.unordered, describe=describe, most_rows=most_rows)

    def _measure_linkability(self, data: CustomerData) -> ViewReport:
        histories = {name: data[name] for name in self.study.columns if TABLES[name].is_history}
        customers = data["customers"].select("customer_id").collect().to_series()
        measured = linkability(histories, customers, release=self.release)
        return replace(self.report, linkability=measured)

    @classmethod
    def restore(cls, description: Mapping[str, Any], data: CustomerData) -> "View":
        """Return a view from its tables and the result of ``describe``."""
        study = Study.model_validate(description["study"], strict=False)
        return cls(
            study=study,
            as_of=date.fromisoformat(description["as_of"]),
            data_until=date.fromisoformat(description["data_until"]),
            data=replace(data, time_units=TimeUnits.from_json(description["time_units"])),
            unordered=UnorderedTables(data.tables),
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


#: Settings of a policy that decide the content of a view; the others concern publishing.
_VIEW_POLICY = {
    "k", "l", "diversity", "t", "keep", "suppression_limit", "time", "amounts", "shift_days",
    "rare_products", "generalisation", "limits", "levels",
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
    InputError, ParameterError, PrivacyError
        See ``find_visible_data``.
    """
    visible = find_visible_data(study, dataset, as_of=as_of)
    allowed, as_of = visible.allowed, visible.as_of
    fingerprint = view_fingerprint(study, dataset, as_of)
    secret = dataset.figure_key(study.name).secret
    release = _release(study, fingerprint, secret)
    pseudonyms = Pseudonyms.of(allowed["customer_id"], study=study, dataset=dataset)
    shifted = pseudonyms.shift_dates(allowed.lazy()).sort("customer_id").collect()
    made = generalise_customers(shifted, study, as_of, release=release)
    treated = {"customers": pseudonyms.keep_visible(made.rows.lazy())}
    changes = list(made.changes)
    for table in study.columns:
        if table != "customers" and TABLES[table].is_in_views:
            treated[table], done = treat_history(table, visible, study, pseudonyms, secret=secret)
            changes += done
    unordered = UnorderedTables(
        {name: pseudonyms.replace_customers(rows) for name, rows in treated.items()},
        put_in_order=pseudonyms.put_in_order,
    )
    return View(
        study=study,
        as_of=as_of,
        data_until=visible.data_until,
        data=CustomerData.of(
            unordered.ordered(),
            time_units=TimeUnits(units={**history_units(study), **made.units}, as_of=as_of),
        ),
        unordered=unordered,
        report=ViewReport(
            steps=visible.steps(release),
            columns=pl.DataFrame(changes, schema=ViewReport.COLUMNS, orient="row"),
            groups=losses_by_group(
                visible.customers, allowed, made.rows, made.levels, release=release
            ),
            linkability=pl.DataFrame(schema=LINKABILITY),  # ``View.seal`` measures it.
            k=study.policy.k,
            further=tuple(criteria_in_words(study.policy, study.columns.get("customers", ()))),
            levels=made.reached,
            suppressed=made.suppressed,
            min_group=study.min_group,
            origin=release.origin,
            risk=measure_view_risk(
                shifted, made.rows, made.reached, study, as_of, origin=release.origin
            ),
        ),
        dataset=dataset.name,
        version=dataset.version,
        is_synthetic=dataset.is_synthetic,
        fingerprint=fingerprint,
        release=release,
    )


def treat_history(
    table: str, visible: VisibleData, study: StudyTerms, pseudonyms: Pseudonyms, *, secret: bytes
) -> tuple[pl.LazyFrame, list[Change]]:
    """Treat the rows of a history, which come in any order and with the keys of the dataset.

    See ``treat_columns``.
    """
    keep = pseudonyms.keep_visible
    rows = pseudonyms.shift_dates(visible.rows(table, keep=keep))
    if "customer_id" not in TABLES[table]:
        histories = {
            name: visible.rows(name, keep=keep) for name in TABLES if TABLES[name].is_history
        }
        rows = suppress_rarely_referenced(rows, table, histories, k=study.policy.k)
    return treat_columns(rows, table, study, secret=secret)


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
