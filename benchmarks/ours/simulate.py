"""Quorate's simulation of given weights: every cost, stop, breaker and funding, integer books.

    ours/simulate.py COINS [--plain]

The signal of ``panel.py`` at an equal share a coin, acted on at the next open. With ``--plain``
only fees are paid, nothing stops and half the share is taken, so that cash never binds: the rules
that other simulators have too.
"""

from __future__ import annotations

import sys

import numpy as np
from panel import CASH, FEE, closes, ohlcv
from served import serve

import quorate
from quorate.backtest import exchange, given
from quorate.backtest.fills import clear, fills
from quorate.core import ledger
from quorate.core.costs import components
from quorate.core.risk import breakers
from quorate.core.types import Market, Venues

ROOM = 1 << 16


def main() -> None:
    n_coins, plain = int(sys.argv[1]), "--plain" in sys.argv
    _, signal = closes(n_coins)
    bars = ohlcv(n_coins)
    shape = (len(signal), 1, n_coins)
    funding = np.zeros(shape)
    funding[95::96] = 0.0 if plain else 1e-5
    market = Market(
        *(column.reshape(shape) for column in bars[:4]),
        bars.volume.reshape(shape) * 1e6,
        np.full(shape, 0.0 if plain else 2.0),
        bars.close.reshape(shape),
        funding,
        np.ones(shape, np.int8),
    )

    def each(value, kind=np.float64):
        return np.full((1, n_coins), value, kind)

    venues = Venues(
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
    costs = components.Params(impact_bps_at_one=0.0) if plain else components.Params()
    limits = breakers.Params(daily_loss_stop_frac=1.0, losses_in_a_row=1 << 40)
    params = exchange.params(costs, None, limits if plain else None)
    rules = given.Rules(
        params,
        np.full(n_coins, np.nan if plain else 0.03),
        np.full(n_coins, np.nan),
        np.full(n_coins, exchange.NEVER_K),
    )
    weights = signal / n_coins / (2 if plain else 1)
    room = fills(ROOM)
    equity = np.zeros(len(signal), np.int64)

    def work() -> dict:
        state = given.init(n_coins, CASH, params)
        t = n_rows = 0
        log = []
        while t < len(signal):
            clear(room)
            t = given.scan(t, 1 << 22, market, weights, venues, rules, state, room, equity)
            n = room.n.item()
            log.append((room.whole[:n].copy(), room.real[:n].copy()))
            n_rows += n
        if ledger.imbalance(state.account.ledger) != 0:
            raise ArithmeticError("the books do not balance")
        return {"rows": n_rows, "final": equity[-1] / 1e8}

    serve(
        work,
        units=signal.size,
        version=f"quorate {quorate.__version__}",
        note="fees alone" if plain else "every cost, stops, breakers, funding, log of orders",
    )


if __name__ == "__main__":
    main()
