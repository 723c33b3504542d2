"""Write the exports of a world: read it slice by slice, hand each to every vendor's writer."""

import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from workbench.exports.slices import open_world, slices
from workbench.exports.vendors import WRITERS
from workbench.exports.writing import Destination
from workbench.foundation.errors import InputError, ParameterError, unknown_name

#: Every vendor there is a writer for.
VENDORS = tuple(WRITERS)


def write_exports(
    world: Path, *, out: Path, truth: Path, vendors: Sequence[str] = VENDORS
) -> dict[str, int]:
    """Write a world as its vendors would export it.

    The files lie in ``OUT/VENDOR/`` under the vendor's names. Whose rows they are is kept apart,
    one file per vendor, ``TRUTH/VENDOR.parquet``: ``file`` (String; ``a.json@users`` is the list
    ``users`` of ``a.json``), ``row`` (UInt64, record number in it, from 1), ``native_id`` (String,
    the row's own id there, null where it has none) and ``record_id`` (UInt64, null where the row
    is about nobody).

    Parameters
    ----------
    world : Path
        Folder that ``generate`` wrote.
    out, truth : Path
        Folders that are not there yet, or empty; put in place when all is written.
    vendors : sequence of str
        Which to write, see ``VENDORS``.

    Returns
    -------
    dict of str to int
        Records of each file, by ``VENDOR/FILE``.

    Raises
    ------
    ParameterError
        There is no writer for a vendor.
    InputError
        The world is none, a folder holds something, or cannot be written.
    """
    for vendor in vendors:
        if vendor not in WRITERS:
            raise ParameterError(unknown_name("vendor", vendor, WRITERS))
    known = open_world(world)
    for folder in (out, truth):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"{folder} holds something already: give an empty or a new folder")
    mark = secrets.token_hex(4)
    partial = {each: each.absolute().with_name(f".{each.name}.{mark}") for each in (out, truth)}
    try:
        files = {
            vendor: Destination(
                partial[out] / vendor,
                partial[truth] / f"{vendor}.parquet",
                WRITERS[vendor].forms(known),
            )
            for vendor in dict.fromkeys(vendors)
        }
        for part in slices(world, known):
            for vendor, destination in files.items():
                for batch in WRITERS[vendor].batches(part):
                    destination.write(batch)
        for destination in files.values():
            destination.finish()
        for folder, whole in partial.items():
            if folder.exists():
                folder.rmdir()
            whole.mkdir(parents=True, exist_ok=True)
            whole.rename(folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"cannot write exports at {out}: {reason}") from error
    finally:
        for whole in partial.values():
            shutil.rmtree(whole, ignore_errors=True)
    return {
        f"{vendor}/{name}": count
        for vendor, destination in files.items()
        for name, count in destination.rows.items()
    }
