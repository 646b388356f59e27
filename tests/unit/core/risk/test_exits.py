"""Stops, clocks and cooldowns of positions."""

from __future__ import annotations

import math

import pytest

from quorate.core.risk import exits

PARAMS = exits.Params(horizon_bars=48, cooldown_bars=12)


def entered(side: int = 1, stop_frac: float = 0.03, k: int = 100) -> exits.State:
    state = exits.init(2)
    exits.plan(0, stop_frac, state)
    exits.on_fill(0, 0.0, side * 2.0, 100.0, k, state)
    return state


@pytest.mark.parametrize(("side", "stop"), [(1, 97.0), (-1, 103.0)])
def test_an_entry_sets_side_stop_and_clock(side: int, stop: float) -> None:
    state = entered(side)
    assert state.side[0] == side
    assert state.stop[0] == pytest.approx(stop)
    assert state.clock_k[0] == 99  # from the open of bar 100, the close of bar 99
    assert state.side[1] == 0
    assert math.isnan(state.stop[1])


@pytest.mark.parametrize("side", [1, -1])
def test_a_stop_is_never_widened(side: int) -> None:
    state = entered(side)
    before = state.stop[0]
    worse = 100.0 - side * 10.0
    exits.on_fill(0, side * 2.0, side * 4.0, worse, 105, state)
    assert state.stop[0] == before
    better = 100.0 + side * 10.0
    exits.on_fill(0, side * 4.0, side * 8.0, better, 106, state)
    assert state.stop[0] == pytest.approx(better * (1.0 - side * 0.03))
    assert state.clock_k[0] == 99


def test_adding_keeps_the_distance_of_the_entry() -> None:
    state = entered()
    exits.plan(0, 0.5, state)
    exits.on_fill(0, 2.0, 4.0, 110.0, 105, state)
    assert state.stop[0] == pytest.approx(110.0 * 0.97)
    assert state.stop_frac[0] == 0.03


def test_a_reduction_changes_nothing() -> None:
    state = entered()
    exits.on_fill(0, 2.0, 1.0, 100.0, 105, state)
    assert state.stop[0] == pytest.approx(97.0)
    assert state.clock_k[0] == 99


def test_flat_has_no_stop() -> None:
    state = entered()
    exits.on_fill(0, 2.0, 0.0, 100.0, 105, state)
    assert state.side[0] == 0
    assert math.isnan(state.stop[0])
    assert math.isnan(state.stop_frac[0])


def test_a_change_of_side_is_a_new_entry() -> None:
    state = entered()
    exits.plan(0, 0.05, state)
    exits.on_fill(0, 2.0, -1.0, 90.0, 110, state)
    assert state.side[0] == -1
    assert state.stop[0] == pytest.approx(94.5)
    assert state.clock_k[0] == 109


def test_the_horizon_ends_a_position() -> None:
    state = entered(k=100)
    held = 99 - int(state.clock_k[0])
    assert not exits.is_due(state.side[0], 0, held + 47, PARAMS)
    assert exits.is_due(state.side[0], 0, held + 48, PARAMS)
    assert not exits.is_due(state.side[1], 0, 10_000, PARAMS)  # nothing held


@pytest.mark.parametrize("side", [1, -1])
def test_under_hysteresis_a_position_ends_when_its_score_has_faded(side: int) -> None:
    given = PARAMS._replace(k_out=0.25, min_hold_bars=3)
    assert not exits.is_due(side, side, 10_000, given)
    assert not exits.is_due(side, exits.UNKNOWN, 10_000, given)
    assert not exits.is_due(side, 0, 2, given)
    assert exits.is_due(side, 0, 3, given)
    assert exits.is_due(side, -side, 3, given)


def test_a_restart_moves_the_clock_and_not_the_stop() -> None:
    state = entered(k=100)
    exits.restart(0, 140, state)
    assert state.clock_k[0] == 140
    assert state.stop[0] == pytest.approx(97.0)


@pytest.mark.parametrize("side", [1, -1])
def test_a_cooldown_is_for_one_side_of_one_coin(side: int) -> None:
    state = exits.init(2)
    exits.cool_down(0, side, 100, PARAMS, state)
    assert exits.is_cooling(0, side, 100, state)
    assert exits.is_cooling(0, side, 111, state)
    assert not exits.is_cooling(0, side, 112, state)
    assert not exits.is_cooling(0, -side, 100, state)
    assert not exits.is_cooling(1, side, 100, state)
