"""The moves of the table of shocks, computed again from the bars of those days."""

from __future__ import annotations

from statistics import median

import polars as pl
import pytest

from quorate.report.shocks import SHOCKS

pytestmark = pytest.mark.realdata


def fall(bars):
    """Return the deepest fall of a low below the highest high so far."""
    ordered = bars.sort("ts")
    return float((ordered["low"] / ordered["high"].cum_max() - 1.0).min())


def rise(bars):
    """Return the highest rise above the lowest low so far; a bar's own high may come before it."""
    ordered = bars.sort("ts")
    lowest = ordered["low"].cum_min()
    closed = (ordered["close"] / lowest - 1.0).max()
    later = (ordered["high"][1:] / lowest[:-1] - 1.0).max()
    return float(max(closed, later))


def move(bars, shock):
    """Return what the shock tells of these bars: a fall, or a rise."""
    return (fall if shock.btc_move < 0.0 else rise)(bars)


def days(path, shock):
    if not path.is_file():
        pytest.skip(f"the real data have no {path.parent.name}/{path.name} of binance_usdm")
    date = pl.col("ts").dt.strftime("%Y-%m-%d")
    return pl.read_parquet(path).filter((date >= shock.start) & (date < shock.end))


@pytest.mark.parametrize("shock", SHOCKS, ids=lambda shock: shock.start)
def test_bitcoin_moved_that_far(data, shock):
    bars = days(data / "ohlcv" / "binance_usdm" / "1h" / "BTCUSDT.parquet", shock)
    assert bars.height >= 48
    assert move(bars, shock) == pytest.approx(shock.btc_move, abs=5e-5)


@pytest.mark.parametrize("shock", SHOCKS, ids=lambda shock: shock.start)
def test_the_median_coin_moved_that_far(data, shock):
    bars = days(data / "ohlcv" / "binance_usdm" / "1d" / "all.parquet", shock)
    others = bars.filter(pl.col("symbol") != "BTCUSDT").partition_by("symbol")
    assert len(others) == shock.n_alts
    moves = [move(each, shock) for each in others]
    assert median(moves) == pytest.approx(shock.alt_move, abs=5e-5)
