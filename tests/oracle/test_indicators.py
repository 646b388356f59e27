"""Indicators against TA-Lib, and the golden vector G5 of METHODS 14."""

import numpy as np
import pytest
import talib
from tests.unit.core.features.synthetic import ROW, bars, run

from quorate.core.features import wilder


def recursion(high, low, close):
    """Return the memory of the recursions after each bar, shape (time, row)."""
    memory, here = wilder.init(1), np.ones(1, np.int64)
    rows = []
    for bar in np.stack([high, low, close], axis=1)[:, :, None]:
        wilder.advance(memory, here, bar[0], bar[1], bar[2])
        rows.append(memory[:, 0].copy())
    return np.array(rows)


@pytest.fixture(scope="module")
def hourly():
    return bars(600, 2, seed=11)


def columns(given, c=0):
    return tuple(
        np.ascontiguousarray(array[:, c]) for array in (given.high, given.low, given.close)
    )


def test_g5_adx():
    i = np.arange(40)
    close = np.round(100.0 + np.cumsum(((7 * i) % 11 - 4.5) * 0.3), 4)
    high = np.round(close + 1.0 + 0.2 * ((3 * i) % 5), 4)
    low = np.round(close - 1.0 - 0.1 * ((5 * i) % 7), 4)
    rows = recursion(high, low, close)
    assert rows[14, wilder.PLUS_DI] == pytest.approx(19.847254447022415, abs=1e-9)
    assert rows[14, wilder.MINUS_DI] == pytest.approx(11.185228151585427, abs=1e-9)
    assert rows[27, wilder.ADX] == pytest.approx(24.976823808295084, abs=1e-9)
    assert rows[39, wilder.ADX] == pytest.approx(25.730252057972887, abs=1e-9)


def test_recursions_are_talibs(hourly):
    high, low, close = columns(hourly)
    rows = recursion(high, low, close)
    expected = {
        wilder.ADX: talib.ADX(high, low, close, 14),
        wilder.PLUS_DI: talib.PLUS_DI(high, low, close, 14),
        wilder.MINUS_DI: talib.MINUS_DI(high, low, close, 14),
        wilder.ATR: talib.ATR(high, low, close, 14),
        wilder.RSI: talib.RSI(close, 14),
        wilder.EMA_SLOW: talib.EMA(close, 26),
        wilder.HISTOGRAM: talib.MACD(close, 12, 26, 9)[2],
    }
    for row, values in expected.items():
        known = np.isfinite(values)
        assert known.sum() > 500
        np.testing.assert_allclose(rows[known, row], values[known], rtol=1e-12, atol=1e-12)


def test_features_are_talibs_on_hours(hourly):
    values = run(hourly, minutes=60)
    for c in range(2):
        high, low, close = columns(hourly, c)
        atr = talib.ATR(high, low, close, 14)
        upper, middle, _ = talib.BBANDS(close, 20, 1.0, 1.0)
        gap = talib.PLUS_DI(high, low, close, 14) - talib.MINUS_DI(high, low, close, 14)
        expected = {
            "adx": talib.ADX(high, low, close, 14),
            "di_diff": 0.01 * gap,
            "rsi_14": talib.RSI(close, 14),
            "atr_frac": atr / close,
            "macd_hist": talib.MACD(close, 12, 26, 9)[2] / atr,
            "bollinger_z": (close - middle) / (upper - middle),
        }
        for name, oracle in expected.items():
            found = values[:, ROW[name], c]
            known = np.isfinite(found)
            np.testing.assert_allclose(
                found[known], oracle[known], rtol=1e-12, atol=1e-12, err_msg=name
            )


def test_hours_are_built_from_five_minutes():
    """Five-minute bars give what TA-Lib gives on the hours they make, and hold it between."""
    given = bars(12 * 200, 1, seed=5)
    values = run(given)[:, ROW["adx"], 0]
    high = given.high[:, 0].reshape(-1, 12).max(axis=1)
    low = given.low[:, 0].reshape(-1, 12).min(axis=1)
    close = given.close[11::12, 0].copy()
    oracle = talib.ADX(high, low, close, 14)
    np.testing.assert_allclose(values[11::12][149:], oracle[149:], rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(values[1799 : 1799 + 12], np.full(12, values[1799]))
