"""Every verb that needs a project takes ``--project``, and works from any folder."""

from pathlib import Path

import pytest
import typer

from workbench.cli import app, lab

from .conftest import Command

#: Verbs that read no project: one reads a folder that is named, the other the package.
WITHOUT = {"truth", "dictionary"}


def test_every_verb_takes_a_project() -> None:
    command = typer.main.get_command(app)
    lacking = set()
    for name, verb in command.commands.items():  # type: ignore[attr-defined]  # a group's
        for each in getattr(verb, "commands", {name: verb}).values():
            if "project" not in {parameter.name for parameter in each.params}:
                lacking.add(name)
    assert lacking == WITHOUT
    assert "project" in {parameter.name for parameter in command.params}


def test_a_project_is_worked_on_from_another_folder(
    workbench: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    here = ("--project", str(home))
    assert workbench("init", *here).code == 0
    made = workbench(
        "generate", "retail", "--customers", "60", "--months", "8",
        "--out", str(home / "w"), *here,
    )  # fmt: skip
    assert made.code == 0, made.err
    assert "looked in /synthetic" in workbench("generate", "retail", "--out", "w").err
    assert workbench("load", str(home / "w"), "--dataset", "demo", *here).code == 0
    assert [d["dataset"] for d in workbench("status", *here, "--json").json["datasets"]] == ["demo"]
    overview = workbench(*here, "--json")
    assert (overview.code, overview.json["datasets"]) == (0, ["demo"])
    assert overview.json["next"] == ["workbench run demo"]
    planned = workbench("run", "demo", "--plan", *here, "--json")
    assert [each["notebook"] for each in planned.json["runs"]][:1] == ["segmentation"]
    assert workbench("site", *here).code == 0


def test_the_lab_says_which_extra_it_needs(
    workbench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert workbench("init").code == 0
    monkeypatch.setitem(lab.__globals__, "find_spec", lambda name: None)
    refused = workbench("lab")
    assert refused.code == 2
    assert "install workbench[lab]" in refused.err
