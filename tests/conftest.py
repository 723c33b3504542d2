"""What every test may ask for."""

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent


def shared(variable: str, folder: str) -> Path:
    """Return a folder of given input, or skip with the reason (fail where CI promises it)."""
    path = Path(os.environ.get(variable) or PROJECT.parent / "shared" / folder)
    if not path.is_dir():
        reason = f"{folder} not found: set {variable} to its folder"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of public data sets."""
    return shared("WORKBENCH_REAL_DATA", "data")


@pytest.fixture(scope="session")
def cases() -> Path:
    """Return the folder of awkward inputs with known right outcomes."""
    return shared("WORKBENCH_CASES", "cases")


@pytest.fixture
def project() -> Path:
    """Return the project's root."""
    return PROJECT
