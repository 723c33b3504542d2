"""A running Jupyter server, asked as a script in a page of it asks it."""

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOKEN = "a-token-of-the-test"
#: Options of a server that a test asks.
OPTIONS = ("--no-browser", f"--IdentityProvider.token={TOKEN}", "--ServerApp.port=0")


@dataclass(frozen=True)
class Server:
    """Address and folder of a running server."""

    address: str
    root: Path

    def ask(self, method: str, path: str, content: Any = None) -> tuple[int, bytes]:
        """Return status and body of an answer."""
        request = urllib.request.Request(  # noqa: S310 - the server of this test
            f"{self.address}/{path}",
            method=method,
            data=None if content is None else json.dumps(content).encode(),
            headers={"Authorization": f"token {TOKEN}"},
        )
        for _ in range(100):  # the server prints its address before it answers
            try:
                with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
                    return answer.status, answer.read()
            except urllib.error.HTTPError as error:
                return error.code, error.read()
            except urllib.error.URLError:
                time.sleep(0.2)
        raise AssertionError("the server does not answer")


@contextmanager
def start_server(
    command: Sequence[str], root: Path, environ: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run a command that starts a server in a folder, until its block ends."""
    with (root / "log").open("w") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, cwd=root, env=environ
        )
        try:
            lines: list[str] = []
            for _ in range(600):
                written = (root / "log").read_text().splitlines()
                lines = [line for line in written if "?token=" in line]
                if lines or process.poll() is not None:
                    break
                time.sleep(0.1)
            assert lines, (root / "log").read_text()
            address = lines[-1][lines[-1].index("http") :].split("/?")[0].split("/lab")[0]
            yield Server(address, root)
        finally:
            process.terminate()
            process.wait(timeout=30)
