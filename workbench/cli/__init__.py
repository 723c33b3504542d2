"""The command line: one file per verb, which parses its options, calls a function and prints.

A file is named after its verb, with ``_command`` behind it where another room has a module of that
name.

Words and progress go to stderr, the result to stdout: a short table, or one JSON object with
``--json``. A refusal is one sentence on stderr and the exit code of its kind
(``foundation.errors``); there is no traceback without ``--debug``. With ``--json`` every refusal is
also in the object, beside whatever result the command has::

    {"error": {"kind": "ParameterError", "exit_code": 2, "reason": "no dataset 'dmeo'; ..."}}
"""

import os
import signal
import sys
import traceback
from dataclasses import asdict, dataclass
from types import FrameType

import typer

from workbench.cli.anonymize_command import anonymize
from workbench.cli.dataset import dataset
from workbench.cli.dictionary import dictionary
from workbench.cli.generate import generate
from workbench.cli.init import init
from workbench.cli.lab_command import lab
from workbench.cli.load_command import load
from workbench.cli.open import open_run
from workbench.cli.options import json_answer
from workbench.cli.overview import overview
from workbench.cli.policy_command import policy
from workbench.cli.quarantine_command import quarantine
from workbench.cli.run import run
from workbench.cli.site import site
from workbench.cli.status import status
from workbench.cli.truth_command import truth
from workbench.foundation import errors
from workbench.foundation.errors import ParameterError, WorkbenchError
from workbench.foundation.progress import say

_INTERRUPTED = 130  # as shells count it: 128 and the number of the signal

app = typer.Typer(
    name="workbench",
    help="From customer data to reviewed reports, without seeing who anyone is.",
    epilog="With --debug any command shows where it failed.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback(invoke_without_command=True)(overview)
for verb in (init, generate, truth, load, run, anonymize, site, lab, status, dictionary):
    app.command()(verb)
app.command(name="open")(open_run)
app.add_typer(policy, name="policy")
app.add_typer(quarantine, name="quarantine")
app.add_typer(dataset, name="dataset")


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    shows_traceback = "--debug" in words
    words = [word for word in words if word != "--debug"]
    options = words[: words.index("--")] if "--" in words else words
    with json_answer() as answer:
        refusal = _refusal_of(words, shows_traceback=shows_traceback)
        if refusal is not None and "--json" in options:
            answer["error"] = asdict(refusal)
    return 0 if refusal is None else refusal.exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a command did not do what it was asked for.

    Attributes
    ----------
    kind : str
        Class of the error, see ``foundation.errors``; ``Interrupted`` after a signal.
    exit_code : int
        Exit code of the command.
    reason : str
        The sentence that stderr shows.
    """

    kind: str
    exit_code: int
    reason: str


def _refusal_of(words: list[str], *, shows_traceback: bool) -> Refusal | None:
    """Run one command; return why it refused, after stderr shows it, or None."""
    command = typer.main.get_command(app)
    refusal: Refusal | None = None
    try:
        code = command.main(words, prog_name="workbench", standalone_mode=False)
        if code == _INTERRUPTED:  # typer catches the exception itself and returns its code
            refusal = _interruption_refusal()
    except typer.TyperException as error:
        kind = ParameterError.__name__
        refusal = Refusal(kind=kind, exit_code=error.exit_code, reason=error.format_message())
    except WorkbenchError as error:
        if shows_traceback:
            say(_traceback_text(error))
        refusal = Refusal(kind=_kind_of(error), exit_code=error.exit_code, reason=str(error))
    except SystemExit:  # typer's answer to a broken pipe: the reader, `head` for instance, has left
        return None
    except (KeyboardInterrupt, typer.Abort):
        refusal = _interruption_refusal()
    except Exception as error:  # a fault of ours, described without values of the data
        if shows_traceback:
            say(_traceback_text(error))
        reason = (
            f"a fault of ours ({type(error).__name__}); the same command with --debug shows where"
        )
        refusal = Refusal(kind=WorkbenchError.__name__, exit_code=1, reason=reason)
    if refusal is not None:
        say(f"workbench: {refusal.reason}")
    return refusal


def _kind_of(error: WorkbenchError) -> str:
    """Return the name of an error's class, for a subclass that of its base in ``errors``."""
    classes = (each for each in type(error).__mro__ if each.__module__ == errors.__name__)
    return next(classes).__name__


def _interruption_refusal() -> Refusal:
    reason = "interrupted; what was written before is kept"
    return Refusal(kind="Interrupted", exit_code=_INTERRUPTED, reason=reason)


def _traceback_text(error: BaseException) -> str:
    """Return the frames of an error and of its causes, and the messages of this package's errors.

    Other packages quote cells in their messages, so only the class of their errors is shown.
    """
    parts = [_traceback_text(error.__cause__)] if error.__cause__ else []
    message = f": {error}" if isinstance(error, WorkbenchError) else ""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return "\n".join([*parts, f"Traceback\n{frames}{type(error).__name__}{message}"])


def entry() -> None:
    """Run the command ``workbench`` and end the process with its exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has left before the JSON object was printed
        code = 0
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Treat ``SIGTERM`` of a scheduler as an interruption: kernels end, open views are removed."""
    raise KeyboardInterrupt
