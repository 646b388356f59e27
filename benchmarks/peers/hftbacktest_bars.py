"""hftbacktest on one coin: four depth events a bar, a market order where the signal changes.

Each bar clears the bid and ask before it and sets new ones around its close, half a slippage's
spread away. Its latency and queue models do more than a bar needs; that is what it is for.

    hftbacktest_bars.py [BARS]
"""

from __future__ import annotations

import sys
from importlib import metadata

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    LIMIT,
    LOCAL_EVENT,
    SELL_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
)
from hftbacktest.order import IOC
from hftbacktest.types import event_dtype
from numba import njit
from panel import BAR_NS, CASH, FEE, SLIPPAGE, YEAR, closes
from served import serve

TICK = 1e-4
LOT = 1e-6
DEPTH = 1e9
WAIT = True  # for the answer to an order


def depth_events(close: np.ndarray) -> np.ndarray:
    """Return the book of every bar: the old quotes cleared, the new ones set."""
    events = np.zeros(4 * close.size, event_dtype)
    at = (np.arange(close.size) + 1) * BAR_NS
    bid = np.round(close * (1 - SLIPPAGE) / TICK) * TICK
    ask = np.round(close * (1 + SLIPPAGE) / TICK) * TICK
    cleared = ((BUY_EVENT, np.roll(bid, 1), 0.0), (SELL_EVENT, np.roll(ask, 1), 0.0))
    made = ((BUY_EVENT, bid, DEPTH), (SELL_EVENT, ask, DEPTH))
    for place, (side, price, quantity) in enumerate((*cleared, *made)):
        events["ev"][place::4] = DEPTH_EVENT | EXCH_EVENT | LOCAL_EVENT | side
        events["exch_ts"][place::4] = at
        events["local_ts"][place::4] = at + 1000
        events["px"][place::4] = price
        events["qty"][place::4] = quantity
    return events[2:].copy()  # nothing is to be cleared before the first bar


@njit
def trade(hbt, signal, cash, bar_ns):
    """Follow the signal with the whole equity; return the last equity and the orders."""
    held = 0
    orders = 0
    hbt.elapse(bar_ns + 2000)
    for t in range(signal.size):
        wanted = signal[t]
        if wanted != held:
            depth = hbt.depth(0)
            mid = (depth.best_bid + depth.best_ask) / 2
            position = hbt.position(0)
            books = hbt.state_values(0)
            equity = cash + books.balance + position * mid - books.fee
            change = np.round((wanted * equity / mid - position) / LOT) * LOT
            if change > 0:
                hbt.submit_buy_order(0, orders + 1, depth.best_ask, change, IOC, LIMIT, WAIT)
            elif change < 0:
                hbt.submit_sell_order(0, orders + 1, depth.best_bid, -change, IOC, LIMIT, WAIT)
            orders += 1
            held = wanted
            hbt.clear_inactive_orders(0)
        if hbt.elapse(bar_ns) != 0:
            break
    depth = hbt.depth(0)
    books = hbt.state_values(0)
    mid = (depth.best_bid + depth.best_ask) / 2
    return cash + books.balance + hbt.position(0) * mid - books.fee, orders


def main() -> None:
    n_bars = int(sys.argv[1]) if len(sys.argv) > 1 else YEAR
    close, signal = closes(1, n_bars)
    events = depth_events(close[:, 0])
    signal = signal[:, 0].copy()

    def work() -> dict:
        asset = (
            BacktestAsset()
            .data([events])
            .linear_asset(1.0)
            .constant_latency(100, 100)
            .risk_adverse_queue_model()
            .no_partial_fill_exchange()
            .trading_value_fee_model(FEE, FEE)
            .tick_size(TICK)
            .lot_size(LOT)
        )
        backtest = HashMapMarketDepthBacktest([asset])
        equity, orders = trade(backtest, signal, CASH, BAR_NS)
        backtest.close()
        return {"equity": equity, "orders": orders}

    serve(
        work,
        units=n_bars,
        version=f"hftbacktest {metadata.version('hftbacktest')}",
        note="four depth events a bar, latency and queue models",
    )


if __name__ == "__main__":
    main()
