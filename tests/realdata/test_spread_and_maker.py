"""Two assumptions of bar backtests, held against ticks: the spread, and when a maker is filled."""

from __future__ import annotations

import logging

import numpy as np
import polars as pl
import pytest
from tests.realdata import ticks

from quorate.core import features
from quorate.core.features.spread import FLOOR_BPS
from quorate.core.features.table import index
from quorate.core.types import Bar, Bars

pytestmark = pytest.mark.realdata

TOLERANCE = 0.02
FIGURES = logging.getLogger(__name__)  # shown with pytest --log-cli-level=INFO


@pytest.fixture(scope="module", params=["binance_usdm_ws", "binance_spot_ws"])
def btc(request, data):
    """Return quotes and trades of BTCUSDT over 345 seconds of 2024-08-08."""
    return ticks.websocket(data / f"book/{request.param}/btcusdt_20240808.log.zst")


@pytest.fixture(scope="module")
def pepe(data):
    """Return a day of trades of PEPEUSDT, whose price step is about 10 bps."""
    rows = pl.read_parquet(data / "book/agg_trades/binance_spot_PEPEUSDT_2024-10-27.parquet")
    return ticks.Trades(
        rows["ts"].dt.epoch("ms").to_numpy() / 1e3,
        rows["price"].to_numpy(),
        rows["quantity"].to_numpy(),
        rows["is_buyer_maker"].to_numpy(),
    )


def estimate_bps(trades, seconds):
    """Return the features' estimate from bars of the trades, whatever they call five minutes."""
    prices = ticks.ohlc(trades, seconds)
    shape = (len(prices), 1)
    unknown = np.full(shape, np.nan)
    columns = [prices[:, [i]].copy() for i in range(4)]
    status = np.full(shape, Bar.TRADED, dtype=np.int8)
    bars = Bars(*columns, np.ones(shape), *(unknown.copy() for _ in range(5)), status)
    params = features.params(5)
    row = features.build(bars, 1, features.init(1, params), params).values[
        :, index("spread_bps"), 0
    ]
    return float(row[np.isfinite(row)][-1])


def test_the_quoted_spread_of_btc_is_one_price_step(btc):
    quotes, trades = btc
    quoted = (quotes.ask - quotes.bid) / quotes.bid * 1e4
    estimated = estimate_bps(trades, 1.0)
    FIGURES.info("quoted_bps %s", float(np.median(quoted)))
    FIGURES.info("estimated_bps %s", estimated)
    assert np.median(quoted) < 0.05
    # The estimator cannot see so fine a spread: it must say a small number, never a small cost.
    assert FLOOR_BPS <= estimated < 5.0
    assert estimated >= np.median(quoted)


def test_the_spread_of_a_coarse_coin_is_found_in_its_bars(pepe):
    truth = ticks.side_spread_bps(pepe)
    step = 1e-8 / float(np.median(pepe.price)) * 1e4
    estimated = estimate_bps(pepe, 280.0)
    FIGURES.info("traded_bps %s", truth)
    FIGURES.info("estimated_bps %s", estimated)
    assert truth == pytest.approx(step, rel=0.1)
    assert 0.3 * truth < estimated < 2.0 * truth


@pytest.mark.parametrize(
    ("name", "per_second", "step"),
    [("spot_trxusdt", 1e6, 1e-4), ("usd_m_futures_trxusdt", 1e3, 1e-5)],
)
def test_the_spread_of_trx(data, name, per_second, step):
    path = data / f"book/binance_recorded_csv/binance_trade_stream_{name}_04-03-2025.csv.zst"
    trades = ticks.recorded_trades(path, per_second)
    truth = ticks.side_spread_bps(trades)
    estimated = estimate_bps(trades, (trades.at[-1] - trades.at[0]) / 400.0)
    FIGURES.info("traded_bps %s", truth)
    FIGURES.info("estimated_bps %s", estimated)
    # One step on spot, and not below one on the perpetual.
    assert truth >= 0.9 * step / float(np.median(trades.price)) * 1e4
    assert 0.5 * truth < estimated < 2.0 * max(truth, FLOOR_BPS)


@pytest.mark.parametrize("bar_s", [5.0, 20.0, 60.0])
def test_the_bar_rule_fills_no_maker_that_a_queue_would_not(btc, bar_s):
    """A fill only on trade-through is a subset of what the queue model fills (METHODS 9.4)."""
    fills = ticks.rest(*btc, every_s=1.0, bar_s=bar_s)
    shares = {name: float(filled.mean()) for name, filled in fills._asdict().items()}
    FIGURES.info("shares %s", shares)
    assert not (fills.through & ~fills.queue).any()
    assert shares["through"] <= shares["queue"] <= shares["touched"]
    # Independent of the trades: where the rule says traded through, the quotes had moved beyond.
    assert (fills.through & ~fills.cleared).mean() <= TOLERANCE
    # A rule that fills on touch would invent fills; this one leaves only a few out.
    assert shares["touched"] - shares["queue"] > 0.05
    assert shares["queue"] - shares["through"] < 0.05


def test_on_a_coarse_coin_the_rule_is_far_from_optimistic(pepe):
    """PEPEUSDT on 5-minute bars: bids at the last sale, filled on trade-through or on touch."""
    bar = ((pepe.at - pepe.at[0]) // 300.0).astype(int)
    starts = np.searchsorted(bar, np.arange(1, bar[-1]))
    ends = np.searchsorted(bar, np.arange(2, bar[-1] + 1))
    sales = np.where(pepe.sold, np.arange(pepe.sold.size), 0)
    bids = pepe.price[np.maximum.accumulate(sales)[starts - 1]]
    through, touched = [], []
    for start, end, bid in zip(starts, ends, bids, strict=True):
        through.append(bool((pepe.price[start:end] < bid).any()))
        touched.append(bool((pepe.price[start:end] <= bid).any()))
    FIGURES.info("through %s", float(np.mean(through)))
    FIGURES.info("touched %s", float(np.mean(touched)))
    assert np.mean(through) < np.mean(touched) - 0.05
