"""The whole programme in pieces: a record that is taken up where it stood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quorate.api import programme
from quorate.api.torturing import Failure, Torture

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("ccxt")


def played(first_seed: int, seeds: int, days: float) -> Torture:
    failures = (Failure(first_seed, "I1", "twice", "{}"),)
    return Torture(seeds, first_seed, days, {"cut": 2}, 5, 1, 0, 1, {"I1": 1}, failures, "trace")


def test_a_record_goes_on_where_it_stood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "SEEDS": 80,
        "MESSAGES": 24,
        "_MESSAGES_AT_ONCE": 12,
        "REPLIES": 10,
        "_REPLIES_AT_ONCE": 10,
    }.items():
        monkeypatch.setattr(programme, name, value)
    path = tmp_path / "record.json"
    first = programme.go_on(path, played, pieces=2)
    assert (first["replies"], first["messages"], first["seeds"]) == (10, 12, 0)
    assert programme.read(path) == first
    assert programme.left(first) == 3
    last = programme.go_on(path, played)
    assert programme.left(last) == 0
    assert (last["seeds"], last["days"], last["faults"]) == (80, 20.0, {"cut": 4})
    assert last["violations_by_invariant"] == {"I1": 2}
    assert [each["seed"] for each in last["failures"]] == [1, 41]
    assert (last["messages_wrong"], last["replies_wrong"]) == ([], [])
    assert programme.go_on(path, played) == last
