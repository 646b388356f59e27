"""A market with every flaw that the rules know, for tests that compare two ways to load it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from tests.unit.lake.builders import START_MS, bars, put, settlements, store, without

from quorate.lake import PanelSpec, Source

if TYPE_CHECKING:
    from pathlib import Path

DAY = 288
N = 6 * DAY
HOUR = 3_600_000


def noisy(seed: int, n: int = N, price: float = 100.0) -> pl.DataFrame:
    """Return bars that walk."""
    rng = np.random.default_rng(seed)
    close = price * np.exp(np.cumsum(rng.normal(0.0, 1e-3, n)))
    before = np.concatenate([[price], close[:-1]])
    volume = rng.uniform(0.0, 20.0, n)
    return bars(n=n).with_columns(
        open=pl.Series(before),
        close=pl.Series(close),
        high=pl.Series(np.maximum(before, close) * 1.001),
        low=pl.Series(np.minimum(before, close) * 0.999),
        volume=pl.Series(volume),
        taker_buy_volume=pl.Series(volume * rng.uniform(0.0, 1.0, n)),
    )


def still(frame: pl.DataFrame, first: int) -> pl.DataFrame:
    """Return bars that are printed and do not trade from a row on."""
    is_late = pl.int_range(pl.len()) >= first
    price = frame["close"][first]
    flat = dict.fromkeys(("open", "high", "low", "close"), price)
    flat |= {"volume": 0.0, "taker_buy_volume": 0.0}
    return frame.with_columns(
        pl.when(is_late).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
        for name, value in flat.items()
    )


def scaled(frame: pl.DataFrame, factor: float, first: int = 0) -> pl.DataFrame:
    """Return bars at other prices from a row on."""
    is_late = pl.int_range(pl.len()) >= first
    return frame.with_columns(
        pl.when(is_late).then(pl.col(name) * factor).otherwise(pl.col(name)).alias(name)
        for name in ("open", "high", "low", "close")
    )


def market() -> dict[str, pl.DataFrame]:
    """Return a frame a symbol, each with a flaw of its own."""
    two = pl.concat([noisy(7, 2 * DAY, 80.0), scaled(noisy(8), 11.0)[5 * DAY :]])
    return {
        "PLAINUSDT": noisy(1),
        "GAPSUSDT": without(without(noisy(2), 400, 7), 900, 40),
        "WRONGUSDT": put(put(noisy(3), 50, low=-1.0), 700, close=float("nan")),
        "MIXEDUSDT": pl.concat([noisy(4)[300:], noisy(4)[:310]]),
        "DEADUSDT": still(noisy(5), 700),
        "LATEUSDT": noisy(6)[3 * DAY + 5 :],
        "TWICEUSDT": two,
        "UNITUSDT": scaled(noisy(9), 1000.0, 800),
        "SPIKEUSDT": put(noisy(10), 1000, close=140.0, high=141.0, volume=0.0),
        "SILENTUSDT": still(noisy(11), 0),
        "BARSONLYUSDT": noisy(12).drop("taker_buy_volume"),
    }


def spot(root: Path) -> PanelSpec:
    """Return one spot venue."""
    where = store(root / "spot", **market())
    return PanelSpec((Source(where, "binance_spot", "spot"),), accept_failed=True)


def cut(root: Path) -> PanelSpec:
    """Return a part of it, of coins by name, in another order."""
    return PanelSpec(
        spot(root).sources,
        start="2023-02-02T00:07",
        end="2023-02-05",
        symbols=("UNITUSDT", "GAPSUSDT", "TWICEUSDT"),
        accept_failed=True,
    )


def two_spots(root: Path) -> PanelSpec:
    """Return two venues of one kind, the second with other names, prices and coins."""
    other = {
        name.removesuffix("USDT"): scaled(frame, 1.0003)
        for name, frame in market().items()
        if name not in {"PLAINUSDT", "SPIKEUSDT"}
    }
    other["PLAIN"] = scaled(noisy(1), 1.03, 3 * DAY)[: 5 * DAY]
    sources = (*spot(root).sources, Source(store(root / "other", **other), "kraken_spot", "spot"))
    return PanelSpec(sources, accept_failed=True)


def perps(root: Path) -> PanelSpec:
    """Return a perpetual venue with funding, marks, a spot venue beside it and a quote."""
    names = ("PLAINUSDT", "GAPSUSDT", "UNITUSDT", "DEADUSDT")
    frames = {name: market()[name] for name in names}
    at = START_MS + np.arange(0, 6 * 24 + 1, 8) * HOUR + 3
    paid = store(
        root / "funding",
        PLAINUSDT=settlements(at, np.linspace(1e-4, 3e-4, at.size)),
        GAPSUSDT=settlements(at[:6], np.full(6, 2e-4)),
    )
    marks = {
        "PLAIN": scaled(noisy(1), 1.0001).drop("volume", "taker_buy_volume", strict=False),
        "UNITUSDT": market()["UNITUSDT"].drop("volume", "taker_buy_volume", strict=False),
        "DEAD": bars(n=60, minutes=60).drop("volume", "taker_buy_volume", strict=False),
    }
    usd = store(
        root / "usd",
        USDT=scaled(noisy(20, N // 12), 0.01)[: 4 * 24].drop(
            "volume", "taker_buy_volume", strict=False
        ),
    )
    perp = Source(
        store(root / "perp", **frames), "okx_swap", "perp", paid, store(root / "mark", **marks)
    )
    return PanelSpec(
        (perp, *spot(root).sources),
        assume_funding=1e-4,
        quote_usd=usd / "USDT.parquet",
        accept_failed=True,
    )


def in_universe(root: Path) -> PanelSpec:
    """Return coins that are members on some days only."""
    given = {"min_age_days": 1, "turnover_days": 2, "min_turnover": 200_000.0}
    return PanelSpec(spot(root).sources, universe=given, accept_failed=True)


MARKETS = {
    "spot": spot,
    "cut": cut,
    "two spots": two_spots,
    "perps": perps,
    "universe": in_universe,
}
