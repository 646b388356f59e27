"""Holding is what a reader would work out by hand, however the history is cut."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from polars.testing import assert_frame_equal

from quorate.backtest.benchmark import BENCHMARK, Benchmark
from quorate.core.types import Bar

PER_DAY, N_COINS = 4, 3  # bars of six hours
MINUTES = 360
K0 = 4 * 20_000 + 1  # the first close of a day, 2024-10-04
DAY = date(2024, 10, 4)


def market(n_days: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    shape = (n_days * PER_DAY, N_COINS)
    close = 100.0 * np.exp(draw.normal(0.0, 0.05, shape).cumsum(axis=0))
    return close, np.full(shape, int(Bar.TRADED), np.int8)


def held(close, status, *, btc=0, k0=K0, cuts=(), rate=None) -> Any:
    found = Benchmark(close.shape[1], btc, MINUTES)
    for first, last in pairwise([0, *cuts, len(close)]):
        bars = SimpleNamespace(close=close[first:last], status=status[first:last])
        found.add(SimpleNamespace(inputs=SimpleNamespace(k0=k0 + first, bars=bars)))
    return found.frame(np.ones(len(close)) if rate is None else rate)


def test_btc_is_bought_once_at_the_close_of_the_first_bar():
    close, status = market()
    found = held(close, status)
    assert found["hold_btc"].to_list() == pytest.approx(
        (close[PER_DAY - 1 :: PER_DAY, 0] / close[0, 0]).tolist()
    )
    assert found["day"].to_list()[0] == DAY
    assert found.height == 6
    assert found.schema == BENCHMARK


def test_equal_parts_are_made_equal_again_every_midnight():
    close, status = market()
    ends = close[[0, *range(PER_DAY - 1, len(close), PER_DAY)]]
    by_hand = np.cumprod((ends[1:] / ends[:-1]).mean(axis=1))
    assert held(close, status)["hold_all"].to_list() == pytest.approx(by_hand.tolist())


def test_a_bar_that_closes_at_midnight_belongs_to_the_day_it_ends():
    close, status = market(2)
    late = held(close, status, k0=K0 + 2)  # two bars of the first day, four, two
    assert late["day"].to_list() == [date(2024, 10, day) for day in (4, 5, 6)]
    assert late["hold_btc"].to_list() == pytest.approx((close[[1, 5, 7], 0] / close[0, 0]).tolist())


def test_a_coin_that_comes_is_held_from_the_next_midnight():
    close, status = market(3)
    status[:5, 2] = int(Bar.ABSENT)
    close[:5, 2] = np.nan
    close[5:, 2] *= np.linspace(1.0, 9.0, len(close) - 5)
    day = [close[PER_DAY * i - 1] for i in (1, 2, 3)]
    second = (day[1][:2] / day[0][:2]).mean()
    assert held(close, status)["hold_all"][1] == pytest.approx(
        (day[0][:2] / close[0, :2]).mean() * second
    )
    assert held(close, status)["hold_all"][2] == pytest.approx(
        (day[0][:2] / close[0, :2]).mean() * second * (day[2] / day[1]).mean()
    )


def test_a_coin_that_ends_is_left_at_its_last_price():
    close, status = market(4)
    status[6:, 1] = int(Bar.ABSENT)
    close[6:, 1] = np.nan
    found = held(close, status)["hold_all"].to_numpy()
    ends = [close[PER_DAY * i - 1] for i in (1, 2, 3, 4)]
    assert np.isfinite(found).all()
    still = np.array([0, 2])
    third = (ends[2][still] / ends[1][still]).sum() + 1.0  # it traded the day before: one third
    assert found[2] / found[1] == pytest.approx(third / 3)
    assert found[3] / found[2] == pytest.approx((ends[3][still] / ends[2][still]).mean())


def test_a_price_carried_over_a_gap_is_not_trading():
    close, status = market(3)
    status[:, 1] = int(Bar.IMPUTED)
    alone = held(close[:, [0, 2]], status[:, [0, 2]])
    assert held(close, status)["hold_all"].to_list() == pytest.approx(alone["hold_all"].to_list())


@pytest.mark.parametrize("cuts", [[1], [3, 4, 5], [13], list(range(1, 24))])
def test_it_is_the_same_however_the_history_is_cut(cuts):
    close, status = market()
    status[np.random.default_rng(1).random(status.shape) < 0.3] = int(Bar.ABSENT)
    assert_frame_equal(held(close, status, cuts=cuts), held(close, status), rel_tol=1e-12)


def test_later_closes_change_no_day_before_them():
    close, status = market()
    before = held(close, status)
    close[12:] *= np.linspace(0.2, 3.0, 12)[:, None]
    status[16:, 1] = int(Bar.ABSENT)
    after = held(close, status)
    assert_frame_equal(after[:3], before[:3])
    assert after["hold_all"][4] != before["hold_all"][4]


def test_it_is_told_in_usd():
    close, status = market(2)
    rate = np.linspace(1.0, 0.9, len(close))
    in_quote, in_usd = held(close, status), held(close, status, rate=rate)
    for name in ("hold_all", "hold_btc"):
        assert in_usd[name][-1] == pytest.approx(in_quote[name][-1] * 0.9)


def test_without_btc_it_is_not_held():
    close, status = market(2)
    found = held(close, status, btc=-1)
    assert found["hold_btc"].null_count() == 2
    assert found["hold_all"].null_count() == 0


def test_money_waits_until_there_is_a_coin():
    close, status = market(3)
    status[:6] = int(Bar.ABSENT)
    found = held(close, status)
    assert found["hold_all"].to_list()[:2] == [1.0, 1.0]
    assert found["hold_btc"][1] == pytest.approx(close[7, 0] / close[6, 0])


def test_nothing_seen_has_no_day():
    assert Benchmark(2, 0, MINUTES).frame(np.ones(0)).height == 0
