"""JupyterLab in a project: kernels without a key, and notebook files without output.

``workbench lab`` starts a server of this machine's JupyterLab with three additions:

- kernels are confined like those of runs, and get sealed views from a *broker*, a thread of the
  server that holds the key (``kernels``, ``broker``);
- the browser gets notebooks and kernels, and nothing that runs a program elsewhere: a cell can
  display a script, which does whatever the browser may do (``cli.lab_command``,
  ``refused_exports``);
- the outputs of a notebook stay in the browser; the file that is saved, and its checkpoint, contain
  none (``saving``). To see the outputs again, the notebook is executed again.
"""

from typing import Any

from workbench.lab.refused_exports import refuse_exports
from workbench.lab.saving import strip_outputs

__all__ = ["strip_outputs"]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Name the extension to the server."""
    return [{"module": "workbench.lab"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Make the server save notebooks without outputs, and export none."""
    server.contents_manager.register_pre_save_hook(strip_outputs)
    refuse_exports(server.web_app)
