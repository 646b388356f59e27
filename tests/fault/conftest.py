"""What makes a test of this folder one of the fault family."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """Mark the tests of this folder: `make test` leaves them to `make test-slow`."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.fault)
