"""Said inside a confined kernel where something does not work there."""

from typing import Any

from IPython import get_ipython

_SAID = (
    "The kernel of this notebook is confined, so that no cell can reach the vault: commands (!, "
    "%pip), the debugger and the network do not work in it. Install packages in the terminal that "
    "started the lab; `workbench lab --unconfined` starts kernels that can read the key."
)


def _refuse(*_: Any, **__: Any) -> None:
    print(_SAID)  # noqa: T201 - the answer of a cell


def _load() -> None:
    shell = get_ipython()
    if shell is not None:
        shell.system = shell.getoutput = _refuse
        for magic in ("pip", "conda", "uv"):
            shell.register_magic_function(_refuse, magic_name=magic)


_load()
