"""Loads that are cut short, meet a full disk, or meet each other."""

import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from workbench.foundation.errors import InputError, IntegrityError
from workbench.intake import load
from workbench.vault import Vault
from workbench.vault.keys import read_key
from workbench.vault.workspace_vault import key_path

_LOAD = """
import sys
from pathlib import Path
from workbench.intake import load
from workbench.vault import Vault

vault = Vault.open(Path(sys.argv[1]))
print("ready", flush=True)
load([Path(sys.argv[2])], vault=vault, dataset="tiny", settings={})
"""


def _start(vault: Vault, world: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", _LOAD, str(vault.workspace), str(world)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()  # imports are done, the load begins
    return process


def _end(process: subprocess.Popen[bytes]) -> int:
    process.communicate()
    return process.returncode


@contextmanager
def _file_size_limit(size: int):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_killed_load_leaves_the_old_version_or_the_new_one_whole(make_world, vault):
    load([make_world("old", parts=1)], vault=vault, dataset="tiny", settings={})
    world = make_world("new", parts=12)
    files = vault.workspace / "datasets" / "tiny" / "files"
    done = 1
    outcomes = set()
    for written in (2, 60, 150):  # kill it when so many files lie there
        process = _start(vault, world)
        while process.poll() is None and len(list(files.iterdir())) < written:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        outcomes.add(_end(process))
        now = vault.dataset("tiny")
        rows = dict(now.data().rows().iter_rows())
        assert now.damaged_files() == []
        assert (now.version, rows["customers"]) in ((1, 4), (2, 48))
        assert {rows[table] for table in ("customers", "events", "orders", "order_items")} == {
            rows["customers"]
        }
        done = now.version
        if done == 2:
            break
    assert -signal.SIGKILL in outcomes
    report = load([world], vault=vault, dataset="tiny", settings={})
    assert (report.version, report.tables["customers"]) == (2, 48)
    named = {entry.file for n in (1, 2) for entry in vault.dataset("tiny", n).files}
    with vault.open_writer("tiny", buckets=8):
        pass  # sweeps
    assert {path.stem for path in files.iterdir()} == named


def test_two_loads_at_once_take_turns(make_world, vault):
    def other_events(rows):
        for row in rows:
            row["event_id"] += 500

    one = make_world("one", parts=2)
    two = make_world("two", parts=3, change={"events": other_events})
    with vault.open_writer("tiny", buckets=8):
        processes = [_start(vault, one), _start(vault, two)]
        time.sleep(0.3)
        assert [process.poll() for process in processes] == [None, None]
        assert vault.datasets() == []
    assert [_end(process) for process in processes] == [0, 0]
    assert vault.dataset("tiny").version == 2
    assert dict(vault.dataset("tiny").data().rows().iter_rows())["customers"] == 12


@pytest.mark.parametrize("size", [200, 8_000])
def test_a_full_disk_is_told_and_leaves_the_old_version(make_world, vault, size: int):
    """The limit on a file's size stands for the disk's end: first at a table, then the manifest."""
    load([make_world("old", parts=1)], vault=vault, dataset="tiny", settings={})
    files = vault.workspace / "datasets" / "tiny" / "files"
    before = sorted(files.iterdir())
    world = make_world("new", parts=2)
    with (
        pytest.raises(InputError, match=r"cannot write .*: File too large; make room"),
        _file_size_limit(size),
    ):
        load([world], vault=vault, dataset="tiny", settings={})
    assert vault.dataset("tiny").version == 1
    assert sorted(files.iterdir()) == before
    assert vault.dataset("tiny").damaged_files() == []
    assert load([world], vault=vault, dataset="tiny", settings={}).version == 2


def test_nothing_in_the_workspace_can_be_read_in_plain(load_contacts, vault):
    load_contacts(
        "4711,ann.onymous@example.org,Zoë Quibbleworth,NL,1980,2023-01-01\n"
        "4712,no address,Bartholomew Quux,NL,1980,2023-01-01\n"
    )
    vault.keep("runs", "notebook", "Zoë Quibbleworth".encode())
    words = [
        "ann.onymous@example.org", "example.org", "Quibbleworth", "Zoë", "Bartholomew", "4711",
        "no address", "identifier", "first_seen_at", "customer_id", "quarantine", "identities",
        "lawful_basis", "contacts", "contract", vault.key_for("shop").text,
        read_key(key_path(vault.workspace)).text,
    ]  # fmt: skip
    written = {
        form
        for word in words
        for form in (
            word.encode(),
            word.encode("utf-16-le"),
            word.encode("utf-16-be"),
            word.encode().hex().encode(),
            word.upper().encode(),
        )
        if len(word) > 4
    }
    files = [path for path in vault.workspace.rglob("*") if path.is_file()]
    assert len(files) > 6
    for path in files:
        assert not any(word in str(path.relative_to(vault.workspace)) for word in words[:8])
        if path.name != "workspace.key":
            content = path.read_bytes()
            assert not [form for form in written if form in content], path
            assert os.stat(path).st_mode & 0o077 == 0 or not content, path


def test_damage_that_only_the_counts_of_a_load_find_refuses_it_before_its_version(
    load_orders, load_contacts, vault
):
    load_orders("O1,1,C1,2024-01-05T10:00:00Z,A,10.00,NL\n")
    dataset = vault.dataset("shop")
    (orders,) = (dataset.path_of(entry) for entry in dataset.files if entry.table == "orders")
    content = orders.read_bytes()
    # One bit of a page differs; the file still has the form of an encrypted one.
    orders.write_bytes(content[:20] + bytes([content[20] ^ 1]) + content[21:])
    contact = "4711,ann@example.org,Ann,NL,1980,2023-01-01\n"
    with pytest.raises(IntegrityError, match="dataset shop"):
        load_contacts(contact, system="newsletter")
    assert vault.dataset("shop").version == 1
    orders.write_bytes(content)
    report = load_contacts(contact, system="newsletter")
    assert (report.version, report.made_version) == (2, True)
