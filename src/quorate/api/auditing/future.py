"""Histories that end earlier, or whose future is another: what the tests compare a run with.

In: a panel or a block of one, and a row. Out: copies cut before the row, or with noise from the
row on: other prices, volumes, spreads, funding, members, and bars that are gone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.backtest import run as passes
from quorate.core.types import Bar, Bars, Market
from quorate.lake.silence import delisted

if TYPE_CHECKING:
    from quorate.core.types import ByteMat, Vec
    from quorate.lake import Panel

_PRICES = ("open", "high", "low", "close")


def cut_panel(panel: Panel, n_bars: int) -> Panel:
    """Return the first bars of a panel, copied, so that nothing behind them can be reached."""
    return replace(
        panel,
        bars=Bars._make(np.array(array[:n_bars]) for array in panel.bars),
        market=Market._make(np.array(array[:n_bars]) for array in panel.market),
        quote_usd=np.array(panel.quote_usd[:n_bars]),
        member=np.array(panel.member[:n_bars]),
        delisted_k=delisted(panel.bars.status, panel.k0, panel.bar_minutes, n_bars),
    )


def noised_panel(panel: Panel, first: int, seed: int) -> Panel:
    """Return a copy of a panel with noise from a row on."""
    member, usd = np.array(panel.member), np.array(panel.quote_usd)
    bars = Bars._make(np.array(array) for array in panel.bars)
    market = Market._make(np.array(array) for array in panel.market)
    _disturb(bars, market, member, usd, first, seed)
    return replace(
        panel,
        bars=bars,
        market=market,
        member=member,
        quote_usd=usd,
        delisted_k=delisted(bars.status, panel.k0, panel.bar_minutes),
    )


def cut(piece: passes.Slice, n_bars: int) -> passes.Slice:
    """Return the first bars of a block, copied."""
    controls = piece.controls
    return passes.Slice(
        piece.k0,
        Bars._make(np.array(array[:n_bars]) for array in piece.bars),
        Market._make(np.array(array[:n_bars]) for array in piece.market),
        type(controls)._make(np.array(array[:n_bars]) for array in controls),
    )


def noised(piece: passes.Slice, first: int, seed: int) -> passes.Slice:
    """Return a copy of a block with noise from a row on."""
    made = cut(piece, len(piece.controls.quote_usd))
    _disturb(made.bars, made.market, made.controls.member, made.controls.quote_usd, first, seed)
    return made


def _disturb(bars: Bars, market: Market, member: ByteMat, usd: Vec, first: int, seed: int) -> None:
    """Write noise over the rows from ``first`` on."""
    rng = np.random.default_rng([seed, first])
    after = slice(first, None)
    shape = bars.close[after].shape
    factor = np.exp(np.cumsum(rng.normal(0.0, 0.02, shape), axis=0))
    for name in _PRICES:
        getattr(bars, name)[after] *= factor
        getattr(market, name)[after] *= factor[:, None, :]
    market.mark[after] *= factor[:, None, :]
    more = rng.lognormal(0.0, 1.0, shape)
    bars.volume[after] *= more
    bars.taker_buy[after] *= more * rng.uniform(0.0, 1.0, shape)
    market.volume[after] *= more[:, None, :]
    bars.spread_bps[after] = rng.uniform(1.0, 60.0, shape)
    market.spread_bps[after] = bars.spread_bps[after][:, None, :]
    bars.funding_rate[after] += rng.normal(0.0, 1e-3, shape)
    bars.basis_bps[after] += rng.normal(0.0, 50.0, shape)
    market.funding[after] += np.where(rng.random(shape) < 0.05, 1e-3, 0.0)[:, None, :]
    usd[after] *= rng.uniform(0.98, 1.02, shape[0])
    member[after] = np.where(rng.random(shape) < 0.2, 0, member[after])
    gone = rng.random(shape) < 0.1
    # now and then everything stops at once, so that a hole begins on the very first row
    gone |= np.asarray(rng.random((shape[0], 1)) < 0.02)
    bars.status[after][gone] = Bar.ABSENT
    market.status[after][np.broadcast_to(gone[:, None, :], market.close[after].shape)] = Bar.ABSENT
    for array in (*bars[:-1], *market[:-1]):
        _unknown(array[after], gone)


def _unknown(array: np.ndarray[Any, Any], gone: np.ndarray[Any, np.dtype[np.bool_]]) -> None:
    """Forget what stands where bars are gone."""
    array[gone if array.ndim == 2 else np.broadcast_to(gone[:, None, :], array.shape)] = np.nan
