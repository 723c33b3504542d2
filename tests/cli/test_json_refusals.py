"""With ``--json`` every verb gives the reason of a refusal, in the one object that it prints."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer

from workbench.cli import app
from workbench.cli.status import status as status_verb
from workbench.foundation import errors
from workbench.runs.reservations import TooManyVariantsError
from workbench.vault import Vault

from .conftest import Command, Outcome

OPTION_FAULT = ("--no-such-option",)


def verbs() -> Iterator[tuple[str, ...]]:
    """Yield the words of every command, those of groups included."""
    command = typer.main.get_command(app)
    for name, verb in command.commands.items():  # type: ignore[attr-defined]  # a group's
        inner = getattr(verb, "commands", None)
        yield from ((name, each) for each in inner) if inner else ((name,),)


def reason_of(outcome: Outcome, kind: str) -> str:
    """Return the reason of a refusal; the object, the exit code and stderr agree on it."""
    error = outcome.json["error"]
    assert outcome.out.count("\n") == 1
    assert error["kind"] == kind
    assert error["exit_code"] == outcome.code == getattr(errors, kind).exit_code
    assert f"workbench: {error['reason']}" in outcome.err
    assert "Traceback" not in outcome.err
    return str(error["reason"])


#: For every verb a refusal without a workspace: its further words, its kind, and words of it.
EVERYWHERE: dict[tuple[str, ...], tuple[tuple[str, ...], str, str]] = {
    ("init",): (("--project", "nowhere"), "ParameterError", "no project folder"),
    ("generate",): (("retial", "--out", "w"), "ParameterError", "did you mean 'retail'?"),
    ("truth",): (("nowhere",), "InputError", "nowhere"),
    ("load",): (("x.csv", "--dataset", "d"), "ParameterError", "no workspace at"),
    ("quarantine", "list"): (("demo",), "ParameterError", "no workspace at"),
    ("quarantine", "show"): (("demo",), "ParameterError", "no workspace at"),
    ("quarantine", "export"): (("demo", "--out", "r.csv"), "ParameterError", "no workspace at"),
    ("quarantine", "dismiss"): (("demo", "--load", "x"), "ParameterError", "no workspace at"),
    ("anonymize",): (("demo", "--policy", "x", "--plan"), "ParameterError", "no policy 'x'"),
    ("policy", "draft"): (("x.csv", "--preset", "relase"), "ParameterError", "'release'"),
    ("run",): (("demo",), "ParameterError", "no workspace at"),
    ("site",): (("--project", "nowhere"), "ParameterError", "no project folder"),
    ("lab",): ((), "ParameterError", "no workspace at"),
    ("status",): ((), "ParameterError", "no workspace at"),
    ("dictionary",): (("ordrs",), "ParameterError", "did you mean 'orders'?"),
    ("open",): (("abc",), "ParameterError", "no workspace at"),
    ("dataset", "undo"): (("demo",), "ParameterError", "no workspace at"),
    ("dataset", "accept-restore"): (("demo",), "ParameterError", "no workspace at"),
}


def test_every_verb_is_tried() -> None:
    assert set(EVERYWHERE) == set(verbs())


@pytest.mark.parametrize("verb", sorted(EVERYWHERE), ids=" ".join)
def test_every_verb_gives_the_reason(workbench: Command, verb: tuple[str, ...]) -> None:
    words, kind, reason = EVERYWHERE[verb]
    assert reason in reason_of(workbench(*verb, *words, "--json"), kind)
    unknown = workbench(*verb, *words, "--no-such-option", "--json")
    assert "No such option: --no-such-option" in reason_of(unknown, "ParameterError")
    assert workbench(*verb, *words).out == ""


def test_the_overview_and_a_misspelt_verb_give_the_reason(workbench: Command) -> None:
    refused = workbench("--project", "nowhere", "--json")
    assert "no project folder" in reason_of(refused, "ParameterError")
    assert "Did you mean 'load'?" in reason_of(workbench("lod", "--json"), "ParameterError")
    early = workbench("--project", ".", "status", "--json")
    assert "options come after the command: workbench status" in reason_of(early, "ParameterError")
    assert workbench("--json").json["next"] == ["workbench init"]


def damaged_order_file(home: Path) -> None:
    dataset = Vault.open(home / ".workbench").dataset("demo")
    path = next(dataset.path_of(entry) for entry in dataset.files if entry.table == "orders")
    path.write_bytes(path.read_bytes()[:-1])


def study(home: Path, old: str, new: str) -> None:
    text = (home / "reports" / "studies" / "demo.toml").read_text()
    (home / "other.toml").write_text(text.replace(old, new))


def key_for_others(home: Path) -> None:
    (home / ".workbench" / "keys" / "workspace.key").chmod(0o644)


def newer_workspace(home: Path) -> None:
    (home / ".workbench" / "format").write_text("99\n")


#: Refusals in a project with a dataset: what is done before, the command, its kind, words of it.
REFUSALS: list[tuple[Callable[[Path], object], tuple[str, ...], str, str]] = [
    (lambda home: study(home, "min_group", "min_grup"), ("run", "other.toml"), "ParameterError",
     "did you mean min_group"),
    (lambda home: None, ("run", "demo", "-p", "horizon_days=sixty"), "ParameterError",
     "horizon_days is 'sixty', it must be int"),
    (lambda home: None, ("run", "demo", "--as-of", "2031-01-01"), "ParameterError",
     "lies outside the data"),
    (lambda home: None, ("run", "telco"), "ParameterError", "no dataset 'telco'"),
    (newer_workspace, ("status",), "ParameterError", "format"),
    (lambda home: None, ("load", "missing.csv", "--dataset", "d"), "InputError", "does not exist"),
    (lambda home: study(home, "min_group = 10", "min_group = 1000"), ("run", "other.toml"),
     "PrivacyError", "its min_group is 1000"),
    (key_for_others, ("status",), "AccessError", "can be read by others"),
    (lambda home: None, ("status", "--key", "nowhere.key"), "AccessError", "no key file"),
    (damaged_order_file, ("run", "demo"), "IntegrityError", "dataset demo"),
    (damaged_order_file, ("status", "--check"), "IntegrityError", "not the files that were"),
]  # fmt: skip


def test_every_kind_of_refusal_gives_its_reason(loaded: Command, home: Path) -> None:
    workspace = home / ".workbench"
    kept = {
        path: (path.read_bytes(), path.stat().st_mode & 0o777)
        for path in workspace.rglob("*")
        if path.is_file()
    }
    for prepare, words, kind, reason in REFUSALS:
        prepare(home)
        assert reason in reason_of(loaded(*words, "--json"), kind), words
        for path, (content, mode) in kept.items():
            if not path.is_file() or path.read_bytes() != content:
                path.write_bytes(content)
            path.chmod(mode)


def test_what_a_verb_found_before_it_refused_stays_in_its_object(
    loaded: Command, home: Path
) -> None:
    damaged_order_file(home)
    checked = loaded("status", "--check", "--json")
    reason_of(checked, "IntegrityError")
    assert checked.json["datasets"][0]["dataset"] == "demo"
    assert any(each["damaged"] for each in checked.json["checks"])


def test_a_notebook_that_refuses_gives_the_reason_of_its_run(loaded: Command) -> None:
    failed = loaded("run", "churn", "--study", "demo", "-p", "horizon_days=400", "--json")
    reason = reason_of(failed, "ParameterError")
    assert "a later as_of or a shorter horizon_days" in reason
    assert failed.json["runs"][0]["reason"] == reason


def test_a_fault_of_ours_and_an_interruption_give_a_reason_without_values(
    workbench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raising(error: BaseException) -> Callable[..., object]:
        def stand_in(*_: object, **__: object) -> object:
            raise error

        return stand_in

    namespace = status_verb.__globals__["Session"]
    monkeypatch.setattr(namespace, "open", raising(KeyError("anna@mail.example")))
    broken = workbench("status", "--json")
    assert "a fault of ours (KeyError)" in reason_of(broken, "WorkbenchError")
    assert "anna" not in broken.out + broken.err
    monkeypatch.setattr(namespace, "open", raising(TooManyVariantsError("too many reports")))
    assert reason_of(workbench("status", "--json"), "PrivacyError") == "too many reports"
    monkeypatch.setattr(namespace, "open", raising(KeyboardInterrupt()))
    stopped = workbench("status", "--json")
    assert stopped.code == stopped.json["error"]["exit_code"] == 130
    assert stopped.json["error"]["kind"] == "Interrupted"
