"""What is written of the commands is what they are: the reference, and their names in Python."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

import quorate
from quorate.cli import (  # noqa: F401  (they add their commands to the app)
    ablating,
    archives,
    auditing,
    commanding,
    data,
    exchanging,
    executing,
    killing,
    nightly,
    pulling,
    reconciling,
    registering,
    runs,
    scheduling,
    searching,
    sweeping,
    torturing,
    walking,
)
from quorate.cli.commands import app
from quorate.cli.overview import GROUPS, named, names

DOCS = Path(__file__).parents[3] / "docs"
COMMANDS = sorted(names(app))


@pytest.fixture(scope="module")
def page():
    """Return the lines of the reference's page of commands."""
    spec = importlib.util.spec_from_file_location("from_code", DOCS / "_ext" / "from_code.py")
    from_code = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(from_code)
    return from_code.commands()


def in_python():
    """Return the rows of the notebook's table: a command and what it is in Python."""
    text = (DOCS / "how-to" / "notebook.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `quorate ([a-z ]+)` \| (.+) \|$", text, re.MULTILINE)
    return dict(rows)


def test_the_reference_has_every_command_and_every_option(page):
    heads = [line.removeprefix("### quorate ") for line in page if line.startswith("### ")]
    assert sorted(heads) == COMMANDS
    assert heads == [name for group in GROUPS.values() for name in group]
    for name in COMMANDS:
        first = page.index(f"### quorate {name}")
        rest = [i for i, line in enumerate(page) if i > first and line.startswith("##")]
        own = "\n".join(page[first : rest[0] if rest else None])
        for given in named(app, name).assemble_argument_collection():
            if "*" in given.names:  # a class whose fields are options
                continue
            shown = [x for x in given.names if x.startswith("--")][:1] or [given.field_info.name]
            wanted = shown[0] if given.field_info.kind is given.field_info.KEYWORD_ONLY else ""
            assert f"`{wanted}" in own, (name, wanted)
            assert given.parameter.help is None or given.parameter.help[:12] in own


def test_an_option_says_its_default_and_an_argument_that_it_is_needed(page):
    assert "| `--limit` | `20` | How many rows, the last ones. |" in page
    assert any(line.startswith("| `RUN` | needed |") for line in page)
    assert any(line.startswith("| `--kind` |   | spot, perp.") for line in page)


def test_every_command_has_its_name_in_python():
    assert sorted(in_python()) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_what_the_table_calls_is_there(command):
    calls = re.findall(r"`quorate\.([a-z_]+)\(", in_python()[command])
    assert calls
    for name in calls:
        assert name in quorate.__all__
        assert callable(getattr(quorate, name))


def test_a_name_differs_only_where_a_package_has_it():
    for command, python in in_python().items():
        if " " not in command and f"`quorate.{command}(" not in python:
            assert (Path(quorate.__file__).parent / command / "__init__.py").is_file()
