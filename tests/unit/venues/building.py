"""Markets of a simulated Binance and Bybit for the tests of clients."""

from __future__ import annotations

import asyncio

import numpy as np
import polars as pl

from quorate.exchange.binance.public import Binance
from quorate.exchange.listing import ListedInstrument, Listing
from quorate.venues.client import Patience
from quorate.venues.market import opened

MINUTE = 60_000
STEP = 5 * MINUTE
HOUR = 60 * MINUTE
START = 1_700_000_400_000 // (24 * HOUR) * 24 * HOUR
QUICK = Patience(tries=4, first_wait_s=0.02, longest_wait_s=5.0, timeout_s=5.0, pace_ms=1.0)


def bars(n, start=START, step=STEP, seed=1):
    rng = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(rng.normal(0, 1e-3, n))), 2)
    open_ = np.concatenate([[100.0], close[:-1]])
    return pl.DataFrame(
        {
            "ts": [start + i * step for i in range(n)],
            "open": open_,
            "high": np.maximum(open_, close) + 0.01,
            "low": np.minimum(open_, close) - 0.01,
            "close": close,
            "volume": np.round(rng.gamma(2.0, 3.0, n), 3),
        }
    )


def settlements(n, start=START, jitter=True):
    return pl.DataFrame(
        {
            "ts": [start + i * 8 * HOUR + (i % 9 if jitter else 0) for i in range(n)],
            "funding_rate": [round(1e-4 * (i % 5 - 2), 8) for i in range(n)],
        }
    )


def markets(n=3_000, coins=("BTC",), open_for=1_000):
    """Return a spot and a futures listing whose last bar is still forming."""
    now = START + (n - 1) * STEP + open_for
    listed = [ListedInstrument(coin, listed_ms=START - HOUR) for coin in coins]
    spot, futures = Listing(*listed, now_ms=now), Listing(*listed, now_ms=now)
    for i, coin in enumerate(coins):
        name = f"{coin}USDT"
        spot.put("ohlcv", name, "5m", bars(n, seed=i))
        futures.put("ohlcv", name, "5m", bars(n, seed=i + 100))
        futures.put("mark", name, "5m", bars(n, seed=i + 200).drop("volume"))
        futures.put("index", name, "5m", bars(n, seed=i + 300).drop("volume"))
        futures.put("funding", name, "", settlements(n * STEP // (8 * HOUR) + 1))
        held = bars(n, seed=i + 400).select("ts", pl.col("volume").alias("open_interest"))
        futures.put("open_interest", name, "5m", held)
    return Binance(spot, futures)


def history(url, venue, kind, symbol, interval="5m", start=START, end=None, **given):
    """Return every page of a history, fetched by ccxt's own client."""

    async def gather():
        async with opened(
            venue, symbols=[symbol], url=url, patience=given.pop("patience", QUICK), **given
        ) as data:
            until = data.now_ms if end is None else end
            pages = data.history(kind, symbol, interval, start, until)
            return [page async for page in pages]

    return asyncio.run(gather())


def together(pages):
    """Return pages as one frame with times in milliseconds, the later of two rows winning."""
    return (
        pl.concat(pages)
        .unique("ts", keep="last", maintain_order=True)
        .with_columns(pl.col("ts").dt.epoch("ms"))
        .sort("ts")
    )
