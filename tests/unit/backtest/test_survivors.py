"""The universe beside its survivors is what a reader would work out by hand, however it is cut."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from quorate.backtest.survivors import CURVES, Survivors
from quorate.core.types import Bar
from quorate.lake.grid import NEVER

PER_DAY, N_COINS, N_DAYS = 4, 4, 6  # bars of six hours
MINUTES = 360
K0 = 4 * 20_000 + 1  # the first close of a day
HAIRCUT = 0.05
LAST = 9  # coin 1 ends with the second bar of the third day
N = N_DAYS * PER_DAY


def market(seed=0):
    draw = np.random.default_rng(seed)
    close = 100.0 * np.exp(draw.normal(0.0, 0.05, (N, N_COINS)).cumsum(axis=0))
    status = np.full(close.shape, int(Bar.TRADED), np.int8)
    status[LAST + 1 :, 1] = Bar.ABSENT
    close[LAST + 1 :, 1] = np.nan
    return close, status, np.ones(close.shape, np.int8)


def ends(last=LAST):
    found = np.full(N_COINS, NEVER, np.int64)
    found[1] = K0 + last
    return found


def held(close, status, member, ended, cuts=(), k0=K0):
    found = Survivors(ended, MINUTES, HAIRCUT)
    for first, last in pairwise([0, *cuts, len(close)]):
        bars = SimpleNamespace(close=close[first:last], status=status[first:last])
        controls = SimpleNamespace(member=member[first:last])
        inputs = SimpleNamespace(bars=bars, controls=controls)
        found.add(SimpleNamespace(k0=k0 + first, inputs=inputs))
    return found.held()


def by_hand(close, coins_of_day, haircut_on=None):
    """Return growth in equal parts of the coins of each day, from close to close."""
    at = [0, *range(PER_DAY - 1, len(close), PER_DAY)]
    price = close.copy()
    price[LAST + 1 :, 1] = close[LAST, 1]
    days = []
    for day, (a, b) in enumerate(pairwise(at)):
        parts = [
            price[b, c] / price[a, c] * (1.0 - HAIRCUT * (c == 1 and day == haircut_on))
            for c in coins_of_day[day]
        ]
        days.append(np.mean(parts))
    return np.cumprod(days)


def test_who_ends_leaves_under_its_last_price_and_survivors_never_held_it():
    close, status, member = market()
    found = held(close, status, member, ends())
    everyone = by_hand(close, [range(4)] * 3 + [(0, 2, 3)] * 3, haircut_on=2)
    survivors = by_hand(close, [(0, 2, 3)] * 6)
    assert found.curves.schema == CURVES
    np.testing.assert_allclose(found.curves["everyone"], everyone, rtol=1e-12)
    np.testing.assert_allclose(found.curves["survivors"], survivors, rtol=1e-12)
    assert (found.n_coins, found.n_ended) == (4, 1)


def test_who_ends_with_a_day_is_out_on_the_next():
    close, status, member = market()
    status[LAST - 1, 1] = Bar.ABSENT
    status[LAST, 1] = Bar.ABSENT
    close[LAST - 1 :, 1] = np.nan
    close[:, 1] = np.where(np.isnan(close[:, 1]), np.nan, 50.0)
    close[:, [0, 2, 3]] = 100.0
    found = held(close, status, member, ends(7))  # with the last bar of the second day
    wanted = [1.0, 1.0, *[1.0 - HAIRCUT / 4] * 4]
    np.testing.assert_allclose(found.curves["everyone"], wanted, rtol=1e-12)


def test_only_members_are_held():
    close, status, member = market()
    member[:, 0] = 0
    member[: 2 * PER_DAY, 2] = 0  # a member from the third day on: held from its end
    found = held(close, status, member, ends())
    days = [(1, 3), (1, 3), (1, 3), (2, 3), (2, 3), (2, 3)]
    np.testing.assert_allclose(
        found.curves["everyone"], by_hand(close, days, haircut_on=2), rtol=1e-12
    )
    assert (found.n_coins, found.n_ended) == (3, 1)


@pytest.mark.parametrize("cuts", [(1,), (3, 4, 5), (7, 8, 9, 10, 11), tuple(range(1, N))])
def test_any_cut_gives_the_same_curves(cuts):
    close, status, member = market()
    whole, cut = (held(close, status, member, ends(), each) for each in ((), cuts))
    assert whole.curves.equals(cut.curves)


def test_nothing_is_said_where_no_coin_that_was_held_ended():
    close, status, member = market()
    assert held(close, status, member, np.full(N_COINS, NEVER)) is None
    member[:, 1] = 0
    assert held(close, status, member, ends()) is None
    assert Survivors(ends(), MINUTES, HAIRCUT).held() is None


def test_without_a_survivor_the_money_waits():
    close, status, member = market()
    found = held(close[:, 1:2], status[:, 1:2], member[:, 1:2], ends()[1:2])
    assert found.curves["survivors"].to_list() == [1.0] * N_DAYS
    assert found.curves["everyone"][-1] == pytest.approx(
        close[LAST, 1] / close[0, 1] * (1.0 - HAIRCUT)
    )
