"""A small exchange whose price stands still unless a test moves it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from quorate.exchange.matching.exchange import Exchange
from quorate.exchange.matching.flow import POINT_MS, Ladder
from quorate.exchange.matching.instruments import Instrument
from quorate.exchange.matching.orders import Order, Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

SYMBOL = "BTCUSDT"
BTC = Instrument(SYMBOL, "BTC", tick=Decimal("0.1"), lot=Decimal("0.001"), min_notional=Decimal(5))


class Steps:
    """A price by point, the last one for good, and the same volume at each."""

    def __init__(self, prices: Sequence[int], volume: int = 0) -> None:
        self._prices = prices
        self._volume = volume

    def price(self, point: int) -> int:
        return self._prices[min(point, len(self._prices) - 1)]

    def volume(self, point: int) -> int:
        return self._volume if point else 0


def exchange(
    *prices: int,
    volume: int = 0,
    instrument: Instrument = BTC,
    accounts: Sequence[str] = ("me", "you"),
) -> Exchange:
    """Build an exchange with one instrument at 1,000.0 and accounts of 10,000 USDT."""
    made = Exchange(
        [instrument],
        seed=7,
        start_ms=0,
        paths={instrument.symbol: Steps(prices or (10_000,), volume)},
        ladders={instrument.symbol: Ladder(half=5, levels=4, gap=5, lots=100)},
    )
    for name in accounts:
        made.open_account(name, {"USDT": Decimal(10_000), "BNB": Decimal(10)})
    return made


def taken(answer: Order | Refusal) -> Order:
    """Return an order that must have been taken."""
    assert isinstance(answer, Order), answer
    return answer


def refused(answer: object) -> str:
    """Return why something must have been refused."""
    assert isinstance(answer, Refusal), answer
    return answer.reason


def points(made: Exchange, count: int = 1) -> None:
    """Let so many points of the price go by."""
    made.advance(made.state.now_ms + count * POINT_MS)
