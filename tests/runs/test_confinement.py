"""Attacks from a notebook's cell: each reaches its aim without confinement, none does with it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.foundation.test_confinement import NOBODY, needs_all
from workbench.foundation.errors import InputError, PrivacyError, RunError
from workbench.runs import engine, kernel, kernel_checks, runner
from workbench.vault import Vault

from .conftest import BEGINNING, ENDING, STUDY, Project
from .test_together import until

pytestmark = needs_all


ATTACKS = """
import ctypes, json, os, signal, socket, subprocess
aims = json.loads({aims!r})
runner, outside, key, page = (aims[name] for name in ("runner", "outside", "key", "page"))
libc = ctypes.CDLL(None, use_errno=True)

def call(*arguments):
    result = libc.syscall(*(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return result

def started(*words):
    if subprocess.run(words, stderr=subprocess.DEVNULL).returncode:
        raise PermissionError(1, "refused")

def datagram():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.sendto(b"x", aims["datagrams"])

attacks = dict(
    read_key=lambda: open(key).read(),
    list_workspace=lambda: os.listdir(aims["workspace"]),
    list_project=lambda: os.listdir(aims["project"]),
    runner_environ=lambda: open(f"/proc/{{runner}}/environ", "rb").read(),
    runner_memory=lambda: open(f"/proc/{{runner}}/mem", "rb").close(),
    runner_files=lambda: os.listdir(f"/proc/{{runner}}/fd"),
    runner_folder=lambda: os.listdir(f"/proc/{{runner}}/cwd/"),
    parent_environ=lambda: open(f"/proc/{{os.getppid()}}/environ", "rb").read(),
    write=lambda: open(outside, "a").write("x"),
    make=lambda: open(outside + ".new", "w").close(),
    link=lambda: os.symlink("/", outside + ".link"),
    chmod=lambda: os.chmod(key, 0o600),
    chown=lambda: os.chown(outside, os.getuid(), os.getgid()),
    utime=lambda: os.utime(outside),
    setxattr=lambda: os.setxattr(outside, "user.mark", b"x"),
    truncate=lambda: os.truncate(outside, 1),
    page=lambda: open(page, "w").write("forged"),
    rename=lambda: os.rename(outside, outside + ".moved") or os.rename(outside + ".moved", outside),
    unlink=lambda: os.unlink(outside),
    shared_memory=lambda: open(aims["memory"]).read(),
    inet=lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close(),
    inet6=lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).close(),
    netlink=lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
    connect=lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).connect(aims["socket"]),
    datagram=datagram,
    signal=lambda: os.kill(runner, 0),
    look=lambda: call({process_vm_readv}, runner, None, 0, None, 0, 0),
    io_uring=lambda: os.close(call(425, 8, ctypes.byref((ctypes.c_char * 200)()))),
    new_namespace=lambda: started("unshare", "--user", "true"),
    system_v=lambda: call({shmget}, 0, 4096, 0o1600),
)
outcomes = {{}}
for name, attack in attacks.items():
    try:
        attack()
        outcomes[name] = "reached"
    except OSError as error:
        outcomes[name] = f"refused {{error.errno}}"
print(json.dumps(outcomes))
"""

#: Eight ways to leave a process behind. Each child marks its folder while it lives.
DAEMONS = """
import json, multiprocessing, os, signal, subprocess, sys, threading, time
SLEEP = "import time; time.sleep(60)"

def plain():
    subprocess.Popen([sys.executable, "-c", SLEEP])

def new_session():
    subprocess.Popen([sys.executable, "-c", SLEEP], start_new_session=True)

def nohup():
    subprocess.Popen(["nohup", sys.executable, "-c", SLEEP],
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

def shell():
    subprocess.run(["sh", "-c", f"setsid {sys.executable} -c '{SLEEP}' &"])

def double_fork():
    if (child := os.fork()) == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(60)
        os._exit(0)
    os.waitpid(child, 0)

def deaf():
    if (child := os.fork()) == 0:
        os.setsid()
        if os.fork() == 0:
            for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
                try:
                    signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError):
                    pass
            time.sleep(60)
        os._exit(0)
    os.waitpid(child, 0)

def worker():
    multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,)).start()

def threaded():
    thread = threading.Thread(target=double_fork)
    thread.start()
    thread.join()

before = set(filter(str.isdecimal, os.listdir("/proc")))
for start in (plain, new_session, nohup, shell, double_fork, deaf, worker, threaded):
    start()
time.sleep(1)
print(json.dumps(len(set(filter(str.isdecimal, os.listdir("/proc"))) - before)))
"""


@pytest.fixture
def aims(project: Project, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Return what a cell attacks: files, sockets and the process of the runner."""
    (tmp_path / "outside").write_text("outside")
    (tmp_path / "reports").mkdir(exist_ok=True)
    (tmp_path / "reports" / "page.html").write_text("page")
    memory = Path("/dev", "shm") / f"workbench-test-{os.getpid()}"
    memory.write_text("memory")
    stream, datagrams = (
        socket.socket(socket.AF_UNIX, kind) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)
    )
    stream.bind(str(tmp_path / "stream"))
    stream.listen()
    datagrams.bind(str(tmp_path / "datagrams"))
    (key,) = (project.vault.workspace / "keys").glob("*.key")
    yield {
        "runner": os.getpid(),
        "outside": str(tmp_path / "outside"),
        "key": str(key),
        "page": str(tmp_path / "reports" / "page.html"),
        "socket": str(tmp_path / "stream"),
        "datagrams": str(tmp_path / "datagrams"),
        "workspace": str(project.vault.workspace),
        "project": str(tmp_path),
        "memory": str(memory),
    }
    stream.close()
    datagrams.close()
    memory.unlink(missing_ok=True)


def unconfine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start kernels as before there was confinement."""
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    monkeypatch.setattr(engine, "kernel_command", lambda session, report: command)


def printed(project: Project, result: Any) -> Any:
    """Return what the notebook's cell printed, from the executed notebook in the vault."""
    assert result.error is None, result.error
    kept = json.loads(project.vault.open_kept("notebooks", result.run.id))
    (text,) = [o["text"] for c in kept["cells"] for o in c.get("outputs", ()) if "text" in o]
    return json.loads("".join(text))


def attack(project: Project, aims: dict[str, Any]) -> dict[str, str]:
    from workbench.foundation.confinement.system_calls import number_of

    numbers = {name: number_of(name) for name in ("process_vm_readv", "shmget")}
    cell = ATTACKS.format(aims=json.dumps(aims), **numbers)
    project.notebook("probe", BEGINNING, cell, ENDING)
    outcomes: dict[str, str] = printed(project, project.run("probe"))
    assert len(outcomes) == 30
    return outcomes


def execution(result: Any) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((result.run.folder / "execution.json").read_bytes())
    return content


def living(project: Project) -> list[psutil.Process]:
    """Return the processes that have the environment of one of the project's kernels."""
    found = []
    for process in psutil.process_iter():
        try:
            view = process.environ().get("WORKBENCH_SEALED_VIEW", "")
        except psutil.Error:
            continue
        if Path(view).is_relative_to(project.vault.scratch):
            found.append(process)
    return found


def test_no_attack_from_a_cell_reaches_its_aim(project: Project, aims: dict[str, Any]) -> None:
    outcomes = attack(project, aims)
    assert {name: told for name, told in outcomes.items() if told == "reached"} == {}
    assert Path(aims["page"]).read_text() == "page"
    assert Path(aims["outside"]).read_text() == "outside"


def test_without_confinement_the_same_attacks_reach_their_aims(
    project: Project, aims: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    unconfine(monkeypatch)
    outcomes = attack(project, aims)
    assert {name: told for name, told in outcomes.items() if told != "reached"} == {}


def test_a_run_says_what_confined_its_notebook(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.notebook("probe", BEGINNING, ENDING)
    told = execution(project.run("probe"))["confinement"]
    assert told["missing"] == []
    assert all(told[part] for part in ("own_processes", "read_only", "landlock", "system_calls"))
    unconfine(monkeypatch)
    told = execution(project.run("probe", again=True))["confinement"]
    assert "it can open network connections" in told["missing"]


def test_eight_ways_to_leave_a_process_behind_leave_none(project: Project) -> None:
    project.notebook("probe", BEGINNING, DAEMONS, ENDING)
    started = printed(project, project.run("probe"))
    left = living(project)
    sys.stdout.write(f"{started} processes were started, {len(left)} outlived the run\n")
    assert started >= 8
    assert left == []


def test_a_notebook_that_dies_leaves_nothing_behind(project: Project) -> None:
    project.notebook("probe", BEGINNING, DAEMONS, "import os; os._exit(3)", ENDING)
    result = project.run("probe")
    assert isinstance(result.error, RunError)
    assert "kernel ended by itself (exit code 3) in cell 5" in str(result.error)
    assert execution(result)["exit_code"] == 3
    assert living(project) == []


def test_a_killed_runner_leaves_no_process_behind(project: Project) -> None:
    (project.root / "pyproject.toml").touch()
    (project.root / "reports" / "studies").mkdir(parents=True)
    study = STUDY.replace("{name}", "probe")
    (project.root / "reports" / "studies" / "probe.toml").write_text(study)
    project.notebook("probe", BEGINNING, DAEMONS, "time.sleep(60)", ENDING)
    words = ["run", "probe", "--workspace", str(project.vault.workspace)]
    runner = subprocess.Popen(
        [sys.executable, "-m", "workbench", *words],
        cwd=project.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: len(living(project)) >= 11, seconds=60)  # eight, the kernel and two that wait
    runner.kill()
    runner.wait()
    until(lambda: living(project) == [], seconds=10)


def test_a_notebook_that_ignores_the_request_to_end_is_ended_at_once(project: Project) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    project.notebook("probe", BEGINNING, deaf, ENDING)
    assert project.run("probe").error is None
    assert living(project) == []


def test_memory_is_that_of_all_processes_of_the_notebook(project: Project) -> None:
    cell = """
import subprocess, sys
take = "import time; kept = bytearray(400_000_000); time.sleep(1.5)"
subprocess.run([sys.executable, "-c", take])
"""
    project.notebook("probe", BEGINNING, cell, ENDING)
    assert execution(project.run("probe"))["peak_memory_mb"] > 400


def test_libraries_work_in_a_confined_notebook(project: Project) -> None:
    cell = """
import multiprocessing, sqlite3, subprocess, sys, tempfile
import psutil
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map(abs, [-1, -2]) == [1, 2]
assert sqlite3.connect("kept.db").execute("select 1").fetchone() == (1,)
with tempfile.NamedTemporaryFile() as file:
    file.write(b"x")
done = subprocess.run([sys.executable, "-c", "import workbench; print(workbench.__name__)"],
                      capture_output=True, text=True)
assert done.stdout == "workbench\\n", done.stderr
assert psutil.Process().memory_info().rss > 0
from zoneinfo import ZoneInfo
ZoneInfo("Europe/Amsterdam")
from joblib import Parallel, delayed
from workbench.statistics.intervals import wilson_interval
made = Parallel(n_jobs=2)(delayed(wilson_interval)(count, 10) for count in (1, 2))
assert len(made) == 2
"""
    project.notebook("probe", BEGINNING, cell, ENDING)
    result = project.run("probe")
    kept = json.loads(project.vault.open_kept("notebooks", result.run.id))
    errors = [o for c in kept["cells"] for o in c.get("outputs", ()) if "traceback" in o]
    assert result.error is None, errors


def test_a_study_that_requires_confinement_is_refused_before_a_kernel_starts(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.notebook("probe", BEGINNING, ENDING)
    project.settings = "require_confinement = true\n"
    assert project.run("probe").error is None
    monkeypatch.setattr(
        kernel_checks, "possible_attempts", lambda: ["open a network connection", "read files"]
    )
    monkeypatch.setattr(runner, "execute", None)  # a kernel would be an error of ours
    with pytest.raises(
        PrivacyError,
        match=r"requires confinement, but .* can open a network connection, read files: run",
    ) as refused:
        project.run("probe", again=True)
    assert refused.value.exit_code == 4


def test_a_workspace_among_python_s_libraries_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.notebook("probe", BEGINNING, ENDING)
    monkeypatch.setattr(kernel_checks, "readable_folders", lambda: [project.vault.workspace.parent])
    with pytest.raises(InputError, match=r"workspace is in .*, which notebooks can read"):
        project.run("probe")


def test_a_path_too_long_for_a_socket_is_refused_before_the_start(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.notebook("probe", BEGINNING, ENDING)
    monkeypatch.setattr(kernel, "_attempt", None)
    longest = 107 - len("/kernel-ipc-5")
    for size, error in ((longest + 1, InputError), (longest, TypeError)):  # None is not callable
        folder = tmp_path / ("x" * (size - len(str(tmp_path)) - 1))
        with pytest.raises(error, match=r"too long: a socket in it|not callable"):
            kernel.execute(
                project.plan("probe").runs[0].notebook,
                parameters={},
                sealed_view={},
                folder=folder,
            )


def test_ending_a_kernel_takes_less_than_a_second(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []
    finish = engine.RunKernelManager.finish_shutdown

    async def timed(self: Any, **options: Any) -> None:
        started = time.monotonic()
        await finish(self, **options)
        taken.append(time.monotonic() - started)

    monkeypatch.setattr(engine.RunKernelManager, "finish_shutdown", timed)
    project.notebook("probe", BEGINNING, ENDING)
    for _ in range(3):
        project.run("probe", again=True)
    assert len(taken) == 3
    assert max(taken) < 1.5  # the hanging kernels of before took 2.5 s and more


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_run_of_an_ordinary_user_is_confined_as_well(vault: Vault) -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folder is closed to others
        root = Path(name)
        project = Project(root, vault)
        (root / "pyproject.toml").touch()
        (root / "reports" / "studies").mkdir(parents=True)
        study = "require_confinement = true\n" + STUDY.replace("{name}", "probe")
        (root / "reports" / "studies" / "probe.toml").write_text(study)
        shutil.copytree(vault.workspace, root / ".workbench")
        cell = f"""
import os, socket
from pathlib import Path
key = next(Path({str(root)!r}, ".workbench", "keys").parent.glob("keys/*"), None)
assert key is None, "the folder of keys can be listed"
key = {str(root / ".workbench" / "keys" / "workspace.key")!r}
attacks = [
    lambda: open(key), lambda: os.chmod(key, 0o600), lambda: os.utime(key),
    lambda: open({str(root / "reports" / "page.html")!r}, "w"), socket.socket,
    lambda: os.kill({os.getpid()}, 0), lambda: os.listdir({str(root)!r}),
]
for number, attack in enumerate(attacks):
    try:
        attack()
    except OSError:
        continue
    raise AssertionError(number)
assert os.getuid() == {NOBODY}
"""
        project.notebook("probe", BEGINNING, cell, ENDING)
        for place in (root, *root.rglob("*")):
            os.chown(place, NOBODY, NOBODY)
        command = [sys.executable, "-m", "workbench", "run", "probe", "--json"]
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("as_user.py")), str(NOBODY), *command],
            cwd=root,
            env={**os.environ, "HOME": "/nonexistent"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        (told,) = root.glob("reports/runs/*/execution.json")
        assert json.loads(told.read_bytes())["confinement"]["missing"] == []
