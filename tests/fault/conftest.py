"""What makes a test of this folder one of the fault family."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """Mark the tests of this folder: `make test` leaves them to `make test-slow`."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.fault)


@pytest.fixture
def ram(tmp_path):
    """Give a folder in memory where there is one: what outlives a kill needs no disk to be on."""
    memory = Path("/dev/shm")  # noqa: S108  (a folder of its own is made in it)
    if not memory.is_dir():
        yield tmp_path
        return
    with TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)
