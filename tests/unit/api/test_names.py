"""The names of Quorate: each is found at its home, when it is asked for and not before."""

from __future__ import annotations

import gc
import pkgutil
import subprocess
import sys

import pytest

import quorate
from quorate import api


@pytest.mark.parametrize("name", api.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(api, name) is not None
    assert getattr(quorate, name) is getattr(api, name)


def test_both_doors_list_the_same_names() -> None:
    assert sorted(quorate.__all__) == sorted([*api.__all__, "__version__"])
    assert sorted(set(dir(api))) == sorted(api.__all__)


def test_no_name_is_hidden_by_a_module() -> None:
    """A module that is imported becomes an attribute of its package, and would stand before it."""
    modules = {each.name for each in pkgutil.iter_modules(api.__path__)}
    assert not modules & set(api.__all__)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'walkbackward'"):
        _ = api.walkbackward  # type: ignore[attr-defined]


@pytest.mark.parametrize("collects", [True, False])
def test_a_run_loads_only_what_it_needs(collects: bool) -> None:
    """And the collector of garbage, paused meanwhile, is as it was."""
    code = (
        "import gc, sys\n"
        f"gc.enable() if {collects} else gc.disable()\n"
        "from quorate import run\n"
        "other = ('auditing', 'pulling', 'learning', 'walking', 'archives', 'checking')\n"
        "print([n for n in other if 'quorate.api.' + n in sys.modules], gc.isenabled())"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert told.stdout.strip() == f"[] {collects}"
    assert gc.isenabled()
