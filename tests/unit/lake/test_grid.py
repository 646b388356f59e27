"""One grid, three statuses, nothing filled backwards."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.lake.builders import START_MS

from quorate.core.types import Bar
from quorate.lake import silence
from quorate.lake.grid import NEVER, Grid, alive, lay
from quorate.lake.sources import Series


def series(rows, minutes=5, volume=None, price=None):
    rows = np.asarray(rows)
    close = 100.0 + rows if price is None else np.broadcast_to(np.asarray(price, float), rows.shape)
    spread = 0.0 if price is not None else 0.5
    amount = np.full(rows.size, 10.0) if volume is None else np.asarray(volume, dtype=float)
    return Series(
        "set/A.parquet",
        START_MS + rows * minutes * 60_000,
        close.copy(),
        close + spread,
        close - spread,
        close.copy(),
        amount,
        amount * 0.5,
    )


def grid(n, minutes=5):
    return Grid(START_MS, minutes, n)


def later(n):
    """Return a grid of which the thirtieth row of ``series`` is the first."""
    return Grid(START_MS + 30 * 300_000, 5, n)


def status(laid, c=0):
    return "".join("ATI"[code] for code in laid.status[:, c])


def test_the_counter_is_the_close_stamp():
    assert Grid(START_MS, 5, 1).k0 * 300_000 == START_MS + 300_000


def test_a_short_gap_is_carried_in_price_with_no_volume():
    laid = lay([series([0, 1, 5, 6])], grid(7))
    assert status(laid) == "TTIIITT"
    for column in (laid.open, laid.high, laid.low, laid.close):
        assert column[2:5, 0].tolist() == [101.0] * 3
    assert laid.volume[2:5, 0].tolist() == [0.0] * 3
    assert laid.taker_buy[2:5, 0].tolist() == [0.0] * 3


@pytest.mark.parametrize(
    ("minutes", "missing", "carried"),
    [
        (5, 11, 11),
        (5, 12, 11),
        (5, 13, 11),
        (15, 3, 3),
        (15, 4, 3),
        (60, 1, 0),
        (1, 59, 59),
        (1, 60, 59),
    ],
)
def test_the_bound_is_one_hour(minutes, missing, carried):
    laid = lay([series([0, missing + 1], minutes)], grid(missing + 2, minutes))
    assert status(laid) == "T" + "I" * carried + "A" * (missing - carried) + "T"


def test_the_bound_may_be_another():
    laid = lay([series([0, 13])], grid(14), gap_minutes=30.0)
    assert status(laid) == "T" + "I" * 5 + "A" * 7 + "T"
    laid = lay([series([0, 3])], grid(4), gap_minutes=0.0)
    assert status(laid) == "TAAT"


def test_from_an_hour_on_a_gap_is_unknown():
    laid = lay([series([0, 20])], grid(21))
    for column in (laid.open, laid.high, laid.low, laid.close, laid.volume, laid.taker_buy):
        assert np.isnan(column[12:20, 0]).all()
        assert not np.isnan(column[:12, 0]).any()


def test_before_the_first_bar_is_absent_and_after_the_last_one_it_is_a_gap():
    laid = lay([series([3, 4])], grid(20))
    assert status(laid) == "AAATT" + "I" * 11 + "A" * 4
    assert (laid.first[0], laid.last[0]) == (3, 4)
    assert np.isnan(laid.close[:3, 0]).all()


def test_unknown_taker_volume_stays_unknown_over_a_gap():
    one = series([0, 2])
    laid = lay([one._replace(taker_buy=np.full(2, np.nan))], grid(3))
    assert np.isnan(laid.taker_buy[1, 0])
    assert laid.volume[1, 0] == 0.0


def test_coins_do_not_touch_each_other():
    both = lay([series([0, 3]), None, series([0, 1, 2, 3])], grid(4))
    assert [status(both, c) for c in range(3)] == ["TIIT", "AAAA", "TTTT"]
    assert both.last.tolist() == [3, -1, 3]


def test_rows_outside_the_grid_are_left_out():
    laid = lay([series(np.arange(-5, 15))], grid(7))
    assert laid.close[:, 0].tolist() == [100.0 + row for row in range(7)]


def test_several_gaps_carry_each_its_own_price():
    laid = lay([series([0, 2, 3, 6])], grid(7))
    assert laid.close[:, 0].tolist() == [100, 100, 102, 103, 103, 103, 106]


def quiet(n_before, n_quiet, n_after, minutes=60):
    volume = [10.0] * n_before + [0.0] * n_quiet + [10.0] * n_after
    return series(np.arange(len(volume)), minutes, volume, price=50.0)


def test_a_frozen_end_of_more_than_a_day_is_a_delisting():
    laid = lay([quiet(5, 60, 0)], grid(65, 60))
    assert status(laid) == "T" * 29 + "A" * 36  # the first day of it stays: nobody knew
    assert laid.last[0] == 28
    assert [silence.delisted(laid.status, 0, 60, n)[0] for n in (30, 52, 53)] == [NEVER, NEVER, 28]


def test_a_quiet_day_at_the_end_is_not():
    laid = lay([quiet(5, 24, 0)], grid(29, 60))
    assert status(laid) == "T" * 29


def test_a_halt_in_the_middle_is_a_break():
    laid = lay([quiet(5, 40, 5)], grid(50, 60))
    assert status(laid) == "T" * 29 + "A" * 16 + "T" * 5


def test_what_a_halt_looks_like_does_not_depend_on_its_length():
    short, long = (lay([quiet(5, n, 1)], grid(6 + n, 60)) for n in (30, 60))
    assert status(short)[:35] == status(long)[:35]


def test_what_a_frozen_end_looks_like_does_not_depend_on_its_end():
    ended, resumed = lay([quiet(5, 60, 0)], grid(65, 60)), lay([quiet(5, 60, 5)], grid(70, 60))
    assert status(ended) == status(resumed)[:65]


def test_a_frozen_bar_has_no_range():
    moving = quiet(5, 40, 0)
    wide = moving._replace(high=moving.high + 1.0)
    assert alive(wide) is wide


def test_before_its_first_trade_a_coin_has_no_bar():
    laid = lay([quiet(0, 10, 5)], grid(15, 60))
    assert status(laid) == "A" * 10 + "T" * 5  # that it would trade nobody knew
    assert laid.first[0] == 10


def test_a_coin_that_never_trades_has_no_bar():
    assert alive(quiet(0, 10, 0)).open_ms.size == 0
    assert lay([quiet(0, 10, 0)], grid(10, 60)).last[0] == -1


@pytest.mark.parametrize(
    ("rows", "since"), [([-9, 2], -1), ([-20, 2], -9), ([-20], -9), ([0, 1], -NEVER), ([-1], -1)]
)
def test_since_when_a_coin_is_silent_as_the_grid_begins(rows, since):
    laid = lay([series([row + 30 for row in rows])], later(10))
    assert laid.since[0] == since


def test_a_bar_that_is_worth_nothing_ends_no_silence():
    coin = series([20, 25, 29])._replace(status=np.array([2, 0, 0], np.int8))
    assert lay([coin], later(10), gap_minutes=0.0).since[0] == -10
    assert (
        lay([coin], later(10)).since[0] == -2
    )  # the bar itself says nothing, what it carries does


def test_codes_are_what_the_core_expects():
    assert lay([series([0])], grid(1)).status[0, 0] == Bar.TRADED


def test_what_stands_in_a_hole_is_the_price_before_it_whatever_comes_behind():
    """Nothing is filled backwards, and nothing is drawn from one side of a hole to the other."""
    for rows in ([0, 1, 5, 6], [0, 1, 20, 21]):
        one, two = (
            lay([series(rows, price=np.array([100.0, 101.0, behind, behind]))], grid(22))
            for behind in (102.0, 900.0)
        )
        hole = slice(rows[1] + 1, rows[2])
        for name in ("open", "high", "low", "close", "volume", "status"):
            np.testing.assert_array_equal(getattr(one, name)[hole], getattr(two, name)[hole])
        seen = one.close[hole, 0]
        assert set(seen[np.isfinite(seen)]) == {101.0}
    late = lay([series([5, 6])], grid(7))
    assert np.isnan(late.close[:5, 0]).all()
