"""The command line: one file per verb, each of which parses, calls one function and prints.

Words and progress go to stderr, the result to stdout: a short table, or one JSON object with
``--json``. A refusal is one sentence and the exit code of its kind (``foundation.errors``); there
is no traceback without ``--debug``.
"""

import os
import signal
import sys
import traceback
from types import FrameType

import typer

from workbench.cli.dataset import dataset
from workbench.cli.dictionary import dictionary
from workbench.cli.generate import generate
from workbench.cli.init import init
from workbench.cli.lab import lab
from workbench.cli.load import load
from workbench.cli.open import open_run
from workbench.cli.overview import overview
from workbench.cli.quarantine import quarantine
from workbench.cli.run import run
from workbench.cli.site import site
from workbench.cli.status import status
from workbench.cli.truth import truth
from workbench.foundation.errors import WorkbenchError
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
for verb in (init, generate, truth, load, quarantine, run, site, lab, status, dictionary):
    app.command()(verb)
app.command(name="open")(open_run)
app.add_typer(dataset, name="dataset")


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    wants_traceback = "--debug" in words
    words = [word for word in words if word != "--debug"]
    command = typer.main.get_command(app)
    try:
        code = command.main(words, prog_name="workbench", standalone_mode=False)
    except typer.TyperException as error:
        say(f"workbench: {error.format_message()}")
        return error.exit_code
    except WorkbenchError as error:
        if wants_traceback:
            say(_where(error))
        say(f"workbench: {error}")
        return error.exit_code
    except SystemExit:  # click's word for a broken pipe: who read us, like `head`, has seen enough
        return 0
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except Exception as error:  # the last stand: a fault of ours, told without values of the data
        if wants_traceback:
            say(_where(error))
        say(
            f"workbench: a fault of ours ({type(error).__name__}); "
            "the same command with --debug shows where"
        )
        return 1
    if code == _INTERRUPTED:  # typer takes the exception itself and gives its code
        say("workbench: interrupted; what was written before is kept")
    return code if isinstance(code, int) else 0


def _where(error: BaseException) -> str:
    """Return the frames of an error and of what caused it; words only where they are ours.

    Other packages quote cells in their messages, so of theirs only the class is told.
    """
    parts = [_where(error.__cause__)] if error.__cause__ else []
    words = f": {error}" if isinstance(error, WorkbenchError) else ""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return "\n".join([*parts, f"Traceback\n{frames}{type(error).__name__}{words}"])


def entry() -> None:
    """Stand behind the ``workbench`` command."""
    signal.signal(signal.SIGTERM, _interrupt)
    code = main()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Take a scheduler's request to stop as a person's: kernels and open views are put away."""
    raise KeyboardInterrupt
