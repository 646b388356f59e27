"""The scorecard counts what a reader would count by hand, however the history is cut."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from polars.testing import assert_frame_equal

from quorate.backtest.scorecard import ALL, Scorecard
from quorate.core.types import Bar, Regime

N_BARS, N_ENGINES, N_COINS = 700, 3, 4
HORIZON, HOUR, DAY = 16, 4, 96
K0 = 57
ENGINES = ("one", "two", "mute")


def market(seed: int = 0) -> dict[str, Any]:
    draw = np.random.default_rng(seed)
    side = draw.integers(-1, 2, (N_BARS, N_ENGINES, N_COINS)).astype(np.int8)
    side[:, 2] = 0
    status = np.where(draw.random((N_BARS, N_COINS)) < 0.01, int(Bar.ABSENT), int(Bar.TRADED))
    close = np.exp(draw.normal(0.0, 0.01, (N_BARS, N_COINS)).cumsum(axis=0))
    return {
        "side": side,
        "prob": draw.uniform(0.5, 1.0, side.shape),
        "weight": draw.uniform(0.0, 1.0, (N_BARS, len(Regime), N_ENGINES)),
        "regime": draw.integers(0, len(Regime), (N_BARS, N_COINS)).astype(np.int8),
        "ready": (draw.random((N_BARS, N_COINS)) > 0.05).astype(np.int8),
        "close": np.where(status == Bar.TRADED, close, np.nan),
        "status": status.astype(np.int8),
    }


def block(made: dict[str, Any], first: int, last: int) -> Any:
    cut = {name: np.ascontiguousarray(array[first:last]) for name, array in made.items()}
    return SimpleNamespace(
        k0=K0 + first,
        inputs=SimpleNamespace(bars=SimpleNamespace(close=cut["close"], status=cut["status"])),
        votes=SimpleNamespace(side=cut["side"]),
        consensus=SimpleNamespace(prob=cut["prob"], weights=cut["weight"]),
        readings=SimpleNamespace(regime=cut["regime"], ready=cut["ready"]),
        decisions=SimpleNamespace(equity=np.zeros(last - first)),
    )


def card(made: dict[str, Any], cuts: list[int]) -> Any:
    found = Scorecard(ENGINES, HORIZON, HOUR, DAY)
    ends = [0, *cuts, N_BARS]
    for first, last in pairwise(ends):
        found.add(block(made, first, last))
    return found.frame()


def by_hand(made: dict[str, Any], e: int, v: int) -> tuple[int, int, float, float, float]:
    """Count one vote after the other: votes, times asked, share right, mean move, its error."""
    days: dict[int, list[float]] = defaultdict(list)
    asked = right = 0
    for t in range(N_BARS - HORIZON):
        for c in range(N_COINS):
            whole = (made["status"][t : t + HORIZON + 1, c] == Bar.TRADED).all()
            if (K0 + t) % HOUR or not whole or not made["ready"][t, c]:
                continue
            if made["regime"][t, c] != v:
                continue
            asked += 1
            s = int(made["side"][t, e, c])
            move = 1e4 * np.log(made["close"][t + HORIZON, c] / made["close"][t, c])
            if s:
                days[(K0 + t) // DAY].append(s * move)
                right += s * move > 0
    n = sum(map(len, days.values()))
    mean = sum(map(sum, days.values())) / n
    spread = sum((sum(day) - mean * len(day)) ** 2 for day in days.values())
    error = (len(days) / (len(days) - 1) * spread) ** 0.5 / n
    return n, asked, right / n, mean, error


@pytest.mark.parametrize("e", [0, 1])
@pytest.mark.parametrize("v", list(Regime))
def test_it_is_what_counting_by_hand_gives(e: int, v: Regime) -> None:
    made = market()
    frame = card(made, [])
    row = frame.filter(engine=ENGINES[e], regime=v.name.lower()).row(0, named=True)
    n, asked, right, mean, error = by_hand(made, e, v)
    assert (row["n_votes"], row["n_asked"]) == (n, asked)
    assert row["right_frac"] == pytest.approx(right, abs=1e-12)
    assert row["move_bps"] == pytest.approx(mean, abs=1e-9)
    assert row["error_bps"] == pytest.approx(error, rel=1e-9)
    assert 0.5 < row["prob"] < 1.0
    assert 0.3 < row["weight"] < 0.7


@pytest.mark.parametrize("cuts", [[1], [350], [15, 16, 17], list(range(1, N_BARS))])
def test_it_is_the_same_however_the_history_is_cut(cuts: list[int]) -> None:
    made = market(1)
    assert_frame_equal(card(made, cuts), card(made, []), rel_tol=1e-12)


def test_an_engine_that_never_voted_has_no_figures() -> None:
    row = card(market(), []).filter(engine="mute", regime=ALL).row(0, named=True)
    assert row["n_votes"] == 0
    assert row["n_asked"] > 0
    assert {row[name] for name in ("right_frac", "move_bps", "error_bps", "prob")} == {None}


def test_later_closes_change_no_vote_settled_before_them() -> None:
    made = market(2)
    whole = card(made, [400])
    for name in made:
        made[name] = made[name].copy()
    made["close"][-1] *= 3.0
    changed = card(made, [400])
    assert changed["n_votes"].to_list() == whole["n_votes"].to_list()
    assert changed["move_bps"].to_list() != whole["move_bps"].to_list()
    made["close"][-1] = np.nan
    made["status"][-1] = int(Bar.ABSENT)
    assert card(made, [400])["n_votes"].sum() < whole["n_votes"].sum()


def test_nothing_seen_gives_rows_without_figures() -> None:
    frame = Scorecard(ENGINES, HORIZON, HOUR, DAY).frame()
    assert frame.height == len(ENGINES) * (len(Regime) + 1)
    assert frame["n_votes"].sum() == 0
