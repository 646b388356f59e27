"""For every test and doctest: no quorate.toml that lies here is read, no key or ledger of a user.

Each test has a ledger of its own, and so has what a module shares: how many trials there are
depends on no other test.
"""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_OWN = Path(tempfile.mkdtemp(prefix="quorate-own-"))
_STATES = itertools.count()
atexit.register(shutil.rmtree, _OWN, ignore_errors=True)

os.environ["QUORATE_CONFIG"] = ""
os.environ.setdefault("QUORATE_CONFIG_DIR", str(_OWN / "config"))
os.environ["QUORATE_STATE_DIR"] = str(_OWN / "state")


@pytest.fixture(autouse=True, scope="module")
def _state_of_module() -> Iterator[None]:
    """Give a module's shared runs a ledger; it is not made before the first of them is booked."""
    before = os.environ["QUORATE_STATE_DIR"]
    os.environ["QUORATE_STATE_DIR"] = str(_OWN / f"state-{next(_STATES)}")
    yield
    os.environ["QUORATE_STATE_DIR"] = before


@pytest.fixture(autouse=True)
def _state_of_test(_state_of_module: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a test a ledger of its own."""
    monkeypatch.setenv("QUORATE_STATE_DIR", str(_OWN / f"state-{next(_STATES)}"))
