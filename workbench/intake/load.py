"""Load files into a dataset: the one function behind ``workbench load``."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from workbench.foundation import compute
from workbench.intake.known import MERGED, merged, news
from workbench.intake.records import resolve
from workbench.intake.report import FileReport, LoadReport
from workbench.schema import TABLES, CustomerData
from workbench.sources import Source, SourceMapping, open_source
from workbench.vault import Dataset, DatasetWriter, SourceEntry, Vault
from workbench.vault.datasets import QUARANTINE, QUARANTINE_SCHEMA, FileEntry

_FEW, _MANY = 8, 32  # buckets of a dataset made from one file, or from a world of many blocks
_GROUPS = 12  # parts of a source are read together in about so many groups: few, larger files


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What became of some parts of one source."""

    files: tuple[FileEntry, ...]
    customers: pl.DataFrame
    refused: pl.DataFrame
    read: int
    new: int
    assumptions: tuple[str, ...]
    amounts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loader:
    """Reads parts of a source and writes what is new; picklable, so that processes share the work."""

    source: Source
    writer: DatasetWriter
    secret: str
    held: Dataset | None

    def __call__(self, parts: range) -> _Part:
        source_id = self.source.content_hash
        held = self.held.data() if self.held else None
        readings = [self.source.read(part) for part in parts]
        records = [resolve(r, source_id=source_id, secret=self.secret) for r in readings]
        tables = {
            name: pl.concat([r.tables[name] for r in records if name in r.tables])
            for name in TABLES
            if any(name in r.tables for r in records)
        }
        found = news(tables, held)
        refused = pl.concat([*(r.refused for r in records), found.contradicting])
        fresh = {
            name: rows.select(list(TABLES[name].schema))
            for name, rows in found.tables.items()
            if not rows.is_empty()
        }
        customers = fresh.pop(MERGED, TABLES[MERGED].empty())
        return _Part(
            files=tuple(e for name, rows in fresh.items() for e in self.writer.write(name, rows)),
            customers=customers,
            refused=refused.unique(subset="source_row", keep="first", maintain_order=True),
            read=sum(r.read for r in records),
            new=found.records,
            assumptions=tuple(a for r in readings for a in r.assumptions),
            amounts=_amounts(tables),
        )


def load(
    paths: Sequence[Path],
    *,
    vault: Vault,
    dataset: str,
    mapping: SourceMapping | None = None,
    settings: Mapping[str, str],
    workers: int = 1,
) -> LoadReport:
    """Read files into the next version of a dataset.

    Parameters
    ----------
    paths : sequence of Path
        Files, or folders of synthetic worlds, in the order in which they count.
    vault : Vault
        Where the dataset lies.
    dataset : str
        Its name; it is made where there is none.
    mapping, settings
        What the files do not say themselves, see ``sources.open_source``.
    workers : int
        Processes that read parts.

    Returns
    -------
    LoadReport
        It says whether a version was made.

    Raises
    ------
    InputError
        A file cannot be used; nothing is changed then.
    ParameterError
        A name, mapping or setting is wrong.
    """
    sources = [open_source(path, mapping=mapping, settings=settings) for path in paths]
    buckets = _MANY if any(source.parts > 1 for source in sources) else _FEW
    with vault.writing(dataset, buckets=buckets) as (writer, before):
        secret = vault.key_for(dataset).text
        state = _State(before)
        reports = [_load_one(source, writer, secret, state, workers) for source in sources]
        made = state.commit(writer) if state.is_changed else before
        if made is None:  # only where there was no dataset and no file had a single usable row
            made = state.commit(writer)
        return LoadReport(
            dataset=dataset,
            version=made.version,
            unchanged=sum(r.accepted for r in reports) - state.new_records,
            files=tuple(reports),
            tables=dict(made.data().rows().filter(pl.col("rows") > 0).iter_rows()),
            amounts=dict(sorted(state.amounts.items())),
            made_version=made is not before,
        )


class _State:
    """What a load has gathered so far: the next version in the making."""

    def __init__(self, before: Dataset | None) -> None:
        self.before = before
        self.files: list[FileEntry] = []
        self.sources: list[SourceEntry] = []
        self.customers = TABLES[MERGED].empty()
        self.quarantine = pl.DataFrame(schema=QUARANTINE_SCHEMA)
        self.source_rows = TABLES["sources"].empty()
        self.new_records = 0
        self.amounts: Counter[str] = Counter()

    @property
    def is_changed(self) -> bool:
        """Whether there is anything that a new version would say."""
        return bool(self.files or self.sources)

    def held(self, writer: DatasetWriter) -> Dataset | None:
        """What stands before plus the files already written by this load."""
        if not self.files:
            return self.before
        old = self.before
        return Dataset(
            name=writer.name,
            version=old.version if old else 0,
            fingerprint="",
            buckets=writer.buckets,
            key=writer.key,
            folder=writer.folder,
            files=(*(old.files if old else ()), *self.files),
            sources=old.sources if old else (),
        )

    def commit(self, writer: DatasetWriter) -> Dataset:
        """Write what is kept as a whole (customers, sources, quarantine), then the manifest."""
        old = self.before.data() if self.before else CustomerData.of({})
        customers = merged(old[MERGED].collect(), self.customers)
        files = [
            *self.files,
            *writer.write(MERGED, customers),
            *writer.write("sources", self.source_rows),
            *writer.write(QUARANTINE, self.quarantine),
        ]
        return writer.commit(
            before=self.before, files=files, sources=self.sources, replaced=frozenset({MERGED})
        )


def _load_one(
    source: Source, writer: DatasetWriter, secret: str, state: _State, workers: int
) -> FileReport:
    loaded = [*(state.before.sources if state.before else ()), *state.sources]
    known = next((entry for entry in loaded if entry.source_id == source.content_hash), None)
    if known is not None:
        return _report_of(source, known, state.before)
    work = _Loader(source=source, writer=writer, secret=secret, held=state.held(writer))
    with compute.executor(workers if source.parts > 1 else 1) as pool:
        groups = _groups(source.parts)
        done = list(compute.over(work, groups, pool=pool, title=f"load {source.path.name}"))
    refused = pl.concat([part.refused for part in done])
    read = sum(part.read for part in done)
    entry = _entry(source, read=read, refused=refused.height)
    state.files += [file for part in done for file in part.files]
    state.sources.append(entry)
    state.customers = pl.concat([state.customers, *(part.customers for part in done)])
    state.new_records += sum(part.new for part in done)
    for part in done:
        state.amounts.update(part.amounts)
    marked = refused.select(pl.lit(entry.source_id).alias("source_id"), pl.all())
    state.quarantine = pl.concat([state.quarantine, marked.select(list(QUARANTINE_SCHEMA))])
    state.source_rows = pl.concat([state.source_rows, _source_row(source, entry)])
    return FileReport(
        path=str(source.path),
        format=source.format,
        confidence=source.confidence,
        read=read,
        accepted=read - refused.height,
        refused=refused.height,
        reasons=_reasons(refused),
        assumptions=tuple(dict.fromkeys(a for part in done for a in part.assumptions)),
    )


def _groups(parts: int) -> list[range]:
    size = max(1, -(-parts // _GROUPS))
    return [range(start, min(start + size, parts)) for start in range(0, parts, size)]


def _amounts(tables: Mapping[str, pl.DataFrame]) -> dict[str, int]:
    if "order_items" not in tables or "orders" not in tables:
        return {}
    lines = tables["order_items"].join(
        tables["orders"].select("order_id", "currency"), on="order_id", how="inner"
    )
    sums = lines.group_by("currency").agg(pl.col("amount_minor").sum())
    return dict(sums.iter_rows())


def _reasons(refused: pl.DataFrame) -> dict[str, int]:
    counts = refused.group_by("reason").len().sort(["len", "reason"], descending=[True, False])
    return dict(counts.iter_rows())


def _entry(source: Source, *, read: int, refused: int) -> SourceEntry:
    return SourceEntry(
        source_id=source.content_hash,
        system=source.system,
        format=source.format,
        currency=source.currency,
        zone=source.zone,
        basis=source.basis,
        data_until_at=source.data_until_at.isoformat(),
        is_synthetic=source.is_synthetic,
        read=read,
        refused=refused,
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


def _report_of(source: Source, known: SourceEntry, before: Dataset | None) -> FileReport:
    """What was said when the same content was loaded before."""
    reasons: dict[str, int] = {}
    if before is not None:
        rows = before.quarantine().filter(pl.col("source_id") == known.source_id)
        reasons = _reasons(rows.select("reason").collect())
    return FileReport(
        path=str(source.path),
        format=source.format,
        confidence=source.confidence,
        read=known.read,
        accepted=known.read - known.refused,
        refused=known.refused,
        reasons=reasons,
        assumptions=("this content is loaded already: nothing to do",),
    )
