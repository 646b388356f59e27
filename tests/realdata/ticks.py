"""Quotes and trades of a few minutes, and what a resting order would have met in them."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
import zstandard

if TYPE_CHECKING:
    from pathlib import Path


class Trades(NamedTuple):
    """Trades in order of receipt; ``sold`` is True where the taker sold into the bid."""

    at: np.ndarray
    price: np.ndarray
    quantity: np.ndarray
    sold: np.ndarray


class Quotes(NamedTuple):
    """Best bid and ask with their displayed sizes, in order of receipt."""

    at: np.ndarray
    bid: np.ndarray
    bid_size: np.ndarray
    ask: np.ndarray
    ask_size: np.ndarray


class Fills(NamedTuple):
    """For each order placed: filled by the bar rule, by the queue model, touched at all."""

    through: np.ndarray
    queue: np.ndarray
    touched: np.ndarray
    cleared: np.ndarray


def _text(path: Path) -> io.TextIOWrapper:
    stream = zstandard.ZstdDecompressor().stream_reader(path.open("rb"), closefd=True)
    return io.TextIOWrapper(stream, encoding="utf-8")


def websocket(path: Path) -> tuple[Quotes, Trades]:
    """Read raw lines of book tickers and trades; times in seconds of local receipt."""
    quotes, trades = [], []
    with _text(path) as lines:
        for line in lines:
            if '"stream"' not in line or "@depth" in line[:70]:
                continue
            stamp, message = line.split(" ", 1)
            data, at = json.loads(message)["data"], int(stamp) / 1e9
            if data.get("e") == "trade":
                # Insurance-fund and liquidation records (X other than MARKET) carry no real price.
                if data.get("X", "MARKET") == "MARKET":
                    trades.append((at, float(data["p"]), float(data["q"]), data["m"]))
            elif "b" in data and "B" in data:
                quotes.append((at, *(float(data[key]) for key in ("b", "B", "a", "A"))))
    return Quotes(*np.array(quotes).T), Trades(*np.array(trades).T)._replace(
        sold=np.array([trade[3] for trade in trades], dtype=bool)
    )


def recorded_trades(path: Path, per_second: float) -> Trades:
    """Read a recorded trade stream; ``per_second`` is the unit of its clock."""
    with _text(path) as lines:
        rows = pl.read_csv(lines.read().encode(), comment_prefix="#")
    rows = rows.filter(pl.col("Price") > 0.0)  # liquidation records carry no price
    at = rows["TimestampOfReceive"].to_numpy() / per_second
    sold = rows["IsBuyerMarketMaker"].to_numpy() == 1
    return Trades(at, rows["Price"].to_numpy(), rows["Quantity"].to_numpy(), sold)


def side_spread_bps(trades: Trades, within_s: float = 1.0) -> float:
    """Return the median gap between neighbours of opposite sides: the spread takers met, bps."""
    opposite = trades.sold[1:] != trades.sold[:-1]
    near = np.diff(trades.at) <= within_s
    gap = np.diff(trades.price) * np.where(trades.sold[:-1], 1.0, -1.0) / trades.price[1:]
    return float(np.median(gap[opposite & near]) * 1e4)


def ohlc(trades: Trades, seconds: float) -> np.ndarray:
    """Return open, high, low, close of bars built from the trades, shape (bar, 4)."""
    edges = np.arange(trades.at[0], trades.at[-1], seconds)[1:]
    parts = np.split(trades.price, np.searchsorted(trades.at, edges))
    # A bar without a trade stands at the last price.
    for i in range(1, len(parts)):
        parts[i] = parts[i] if parts[i].size else parts[i - 1][-1:]
    return np.array([(part[0], part.max(), part.min(), part[-1]) for part in parts])


def rest(quotes: Quotes, trades: Trades, every_s: float, bar_s: float) -> Fills:
    """Join the bid and the ask at the start of many bars and see what fills by their end.

    The queue model is the risk-averse one: the order stands behind the displayed size, trades at
    its price shorten the queue, cancellations never do. ``cleared`` says whether the quotes ever
    moved beyond the order's price within the bar, which they must if it was traded through.
    """
    rows = []
    for start in np.arange(quotes.at[0], quotes.at[-1] - bar_s, every_s):
        q = int(np.searchsorted(quotes.at, start, side="right")) - 1
        q_end = int(np.searchsorted(quotes.at, start + bar_s + 0.5))
        low, high = np.searchsorted(trades.at, (start, start + bar_s))
        price, quantity, sold = (column[low:high] for column in trades[1:])
        for sign, touch, ahead, side, book in (
            (1.0, quotes.bid[q], quotes.bid_size[q], sold, quotes.bid),
            (-1.0, quotes.ask[q], quotes.ask_size[q], ~sold, quotes.ask),
        ):
            through = bool((sign * price < sign * touch).any())
            at_touch = quantity[(price == touch) & side].sum()
            rows.append(
                (
                    through,
                    through or at_touch > ahead,
                    through or at_touch > 0.0,
                    bool((sign * book[q:q_end] < sign * touch).any()),
                )
            )
    return Fills(*np.array(rows, dtype=bool).T)
