"""The question of a notebook, which its page opens with, is in its first Markdown cell."""

from pathlib import Path

import pytest

from tests.conftest import PROJECT
from workbench.runs.notebooks import Cell, Notebook, read_notebook


@pytest.mark.parametrize(
    ("source", "question"),
    [
        ("# Who is about to leave?\n\nFor whoever decides.", "Who is about to leave?"),
        ("# Churn: who is about to leave?", "Who is about to leave?"),
        ("# Churn in spring\n\n**Who is about to leave?**\n\nFor all.", "Who is about to leave?"),
        ("# Churn in spring\n\nFor whoever decides. Is it so?\n", "For whoever decides. Is it so?"),
        ("# Churn in spring\n\nFor whoever decides.", "Churn in spring"),
        ("Read this.", "probe"),
    ],
)
def test_a_notebook_asks_in_its_first_words(source: str, question: str) -> None:
    cells = (Cell("markdown", source, ()), Cell("markdown", "Is this another question?", ()))
    assert Notebook(name="probe", path=Path("probe.ipynb"), cells=cells).question == question


@pytest.mark.parametrize("path", sorted((PROJECT / "notebooks").glob("*.ipynb")), ids=str)
def test_every_notebook_asks_a_short_question(path: Path) -> None:
    question = read_notebook(path).question
    assert question.endswith("?")
    assert len(question) < 80
