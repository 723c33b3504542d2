"""Read a file by the rules of one part of a mapping."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

import polars as pl

from workbench.foundation.errors import ParameterError
from workbench.foundation.files import canonical_json
from workbench.schema.currencies import NO_CURRENCY
from workbench.sources.file_evidence import FileEvidence, NeedsWholeFileError
from workbench.sources.formats.delimited_batches import BATCH
from workbench.sources.formats.file_kinds import format_of
from workbench.sources.mapping.batch_rules import merge_functions, reason_to_read_whole
from workbench.sources.mapping.consent_changes import EarlierDecisions
from workbench.sources.mapping.header_checks import check_places
from workbench.sources.mapping.mapped_records import drop_records, read_records
from workbench.sources.mapping.part_context import PartContext
from workbench.sources.mapping.source_mapping import SourceMapping
from workbench.sources.part_members import PartMembers, read_batches, read_members
from workbench.sources.part_reading import find_repeated, read_part
from workbench.sources.places import StoredFile
from workbench.sources.record_batches import keep_together
from workbench.sources.returned_records import is_returned
from workbench.sources.source import ReadResult, without_records
from workbench.sources.source_settings import Provenance, WithProvenance

#: Number of bytes from which the format of a file is known.
_START = 1 << 16
#: How many times larger the batches of a log are.
_TIMES_OF_LOG = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedFile(WithProvenance):
    """A file with one part of a mapping; ``Source`` describes the attributes."""

    file: StoredFile
    mapping: SourceMapping
    part_name: str
    provenance: Provenance
    content_hash: str
    file_hash: str
    confidence: float = 1.0
    is_synthetic: bool = False
    parts: int = 1

    @classmethod
    def open(
        cls,
        file: StoredFile,
        *,
        mapping: SourceMapping,
        part: str,
        settings: Mapping[str, str],
        confidence: float = 1.0,
    ) -> Self:
        """Check the settings and the kind of the file; ``read`` parses it.

        Raises
        ------
        InputError
            The file is empty, cannot be read or is of an unknown kind.
        ParameterError
            A setting is unknown, malformed or missing.
        """
        declared = dict(mapping.declared)
        if not mapping.part[part].has_amounts:
            declared["currency"] = declared["currency"] or NO_CURRENCY
        provenance = Provenance.of(
            declared,
            settings,
            where=f"mapping {mapping.name}",
            asked=mapping.ask,
        )
        if mapping.part[part].file.format is None:
            format_of(file.read_start(_START), file.name)
        settled = {**provenance.as_settings(), "mapping": mapping.fingerprint(), "part": part}
        digest = hashlib.sha256(canonical_json(settled))
        file_digest = file.hash()
        digest.update(file_digest)
        return cls(
            file=file,
            mapping=mapping,
            part_name=part,
            provenance=provenance,
            content_hash=digest.hexdigest()[:32],
            file_hash=file_digest.hex()[:32],
            confidence=confidence,
            is_synthetic=file.is_synthetic,
        )

    @property
    def label(self) -> str:
        return self.file.label

    @property
    def format(self) -> str:
        return self.mapping.part_title(self.part_name).replace("-", "_").lower()

    def read(self, part: int) -> ReadResult:
        """Read the file, whose only part is 0."""
        if part != 0:
            raise ParameterError(f"{self.file.name} has one part, number 0; asked for {part}")
        data = self.file.read()
        found = read_members(data, self.mapping.part[self.part_name], self.file.name)
        context = self._context(found, self.part_name, data)
        if not found.read:
            check_places(found.members, context)
            return without_records()
        result = read_part(found, context)
        tables, notes = self.mapping.minimisation.apply(result.tables)
        return replace(
            result,
            tables=tables,
            coded=self.mapping.code,
            assumptions=(*result.assumptions, *notes),
        )

    def read_batches(self, size: int | None = None) -> Iterator[ReadResult]:
        """Read the file in batches of records, so that memory does not grow with it.

        Delimited text, JSON lines and access logs are read so, and only by rules that look at
        neighbouring records. The assumptions of the last batch are those of the file.

        Raises
        ------
        NeedsWholeFileError
            The file must be read whole, which may show only in a later batch.
        """
        part = self.mapping.part[self.part_name]
        start = self.file.read_start(_START)
        stated = part.file.format or format_of(start, self.file.name)
        if is_returned(start):
            raise NeedsWholeFileError("it is a list of refused records")
        if self.mapping.keep or self.mapping.drop or self.mapping.code:
            raise NeedsWholeFileError("values that are not stored are counted by customer")
        if (reason := reason_to_read_whole(part)) is not None:
            raise NeedsWholeFileError(reason)
        size = size or self._batch_size
        evidence = FileEvidence(self.file.name, is_of_batches=True)
        with self.file.open_stream() as stream:
            found = read_batches(stream, stated, part, self.file.name, evidence=evidence, size=size)
            earlier = EarlierDecisions()
            for batch, context in keep_together(found, partial(self._batch_context, evidence)):
                result = read_part(batch, context)
                tables = dict(result.tables)
                if "consents" in tables:
                    tables["consents"] = earlier.find_changes(tables["consents"])
                yield replace(result, tables=tables, merges=merge_functions(part))

    def _batch_context(self, evidence: FileEvidence, found: PartMembers) -> PartContext:
        return replace(self._context(found, self.part_name, b""), evidence=evidence)

    @property
    def batches(self) -> int:
        return -(-self.file.size() // self._batch_size)

    @property
    def _batch_size(self) -> int:
        """Number of characters of a batch; what a log repeats is decoded once a batch."""
        is_log = self.mapping.part[self.part_name].file.format == "access_log"
        return _TIMES_OF_LOG * BATCH if is_log else BATCH

    def _context(self, found: PartMembers, part: str, data: bytes) -> PartContext:
        return PartContext(
            part=self.mapping.part[part],
            title=self.mapping.part_title(part),
            provenance=self.provenance,
            file=self.file.name,
            is_plain=found.is_plain,
            has_header=found.has_header,
            numbers=found.numbers,
            find_part=partial(self._accepted_records, data),
        )

    def _accepted_records(self, data: bytes, part: str) -> pl.DataFrame:
        """Return the records of another part without faults and repeats, for lookups."""
        found = read_members(data, self.mapping.part[part], self.file.name)
        context = self._context(found, part, data)
        records = read_records(found.members, context)
        accepted = drop_records(records.rows, records.faults)
        return drop_records(accepted, find_repeated(accepted[None], found, context))[None]
