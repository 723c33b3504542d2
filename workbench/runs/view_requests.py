"""How a kernel of the lab asks for a view: one line of JSON over a stream that it inherits.

The broker at the other end of the stream holds the key (``lab.broker``). A confined kernel cannot
open a connection, so the stream is opened before the kernel starts.
"""

import json
import os
import threading
from collections.abc import Mapping

from workbench.foundation import errors
from workbench.foundation.errors import AccessError, WorkbenchError

#: Environment variable with the number of the open stream.
STREAM_VARIABLE = "WORKBENCH_BROKER"

_one_request = threading.Lock()


def request_view(study: str, as_of: str | None) -> Mapping[str, str]:
    """Return the environment that opens a study's sealed view, see ``vault.seal_view``.

    Raises
    ------
    AccessError
        The process was started without a broker.
    WorkbenchError
        The broker refuses; the error has the class and the message of the broker's.
    """
    stream = os.environ.get(STREAM_VARIABLE)
    if stream is None:
        raise AccessError(
            "this process has no view, and no broker that could open one: open notebooks with "
            "`workbench lab`, or execute them with `workbench run`; a script of the key's holder "
            "uses workbench.session.Session.open().view(...)"
        )
    question = json.dumps({"study": study, "as_of": as_of}).encode() + b"\n"
    with _one_request:
        os.write(int(stream), question)
        answer = _read_line(int(stream))
    if "error" in answer:
        kind = getattr(errors, answer["error"], WorkbenchError)
        raise kind(answer["words"])
    return answer


def _read_line(stream: int) -> dict[str, str]:
    content = b""
    while not content.endswith(b"\n"):
        part = os.read(stream, 65_536)
        if not part:
            raise AccessError("the lab that started this kernel has ended: open it again")
        content += part
    answer: dict[str, str] = json.loads(content)
    return answer
