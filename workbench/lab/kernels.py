"""Kernels of the lab: confined as in a run, with a broker to ask for views.

A kernel can read Python and its libraries, the project's notebooks and studies, the folders in
``WORKBENCH_LAB_READS`` (separated by ``:``) and the views that were sealed for it. It can write a
folder of its own, which is removed when it ends, and communicates over local sockets in it. Neither
the workspace nor a key may be in a folder that it can read. ``WORKBENCH_LAB_UNCONFINED=1`` starts
kernels without confinement: code in a notebook can then read whatever its user can, the key file
included.
"""

import contextlib
import os
import subprocess
import sys
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from workbench.lab.broker import Broker
from workbench.runs.kernel import kernel_environment
from workbench.runs.scratch import Scratch
from workbench.runs.view_requests import STREAM_VARIABLE
from workbench.session import Session

#: Name of the only kernel, as notebooks have it in their metadata.
KERNEL = "python3"

_PROVISIONER = "workbench-confined"


class LabKernels(KernelSpecManager):
    """Has one kernel: this Python, started by ``ConfinedProvisioner``."""

    def find_kernel_specs(self) -> dict[str, str]:
        """Return the name of the only kernel."""
        return {KERNEL: ""}

    def get_all_specs(self) -> dict[str, Any]:
        """Return the description of the only kernel."""
        return {KERNEL: {"resource_dir": "", "spec": self.get_kernel_spec(KERNEL).to_dict()}}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the description of the kernel.

        Raises
        ------
        NoSuchKernel
            Another kernel is asked for.
        """
        if kernel_name != KERNEL:
            raise NoSuchKernel(kernel_name)
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python (workbench)",
            language="python",
            metadata={"kernel_provisioner": {"provisioner_name": _PROVISIONER}},
        )


class ConfinedProvisioner(LocalProvisioner):
    """Starts a kernel in a folder of its own, confined, with a stream to its broker."""

    _scratch: Scratch | None = None
    _ends: tuple[int, ...] = ()

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Make the kernel's folder, stream and environment."""
        session = Session.open()
        if self._scratch is None:
            self._scratch = Scratch(session.vault)
        own, views, connection = (
            self._scratch.folder / name for name in ("own", "views", "connection")
        )
        for folder in (own, views, connection):
            folder.mkdir(exist_ok=True, mode=0o700)
        manager: Any = self.parent
        manager.transport = "ipc"
        # The server reads this file again when the kernel is restarted. In a folder that the kernel
        # can write, a cell could put a pipe there, and the server would wait for it forever.
        manager.connection_file = str(connection / "kernel.json")
        manager.ip = str(own / "kernel-ipc")
        stream = Broker(session, views).serve()
        inherited = [stream.detach()]
        if session.place.is_lab_confined:
            report = os.open(os.devnull, os.O_WRONLY)
            inherited.append(report)
            reads = [str(path) for path in (*session.folders_of_lab(), views, connection)]
            self.kernel_spec.argv = [
                *(sys.executable, "-m", "workbench.foundation.confinement"),
                *(str(own), str(report), *reads, "--", "-f", "{connection_file}"),
                "--IPKernelApp.exec_lines=import workbench.lab.inside",
            ]
        self._ends = tuple(inherited)
        kwargs["env"] = kernel_environment(own) | {STREAM_VARIABLE: str(inherited[0])}
        prepared = await super().pre_launch(**kwargs)
        return {**prepared, "pass_fds": self._ends}

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start the kernel; this process keeps no copy of the kernel's ends."""
        try:
            # what a kernel writes past its outputs can contain data and must not end in a log
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            return await super().launch_kernel(cmd, **{**kwargs, **quiet})
        finally:
            for end in self._ends:
                with contextlib.suppress(OSError):
                    os.close(end)

    async def cleanup(self, restart: bool = False) -> None:
        """Remove the kernel's folder, unless the kernel starts again."""
        await super().cleanup(restart)
        if not restart and self._scratch is not None:
            self._scratch.__exit__()
            self._scratch = None
