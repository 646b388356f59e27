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

import pytest

_OWN = Path(tempfile.mkdtemp(prefix="quorate-own-"))
_STATES = itertools.count()
_OF_MODULE: dict[str, str] = {}
atexit.register(shutil.rmtree, _OWN, ignore_errors=True)

os.environ["QUORATE_CONFIG"] = ""
os.environ.setdefault("QUORATE_CONFIG_DIR", str(_OWN / "config"))
os.environ["QUORATE_STATE_DIR"] = str(_OWN / "state")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Give what a module shares a ledger; it is not made before the first run is booked."""
    module = item.nodeid.partition("::")[0]
    if module not in _OF_MODULE:
        _OF_MODULE[module] = _state()
    os.environ["QUORATE_STATE_DIR"] = _OF_MODULE[module]


@pytest.fixture(autouse=True)
def _state_of_test() -> None:
    """Give a test a ledger of its own, after what its module shares was made."""
    os.environ["QUORATE_STATE_DIR"] = _state()


def _state() -> str:
    return str(_OWN / f"state-{next(_STATES)}")
