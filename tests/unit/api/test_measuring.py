"""Benchmarks of a checkout: what they are asked for, and what is said without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import quorate
from quorate.api.measuring import SCRIPT
from quorate.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

ASKED = "import sys; print(sys.argv[1:], flush=True); sys.exit(3 * ('--check' in sys.argv))"


def test_what_is_asked_reaches_the_script(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "table.py"
    script.write_text(ASKED)
    assert quorate.bench(["solve"], data="bars", script=script)
    assert not quorate.bench(check=True, script=script)
    assert capfd.readouterr().out.splitlines() == ["['solve', '--data', 'bars']", "['--check']"]


def test_a_package_without_a_checkout_says_where_they_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no benchmarks"):
        quorate.bench(script=tmp_path / "table.py")


def test_this_checkout_has_them() -> None:
    assert SCRIPT.is_file()
