"""The explanation in a confined kernel of what does not work there."""

from typing import Any

from IPython import get_ipython

_EXPLANATION = (
    "The kernel of this notebook is confined, so that no cell can reach the vault: commands (!, "
    "%pip), the debugger and the network do not work in it. Install packages in the terminal that "
    "started the lab; `workbench lab --unconfined` starts kernels that can read the key."
)


def _refuse(*_: Any, **__: Any) -> None:
    print(_EXPLANATION)  # noqa: T201 - the answer of a cell


def _replace_commands() -> None:
    shell = get_ipython()
    if shell is not None:
        shell.system = shell.getoutput = _refuse
        for magic in ("pip", "conda", "uv"):
            shell.register_magic_function(_refuse, magic_name=magic)


_replace_commands()
