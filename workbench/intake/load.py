"""Load files into a dataset: the one function behind ``workbench load``."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

import polars as pl

from workbench.foundation import compute
from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import InputError, ParameterError
from workbench.foundation.progress import progress
from workbench.intake.batch_loading import load_batches
from workbench.intake.contradictions import contradiction_warnings
from workbench.intake.control_totals import (
    ControlTotals,
    as_details,
    found_for,
    gap_warnings,
    system_warnings,
    unmet_warnings,
)
from workbench.intake.held_back import (
    HeldBackError,
    check_share,
    close_refused,
    is_too_many,
    keep_refused,
)
from workbench.intake.load_report import FileReport, LoadReport
from workbench.intake.part_loading import LoadedPart, PartLoader
from workbench.intake.people_counts import count_people
from workbench.intake.state import State
from workbench.schema import TABLES
from workbench.schema.record_faults import count_faults
from workbench.sources import (
    NO_RECORDS,
    FileWithoutRecords,
    NeedsWholeFileError,
    Source,
    SourceMapping,
    faults_of,
    open_sources,
)
from workbench.vault import Dataset, DatasetWriter, SourceEntry, Vault
from workbench.vault.parquet import translate_read_errors

#: Number of buckets of a new dataset: 16 if a source has several parts, as large worlds have.
_BUCKETS, _BUCKETS_OF_PARTS = 8, 16

_NOTHING_STORED = "so many records are refused that this load would store nothing"
_NOT_COMPARED = "what was stated is not compared: some files were loaded before and are not counted"


def load(
    paths: Sequence[Path],
    *,
    vault: Vault,
    dataset: str,
    mapping: SourceMapping | None = None,
    settings: Mapping[str, str],
    max_refused: float | None = None,
    expected: Mapping[str, Decimal] = MappingProxyType({}),
    is_plan: bool = False,
    workers: int = 1,
) -> LoadReport:
    """Read files into the next version of a dataset.

    Parameters
    ----------
    paths : sequence of Path
        Files, or folders of synthetic worlds, in the order in which they are loaded.
    vault : Vault
        Vault that contains the dataset.
    dataset : str
        Name of the dataset; it is made if it does not exist.
    mapping, settings
        Declarations that the files do not contain, see ``sources.open_sources``.
    max_refused : float, optional
        Share of a file's records, 0 to 1, that may be refused; above it nothing is loaded. The
        default is 0.2 for a file of 100 records or more and 1 for a smaller one. A file of which
        no record is accepted is always held back.
    expected : mapping of str to Decimal
        Totals that the load is expected to bring, see ``read_expectations``; others are a warning,
        which the dataset keeps.
    is_plan : bool
        Whether only to report what the load would do. Nothing is stored then.
    workers : int
        Number of processes that read parts.

    Returns
    -------
    LoadReport
        Counts by file and table, and whether a version was made.

    Raises
    ------
    InputError
        A file cannot be used, or no file has a record; then nothing is changed.
    HeldBackError
        Too many records were refused; then nothing is changed, and the refused ones are kept.
    IntegrityError
        A stored file that the load reads or counts is damaged; then nothing is changed.
    ParameterError
        A name, a mapping or a setting is wrong, or no file is named.
    """
    check_share(max_refused)
    if not paths:
        raise ParameterError("no file to load: name at least one")
    sources = [
        source
        for path in paths
        for source in open_sources(path, mapping=mapping, settings=settings)
    ]
    readable = [source for source in sources if not isinstance(source, FileWithoutRecords)]
    has_parts = any(source.parts > 1 for source in readable)
    buckets = _BUCKETS_OF_PARTS if has_parts else _BUCKETS
    with vault.open_writer(dataset, buckets=buckets) as (writer, before):
        secret = vault.key_for(dataset).text
        state = State(before, writer)
        reports = [
            _report_no_records(source.label, state)
            if isinstance(source, FileWithoutRecords)
            else _load_one(source, writer, secret, state, workers)
            for source in sources
        ]
        _check_any_records(reports)
        held_back = any(
            is_too_many(file, max_refused=max_refused)
            for source, file in zip(sources, reports, strict=True)
            if not isinstance(source, FileWithoutRecords) and source.content_hash in state.refused
        )
        totals = ControlTotals.sum(state.totals)
        # A file that was loaded before is not read again, so its rows are not counted.
        is_counted = len(state.totals) == len(sources)
        stated = expected if is_counted else {}
        found = found_for(stated, totals)
        is_stored = not (is_plan or held_back) and (before is None or state.is_changed)
        is_next = is_plan or held_back or is_stored
        made = state.preview() if is_next or before is None else before
        version = before.version if before else 0
        # All counts are made before the commit: where an older file is damaged, the load is refused
        # and there is no version of it.
        people = count_people(made)
        report = LoadReport(
            dataset=dataset,
            version=writer.version if is_stored else version,
            unchanged=sum(r.accepted for r in reports) - state.new_records,
            closed=state.closed,
            files=tuple(reports),
            # ``customers`` has a row for each statement, so the number of customers replaces it.
            tables=made.rows | ({"customers": people.customers} if people.records else {}),
            people=people,
            rows=dict(sorted(totals.rows.items())),
            amounts=_by_table(totals),
            warnings=(
                *([_NOTHING_STORED] if is_plan and held_back else []),
                *([_NOT_COMPARED] if expected and not is_counted else []),
                *unmet_warnings(stated, found),
                *state.warnings,
                *_system_warnings(made),
                *_mixture_warnings(made),
            ),
            made_version=is_stored,
        )
        if is_plan:
            return report
        if held_back:
            for source in readable:
                if (refused := state.refused.get(source.content_hash)) is not None:
                    returned = state.returned[source.content_hash]
                    keep_refused(vault, dataset, source, refused=refused, returned=returned)
            raise HeldBackError(report, max_refused=max_refused)
        if is_stored:
            state.commit(as_details(stated, found))
        return _close_held_back(report, vault, readable, state)


def _close_held_back(
    report: LoadReport, vault: Vault, sources: Iterable[Source], state: State
) -> LoadReport:
    """Close refused records of loads that were held back; return the report with their number."""
    closing = close_refused(
        vault,
        report.dataset,
        sources,
        returned={each for ids in state.returned.values() for each in ids.values()},
        refused_again=state.refused_again,
    )
    return replace(
        report,
        closed=report.closed + closing.closed,
        warnings=(*report.warnings, *closing.warnings),
    )


def _by_table(totals: ControlTotals) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (table, currency), amount in sorted(totals.amounts.items()):
        found.setdefault(table, {})[currency] = amount
    return found


def _system_warnings(dataset: Dataset) -> tuple[str, ...]:
    with translate_read_errors(dataset.label):
        return system_warnings(dataset)


def _mixture_warnings(dataset: Dataset) -> Iterator[str]:
    synthetic = sum(source.is_synthetic for source in dataset.sources)
    if 0 < synthetic < len(dataset.sources):
        loads = count_text(len(dataset.sources), "load")
        yield f"{synthetic:,} of {loads} of this dataset are of synthetic persons, others are not"


def _load_one(
    source: Source, writer: DatasetWriter, secret: str, state: State, workers: int
) -> FileReport:
    if (earlier := state.earlier_load(source.content_hash)) is not None:
        return _report(source, earlier, ("this content is loaded already: nothing to do",))
    work = PartLoader(source=source, writer=writer, secret=secret, held=state.current_dataset())
    done, notes = _load_parts(work, state, workers)
    if not any(part.read for part in done):
        return _report_no_records(source.label, state, source.format, source.confidence)
    refused = pl.concat([part.refused for part in done])
    entry = _entry(source, read=sum(part.read for part in done), refused=refused)
    superseded: dict[str, list[pl.DataFrame]] = {}
    for part in done:
        for table, keys in part.superseded.items():
            superseded.setdefault(table, []).append(keys)
    state.end_source([file for part in done for file in part.files], superseded)
    state.new_records += sum(part.new for part in done)
    totals = ControlTotals.sum(part.totals for part in done)
    state.totals.append(totals)
    until = source.data_until_at.astimezone(ZoneInfo(source.zone)).date()
    warnings = (*gap_warnings(totals, until), *contradiction_warnings(totals.contradictions))
    state.warnings += [f"{Path(source.label).name}: {warning}" for warning in warnings]
    closes = {row: each for part in done for row, each in part.closes.items()}
    state.add_refused(refused, entry, closes)
    state.add_source(entry, _source_row(source, entry))
    repeated = Counter[str]()
    for part in done:
        repeated.update(part.repeated)
    assumptions = (
        *dict.fromkeys(a for part in done for a in part.assumptions),
        *_repeat_notes(repeated),
        *notes,
    )
    passed_over = Counter[str]()
    for part in done:
        passed_over.update(part.passed_over)
    return _report(source, entry, assumptions, passed_over)


def _report_no_records(
    label: str, state: State, format_name: str = "unknown", confidence: float = 0.0
) -> FileReport:
    """Return the report of a file without records, of which nothing is stored."""
    state.totals.append(ControlTotals.sum([]))
    return FileReport(
        path=label,
        format=format_name,
        confidence=confidence,
        read=0,
        accepted=0,
        refused=0,
        reasons={},
        passed_over={},
        assumptions=(NO_RECORDS,),
    )


def _check_any_records(reports: Sequence[FileReport]) -> None:
    if any(file.read for file in reports):
        return
    files = f"{len(reports)} files"
    what = f"{reports[0].path} has no" if len(reports) == 1 else f"none of the {files} has a"
    raise InputError(f"{what} record: nothing was loaded; check whether the export is complete")


def _load_parts(
    work: PartLoader, state: State, workers: int
) -> tuple[list[LoadedPart], tuple[str, ...]]:
    """Load the parts of a source, a large file in batches if that is possible."""
    source = work.source
    title = f"load {Path(source.label).name}"
    if source.batches > 1:
        try:
            parts = progress(load_batches(work), total=source.batches, title=title)
            return _with_last_assumptions(_add_rows(parts, state)), ()
        except NeedsWholeFileError as error:
            state.forget_rows()
            note = (f"the file is read whole and needs memory: {error}",)
            return _add_rows(map(work, range(source.parts)), state), note
    with compute.executor(workers if source.parts > 1 else 1) as pool:
        return _add_rows(compute.over(work, range(source.parts), pool=pool, title=title), state), ()


def _with_last_assumptions(batches: list[LoadedPart]) -> list[LoadedPart]:
    """Leave the assumptions to the last batch, since they are about all batches so far."""
    return [*(replace(batch, assumptions=()) for batch in batches[:-1]), batches[-1]]


def _repeat_notes(repeated: Mapping[str, int]) -> Iterator[str]:
    for table, count in repeated.items():
        if count:
            are = "is" if count == 1 else "are"
            records = count_text(count, "record", "repeat")
            yield f"{table}: {records} an earlier one and {are} counted once"


def _add_rows(parts: Iterable[LoadedPart], state: State) -> list[LoadedPart]:
    done = []
    for part in parts:
        state.add_rows(part.small_tables)
        done.append(replace(part, small_tables={}))
    return done


def _report(
    source: Source,
    entry: SourceEntry,
    assumptions: tuple[str, ...],
    passed_over: Mapping[str, int] = MappingProxyType({}),
) -> FileReport:
    return FileReport(
        path=source.label,
        format=source.format,
        confidence=source.confidence,
        read=entry.read,
        accepted=entry.read - entry.refused,
        refused=entry.refused,
        reasons=entry.reasons,
        passed_over=passed_over,
        assumptions=assumptions,
    )


def _reasons(refused: pl.DataFrame) -> dict[str, int]:
    return dict(count_faults(faults_of(refused)).select("words", "records").iter_rows())


def _entry(source: Source, *, read: int, refused: pl.DataFrame) -> SourceEntry:
    return SourceEntry(
        source_id=source.content_hash,
        system=source.system,
        format=source.format,
        currency=source.currency,
        zone=source.zone,
        basis=source.basis,
        trust=source.trust,
        data_until_at=source.data_until_at.isoformat(),
        is_synthetic=source.is_synthetic,
        read=read,
        refused=refused.height,
        reasons=_reasons(refused),
    )


def _source_row(source: Source, entry: SourceEntry) -> pl.DataFrame:
    row = {
        "source_id": entry.source_id,
        "system": entry.system,
        "format": entry.format,
        "data_until_at": source.data_until_at,
        "rows_read": entry.read,
        "rows_refused": entry.refused,
        "lawful_basis": entry.basis,
        "expires_on": None,
        "is_synthetic": entry.is_synthetic,
    }
    return pl.DataFrame([row], schema=TABLES["sources"].schema)
