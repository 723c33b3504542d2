"""Write the exports of a world: read it slice by slice and pass each slice to every writer."""

import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from workbench.exports.export_files import Destination
from workbench.exports.slices import read_slices, read_world
from workbench.exports.vendors import WRITERS
from workbench.foundation.errors import InputError, ParameterError, unknown_name
from workbench.schema.customer_data import SYNTHETIC_MARK

_MARK_TEXT = "Written by workbench generate: none of the persons in these files has lived.\n"

#: Names of all vendors.
VENDORS = tuple(WRITERS)


def write_exports(
    world: Path, *, out: Path, truth: Path, vendors: Sequence[str] = VENDORS
) -> dict[str, int]:
    """Write a world as its vendors would export it.

    The files are written to ``OUT/VENDOR/`` under the names that the vendor uses, beside a hidden
    file ``OUT/.synthetic``, by which a load knows that nobody in them is real. The truth is one
    file per vendor, ``TRUTH/VENDOR.parquet``, with ``file`` (String; ``a.json@users`` is the list
    ``users`` of ``a.json``), ``row`` (UInt64, number of the record in the file, from 1),
    ``native_id`` (String, the id of the record in the file, null if it has none) and ``record_id``
    (UInt64, null if the row has no customer).

    Parameters
    ----------
    world : Path
        Folder that ``generate`` wrote.
    out, truth : Path
        Folders that do not exist yet or are empty; they appear when everything is written.
    vendors : sequence of str
        Names of vendors, see ``VENDORS``.

    Returns
    -------
    dict of str to int
        Number of records of each file, by ``VENDOR/FILE``.

    Raises
    ------
    ParameterError
        A vendor has no writer.
    InputError
        The folder is not a world, or an output folder is not empty or cannot be written.
    """
    for vendor in vendors:
        if vendor not in WRITERS:
            raise ParameterError(unknown_name("vendor", vendor, WRITERS))
    known = read_world(world)
    for folder in (out, truth):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"{folder} is not empty: name an empty or a new folder")
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
        for part in read_slices(world, known):
            for vendor, destination in files.items():
                for batch in WRITERS[vendor].batches(part):
                    destination.write(batch)
        for destination in files.values():
            destination.finish()
        for folder, whole in partial.items():
            if folder.exists():
                folder.rmdir()
            whole.mkdir(parents=True, exist_ok=True)
            if folder == out:
                (whole / SYNTHETIC_MARK).write_text(_MARK_TEXT, encoding="utf-8")
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
