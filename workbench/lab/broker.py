"""The broker: opens views with the key that the server holds, and hands sealed ones to kernels.

    kernel ── {"study": "demo", "as_of": null} ──> broker ── key ──> vault
           <── folder and key of a sealed view ──

A kernel gets a view that is sealed under a key of its own, and nothing else: no path to the
workspace, and no key that opens anything there. One thread answers one kernel, over a stream that
no other process has.
"""

import json
import socket
import threading
from pathlib import Path
from typing import Any

from workbench.foundation.errors import WorkbenchError
from workbench.foundation.progress import say
from workbench.privacy import View
from workbench.runs.kernel_checks import require_confinement_works
from workbench.runs.parameters import parse_date
from workbench.session import Session
from workbench.vault import seal_view


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

    def serve(self) -> socket.socket:
        """Start answering; return the kernel's end of the stream."""
        own, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        threading.Thread(target=self._answer_all, args=(own,), daemon=True).start()
        return theirs

    def answer(self, question: dict[str, Any]) -> dict[str, str]:
        """Return the environment that opens the sealed view, or the error that refuses it."""
        try:
            view = _open_view(self._session, str(question["study"]), question.get("as_of"))
            if view.fingerprint not in self._sealed:
                # A view is opened once, because that takes seconds and every cell may ask for it. A
                # changed study, a newer version of the dataset or another date is another view.
                place = self._folder / view.fingerprint
                sealed = seal_view(place, data=view.data, description=view.describe())
                self._sealed[view.fingerprint] = dict(sealed)
            return self._sealed[view.fingerprint]
        except WorkbenchError as error:
            return {"error": type(error).__name__, "words": str(error)}
        except Exception as error:  # messages of other packages could quote cells
            say(f"workbench: a fault of ours while a view was opened ({type(error).__name__})")
            words = f"a fault of ours ({type(error).__name__}); the lab's terminal says more"
            return {"error": "WorkbenchError", "words": words}

    def _answer_all(self, stream: socket.socket) -> None:
        with stream, stream.makefile("rwb") as lines:
            for line in lines:
                answer = self.answer(json.loads(line))
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
        return _views[key]
