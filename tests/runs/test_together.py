"""Several processes and one run; a process that is killed; a disk that is full."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from .conftest import BEGINNING, ENDING, STUDY, Project

WAITING = "import time; time.sleep(2)"


@pytest.fixture
def home(project: Project) -> Project:
    """Return a project whose notebook takes some seconds, to be run by commands."""
    (project.root / "pyproject.toml").touch()
    (project.root / "reports" / "studies").mkdir(parents=True)
    study = STUDY.replace("{name}", "probe")
    (project.root / "reports" / "studies" / "probe.toml").write_text(study)
    project.notebook("probe", BEGINNING, WAITING, ENDING)
    return project


def start(home: Project, *words: str, **options: Any) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "workbench", "run", "probe", "--workspace",
         str(home.vault.workspace), "--json", *words],
        cwd=home.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )  # fmt: skip


def left(home: Project) -> list[Path]:
    return list(home.vault.scratch.glob("*"))


def until(met: Any, seconds: float = 30) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_three_at_once_execute_once_and_all_say_so(home: Project) -> None:  # case P07
    started = [start(home) for _ in range(3)]
    told = [each.communicate(timeout=120) for each in started]
    assert [each.returncode for each in started] == [0, 0, 0]
    runs = [json.loads(out)["runs"][0] for out, _ in told]
    assert {run["run"] for run in runs} == {runs[0]["run"]}
    assert sorted(run["reused"] for run in runs) == [False, True, True]
    for run, (_, err) in zip(runs, told, strict=True):
        assert ("Nothing to do" in err) == run["reused"]
    assert [path.name for path in home.folder.path.iterdir()] == [runs[0]["run"]]
    assert left(home) == []


def test_after_a_killed_runner_the_next_one_works_and_cleans_up(home: Project) -> None:
    killed = start(home)
    until(lambda: list(home.vault.scratch.glob("*/work")))
    killed.kill()
    killed.communicate()
    assert any(path.is_dir() for path in left(home))  # its sealed view, and nobody has the key
    assert not home.folder.path.exists() or list(home.folder.path.glob("[!.]*")) == []
    out, err = start(home).communicate(timeout=120)
    assert json.loads(out)["runs"][0]["status"] == "finished", err
    assert left(home) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_is_asked_to_stop_puts_everything_away(home: Project, number: signal.Signals) -> None:
    stopped = start(home)
    until(lambda: list(home.vault.scratch.glob("*/work")))
    time.sleep(1)
    stopped.send_signal(number)
    out, err = stopped.communicate(timeout=30)
    assert (stopped.returncode, json.loads(out)["error"]["kind"]) == (130, "Interrupted")
    assert "interrupted; what was written before is kept" in err
    assert "Traceback" not in err
    assert left(home) == []


def test_a_full_disk_is_one_sentence_and_leaves_nothing_half(home: Project) -> None:
    def little() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))

    full = start(home, preexec_fn=little)
    out, err = full.communicate(timeout=120)
    assert (full.returncode, json.loads(out)["error"]["kind"]) == (3, "InputError"), err
    assert "Traceback" not in err
    assert "File too large" in err
    assert not home.folder.path.exists() or list(home.folder.path.iterdir()) == []
    assert left(home) == []


def test_nothing_is_asked_and_a_home_is_not_needed(home: Project) -> None:
    environment = {**os.environ, "HOME": "/nonexistent", "JUPYTER_PATH": "/nonexistent"}
    out, err = start(home, env=environment).communicate(timeout=120)
    assert json.loads(out)["runs"][0]["status"] == "finished", err
