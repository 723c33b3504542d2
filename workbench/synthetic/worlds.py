"""Generate a world: check the recipe, make block after block, and rename the finished folder."""

import hashlib
import json
import secrets
import shutil
from collections.abc import Mapping
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from workbench.foundation import compute
from workbench.foundation.errors import InputError, ParameterError
from workbench.foundation.files import canonical_json, sync_folder, write_whole
from workbench.schema import TABLES
from workbench.synthetic.block_files import BlockWriter
from workbench.synthetic.clock import Clock
from workbench.synthetic.recipes import Recipe, read_recipe
from workbench.synthetic.rules import rules_broken_by_faults
from workbench.synthetic.stock import texts
from workbench.synthetic.stock.names import FINGERPRINT as NAMES
from workbench.synthetic.truth import summary, tables_of_truth

FORMAT_VERSION = 1
MANIFEST = "world.json"
_TREATMENT = {"mechanism": "treatment", "attribute": "gender", "group": "female"}
BLOCK = 5_000  # Customers of a block.


class Exporter(Protocol):
    """Function that writes a finished world in the formats of its vendors' exports."""

    def __call__(self, world: Path, *, out: Path, truth: Path) -> object:
        """Write the vendors' files to ``out``, and the customers of their rows to ``truth``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A synthetic population on disk.

    Attributes
    ----------
    name : str
        Name of the recipe.
    out, truth : Path
        Folder of the tables; folder of the truth about them.
    tables : mapping of str to int
        Number of rows of each table that has any.
    fingerprint : str
        SHA-256 over the hashes of all table files; equal worlds have equal fingerprints.
    violations : mapping of str to int
        Number of rows in the first block that break each rule (``rules``).
    planted : frozenset of str
        Rules that the recipe's faults break on purpose; no other rule is broken.
    """

    name: str
    out: Path
    truth: Path
    tables: Mapping[str, int]
    fingerprint: str
    violations: Mapping[str, int]
    planted: frozenset[str]

    def to_json(self) -> dict[str, Any]:
        """Return the object that ``workbench generate --json`` prints."""
        return {
            "world": self.name,
            "out": str(self.out),
            "truth": str(self.truth),
            "tables": dict(self.tables),
            "fingerprint": self.fingerprint,
        }


def generate(
    recipe: Path,
    *,
    out: Path,
    customers: int | None = None,
    months: int | None = None,
    seed: int | None = None,
    disparity: float | None = None,
    contrast: float | None = None,
    change_at: float | None = None,
    workers: int = 1,
    cluster: str | None = None,
    exports: Exporter | None = None,
) -> World:
    """Make the world of a recipe.

    The recipe and all values are checked first. The world is written to a folder beside ``out``,
    which is renamed to ``out`` at the end; an existing world there is replaced only when the new
    one is complete.

    Parameters
    ----------
    recipe : Path
        TOML file, see ``recipes``.
    out : Path
        Folder of the world: it does not exist, is empty, or contains a world that is replaced.
    customers, months, seed : int, optional
        Values in place of the recipe's. The first customers do not depend on the number of
        customers.
    disparity : float, optional
        Size of the planted disparity in place of the recipe's, 0 for none.
    contrast : float, optional
        Contrast of the segments in place of the recipe's, 0 to 4.
    change_at : float, optional
        Begin of the recipe's changes, as a share of the world's time, in place of the recipe's.
    workers : int
        Number of processes; the bytes do not depend on it.
    cluster : str, optional
        Address of a Dask scheduler whose workers can write ``out``; they are used in place of
        processes on this machine.
    exports : Exporter, optional
        Writer of the vendors' files, ``exports.write_exports``. It writes them into
        ``out/exports`` before the world is renamed. Without it no exports are written.

    Raises
    ------
    ParameterError
        The recipe or a value is wrong.
    InputError
        ``out`` contains something else or cannot be written, or no cluster answers.
    """
    if workers < 1:
        raise ParameterError(f"workers is {workers}: give the number of processes, 1 or more")
    plan = plan_world(
        recipe, customers=customers, months=months, seed=seed, disparity=disparity,
        contrast=contrast, change_at=change_at,
    )  # fmt: skip
    out = out.absolute()
    _refuse_other_content(out)
    partial = out.with_name(f".{out.name}.{secrets.token_hex(4)}.partial")
    try:
        partial.mkdir(parents=True)
        with _pool(plan, workers, cluster) as pool:
            world = _write(plan, partial, out, pool)
        if exports is not None:
            exports(partial, out=partial / "exports", truth=partial / "truth" / "exports")
        _put_in_place(partial, out)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"cannot write the world {plan.name} at {out}: {reason}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return world


def plan_world(
    recipe: Path,
    *,
    customers: int | None = None,
    months: int | None = None,
    seed: int | None = None,
    disparity: float | None = None,
    contrast: float | None = None,
    change_at: float | None = None,
) -> Recipe:
    """Read a recipe with the values that a command sets, see ``generate``."""
    given = {"customers": customers, "months": months, "seed": seed, "contrast": contrast}
    changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    plan = read_recipe(recipe, changes)
    if disparity is not None:
        changes["bias"] = _set_disparity(plan, disparity)
    if change_at is not None:
        changes["changes"] = _set_change_at(plan, change_at)
    return read_recipe(recipe, changes)


def _set_disparity(plan: Recipe, strength: float) -> dict[str, Any]:
    """Return the recipe's biases with this strength of its treatment biases.

    A recipe without a treatment bias gets one against women.
    """
    bias = {name: each.model_dump() for name, each in plan.bias.items()}
    treatments = [each for each in bias.values() if each["mechanism"] == "treatment"]
    if not treatments:
        treatments = [bias.setdefault("offer", _TREATMENT | {})]
    for each in treatments:
        each["strength"] = strength
    return bias


def _set_change_at(plan: Recipe, at: float) -> dict[str, Any]:
    """Return the recipe's changes, with their begin at this share of the world's time."""
    if not plan.changes:
        raise ParameterError(
            f"recipe {plan.name} has no change that could begin at {at}: "
            "give one that has, such as drift"
        )
    return {name: each.model_dump() | {"at": at} for name, each in plan.changes.items()}


def _pool(
    plan: Recipe, workers: int, cluster: str | None
) -> AbstractContextManager[Executor | None]:
    """Return the pool of processes that makes blocks; none for a single block."""
    if cluster is not None:
        return compute.cluster(cluster)
    blocks = -(-plan.customers // BLOCK)
    if blocks == 1:  # One block takes less time than the start of a process.
        return nullcontext()
    return compute.processes(min(workers, blocks))


def _write(plan: Recipe, folder: Path, out: Path, pool: Executor | None) -> World:
    """Make and write all blocks, the summary of the truth, and ``world.json``."""
    blocks = range(-(-plan.customers // BLOCK))
    rows = dict.fromkeys(TABLES, 0)
    hashes: list[str] = []
    broken: dict[str, int] = {}
    writing = BlockWriter(plan, folder, BLOCK)
    made = compute.over(writing, blocks, pool=pool, title=f"making {plan.name}")
    for number, written in enumerate(made):
        broken |= written.violations
        for part in written.parts:
            rows[part.table] += part.rows
            hashes.append(f"{part.table}/{number:04d} {part.sha256}\n")
    rows = {name: count for name, count in rows.items() if count}
    fingerprint = hashlib.sha256("".join(sorted(hashes)).encode()).hexdigest()
    known = summary(plan, tables_of_truth(folder / "truth"))
    write_whole(folder / "truth" / "truth.json", canonical_json(known))
    clock = Clock.of(plan)
    manifest = {
        "format_version": FORMAT_VERSION,
        "name": plan.name,
        "recipe": plan.model_dump(mode="json"),
        "seed": plan.seed,
        "customers": plan.customers,
        "months": plan.months,
        "start_on": plan.start_on.isoformat(),
        "data_until": clock.end_on.isoformat(),
        "currency": plan.currency,
        "lawful_basis": plan.lawful_basis,
        "zone": "UTC",
        "system": plan.system,
        "tables": rows,
        "fingerprint": fingerprint,
        "lists": {"names": NAMES, "texts": texts.fingerprint()},
        "parts": len(blocks),
    }
    # The order of a recipe's keys must be kept: a segment's code is its position in the recipe.
    text = json.dumps(manifest, ensure_ascii=False, indent=1, allow_nan=False)
    write_whole(folder / MANIFEST, text.encode() + b"\n")
    return World(
        name=plan.name,
        out=out,
        truth=out / "truth",
        tables=rows,
        fingerprint=fingerprint,
        violations=broken,
        planted=rules_broken_by_faults(plan),
    )


def _refuse_other_content(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out} is a file: give a folder that becomes the world")
    if any(out.iterdir()) and not (out / MANIFEST).is_file():
        raise InputError(
            f"{out} contains files but is not a world (no {MANIFEST}): "
            "give another folder, or empty it"
        )


def _put_in_place(partial: Path, out: Path) -> None:
    """Rename the finished world to its place; on a failure an old world is put back."""
    old = partial.with_suffix(".old")
    if out.exists():
        out.rename(old)
    try:
        partial.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise
    sync_folder(out.parent)
    shutil.rmtree(old, ignore_errors=True)
