"""A small world with awkward cells, and its exports."""

import codecs
import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import PROJECT, shared
from workbench.exports import write_exports
from workbench.schema.customer_data import write_parquet
from workbench.synthetic import generate

HOSTILE = "O\"Neil; '--, <b>&amp;</b>\r\n=1+1 \\u0000 \u2028 ü"
_PEOPLE = 300
Rows = list[dict[str, str]]


@pytest.fixture(scope="session")
def formats() -> Path:
    """Return the folder of the vendors' samples."""
    return shared("WORKBENCH_FORMATS", "formats")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return 300 customers with social comments, notes, yen, hostile cells, events by time."""
    folder = tmp_path_factory.mktemp("exports") / "world"
    generate(PROJECT / "synthetic" / "retail.toml", out=folder, customers=_PEOPLE)
    some = pl.read_parquet(folder / "customers" / "part-0000.parquet")["record_id"].head(40)
    asked = pl.read_parquet(folder / "interactions" / "part-0000.parquet").filter(
        pl.col("channel") == "ticket"
    )["record_id"]
    writers = some.filter(some.is_in(asked.implode())).head(3)
    debits = pl.read_parquet(folder / "payments" / "part-0000.parquet").filter(
        (pl.col("method") == "direct_debit") & ~pl.col("record_id").is_in(writers.implode())
    )["record_id"]
    hostile, yen = writers.implode(), debits.unique(maintain_order=True).head(3).implode()
    is_hostile, is_yen = pl.col("record_id").is_in(hostile), pl.col("record_id").is_in(yen)
    strange = pl.lit(HOSTILE)
    _change(
        folder,
        "identities",
        identifier=pl.when(
            is_hostile & ~pl.col("kind").cast(pl.String).is_in(["user_id", "birth_date", "email"])
        )
        .then(strange)
        .otherwise("identifier"),
    )
    for table, column in (
        ("events", "page"),
        ("events", "search_text"),
        ("events", "campaign_id"),
        ("order_items", "product_name"),
        ("answers", "answer"),
    ):
        _change(folder, table, **{column: pl.when(is_hostile).then(strange).otherwise(column)})
    said = pl.col("channel").cast(pl.String).is_in(["ticket", "chat"]) & is_hostile
    _change(
        folder,
        "interactions",
        body=pl.when(said).then(strange).otherwise("body"),
        topic=pl.when(said).then(strange).otherwise("topic"),
    )
    is_note = (pl.col("channel") == "ticket") & (pl.col("direction") == "outbound")
    is_note &= (pl.col("action") == "message") & (pl.col("thread_id") % 5 == 0)
    _change(
        folder,
        "interactions",
        action=pl.when(is_note).then(pl.lit("note")).otherwise(pl.col("action").cast(pl.String)),
    )
    for table in ("orders", "payments"):
        _change(folder, table, currency=pl.when(is_yen).then(pl.lit("JPY")).otherwise("currency"))
    _comment(folder, some)
    events = folder / "events" / "part-0000.parquet"
    write_parquet(pl.read_parquet(events).sort("occurred_at", maintain_order=True), events)
    return folder


@pytest.fixture(scope="session")
def tables(world: Path) -> Callable[[str], pl.DataFrame]:
    """Return what reads a table of the world."""
    return lambda name: pl.read_parquet(world / name / "part-*.parquet")


@pytest.fixture(scope="session")
def written(world: Path) -> tuple[Path, dict[str, int]]:
    """Return the folder that holds ``files`` and ``truth``, and the records of each file."""
    folder = world.parent
    counts = write_exports(world, out=folder / "files", truth=folder / "truth")
    return folder, counts


@pytest.fixture(scope="session")
def exports(written: tuple[Path, dict[str, int]]) -> Path:
    """Return the folder of the vendors' files."""
    return written[0] / "files"


@pytest.fixture(scope="session")
def truth(written: tuple[Path, dict[str, int]]) -> Callable[[str], pl.DataFrame]:
    """Return what reads a vendor's truth."""
    return lambda vendor: pl.read_parquet(written[0] / "truth" / f"{vendor}.parquet")


@pytest.fixture(scope="session")
def cells() -> Callable[[Path], Rows]:
    """Return what reads a CSV file, each row by its header."""
    return lambda path: list(csv.DictReader(io.StringIO(csv_text(path), newline=""), strict=True))


def csv_text(path: Path) -> str:
    """Return the text of a file without its byte order mark; ``a.zip/b.csv`` is in an archive."""
    if path.parent.suffix == ".zip":
        with zipfile.ZipFile(path.parent) as archive:
            data = archive.read(path.name)
    else:
        data = path.read_bytes()
    return data.decode("utf-16" if data.startswith(codecs.BOM_UTF16_LE) else "utf-8-sig")


@pytest.fixture(scope="session")
def lines() -> Callable[[Path], list[dict]]:
    """Return what reads a file of JSON lines; only a line feed ends a line."""
    return lambda path: [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def _change(folder: Path, table: str, **columns: pl.Expr) -> None:
    path = folder / table / "part-0000.parquet"
    rows = pl.read_parquet(path)
    changed = rows.with_columns(**columns).select(pl.col(k).cast(t) for k, t in rows.schema.items())
    write_parquet(changed, path)


def _comment(folder: Path, people: pl.Series) -> None:
    """Give each of the people a social comment, every other one with an answer."""
    path = folder / "interactions" / "part-0000.parquet"
    rows = pl.read_parquet(path)
    key = pl.int_range(1, len(people) + 1, dtype=pl.UInt64)
    comment = pl.DataFrame({"record_id": people}).with_columns(
        interaction_id=key * 1000,
        thread_id=key * 7,
        channel=pl.lit("social"),
        direction=pl.lit("inbound"),
        action=pl.lit("message"),
        occurred_at=pl.datetime(2024, 7, 5, 7, 1, 26, time_zone="UTC"),
        body=pl.lit("Is this vegan? 🌱"),
        is_machine=pl.lit(False),
    )
    answer = comment.gather_every(2).with_columns(
        interaction_id=pl.col("interaction_id") + 1,
        direction=pl.lit("outbound"),
        body=pl.lit("Yes!"),
    )
    more = pl.concat([comment, answer])
    absent = {name: pl.lit(None) for name in rows.columns if name not in more.columns}
    more = more.with_columns(**absent).select(pl.col(k).cast(t) for k, t in rows.schema.items())
    write_parquet(pl.concat([rows, more]), path)  # out of the customers' order
