"""A run is as long as its bars, not as the days it touches."""

from datetime import timedelta

import pytest
from tests.unit.statistics.building import START, equity_frame

from quorate.statistics.daily import daily_returns
from quorate.statistics.span import over_span, span_days


def test_a_first_day_of_half_an_hour_is_no_whole_day():
    """From 23:30 to 12:00 two days later: three UTC days are touched, 1.52 have passed."""
    equity = equity_frame(
        [0.0] * 73, step=timedelta(minutes=30), first=START - timedelta(hours=0.5)
    )
    assert len(daily_returns(equity).day) == 3
    assert span_days(equity) == pytest.approx(36.5 / 24)
    rates = over_span({"trades_per_day": 1.0, "turnover_per_day": None}, 3, span_days(equity))
    assert rates["trades_per_day"] == pytest.approx(3 * 24 / 36.5)
    assert rates["turnover_per_day"] is None


def test_a_run_without_a_bar_keeps_its_rates():
    assert over_span({"trades_per_day": 2.0}, 1, 0.0) == {"trades_per_day": 2.0}
