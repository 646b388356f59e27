"""A study asks for the same points whatever is killed, and whoever tells."""

from __future__ import annotations

import sys

import pytest

from quorate.errors import ConfigError
from quorate.research.study import BATCH, Axis, Study

AXES = (Axis("x", 0.0, 1.0), Axis("n", 1, 9, whole=True), Axis("c", choices=("a", "b")))
FIRST = {"x": 0.25, "n": 2, "c": "a"}
N = 21


def value(point):
    return -((point["x"] - 0.7) ** 2) - (point["n"] - 4) ** 2 / 10.0


def walk(path, n=N, killed_after=None):
    """Try to the end, or until a kill; return what was tried, or None."""
    study = Study(AXES, seed=3, first=FIRST, path=path)
    try:
        told = 0
        while asked := study.ask(n):
            for point in asked:
                if told == killed_after:
                    return None
                score = value(point.point)
                is_known = point.point["n"] != 7
                study.tell(point, score if is_known else None, [score / 2, score], {"x": score})
                told += 1
        return [(each.batch, each.point, each.value, each.told) for each in study.tried()]
    finally:
        study.close()


@pytest.mark.parametrize("killed_after", [0, 3, BATCH, 13])
def test_killed_and_begun_again_it_tries_the_same(tmp_path, killed_after):
    assert walk(tmp_path / "killed.sqlite", killed_after=killed_after) is None
    assert walk(tmp_path / "killed.sqlite") == walk(None)


def test_killed_while_it_asks_it_asks_the_same(tmp_path, monkeypatch):
    study = Study(AXES, seed=3, first=FIRST, path=tmp_path / "killed.sqlite")
    asked = []

    def suggest(slot, batch):
        asked.append(slot)
        if slot == 2:  # a point of which only one coordinate was written
            trial = study._study.ask()
            trial.set_user_attr("batch", batch)
            trial.suggest_float("x", 0.0, 1.0)
            raise KeyboardInterrupt
        Study._suggest(study, slot, batch)

    monkeypatch.setattr(study, "_suggest", suggest)
    with pytest.raises(KeyboardInterrupt):
        study.ask(N)
    study.close()
    assert walk(tmp_path / "killed.sqlite") == walk(None)


def test_the_settings_as_they_are_come_first_and_points_differ():
    found = walk(None)
    assert found[0][1] == FIRST
    assert len({tuple(point.values()) for _, point, _, _ in found}) == N
    assert [batch for batch, *_ in found] == [0] * 8 + [1] * 8 + [2] * 5


@pytest.mark.parametrize("seed", [20_260_101, 2**63, -1])
def test_any_number_is_a_seed(seed):
    (one,), (other,) = (Study(AXES, seed=seed).ask(1) for _ in range(2))
    assert one.point == other.point


def test_it_learns_from_what_it_was_told():
    found = walk(None, n=64)
    early, late = ([v for *_, v, _ in part if v is not None] for part in (found[:16], found[-16:]))
    assert sum(late) / len(late) > sum(early) / len(early)


def test_another_seed_asks_for_others():
    one, other = (Study(AXES, seed=seed).ask(3) for seed in (1, 2))
    assert [each.point for each in one] != [each.point for each in other]


def test_more_can_be_asked_for_later(tmp_path):
    assert len(walk(tmp_path / "more.sqlite", n=8)) == 8
    more = walk(tmp_path / "more.sqlite", n=16)
    assert more == walk(None, n=16)


def test_without_optuna_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ConfigError, match="needs the package optuna"):
        Study(AXES, seed=0)
