"""Days of an equity curve: where a day ends, deposits, days without rows, ruin."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from tests.unit.statistics.building import G16, START, UNIT, equity_frame

from quorate.errors import SchemaError
from quorate.statistics.daily import daily_returns


def test_daily_rows_give_their_returns_back():
    daily = daily_returns(equity_frame(G16))
    assert daily.net == pytest.approx(G16, abs=1e-11)
    assert daily.equity_usd[0] == pytest.approx(10_100.0)
    assert np.datetime64("1970-01-01") + daily.day[0] == np.datetime64("2026-01-01")


def test_the_bar_that_closes_at_midnight_belongs_to_the_day_it_ends():
    """Hourly bars: 24 of them make a day, the last at 00:00 of the next date."""
    daily = daily_returns(
        equity_frame([0.0] * 23 + [0.01] + [0.02] + [0.0] * 23, step=timedelta(hours=1))
    )
    assert daily.net == pytest.approx([0.01, 0.02], abs=1e-11)


def test_any_bar_length_gives_the_same_days():
    hourly = equity_frame(np.random.default_rng(1).normal(0, 0.01, 72), step=timedelta(hours=1))
    ends = hourly.gather_every(24)
    assert daily_returns(hourly).net == pytest.approx(daily_returns(ends).net, abs=1e-11)


def test_a_start_within_a_day_counts_that_day():
    daily = daily_returns(
        equity_frame([0.1] * 14, step=timedelta(hours=1), first=START + timedelta(hours=11))
    )
    assert daily.net == pytest.approx([1.1**13 - 1, 0.1], abs=1e-9)


def test_deposits_and_withdrawals_are_no_returns():
    daily = daily_returns(equity_frame(G16, flows=[0, 5_000 * UNIT, 0, -3_000 * UNIT] + [0] * 6))
    assert daily.net == pytest.approx(G16, abs=1e-10)


def test_a_day_without_rows_has_no_return():
    frame = equity_frame([0.1, 0.1, 0.1])
    daily = daily_returns(frame.filter(pl.Series([True, True, False, True])))
    assert daily.net == pytest.approx([0.1, 0.0, 0.21], abs=1e-9)


def test_gross_is_ahead_of_net_by_the_costs():
    daily = daily_returns(equity_frame([0.0, 0.0]))
    assert daily.net.tolist() == [0.0, 0.0]
    assert daily.gross == pytest.approx([1 / 10_000, 1 / 10_001])


def test_after_ruin_nothing_is_known():
    frame = equity_frame([0.1, -1.0, 0.5])
    assert daily_returns(frame).net[:2] == pytest.approx([0.1, -1.0])
    assert np.isnan(daily_returns(frame).net[2])


def test_a_start_alone_has_no_days():
    assert len(daily_returns(equity_frame([])).net) == 0


@pytest.mark.parametrize(
    "frame",
    [
        equity_frame([0.1]).reverse(),
        equity_frame([]).clear(),
        equity_frame([]).vstack(equity_frame([])),
    ],
)
def test_times_must_ascend(frame):
    with pytest.raises(SchemaError, match="do not ascend"):
        daily_returns(frame)
