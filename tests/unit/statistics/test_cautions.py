"""A number that is defined and says nothing has a reason; a sound one has none."""

import numpy as np
import pytest
from tests.unit.statistics.building import equity_frame, trades_frame

from quorate.core.types import N_LINES
from quorate.statistics.cautions import cautions, too_few
from quorate.statistics.metrics import summary


def told(returns, trades):
    equity = equity_frame(returns)
    return cautions(summary(equity, trades, np.zeros(N_LINES, np.int64)), equity)


def test_one_trade_has_no_ratio_whatever_it_earned():
    returns = [0.0] * 45
    returns[3] = 0.01
    found = told(returns, trades_frame([100.0], coins=("BTC",)))
    for name in ("net.sharpe", "net.psr", "net.min_track_record_days", "gross.sharpe"):
        assert found[name] == "too few: 1 trade"
    assert found["stability.coin.groups.BTC.sharpe"] == "too few: 1 trade"
    assert found["stability.year.groups.2026.psr"] == "too few: 1 trade"
    assert "net.total_return" not in found


def test_thirty_trades_and_ten_losing_days_need_no_caution():
    returns = np.tile([0.01, -0.008], 20)
    assert told(returns, trades_frame([2.0, -1.0] * 30, coins=("BTC",))) == {}


@pytest.mark.parametrize(("n_losing", "is_few"), [(9, True), (10, False)])
def test_ratios_over_losses_need_ten_losing_days(n_losing, is_few):
    returns = [0.01] * 40 + [-0.005] * n_losing
    found = told(returns, trades_frame([2.0, -1.0] * 30))
    assert ("net.sortino" in found) == ("net.calmar" in found) == is_few
    assert "net.sharpe" not in found


def test_growth_over_a_fall_of_nothing_says_nothing():
    found = told(np.tile([0.01, -0.0009], 20), trades_frame([2.0, -1.0] * 30))
    assert found["net.calmar"] == "the deepest fall is below 0.1%"
    assert "net.sortino" not in found


def test_what_is_not_defined_has_its_flag_already():
    found = told([0.0] * 30, trades_frame([1.0])[:0])
    assert not any(name.startswith("net.") for name in found)


def test_the_key_of_a_group_may_have_dots():
    found = told([0.01, -0.01] * 20, trades_frame([1.0], coins=("A.B",)))
    assert "stability.coin.groups.A.B.sharpe" in found
    assert (too_few(29), too_few(30)) == ("too few: 29 trades", "")
