"""A spread that is estimated is never below one price step of the venue."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from quorate.backtest.spreads import fill

NAN = float("nan")


def test_a_spread_is_at_least_a_tick_unless_a_quote_says_so():
    close = np.array([[[100.0, 0.005, NAN]]])
    quoted = np.array([[[NAN, NAN, NAN]]])
    tick = np.array([[0.01, 1e-6, 0.01]])
    last = np.array([20.0, 20.0, 20.0])
    market = SimpleNamespace(close=close, spread_bps=quoted)
    found = fill(market, tick, np.array([[2.5, 0.5, 3.0]]), last)
    np.testing.assert_allclose(found[0, 0], [2.5, 2.0, 3.0])
    told = SimpleNamespace(close=close, spread_bps=np.array([[[0.3, 0.3, 0.3]]]))
    np.testing.assert_allclose(
        fill(told, tick, np.array([[2.5, 0.5, 3.0]]), last)[0, 0], [0.3, 0.3, 0.3]
    )
