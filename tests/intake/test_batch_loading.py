"""A file that is loaded in batches gives the dataset that it gives when it is loaded whole."""

import json
import re
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.foundation.errors import InputError
from workbench.intake import LoadReport, load
from workbench.schema import TABLES
from workbench.sources import SourceMapping, find_mapping
from workbench.sources.formats import json_batches
from workbench.sources.mapped_file import MappedFile
from workbench.vault import Vault
from workbench.vault.keys import Key

SETTINGS = {
    "system": "shop",
    "zone": "Europe/Berlin",
    "currency": "EUR",
    "data_until": "2024-02-01",
    "basis": "contract",
}

COLUMNS: dict[str, Any] = {
    "order": {"type": "code", "name": "number", "required": True},
    "line": {"type": "integer", "required": True},
    "customer": "code",
    "at": {"type": "instant", "name": "placed_at", "required": True},
    "amount": {"type": "money", "required": True},
    "country": "text",
    "note": {"type": "text", "optional": True},
}
LINES: dict[str, Any] = {
    **SETTINGS,
    "columns": COLUMNS,
    "assume": {"free of charge": "amount = 0"},
    "pass_over": {"a test": "note = 'test'"},
    "record": {"id": "customer", "observed_at": "placed_at", "together": "number"},
    "identities": {"user_id": "customer"},
    "tables": {
        "customers": {"first_seen_at": "MIN(placed_at)", "country": "country"},
        "orders": {
            "per": ["number"],
            "order_id": "number",
            "kind": "'sale'",
            "ordered_at": "placed_at",
            "total_minor": "SUM(amount)",
        },
        "order_items": {
            "order_id": "number",
            "line_number": "line",
            "quantity": "1",
            "amount_minor": "amount",
        },
    },
}
HEADER = "order,line,customer,at,amount,country,note\n"
Contents = dict[str, list[tuple[Any, ...]]]


def loaded(
    paths: list[Path],
    mapping: SourceMapping,
    workspace: Path,
    *,
    size: int | None,
    answers: dict[str, str] | None = None,
) -> tuple[LoadReport, Contents]:
    """Load files with ids that depend on nothing, in batches of ``size`` characters or whole."""
    vault = Vault.init(workspace)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Vault, "key_for", lambda *_, **__: Key(b"k" * 32))
        if size is not None:
            whole = MappedFile.read_batches
            patch.setattr(MappedFile, "batches", 2)
            patch.setattr(MappedFile, "read_batches", lambda file: whole(file, size))
        report = load(
            paths,
            vault=vault,
            dataset="shop",
            mapping=mapping,
            settings=answers or {},
            max_refused=1.0,
        )
    made = vault.dataset("shop")
    stored: Contents = {
        name: sorted(made.stored_rows(name).collect().rows(), key=repr)
        for name in TABLES
        if name != "sources"
    }
    stored["quarantine"] = sorted(made.quarantine().collect().rows(), key=repr)
    return report, stored


def compared(
    tmp_path: Path, texts: list[str], mapping: SourceMapping, *, size: int, suffix: str = "csv"
) -> tuple[str, ...]:
    """Check that both ways agree, and return the assumptions of the file read in batches."""
    paths = []
    for number, text in enumerate(texts):
        paths.append(tmp_path / f"export-{number}.{suffix}")
        paths[-1].write_text(text, encoding="utf-8")
    try:
        whole, expected = loaded(paths, mapping, tmp_path / "whole", size=None)
    except InputError as error:
        with pytest.raises(InputError, match=re.escape(str(error))):
            loaded(paths, mapping, tmp_path / "batched", size=size)
        return ()
    batched, found = loaded(paths, mapping, tmp_path / "batched", size=size)
    for table, rows in expected.items():
        assert found[table] == rows, table
    for one, other in zip(whole.files, batched.files, strict=True):
        notes = tuple(note for note in other.assumptions if "read whole" not in note)
        assert notes == one.assumptions
        assert (other.read, other.refused, other.reasons) == (one.read, one.refused, one.reasons)
        assert dict(other.passed_over) == dict(one.passed_over)
    assert (batched.unchanged, batched.tables) == (whole.unchanged, whole.tables)
    return batched.files[-1].assumptions


def line(order: int, number: int, customer: str, day: int, amount: str, country: str) -> str:
    return f"{order},{number},{customer},2024-01-{day:02}T10:00:00,{amount},{country},\n"


def orders_of(count: int, *, amount: str = "9.50") -> str:
    """Orders of two lines each by seven customers, in the order of their numbers."""
    return HEADER + "".join(
        line(order, number, f"C{order % 7}", order % 28 + 1, amount, ["NL", ""][order % 2])
        for order in range(count)
        for number in (1, 2)
    )


def test_orders_are_loaded_in_batches(tmp_path: Path):
    mapping = SourceMapping.of(LINES, name="lines")
    notes = compared(tmp_path, [orders_of(40)], mapping, size=300)
    assert not [note for note in notes if "whole" in note]


def test_the_earliest_time_of_a_customer_is_that_of_all_batches(tmp_path: Path):
    tables = {**LINES["tables"], "customers": {"first_seen_at": "placed_at"}}
    mapping = SourceMapping.of({**LINES, "tables": tables}, name="lines")
    rows = [line(order, 1, f"C{order % 5}", 28 - order // 3, "1.00", "") for order in range(80)]
    notes = compared(tmp_path, [HEADER + "".join(rows)], mapping, size=300)
    assert not [note for note in notes if "whole" in note]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (line(3, 1, "C3", 4, "9.50", "NL"), "records that belong together"),
        (line(99, 1, "C3", 4, "9.50", "NLD"), "a statement about a customer is refused"),
        (line(99, 1, "C3", 4, '"1,5"', "NL") * 90, "decimal mark"),
        ("99,1,C3,2023-10-29T02:30:00,1.00,NL,\n", "the order of all records"),
        (line(99, 1, "C3", 4, "9.50", "DE"), "the characteristics of a customer change"),
    ],
)
def test_evidence_of_the_whole_file_makes_it_read_whole(tmp_path: Path, rows: str, reason: str):
    mapping = SourceMapping.of(LINES, name="lines")
    notes = compared(tmp_path, [orders_of(40) + rows], mapping, size=300)
    assert [note for note in notes if "read whole" in note and reason in note]


def test_refused_records_and_counts_are_those_of_the_whole_file(tmp_path: Path):
    text = orders_of(40).replace("C3,", "C3,x", 2)
    text = text.replace("9.50,,\n", "0,,test\n", 3).replace("9.50,NL,\n", "0,NL,\n", 4)
    text += 'a,b\n\n"y,1,C1,2024-01-01,1,NL,\n77,1,C2,2024-01-09T10:00:00,0,NL,\n'
    mapping = SourceMapping.of(LINES, name="lines")
    notes = compared(tmp_path, [text], mapping, size=300)
    assert "5 records: free of charge" in notes
    assert not [note for note in notes if "read whole" in note]


def test_a_later_export_completes_an_earlier_one(tmp_path: Path):
    earlier, later = orders_of(30), orders_of(50)
    mapping = SourceMapping.of(LINES, name="lines")
    notes = compared(tmp_path, [earlier, later], mapping, size=300)
    assert not [note for note in notes if "read whole" in note]


CELLS = st.tuples(
    st.integers(0, 9),
    st.sampled_from(["C1", "C2", "C3", ""]),
    st.integers(1, 28),
    st.sampled_from(["1.50", "20", "0", "1.50", "x", "-3.25", "1.234"]),
    st.sampled_from(["NL", "DE", "", "NLD"]),
    st.sampled_from(["", "", "", "test", '"two\nlines"', 'a "b"']),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    cells=st.lists(CELLS, min_size=1, max_size=24),
    is_sorted=st.booleans(),
    size=st.sampled_from([40, 120, 400]),
)
def test_batches_of_any_size_give_the_dataset_of_the_whole_file(
    tmp_path_factory: pytest.TempPathFactory,
    cells: list[tuple[int, str, int, str, str, str]],
    is_sorted: bool,
    size: int,
):
    rows = sorted(cells, key=lambda row: row[0]) if is_sorted else cells
    text = HEADER + "".join(
        f"{order},{number},{customer},2024-01-{day:02}T10:00:00,{amount},{country},{note}\n"
        for number, (order, customer, day, amount, country, note) in enumerate(rows, start=1)
    )
    mapping = SourceMapping.of(LINES, name="lines")
    compared(tmp_path_factory.mktemp("load"), [text], mapping, size=size)


def as_json_lines(cells: list[tuple[int, str, int, str, str, str]], marks: str) -> str:
    """Write cells as JSON lines; a mark for each says how: dense, with gaps, or over lines."""
    lines = []
    for number, ((order, customer, day, amount, country, note), mark) in enumerate(
        zip(cells, cycle(marks), strict=False), start=1
    ):
        record: dict[str, Any] = {
            "order": f"S{order}",
            "line": number,
            "customer": customer,
            "at": f"2024-01-{day:02}T10:00:00",
            "amount": amount,
            "country": country,
        }
        if note or mark == "n":
            record["note"] = note or "a \u00e4/\\ b"
        if mark == "p":
            record["parts"] = [{"n": n} for n in range(order)]
        separators = (",", ":") if mark == "d" else None
        text = json.dumps(record, indent=1 if mark == "l" else None, separators=separators)
        lines.append({"c": text[:-5], "a": f"[{text}, {text}]", "w": f"{text}\n\n"}.get(mark, text))
    return "\n".join(lines) + "\n"


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    cells=st.lists(CELLS, min_size=1, max_size=24),
    marks=st.text("ddd  nplcaw", min_size=1, max_size=6),
    is_sorted=st.booleans(),
    size=st.sampled_from([200, 600, 2_000]),
)
def test_batches_of_json_lines_give_the_dataset_of_the_whole_file(
    tmp_path_factory: pytest.TempPathFactory,
    cells: list[tuple[int, str, int, str, str, str]],
    marks: str,
    is_sorted: bool,
    size: int,
):
    rows = sorted(cells, key=lambda row: row[0]) if is_sorted else cells
    text = as_json_lines(rows, marks)
    mapping = SourceMapping.of(LINES, name="lines")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_batches, "_AHEAD", 1_500)
        folder = tmp_path_factory.mktemp("load")
        compared(folder, [text], mapping, size=size, suffix="ndjson")


def test_a_large_file_of_json_lines_needs_no_whole_reading(tmp_path: Path):
    cells = [(order, f"C{order % 7}", order % 28 + 1, "9.50", "NL", "") for order in range(400)]
    mapping = SourceMapping.of(LINES, name="lines")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_batches, "_AHEAD", 2_000)
        text = as_json_lines(cells, "dnp")
        notes = compared(tmp_path, [text], mapping, size=4_000, suffix="ndjson")
    assert not [note for note in notes if "read whole" in note]


def test_members_of_records_are_loaded_in_batches(tmp_path: Path):
    content = {
        **SETTINGS,
        "columns": {
            "order": {"type": "code", "required": True},
            "customer": "code",
            "at": {"type": "instant", "name": "placed_at", "required": True},
        },
        "each": {
            "item": {
                "path": "items[]",
                "columns": {
                    "@number": {"type": "integer", "name": "line"},
                    "price": {"type": "money", "required": True},
                },
            }
        },
        "record": {"id": "customer", "observed_at": "placed_at"},
        "identities": {"user_id": "customer"},
        "tables": {
            "customers": {"first_seen_at": "MIN(placed_at)"},
            "orders": {
                "order_id": '"order"',
                "kind": "'sale'",
                "ordered_at": "placed_at",
                "total_minor": "0",
            },
            "order_items": {
                "each": "item",
                "order_id": '"order"',
                "line_number": "line",
                "quantity": "1",
                "amount_minor": "price",
            },
        },
    }
    text = "".join(
        json.dumps(
            {
                "order": f"S{n}",
                "customer": f"C{n % 9}",
                "at": "2024-01-05T10:00:00",
                "items": [{"price": "1,5" if n == 90 else "1.50"}] * (n % 4),
            }
        )
        + "\n"
        for n in range(200)
    )
    mapping = SourceMapping.of(content, name="orders")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_batches, "_AHEAD", 1_000)
        notes = compared(tmp_path, [text], mapping, size=3_000, suffix="ndjson")
    assert not [note for note in notes if "read whole" in note]


def test_a_public_data_set_is_the_same_in_batches(tmp_path: Path, real_data: Path):
    text = (real_data / "telco_churn" / "Telco-Customer-Churn.csv").read_text(encoding="utf-8")
    notes = compared(tmp_path, [text], find_mapping("telco_churn"), size=100_000)
    assert not [note for note in notes if "read whole" in note]


CONSENTS: dict[str, Any] = {
    **SETTINGS,
    "columns": {
        "customer": {"type": "code", "required": True},
        "at": {"type": "instant", "name": "stated_at"},
        "choice": {"type": "category", "required": True},
    },
    "record": {"id": "customer", "observed_at": "stated_at"},
    "identities": {"user_id": "customer"},
    "tables": {
        "consents": {
            "purpose": "'analytics'",
            "channel": "'web'",
            "decision": "choice",
            "basis": "'consent'",
            "decided_at": "stated_at",
        }
    },
}


def _stated(decisions: list[tuple[str, str, str]]) -> str:
    return "customer,at,choice\n" + "".join(f"{','.join(each)}\n" for each in decisions)


@pytest.mark.parametrize("size", [100, 400, 2_000])
def test_a_decision_that_batches_repeat_is_one_decision(size: int, tmp_path: Path):
    stated = []
    for n in range(200):
        choice = "given" if n // 40 % 3 else "refused"
        stated.append((f"C{n % 7}", f"2024-01-{1 + n // 10:02}T{n % 10:02}:00:00", choice))
    mapping = SourceMapping.of(CONSENTS, name="choices")
    notes = compared(tmp_path, [_stated(stated)], mapping, size=size)
    assert not [note for note in notes if "read whole" in note]
    _, found = loaded([tmp_path / "export-0.csv"], mapping, tmp_path / "again", size=size)
    assert len(found["consents"]) < len(stated) / 2


@pytest.mark.parametrize("time", ["2024-01-01T00:30:00", ""])
def test_decisions_out_of_their_order_need_the_whole_file(time: str, tmp_path: Path):
    stated = [("C1", f"2024-01-01T{n // 60:02}:{n % 60:02}:00", "given") for n in range(200)]
    mapping = SourceMapping.of(CONSENTS, name="choices")
    notes = compared(tmp_path, [_stated([*stated, ("C1", time, "refused")])], mapping, size=400)
    assert [note for note in notes if "decisions on consent are not in the order" in note]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    stated=st.lists(
        st.tuples(
            st.sampled_from(["C1", "C2"]),
            st.sampled_from(["", *(f"2024-01-01T00:00:0{n}" for n in range(6))]),
            st.sampled_from(["given", "refused"]),
        ),
        min_size=5,
        max_size=40,
    ),
    in_order=st.booleans(),
)
def test_decisions_in_batches_are_those_of_the_whole_file(
    stated: list[tuple[str, str, str]], in_order: bool, tmp_path_factory: pytest.TempPathFactory
):
    rows = sorted(stated, key=lambda row: row[1]) if in_order else stated
    mapping = SourceMapping.of(CONSENTS, name="choices")
    compared(tmp_path_factory.mktemp("decisions"), [_stated(rows)], mapping, size=120)


def test_a_log_with_a_banner_is_loaded_in_batches(tmp_path: Path):
    def request(n: int) -> str:
        day = 1 + n // 60
        choice = "true" if n % 5 else "false"
        banner = (
            f"{{stamp:'x',statistics:{choice},method:'explicit',ver:1,utc:{1704067200000 + n}}}"
        )
        return (
            f'192.0.2.1 - - [{day:02}/Jan/2024:10:{n % 60:02}:00 +0000] "GET /p/{n % 3} HTTP/1.1" '
            f'200 5 "-" "Mozilla/5.0 (Windows NT 10.0)" "_ga=GA1.2.{n % 5}.17; '
            f'CookieConsent={banner}"\n'
        )

    answers = {"data_until": "2024-02-01", "basis": "legitimate_interest"}
    path = tmp_path / "access.log"
    path.write_text("".join(map(request, range(300))), encoding="utf-8")
    mapping = find_mapping("access_log")
    one, whole = loaded([path], mapping, tmp_path / "whole", size=None, answers=answers)
    other, batched = loaded([path], mapping, tmp_path / "batched", size=9_000, answers=answers)
    assert batched == whole
    assert 0 < len(whole["consents"]) < 10
    assert not [note for file in other.files for note in file.assumptions if "whole" in note]
    assert one.files[0].assumptions == other.files[0].assumptions


SHOP = (
    "Name,Email,Financial Status,Paid at,Currency,Total,Created at,Lineitem quantity,"
    "Lineitem name,Lineitem price,Shipping,Discount Amount,Payment Method,Billing Country\n"
)


def shop_order(number: int, *, currency: str = "EUR") -> str:
    """Three lines of one order, of which the first alone states what the order has."""
    at = f"2024-01-{number % 28 + 1:02} 10:00:00 +0100"
    first = (
        f"#{number},c{number % 9}@a.example,paid,{at},{currency},30.00,{at},1,A,10.00,0.00,0.00,"
        "Cash,NL\n"
    )
    return first + f"#{number},,,,,,{at},1,B,10.00,,,,\n" * 2


@pytest.mark.parametrize("size", [400, 1_500])
def test_orders_of_a_shop_are_loaded_in_batches(tmp_path: Path, size: int):
    stated = {name: value for name, value in SETTINGS.items() if name != "system"}
    mapping = find_mapping("shopify_orders").model_copy(update=stated)
    orders = [shop_order(n) for n in range(30)]
    notes = compared(tmp_path, [SHOP + "".join(orders)], mapping, size=size)
    assert not [note for note in notes if "read whole" in note]


def test_an_order_without_its_currency_is_that_of_the_whole_file(tmp_path: Path):
    stated = {name: value for name, value in SETTINGS.items() if name != "system"}
    mapping = find_mapping("shopify_orders").model_copy(update=stated)
    orders = [shop_order(n, currency="" if n == 17 else "EUR") for n in range(30)]
    for size in range(300, 900, 100):
        (tmp_path / str(size)).mkdir()
        compared(tmp_path / str(size), [SHOP + "".join(orders)], mapping, size=size)
