"""A notebook that wants more than the view of its study, from cells of a confined kernel."""

import json
import os
import socket
from pathlib import Path

import pytest

from tests.lab.conftest import executed
from workbench.lab import broker
from workbench.lab.broker import Broker
from workbench.session import Session

OWN_STUDY = """
import os
text = open({study!r}).read()
own = os.path.join(os.environ['HOME'], 'demo.toml')
open(own, 'w').write(text)
import workbench as wb
wb.view(own)
"""
SIGNAL = """
import os
reached = []
for number in {numbers!r}:
    try:
        os.kill(number, 0)
        reached.append(number)
    except OSError:
        pass
reached, len([name for name in os.listdir('/proc') if name.isdigit()])
"""
CONNECT = """
import socket
tried = []
for address in {addresses!r}:
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        stream.connect(address)
        tried.append('connected to ' + address)
    except OSError as error:
        tried.append(type(error).__name__)
for family, kind in ((socket.AF_INET, socket.SOCK_STREAM), (socket.AF_UNIX, socket.SOCK_DGRAM)):
    try:
        socket.socket(family, kind)
        tried.append('a socket')
    except OSError as error:
        tried.append('OSError')
tried
"""
TRACE = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
[libc.ptrace(16, number, 0, 0) for number in {numbers!r}]
"""
WRITE = """
import os
from pathlib import Path
tried = []
for path in {paths!r}:
    path = Path(path)
    for action in (
        lambda: path.write_text('changed'),
        lambda: path.chmod(0o777),
        lambda: path.rename(path.with_name('moved')),
        lambda: path.unlink(),
        lambda: os.symlink('/etc', path.with_name('link')),
        lambda: os.link(path, os.environ['HOME'] + '/hard'),
        lambda: (path.parent / 'new.py').write_text('changed'),
    ):
        try:
            action()
            tried.append(str(path))
        except OSError:
            pass
tried
"""
LINKED = """
import os
own = os.environ['HOME']
os.symlink({key!r}, own + '/key')
open(own + '/key').read()
"""


def test_a_study_file_of_ones_own_grants_nothing(project: Path) -> None:
    study = project / "reports" / "studies" / "demo.toml"
    (said,) = executed(OWN_STUDY.format(study=str(study)), beside=project / "notebooks")
    assert "ParameterError" in said
    assert "the studies in reports/studies by their names" in said


def test_nothing_outside_is_seen_reached_or_changed(project: Path) -> None:
    key = project / ".workbench" / "keys" / "workspace.key"
    files = [
        project / "notebooks" / "churn.ipynb",
        project / "reports" / "studies" / "demo.toml",
        key,
        Path(broker.__file__),
    ]
    before = {path: (path.read_bytes(), path.stat().st_mode) for path in files}
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind("\0workbench-test")
    listener.listen()
    with listener:
        environment, processes, sockets, traced, written, linked = executed(
            f"open('/proc/{os.getpid()}/environ').read()",
            SIGNAL.format(numbers=[os.getpid(), os.getppid()]),
            CONNECT.format(addresses=["\0workbench-test", "/run/docker.sock"]),
            TRACE.format(numbers=[1, os.getpid()]),
            WRITE.format(paths=[str(path) for path in files]),
            LINKED.format(key=str(key)),
            beside=project / "notebooks",
        )
    assert "Error" in environment
    assert processes == "([], 2)"  # the first process of its own, and itself
    assert "connected" not in sockets
    assert "a socket" not in sockets
    assert traced == "[-1, -1]"
    assert written == "[]"
    assert "PermissionError" in linked
    assert {path: (path.read_bytes(), path.stat().st_mode) for path in files} == before


def test_a_kernel_gets_views_of_one_study_only(project: Path, tmp_path: Path) -> None:
    studies = project / "reports" / "studies"
    text = (studies / "demo.toml").read_text()
    (studies / "second.toml").write_text(text)
    asked = Broker(Session.open(), tmp_path)
    assert "error" not in asked.answer({"study": "demo", "as_of": None})
    refused = asked.answer({"study": "second", "as_of": None})
    assert refused["error"] == "AccessError"
    assert "restart the kernel" in refused["words"]
    assert "error" not in asked.answer({"study": "demo", "as_of": None})


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"[" * 4_000,
        b"[]",
        b"{}",
        b'{"study": {"a": 1}}',
        b'{"study": "demo", "as_of": 5}',
        b'{"study": "../studies/demo"}',
        b'{"study": "demo.toml"}',
        b"\xff\xfe",
    ],
)
def test_a_malformed_question_is_refused_and_the_next_one_answered(
    line: bytes, project: Path, tmp_path: Path
) -> None:
    stream = Broker(Session.open(), tmp_path).serve()
    with stream, stream.makefile("rwb") as lines:
        for question in (line, b'{"study": "nobody"}'):
            lines.write(question + b"\n")
            lines.flush()
            answer = json.loads(lines.readline())
            assert answer["error"] in ("InputError", "ParameterError")
            assert "fault of ours" not in answer["words"]


def test_a_question_without_end_fills_no_memory(project: Path, tmp_path: Path) -> None:
    stream = Broker(Session.open(), tmp_path).serve()
    with stream:
        stream.settimeout(30)
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            stream.sendall(b"a" * 64_000_000)


def test_the_server_keeps_few_views(project: Path, tmp_path: Path) -> None:
    asked = Broker(Session.open(), tmp_path)
    for day in range(1, broker._MOST_VIEWS + 3):
        assert "error" not in asked.answer({"study": "demo", "as_of": f"2025-03-{day:02d}"})
    assert len(broker._views) <= broker._MOST_VIEWS


def test_a_notebook_cannot_change_the_file_that_the_server_reads_at_a_restart(
    project: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("as it was")
    change = f"""
import os, sys
from ipykernel.connect import get_connection_file
tried = []
file = get_connection_file()
for action in (
    lambda: open(file, 'w').write('{{"transport": "tcp", "ip": "127.0.0.1"}}'),
    lambda: os.remove(file),
    lambda: os.rename(file, file + '.old'),
    lambda: os.symlink({str(victim)!r}, os.path.join(os.path.dirname(file), 'other.json')),
):
    try:
        action()
        tried.append('changed')
    except OSError:
        pass
os.symlink({str(victim)!r}, os.path.join(os.environ['HOME'], 'kernel.json'))
tried
"""
    tried, after = executed(change, "'again'", beside=project / "notebooks", restart_after=0)
    assert (tried, after) == ("[]", "'again'")
    assert victim.read_text() == "as it was"
