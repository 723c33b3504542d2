"""A project with a lab's kernels, for all tests of the lab."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import AsyncKernelManager

from tests.conftest import PROJECT
from tests.worlds import Place
from workbench.lab.kernels import KERNEL, LabKernels


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a project with the dataset ``demo`` in a workspace of its own."""
    root = tmp_path_factory.mktemp("project")
    (root / "notebooks").mkdir()
    (root / "reports" / "studies").mkdir(parents=True)
    for path in (PROJECT / "reports" / "studies").glob("*.toml"):
        (root / "reports" / "studies" / path.name).write_bytes(path.read_bytes())
    for path in (PROJECT / "notebooks").glob("*.ipynb"):
        (root / "notebooks" / path.name).write_bytes(path.read_bytes())
    place = Place(root)
    place.workspace = root / ".workbench"
    assert place.do("init") == 0
    place.world("retail", "demo", customers=300)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_PROJECT", str(root))
        patch.setenv("WORKBENCH_WORKSPACE", str(place.workspace))
        yield root


def executed(*cells: str, beside: Path, restart_after: int | None = None) -> list[str]:
    """Execute cells in one kernel of the lab; return what each printed, returned or raised."""

    async def execute() -> list[str]:
        manager = AsyncKernelManager(kernel_spec_manager=LabKernels(), kernel_name=KERNEL)
        await manager.start_kernel(cwd=str(beside))
        client = manager.client()
        client.start_channels()
        said: list[str] = []
        try:
            await client.wait_for_ready(timeout=60)
            for place, cell in enumerate(cells):
                texts: list[str] = []

                def heard(message: Any, texts: list[str] = texts) -> None:
                    content = message["content"]
                    texts.append(content.get("text", "") or content.get("evalue", ""))
                    texts.append(content.get("data", {}).get("text/plain", ""))
                    texts.append(content.get("ename", ""))

                await client.execute_interactive(cell, timeout=120, output_hook=heard)
                said.append(" ".join(text for text in texts if text))
                if place == restart_after:
                    await manager.restart_kernel(now=True)
                    await client.wait_for_ready(timeout=60)
        finally:
            client.stop_channels()
            folder = manager.provisioner._scratch.folder
            await manager.shutdown_kernel(now=True)
            assert not folder.exists()
        return said

    return asyncio.run(execute())
