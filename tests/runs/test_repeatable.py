"""Equal inputs give equal bytes, whatever threads, hash seed, zone, locale and confinement."""

import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.worlds import Place
from workbench.runs import engine, kernel

#: What a run pins, set otherwise: the notebooks must not need it.
OTHERWISE = {
    "LC_ALL": "C",
    "MKL_NUM_THREADS": "2",
    "OMP_NUM_THREADS": "2",
    "OPENBLAS_NUM_THREADS": "2",
    "POLARS_MAX_THREADS": "2",
    "PYTHONHASHSEED": "5",
    "SOURCE_DATE_EPOCH": "99",
    "TZ": "Asia/Tokyo",
}


def published(place: Place) -> dict[str, bytes]:
    """Return everything that equal runs must have in common, by its path."""
    return {
        path.relative_to(place.reports).as_posix(): path.read_bytes()
        for folder in ("runs", "site/runs")
        for path in sorted((place.reports / folder).rglob("*"))
        if path.is_file() and path.name != "execution.json"
    }


def test_a_study_gives_the_same_bytes_under_other_conditions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PROJECT)
    place = Place(tmp_path)
    assert place.do("init") == 0
    place.world("retail", "demo", customers=2_000)
    monkeypatch.setenv("POLARS_MAX_THREADS", "1")
    assert place.run("demo") == 0
    first = published(place)
    monkeypatch.setattr(kernel, "PINNED", OTHERWISE)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    monkeypatch.setattr(engine, "kernel_command", lambda session, report: command)
    for name, value in OTHERWISE.items():
        monkeypatch.setenv(name, value)
    assert place.run("demo", "--again") == 0
    second = published(place)
    assert sorted(first) == sorted(second)
    assert [name for name in first if first[name] != second[name]] == []
    assert sum(name.endswith(".svg") for name in first) >= 8
