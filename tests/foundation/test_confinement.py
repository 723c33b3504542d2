"""A process confines itself as root and as an ordinary user; each attempt to get out is refused.

Whether this machine has the parts at all is asked in another way than the package asks: of the
program ``unshare`` and of the files of ``/proc``. Where it has them, these tests fail without them.
"""

import ctypes
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.foundation.confinement import Confinement
from workbench.foundation.confinement.attempts import CLAUSES

TRY = """
import sys
import workbench.foundation.confinement as confinement
from workbench.foundation.confinement import attempts
{change}
if {user}:
    import os
    os.setgroups([])
    os.setgid({user})
    os.setuid({user})
attempts.main()
"""
NOBODY = 65534
USERS = [0, NOBODY] if os.geteuid() == 0 else [0]  # an ordinary user's tests run as that user


def has_namespaces() -> bool:
    if shutil.which("unshare") is None:
        return False
    words = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "true"]
    return subprocess.run(words, capture_output=True).returncode == 0


def has_landlock() -> bool:
    return sys.platform == "linux" and ctypes.CDLL(None).syscall(444, None, 0, 1) >= 1


def has_filters() -> bool:
    status = Path("/proc/self/status")
    return status.is_file() and "\nSeccomp:" in status.read_text()


needs_all = pytest.mark.skipif(
    not (has_namespaces() and has_landlock() and has_filters()),
    reason="this machine lacks user namespaces, Landlock or seccomp",
)


def possible(change: str = "", user: int = 0) -> set[str]:
    """Return the attempts that are possible, after a change to the package."""
    done = subprocess.run(
        [sys.executable, "-c", TRY.format(change=change, user=user)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    assert set(outcomes) == set(CLAUSES)
    return {name for name, outcome in outcomes.items() if outcome == "possible"}


@needs_all
@pytest.mark.parametrize("user", USERS)
def test_every_attempt_is_refused(user: int) -> None:
    assert possible(user=user) == set()


@needs_all
@pytest.mark.parametrize("user", USERS)
def test_without_namespaces_only_permissions_and_times_outside_can_be_changed(user: int) -> None:
    change = "confinement.unshare = lambda: False"
    assert possible(change, user=user) == {"permissions", "times"}


@needs_all
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("confinement.restrict_files = lambda **_: 0", {"read"}),
        (
            "confinement.restrict_system_calls = lambda: False",
            {"network", "networks", "datagram", "connect"},
        ),
        (
            "confinement.unshare = lambda: False\nconfinement.fork_under_subreaper = lambda: False",
            {"permissions", "times", "outlive"},
        ),
        (
            "attempts.confine = lambda *_, **__: None",
            set(CLAUSES),
        ),
    ],
)
def test_what_a_missing_part_would_have_refused_is_possible(
    change: str, expected: set[str]
) -> None:
    assert possible(change) == expected


def test_what_is_missing_is_said_in_clauses() -> None:
    whole = Confinement(
        own_processes=True, ends_descendants=True, read_only=True, own_proc=True,
        own_shared_memory=True, landlock=7, system_calls=True,
    )  # fmt: skip
    assert whole.missing == ()
    assert Confinement.from_json(whole.as_json()) == whole
    nothing = Confinement()
    assert "it can read files of the user who runs it" in nothing.missing
    assert "it can open network connections" in nothing.missing
    assert "what it starts can outlive the run" in nothing.missing
    docker = Confinement(ends_descendants=True, landlock=5, system_calls=True)
    assert docker.missing == (
        "it can change permissions and times of the user's files",
        "it can send signals to the user's other processes",
    )
    old = Confinement(ends_descendants=True, landlock=2, system_calls=True)
    assert "it can shorten files of the user who runs it" in old.missing


@needs_all
@pytest.mark.parametrize(("change", "code"), [("", 0), ("confinement.unshare = lambda: False", 4)])
def test_where_confinement_is_required_no_kernel_starts_without_it(
    tmp_path: Path, change: str, code: int
) -> None:
    script = f"""
import os, runpy, sys
import workbench.foundation.confinement as confinement
from workbench.foundation.confinement import __main__ as command
{change}
runpy.run_module = lambda *_, **__: print("a kernel started", flush=True)
report = os.open({str(tmp_path / "report")!r}, os.O_WRONLY | os.O_CREAT)
(folder := {str(tmp_path / "own")!r}) and os.mkdir(folder)
command.main(["--required", folder, str(report), "--", "-f", "x"])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert ("a kernel started" in done.stdout) == (code == 0)
    assert bool(json.loads((tmp_path / "report").read_bytes())["missing"]) == bool(code)
