"""The broker: opens views with the key that the server holds, and hands sealed ones to kernels.

    kernel ── {"study": "demo", "as_of": null} ──> broker ── key ──> vault
           <── folder and key of a sealed view ──

A kernel gets a view that is sealed under a key of its own, and nothing else: no path to the
workspace, and no key that opens anything there. One thread answers one kernel, over a stream that
no other process has.

The cells of a notebook choose what the broker is asked, so every question is checked. A study is
named as a file of ``reports/studies``, because a kernel can write a study file of its own, which
would grant it any column. One kernel gets views of one study, like a run, because two studies that
both see orders can be joined on them. A question is a short line of JSON; the broker stops reading
a longer one.
"""

import json
import socket
import threading
from contextlib import suppress
from pathlib import Path

from workbench.foundation.errors import (
    AccessError,
    InputError,
    ParameterError,
    WorkbenchError,
    unknown_name,
)
from workbench.foundation.progress import say
from workbench.privacy import View
from workbench.runs.kernel_checks import require_confinement_works
from workbench.runs.parameters import parse_date
from workbench.session import Session

_LONGEST_QUESTION = 4_096  # bytes
_MOST_VIEWS = 8  # opened views that the server keeps for further kernels


class Broker:
    """Answers the requests of one kernel.

    Parameters
    ----------
    session : Session
        Session that opens the vault.
    folder : Path
        Private folder that the kernel can read; sealed views are stored in it.
    """

    def __init__(self, session: Session, folder: Path) -> None:
        self._session = session
        self._folder = folder
        self._sealed: dict[str, dict[str, str]] = {}
        self._study: str | None = None

    def serve(self) -> socket.socket:
        """Start answering; return the kernel's end of the stream."""
        own, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        threading.Thread(target=self._answer_all, args=(own,), daemon=True).start()
        return theirs

    def answer(self, question: object) -> dict[str, str]:
        """Return the environment that opens the sealed view, or the error that refuses it."""
        try:
            study, as_of = self._asked(question)
            view = _open_view(self._session, study, as_of)
            self._study = study
            if view.fingerprint not in self._sealed:
                # A view is opened once, because that takes seconds and every cell may ask for it. A
                # changed study, a newer version of the dataset or another date is another view.
                place = self._folder / view.fingerprint
                self._sealed[view.fingerprint] = dict(view.seal(place))
            return self._sealed[view.fingerprint]
        except WorkbenchError as error:
            return {"error": type(error).__name__, "words": str(error)}
        except Exception as error:  # messages of other packages could quote cells
            say(f"workbench: a fault of ours while a view was opened ({type(error).__name__})")
            words = f"a fault of ours ({type(error).__name__}); the lab's terminal says more"
            return {"error": "WorkbenchError", "words": words}

    def _asked(self, question: object) -> tuple[str, str | None]:
        """Return the study and the date of a question.

        Raises
        ------
        InputError
            The question does not have the form that ``request_view`` gives it.
        ParameterError
            The project has no study of this name.
        AccessError
            The kernel has the view of another study.
        """
        asked = question if isinstance(question, dict) else {}
        study, as_of = asked.get("study"), asked.get("as_of")
        if not isinstance(study, str) or not isinstance(as_of, str | None):
            raise InputError("the lab opens a view by the name of a study and a date as text")
        known = self._session.studies
        if study not in known:
            raise ParameterError(
                f"{unknown_name('study', study, known)}: the lab opens the studies in "
                "reports/studies by their names"
            )
        if self._study not in (None, study):
            raise AccessError(
                f"this kernel has the view of study {self._study}, and one kernel gets views of "
                f"one study only: open {study} in another notebook, or restart the kernel"
            )
        return study, as_of

    def _answer_all(self, stream: socket.socket) -> None:
        with stream, suppress(OSError), stream.makefile("rwb") as lines:  # the kernel may have died
            while line := lines.readline(_LONGEST_QUESTION):
                if not line.endswith(b"\n"):
                    return  # The rest of a line that is too long would be read as a question.
                try:
                    question = json.loads(line)
                except (ValueError, RecursionError):
                    question = None
                answer = self.answer(question)
                lines.write(json.dumps(answer).encode() + b"\n")
                lines.flush()


_views: dict[str, View] = {}
_views_lock = threading.Lock()


def _open_view(session: Session, study: str, as_of: str | None) -> View:
    """Open a view, or return the view that another kernel has where nothing has changed since."""
    asked = session.study(study)
    if asked.require_confinement:
        require_confinement_works(asked.name, is_confined=session.place.is_lab_confined)
    dataset = session.vault.dataset(asked.dataset)
    day = parse_date(as_of)
    key = repr((asked.model_dump_json(), str(session.place.workspace), dataset.fingerprint, day))
    with _views_lock:
        if key not in _views:
            _views[key] = session.view(study, as_of=day)
            while len(_views) > _MOST_VIEWS:
                del _views[next(iter(_views))]
        return _views[key]
