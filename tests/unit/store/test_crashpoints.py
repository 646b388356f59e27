"""Crash points: each in one place, all of them listed, and armed by no code but tests."""

import ast
from collections import Counter
from pathlib import Path

import quorate
from quorate.store.crashpoints import POINTS, armed, crashpoint

SOURCE = Path(quorate.__file__).parent


def names():
    """Give every name a file of the source calls, imports or reads, and each crash point's."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield path.name, node


def test_every_point_is_in_one_place_and_in_the_list():
    found = Counter()
    for _, node in names():
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "crashpoint":
            (name,) = node.args
            assert isinstance(name, ast.Constant), "the name of a point is written out"
            found[name.value] += 1
    assert set(found) == set(POINTS)
    assert {name for name, count in found.items() if count > 1} <= {"lease.released"}


def test_nothing_of_the_source_arms_them():
    for name, node in names():
        if name == "crashpoints.py":
            continue
        if isinstance(node, ast.ImportFrom) and node.module == "quorate.store.crashpoints":
            assert [alias.name for alias in node.names] == ["crashpoint"], name
        assert getattr(node, "id", getattr(node, "attr", "")) not in ("armed", "_ARMED"), name


def test_a_point_that_is_not_armed_does_nothing():
    passed = []
    with armed(passed.append):
        crashpoint("journal.rows")
    crashpoint("journal.rows")
    assert passed == ["journal.rows"]
