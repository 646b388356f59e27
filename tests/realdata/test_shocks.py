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


def days(path, shock):
    if not path.is_file():
        pytest.skip(f"the real data have no {path.parent.name}/{path.name} of binance_usdm")
    date = pl.col("ts").dt.strftime("%Y-%m-%d")
    return pl.read_parquet(path).filter((date >= shock.start) & (date < shock.end))


@pytest.mark.parametrize("shock", SHOCKS, ids=lambda shock: shock.start)
def test_bitcoin_fell_that_far(data, shock):
    bars = days(data / "ohlcv" / "binance_usdm" / "1h" / "BTCUSDT.parquet", shock)
    assert bars.height >= 48
    assert fall(bars) == pytest.approx(shock.btc_move, abs=5e-5)


@pytest.mark.parametrize("shock", SHOCKS, ids=lambda shock: shock.start)
def test_the_median_coin_fell_that_far(data, shock):
    bars = days(data / "ohlcv" / "binance_usdm" / "1d" / "all.parquet", shock)
    others = bars.filter(pl.col("symbol") != "BTCUSDT").partition_by("symbol")
    assert len(others) == shock.n_alts
    assert median(map(fall, others)) == pytest.approx(shock.alt_move, abs=5e-5)
