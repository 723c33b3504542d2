"""The folder of runs: whole folders only, whatever ends the writer in between."""

import os
from datetime import date
from pathlib import Path

import pytest

from tests.reports.conftest import execution, record
from workbench.foundation.errors import InputError, IntegrityError, ParameterError
from workbench.foundation.files import canonical_json
from workbench.runs import Run, RunsFolder, folders_of_runs, read_run, sort_runs
from workbench.runs.record import SCHEMA_VERSION, read_record


def runs_in(folder: Path) -> list[Run]:
    """Return all runs of a folder, in order."""
    return sort_runs(read_run(each, None) for each in folders_of_runs(folder))


def files(as_of: str = "2025-01-01", started_at: str = "2025-02-01T00:00:00Z") -> dict[str, bytes]:
    """Return the files of a small run's folder."""
    return {
        "record.json": canonical_json(record(run="abc", as_of=as_of)),
        "tables/one.json": b"{}",
        "execution.json": canonical_json(execution(started_at)),
    }


def test_a_full_disk_leaves_the_earlier_run_and_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RunsFolder(tmp_path / "runs")
    folder.put("abc", files(), is_failed=False)
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"cannot write the run to .*: No space left.*--reports"):
        folder.put("abc", files(as_of="2025-06-01"), is_failed=False)
    with pytest.raises(InputError, match="No space left"):
        folder.put("xyz", files(), is_failed=True)
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == before
    assert [run.record.as_of for run in runs_in(folder.path)] == [date(2025, 1, 1)]


def test_what_a_crash_left_is_neither_listed_nor_kept(tmp_path: Path) -> None:
    folder = RunsFolder(tmp_path)
    folder.put("abc", files(), is_failed=False)
    (tmp_path / ".abc.1f.partial" / "tables").mkdir(parents=True)
    (tmp_path / ".abc.1f.partial" / "record.json").write_bytes(b"{}")
    assert [run.id for run in runs_in(tmp_path)] == ["abc"]
    folder.repair("abc")
    assert [path.name for path in tmp_path.iterdir()] == ["abc"]


def test_a_crash_between_two_renames_is_undone(tmp_path: Path) -> None:
    folder = RunsFolder(tmp_path)
    folder.put("abc", files(), is_failed=False)
    (tmp_path / "abc").rename(tmp_path / ".abc.1f.old")
    assert folder.finished_run("abc") is None
    folder.repair("abc")
    assert folder.finished_run("abc") is not None
    assert [path.name for path in tmp_path.iterdir()] == ["abc"]


def test_the_latest_date_and_execution_come_first(tmp_path: Path) -> None:
    folder = RunsFolder(tmp_path)
    folder.put("a", files("2025-01-01", "2025-02-02T00:00:00Z"), is_failed=False)
    folder.put("b", files("2025-01-01", "2025-02-03T00:00:00Z"), is_failed=False)
    folder.put("c", files("2025-06-01", "2025-02-01T00:00:00Z"), is_failed=False)
    assert [run.folder.name for run in runs_in(tmp_path)] == ["c", "b", "a"]


@pytest.mark.parametrize(
    "content", [b"{", b"[]", canonical_json({"schema": SCHEMA_VERSION, "run": "abc"})]
)
def test_a_damaged_record_is_named_with_its_run(tmp_path: Path, content: bytes) -> None:
    folder = RunsFolder(tmp_path)
    folder.put("abc", files(), is_failed=False)
    (tmp_path / "abc" / "record.json").write_bytes(content)
    with pytest.raises(IntegrityError, match="run abc: its record is damaged"):
        runs_in(tmp_path)


def test_a_run_of_another_version_counts_as_not_finished(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = RunsFolder(tmp_path)
    folder.put("abc", files(), is_failed=False)
    content = record(run="abc") | {"schema": 1}
    (tmp_path / "abc" / "record.json").write_bytes(canonical_json(content))
    with pytest.raises(ParameterError, match=r"has schema 1, .*: run the study"):
        runs_in(tmp_path)
    assert folder.finished_run("abc") is None
    assert "counts as not finished" in capsys.readouterr().err


def test_equal_records_have_equal_bytes_when_they_are_read_and_written_again(
    tmp_path: Path,
) -> None:
    content = canonical_json(record())
    assert read_record(content, name="abc123").to_bytes() == content
