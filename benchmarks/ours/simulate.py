"""Quorate's simulation of given weights: every cost, stop, breaker and funding, integer books.

    ours/simulate.py COINS [--kernel | --plain | --stored]

The signal of ``panel.py`` at an equal share a coin, acted on at the next open: one call of
``quorate.simulate`` with a panel and weights in memory, all checks and the table of the fills are
part of the work. With ``--stored`` panel and weights are on disk, and reading them is part of it
too. With ``--kernel`` the arrays are checked before and the kernel is called as that function
does, its rows are copied and no table is made. ``--plain`` is that kernel where only fees are
paid, nothing stops and half the share is taken, so that cash never binds: the rules that other
simulators have too.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
from panel import CASH, FEE, YEAR, closes, home, ohlcv
from served import serve

import quorate
from quorate.backtest import exchange, given
from quorate.backtest.fills import clear, fills
from quorate.core import ledger
from quorate.core.costs import components
from quorate.core.risk import breakers
from quorate.core.types import Bars, Market, Venues
from quorate.lake import NEVER, columns
from quorate.lake.panel import Panel, Provenance

if TYPE_CHECKING:
    from pathlib import Path

ROOM = 1 << 16
K0 = 1 << 22
STOP_FRAC = 0.03


def market_of(n_coins: int, *, plain: bool) -> Market:
    """Return the market that is traded."""
    bars = ohlcv(n_coins)
    shape = (len(bars.close), 1, n_coins)
    funding = np.zeros(shape)
    funding[95::96] = 0.0 if plain else 1e-5
    volume = bars.volume.reshape(shape)
    volume *= 1e6
    return Market(
        *(column.reshape(shape) for column in bars[:4]),
        volume,
        np.full(shape, 0.0 if plain else 2.0),
        bars.close.reshape(shape),
        funding,
        np.ones(shape, np.int8),
    )


def venues_of(n_coins: int, *, plain: bool) -> Venues:
    """Return the fees and sizes of the one venue."""

    def each(value, kind=np.float64):
        return np.full((1, n_coins), value, kind)

    return Venues(
        maker_bps=np.full(1, 2.0),
        taker_bps=np.full(1, FEE * 1e4),
        latency_ms=np.full(1, 0.0 if plain else 50.0),
        reliability=np.ones(1),
        lot=each(1e-6),
        tick=each(1e-4),
        min_notional=each(0.001),
        listed=each(1, np.int8),
        is_perp=each(1, np.int8),
        maintenance=each(0.0 if plain else 0.01),
    )


def weights_of(n_coins: int) -> np.ndarray:
    """Return an equal share a coin, on the side of the signal."""
    return closes(n_coins)[1] / n_coins


def panel_of(n_coins: int) -> Panel:
    """Return the market as a user holds it, with the columns that a simulation does not read."""
    market = market_of(n_coins, plain=False)
    flat = [array[:, 0] for array in market]
    shape = flat[0].shape
    return Panel(
        symbols=tuple(f"C{c}" for c in range(n_coins)),
        bar_minutes=5,
        k0=K0,
        bars=Bars(
            *flat[:5],
            taker_buy=np.full(shape, np.nan),
            spread_bps=flat[5],
            funding_rate=np.full(shape, 1e-5),
            funding_hours=np.full(shape, 8.0),
            basis_bps=np.full(shape, np.nan),
            status=flat[8],
        ),
        market=market,
        venues=venues_of(n_coins, plain=False),
        venue_names=("made up",),
        kinds=("perp",) * n_coins,
        funding=("known",) * n_coins,
        quote_usd=np.ones(shape[0]),
        member=np.ones(shape, np.int8),
        delisted_k=np.full(n_coins, NEVER),
        is_synthetic=True,
        source=Provenance("benchmark", "0"),
    )


def stored(n_coins: int) -> Path:
    """Return the folder of the panel and its weights, written by a process of its own."""
    where = home() / "panel" / f"kept_{n_coins}"
    if not (where / "weights.npy").exists():
        subprocess.run([sys.executable, __file__, str(n_coins), "--write"], check=True)
    return where


def write(n_coins: int) -> None:
    """Write the panel, then the weights, as a user would keep them."""
    where = home() / "panel" / f"kept_{n_coins}"
    columns.write(panel_of(n_coins), where)
    half = where / f"weights.{os.getpid()}.npy"
    np.save(half, weights_of(n_coins))
    half.replace(where / "weights.npy")


def whole(n_coins: int, *, is_stored: bool) -> None:
    """Serve one call of what a user calls."""
    settings = quorate.read_settings(overrides={"account.equity_usd": str(CASH)})

    where = stored(n_coins) if is_stored else None
    kept = None if is_stored else (panel_of(n_coins), weights_of(n_coins))

    def work() -> dict:
        panel, weights = kept or (columns.read(where), columns.array(where / "weights.npy"))
        done = quorate.simulate(panel, weights, settings, stop_frac=STOP_FRAC)
        return {"rows": done.fills.height, "final": done.equity[-1] / 1e8}

    serve(
        work,
        units=n_coins * YEAR,
        version=f"quorate {quorate.__version__}",
        note="quorate.simulate of a panel "
        + ("on disk, read and checked every time" if is_stored else "in memory, checked every time")
        + ", with the table of its fills",
    )


def main() -> None:
    n_coins, plain = int(sys.argv[1]), "--plain" in sys.argv
    if "--write" in sys.argv:
        write(n_coins)
        return
    if plain or "--kernel" in sys.argv:
        kernel(n_coins, plain=plain)
    else:
        whole(n_coins, is_stored="--stored" in sys.argv)


def kernel(n_coins: int, *, plain: bool) -> None:
    """Serve the kernel alone."""
    market, venues = market_of(n_coins, plain=plain), venues_of(n_coins, plain=plain)
    weights = weights_of(n_coins)
    if plain:
        weights /= 2
    costs = components.Params(impact_bps_at_one=0.0) if plain else components.Params()
    limits = breakers.Params(daily_loss_stop_frac=1.0, losses_in_a_row=1 << 40)
    params = exchange.params(costs, None, limits if plain else None)
    rules = given.Rules(
        params,
        np.full(n_coins, np.nan if plain else STOP_FRAC),
        np.full(n_coins, np.nan),
    )
    room = fills(ROOM)
    equity = np.zeros(len(weights), np.int64)

    def work() -> dict:
        state = given.init(n_coins, CASH, params)
        t = n_rows = 0
        log = []
        while t < len(weights):
            clear(room)
            t = given.scan(t, K0, market, weights, venues, rules, state, room, equity)
            n = room.n.item()
            log.append((room.whole[:n].copy(), room.real[:n].copy()))
            n_rows += n
        if ledger.imbalance(state.account.ledger) != 0:
            raise ArithmeticError("the books do not balance")
        return {"rows": n_rows, "final": equity[-1] / 1e8}

    serve(
        work,
        units=weights.size,
        version=f"quorate {quorate.__version__}",
        note="the kernel alone, "
        + ("fees" if plain else "every cost, stops, breakers, funding, log of orders"),
    )


if __name__ == "__main__":
    main()
