"""A project of its own with a small dataset, and notebooks of one behaviour each."""

from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest

from workbench.intake import load
from workbench.reports import page_of
from workbench.runs import Folder, Plan, RunResult
from workbench.runs import plan as make_plan
from workbench.runs import run as execute
from workbench.runs.run import Page
from workbench.studies import read_study
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
    """Writes notebooks and runs them."""

    def __init__(self, root: Path, vault: Vault) -> None:
        self.root = root
        self.vault = vault
        self.folder = Folder(root / "reports" / "runs")
        (root / "notebooks").mkdir()
        self.published: list[str] = []
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

    def plan(self, name: str, further: str = "", **given: str) -> Plan:
        """Plan a notebook as the only one of study ``probe``; ``further`` ends its study file."""
        path = self.root / "probe.toml"
        text = STUDY.replace("{name}", name).replace("= 1000", f"= {self.max_variants}")
        path.write_text(self.settings + text + further)
        study = read_study(path, notebooks=self.root / "notebooks")
        return make_plan(study, self.vault.dataset("demo"), project=self.root, given=given)

    def run(
        self, name: str, *, again: bool = False, page: Page = page_of, **given: str
    ) -> RunResult:
        """Run a notebook as the only one of study ``probe``."""
        (result,) = execute(
            self.plan(name, **given),
            vault=self.vault,
            folder=self.folder,
            clock=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            page=page,
            publish=lambda run: self.published.append(run.id),
            again=again,
        )
        return result


@pytest.fixture
def project(tmp_path: Path, vault: Vault) -> Project:
    """Return an empty project on the vault."""
    return Project(tmp_path, vault)
