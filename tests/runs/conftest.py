"""A project of its own with a small dataset, and notebooks of one behaviour each."""

from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest

from workbench.intake import load
from workbench.runs import RunPlan, RunResult
from workbench.session import Session
from workbench.synthetic import generate
from workbench.vault import Vault

STUDY = """
question = "Does the probe run?"
decision = "Whether the runner may stay."
purpose = "analytics"
basis = "consent"
owner = "Probe team"
contact = "probe@company.example"
dataset = "demo"
currency = "EUR"
[columns]
customers = ["gender"]
orders = ["order_id", "kind", "ordered_at", "currency", "total_minor"]
[policy]
max_variants = 1000
[[notebooks]]
name = "{name}"
"""

ENDING = """
verdict = wb.Verdict(name="ran", question="Did it run?", outcome=wb.Outcome.SHOWN, answer="Yes.")
wb.record(estimates=[], verdicts=(verdict,))
"""
BEGINNING = """
import workbench as wb
import polars as pl
view = wb.view(study)
"""


@pytest.fixture(scope="session")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    """Return a vault with a synthetic dataset ``demo`` of 300 customers."""
    root = tmp_path_factory.mktemp("runs")
    recipe = Path(__file__).parents[2] / "synthetic" / "retail.toml"
    world = generate(recipe, out=root / "world", customers=300, months=12)
    vault = Vault.init(root / "workspace")
    load([world.out], vault=vault, dataset="demo", settings={})
    return vault


class Project:
    """Writes notebooks and runs them through a session, as every door does."""

    def __init__(self, root: Path, vault: Vault) -> None:
        self.root = root
        self.vault = vault
        self.session = Session.open(
            project=root,
            workspace=vault.workspace,
            environ={},
            clock=lambda: datetime(2026, 1, 1, tzinfo=UTC),
        )
        self.folder = self.session.runs
        (root / "notebooks").mkdir()
        self.max_variants = 1000
        self.settings = ""  # further lines at the top of the study file

    def notebook(self, name: str, *cells: str, parameters: str = "") -> None:
        """Write a notebook from the sources of its code cells."""
        node = nbformat.v4.new_notebook()
        declared = nbformat.v4.new_code_cell('study: str = "probe"  # study\n' + parameters)
        declared.metadata["tags"] = ["parameters"]
        node.cells = [
            nbformat.v4.new_markdown_cell("# Does it run?"),
            declared,
            *(nbformat.v4.new_code_cell(cell.strip()) for cell in cells),
        ]
        nbformat.write(node, self.root / "notebooks" / f"{name}.ipynb")

    def plan(self, name: str, further: str = "", **given: str) -> RunPlan:
        """Plan a notebook as the only one of study ``probe``; ``further`` ends its study file."""
        path = self.root / "probe.toml"
        text = STUDY.replace("{name}", name).replace("= 1000", f"= {self.max_variants}")
        path.write_text(self.settings + text + further)
        return self.session.plan(str(path), given=given)

    def run(self, name: str, *, again: bool = False, **given: str) -> RunResult:
        """Run a notebook as the only one of study ``probe``."""
        (result,) = self.session.run(self.plan(name, **given), again=again)
        return result


@pytest.fixture
def project(tmp_path: Path, vault: Vault) -> Project:
    """Return an empty project on the vault."""
    return Project(tmp_path, vault)
