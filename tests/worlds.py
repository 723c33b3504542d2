"""Studies on synthetic worlds of the size that people see, run as a user runs them."""

import json
from pathlib import Path
from typing import Any

from tests.conftest import PROJECT
from workbench.cli import main


class Place:
    """A workspace and a reports folder of its own, on this project's notebooks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.reports = root / "reports"
        self.workspace = root / "workspace"

    def do(self, *words: str) -> int:
        """Run a command of this project in this place."""
        return main([*words, "--workspace", str(self.workspace)])

    def world(self, recipe: str, dataset: str, **options: object) -> Path:
        """Make a world and load it."""
        out = self.root / f"world-{dataset}"
        extra = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        path = PROJECT / "synthetic" / f"{recipe}.toml"
        assert main(["generate", str(path), "--out", str(out), *extra]) == 0
        assert self.do("load", str(out), "--dataset", dataset) == 0
        return out

    def study(self, name: str, dataset: str) -> Path:
        """Write a study of this project that asks another dataset."""
        text = (PROJECT / "reports" / "studies" / f"{name}.toml").read_text(encoding="utf-8")
        path = self.root / f"{dataset}.toml"
        path.write_text(text.replace(f'dataset = "{name}"', f'dataset = "{dataset}"'))
        return path

    def run(self, study: str | Path, *words: str) -> int:
        """Run a study."""
        return self.do("run", str(study), "--reports", str(self.reports), *words)

    def records(self, study: str) -> dict[str, dict[str, Any]]:
        """Return the records of a study's finished runs by notebook."""
        found = {}
        for path in sorted((self.reports / "runs").glob("*/record.json")):
            record = json.loads(path.read_bytes())
            if record["study"]["name"] == study:
                assert record["status"] == "finished", record.get("reason")
                found[record["notebook"]["name"]] = record
        return found


def verdict(record: dict[str, Any], name: str) -> dict[str, Any]:
    """Return one verdict of a record."""
    (found,) = [v for v in record["verdicts"] if v["name"] == name]
    return dict(found)
