"""Keep the records that belong together in one batch, where a file is read in batches."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import polars as pl

from workbench.foundation.errors import InputError
from workbench.sources.batch_hashes import BatchHashes
from workbench.sources.file_evidence import FileEvidence, NeedsWholeFileError
from workbench.sources.mapping.mapped_records import read_records
from workbench.sources.mapping.mapping_rules import RecordRule
from workbench.sources.mapping.members import Members
from workbench.sources.mapping.part_context import PartContext
from workbench.sources.mapping.part_rules import PartRules, column_name
from workbench.sources.part_members import PartMembers
from workbench.sources.part_reading import find_wholes


def keep_together(
    batches: Iterator[PartMembers], context_of: Callable[[PartMembers], PartContext]
) -> Iterator[tuple[PartMembers, PartContext]]:
    """Yield batches whose last records do not continue in the next batch, each with its context.

    Records at the end of a batch that have one value of ``record.together`` are moved into the next
    batch, because more of them may follow.

    Parameters
    ----------
    batches : iterator of PartMembers
        Records of a file in batches.
    context_of : callable
        Returns the context of a batch.

    Raises
    ------
    NeedsWholeFileError
        A value of ``record.together`` comes back in a later batch.
    """
    hashes = BatchHashes()
    rest: PartMembers | None = None
    for batch in batches:
        known = batch if rest is None else _append(rest, batch)
        context = context_of(known)
        if context.part.record.together is None:
            yield known, context
            continue
        wholes = _wholes_of(known.members, context)
        count = _count_ended(known.members, wholes)
        if not count:
            rest = known
            continue
        ready, rest = _cut(known, count)
        ended = wholes.filter(pl.col("source_row") <= ready.members.numbers.max())
        hashes.add(ended["whole"].hash())
        yield ready, context_of(ready)
    if rest is not None and rest.read:
        context = context_of(rest)
        hashes.add(_wholes_of(rest.members, context)["whole"].hash())
        yield rest, context
    if hashes.has_shared():
        raise NeedsWholeFileError("records that belong together are not next to each other")


def _count_ended(members: Members, wholes: pl.DataFrame) -> int:
    """Return the number of records before those with the last value of ``record.together``."""
    if wholes.is_empty():
        return len(members)
    others = (wholes["whole"] != wholes["whole"][-1]).arg_true()
    first = wholes["source_row"][int(others[-1]) + 1 if len(others) else 0]
    return int(members.numbers.index_of(first) or 0)


def _wholes_of(members: Members, context: PartContext) -> pl.DataFrame:
    """Return the values of ``record.together``, read without any other column."""
    part = context.part
    together = part.record.together or ""
    used = part.names_used(together)
    needed = PartRules.model_construct(
        file=part.file,
        recognise=part.recognise,
        decode=part.decode,
        columns={
            label: rule for label, rule in part.columns.items() if column_name(label, rule) in used
        },
        derive={name: rule for name, rule in part.derive.items() if name in used},
        record=RecordRule(together=together),
    )
    alone = replace(context, part=needed, evidence=FileEvidence())
    try:
        return find_wholes(read_records(members, alone).rows[None], alone)
    except InputError as error:  # Other records of the file may be readable.
        raise NeedsWholeFileError("record.together cannot be read in a batch") from error


def _cut(batch: PartMembers, count: int) -> tuple[PartMembers, PartMembers]:
    """Split a batch after a number of records of the right shape; refused ones stay in the first.

    Assumptions are those of the file so far, so that the last batch has them.
    """
    rest = len(batch.members) - count
    head = replace(batch, members=batch.members.slice(0, count), read=batch.read - rest)
    none = batch.refused.clear()
    tail = replace(batch, members=batch.members.slice(count, rest), refused=none, read=rest)
    return head, tail


def _append(first: PartMembers, second: PartMembers) -> PartMembers:
    members = first.members.append(second.members)
    refused = pl.concat([first.refused, second.refused])
    return replace(second, members=members, refused=refused, read=first.read + second.read)
