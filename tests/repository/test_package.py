"""The package as a whole: its public list, its layers, its silence."""

import subprocess
import sys
from pathlib import Path

import pytest

import workbench
from tests.conftest import PROJECT

PUBLIC = [
    "TABLES",
    "CustomerData",
    "Estimate",
    "Figure",
    "Outcome",
    "Table",
    "Verdict",
    "chart",
    "difference",
    "judge",
    "ratio",
    "record",
    "show",
    "view",
]


def test_the_public_list_is_exact_and_every_name_loads() -> None:
    assert workbench.__all__ == PUBLIC
    for name in PUBLIC:
        assert getattr(workbench, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'veiw'"):
        _ = workbench.veiw  # type: ignore[attr-defined]  # misspelt on purpose


def test_importing_touches_no_file_network_or_clock(tmp_path: Path) -> None:
    code = """
import sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen"):
        raise SystemExit(f"import did {event}")
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        raise SystemExit(f"import opened a file for writing: {arguments[0]}")
sys.addaudithook(watch)
import workbench
import workbench.schema, workbench.vault, workbench.intake, workbench.privacy, workbench.runs
import workbench.reports, workbench.cli, workbench.models, workbench.fairness, workbench.synthetic
import workbench.exports
"""
    done = subprocess.run(
        [sys.executable, "-B", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_importing_the_package_alone_loads_nothing_heavy() -> None:
    code = (
        "import sys, workbench; print(*sorted({'polars', 'sklearn', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_nothing_asks_the_clock_but_the_session() -> None:
    asks = ("datetime.now", "date.today", "time.time(", "utcnow", "np.random.seed", "random.seed(")
    found = [
        f"{path.relative_to(PROJECT)}: {word}"
        for path in (PROJECT / "workbench").rglob("*.py")
        if path.parent.name != "session"
        for word in asks
        if word in path.read_text(encoding="utf-8")
    ]
    assert found == []


def test_truth_is_opened_only_by_who_asks_for_it_by_name() -> None:
    """No loader, view, model, notebook or page reaches what was planted in a world."""
    allowed = {"cli/truth_command.py", "cli/generate.py"}
    package = PROJECT / "workbench"
    makers = ("synthetic", "exports")
    paths = [p for p in package.rglob("*.py") if p.relative_to(package).parts[0] not in makers]
    for path in [*paths, *(PROJECT / "notebooks").glob("*.ipynb")]:
        text = path.read_text(encoding="utf-8")
        if any(f"workbench.{room}" in text for room in makers) or "truth/" in text:
            assert str(path.relative_to(package)) in allowed, path
