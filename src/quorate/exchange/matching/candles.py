"""A candle of the engine's own prices, as far as it has been."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from quorate.exchange.matching.flow import POINT_MS

if TYPE_CHECKING:
    from quorate.exchange.matching.state import Market, State


class Candle(NamedTuple):
    """Prices in ticks and a volume in lots."""

    opened_ms: int
    open: int
    high: int
    low: int
    close: int
    lots: int


def candle(state: State, market: Market, opened_ms: int, length_ms: int) -> Candle:
    """Return a candle from the points of its path that have been.

    Notes
    -----
    Units: ticks, lots, milliseconds.  Causal: no point after the present.  Missing: a candle that
    begins before the exchange did is made of its first point.
    """
    first = max((opened_ms - state.start_ms) // POINT_MS, 0)
    until = min(opened_ms + length_ms - 1, state.now_ms)
    last = max((until - state.start_ms) // POINT_MS, first)
    prices = [market.path.price(point) for point in range(first, last + 1)]
    lots = sum(market.path.volume(point) for point in range(first, last + 1))
    return Candle(opened_ms, prices[0], max(prices), min(prices), prices[-1], lots)
