"""The first help: every command, at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

from quorate.cli import run
from quorate.cli.commands import app
from quorate.cli.overview import GROUPS, names


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_every_command_has_a_line(arguments, capsys):
    assert run(arguments) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    for group in GROUPS.values():
        for name in group:
            assert any(line.startswith(f"  {name} ") for line in said.splitlines())


def test_no_command_is_left_out():
    assert set(names(app)) == {name for group in GROUPS.values() for name in group}


def test_it_comes_without_the_tools_of_the_terminal():
    code = (
        "import sys\nfrom quorate.cli import run\nrun(['--help'])\n"
        "slow = {'rich', 'pygments', 'markdown_it', 'importlib.metadata'} & set(sys.modules)\n"
        "assert not slow, slow"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)
