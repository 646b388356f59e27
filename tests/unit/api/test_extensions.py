"""A module is anybody's code: whatever it does while it is imported has a name."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from quorate.api import extensions
from quorate.errors import EngineError

BROKEN = {
    "raises": ("raise RuntimeError('no licence')", r"'{module}' raised RuntimeError: no licence"),
    "divides": ("1 / 0", r"'{module}' raised ZeroDivisionError: division by zero"),
    "garbled": ("def :", r"'{module}' raised SyntaxError: "),
    "leaves": ("raise SystemExit(3)", r"'{module}' raised SystemExit: 3"),
    "misspells": ("import math\nmath.pie", r"'{module}' raised AttributeError: "),
    "lacks": ("import no_such_package", r"No module named 'no_such_package'"),
}


@pytest.fixture
def module(request, tmp_path, monkeypatch):
    """Write a module under a name of its own and put it on the path."""
    name = f"quorate_test_{request.param}"
    (tmp_path / f"{name}.py").write_text(BROKEN[request.param][0], encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return name, BROKEN[request.param][1].format(module=name)


@pytest.mark.parametrize("module", BROKEN, indirect=True)
def test_a_module_that_fails_at_import_is_named_with_its_cause(module):
    name, says = module
    with pytest.raises(EngineError, match=f"engine '{name}:vote' cannot be imported: .*{says}"):
        extensions.load(f"{name}:vote")


@pytest.mark.parametrize("module", ["raises"], indirect=True)
def test_so_is_that_of_an_installed_package(module, monkeypatch):
    name, says = module
    point = EntryPoint(name="mine", value=f"{name}:vote", group=extensions.GROUP)
    monkeypatch.setattr(extensions, "entry_points", lambda **_: [point])
    with pytest.raises(EngineError, match=says):
        extensions.engines()


def test_a_stop_by_the_user_is_let_through(tmp_path, monkeypatch):
    (tmp_path / "quorate_test_stopped.py").write_text("raise KeyboardInterrupt", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        extensions.load("quorate_test_stopped:vote")
