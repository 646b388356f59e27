"""What is said of many series is what is said of each."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.statistics.building import G16

from quorate.statistics import columns, ratios
from quorate.statistics.drawdowns import max_drawdown

EACH = {
    columns.means: lambda days: ratios.mean_return(days) / 365,
    columns.volatilities: ratios.annual_volatility,
    columns.sharpes: ratios.sharpe,
    columns.sortinos: ratios.sortino,
    columns.total_returns: ratios.total_return,
    columns.growths: ratios.cagr,
    columns.calmars: ratios.calmar,
    columns.falls: max_drawdown,
}


@pytest.mark.parametrize("of_many", EACH, ids=lambda each: each.__name__)
def test_a_column_is_a_series(of_many):
    draw = np.random.default_rng(1).standard_t(3, (len(G16), 5)) * 0.02
    series = np.column_stack((G16, draw, np.zeros(len(G16)), np.full(len(G16), 0.01)))
    found = of_many(series)
    for number, column in enumerate(series.T):
        assert found[number] == pytest.approx(EACH[of_many](column), rel=1e-10, nan_ok=True)


def test_g16_is_in_the_first_column():
    series = np.column_stack((G16, -G16))
    assert columns.sharpes(series)[0] == pytest.approx(2.248219030647597, abs=1e-9)
    assert columns.sortinos(series)[0] == pytest.approx(3.520964780064711, abs=1e-9)
    assert columns.falls(series)[0] == pytest.approx(-0.03, abs=1e-12)
    assert columns.growths(series)[0] == pytest.approx(1.105918094338791, abs=1e-9)


def test_more_than_all_lost_has_no_growth():
    assert np.isnan(columns.growths(np.array([[-1.5], [0.1]]))).all()
