"""Where a play is played: an exchange by its dialect, and what the harness must know of its words.

In: the name of a venue. Out: a record; nothing else of the harness knows how a venue speaks.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from quorate.exchange.binance.futures import Futures
from quorate.exchange.binance.spot import Spot
from quorate.exchange.bybit import rows
from quorate.exchange.bybit.linear import Linear
from quorate.venues.account.dialects import BINANCE_FUTURES, BINANCE_SPOT, BYBIT_LINEAR, Dialect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quorate.exchange.access import Request
    from quorate.exchange.matching.orders import Execution

Facade: TypeAlias = Futures | Linear | Spot
_CONTRACTS: Final = MappingProxyType({"BTCUSDT": "BTC/USDT:USDT", "ETHUSDT": "ETH/USDT:USDT"})
_PAIRS: Final = MappingProxyType({"BTCUSDT": "BTC/USDT", "ETHUSDT": "ETH/USDT"})


class Sent(NamedTuple):
    """An order as it leaves: its id, the exchange's symbol, and whether it enters."""

    name: str
    symbol: str
    enters: bool


class Ground(NamedTuple):
    """A venue that plays are played at.

    ``endpoints`` has where faults are drawn -> where they are here, ``order`` the end of the path
    of an order; ``sent`` reads what is sent, ``priced`` whose prices are asked for; ``trade``
    (execution, seed of its market) is the id that the venue gives a trade. ``symbols`` has the
    exchange's symbol -> ccxt's; coins themselves are held where these are pairs.
    """

    name: str
    hosts: tuple[str, ...]
    facade: type[Facade]
    dialect: Dialect
    endpoints: Mapping[str, str]
    order: tuple[str, ...]
    sent: Callable[[Request], Sent]
    priced: Callable[[Request], str]
    trade: Callable[[Execution, int], str]
    symbols: Mapping[str, str] = _CONTRACTS

    @property
    def is_spot(self) -> bool:
        """Whether coins are held, and no positions."""
        return not self.dialect.has_positions


def _binance_sent(request: Request) -> Sent:
    asked = request.parameters
    name = asked.get("newClientOrderId") or asked.get("clientAlgoId", "")
    return Sent(name, asked.get("symbol", ""), asked.get("reduceOnly") != "true")


def _spot_sent(request: Request) -> Sent:
    asked = request.parameters
    name = asked.get("newClientOrderId", "")
    return Sent(name, asked.get("symbol", ""), asked.get("side") == "BUY")


def _bybit_sent(request: Request) -> Sent:
    asked = json.loads(request.body)
    name = str(asked.get("orderLinkId", ""))
    return Sent(name, str(asked.get("symbol", "")), not asked.get("reduceOnly"))


def _priced(path: str) -> Callable[[Request], str]:
    """Return what reads the symbol of a question for the touch, "" of any other request."""

    def read(request: Request) -> str:
        if request.path != path:
            return ""
        asked = request.parameters
        several = json.loads(asked.get("symbols", "[]"))
        return asked.get("symbol") or (str(several[0]) if several else "")

    return read


def _bybit_trade(each: Execution, seed: int) -> str:
    return rows.name(2 * each.trade_id + each.is_maker, seed & 0xFFFFFFFF)


GROUNDS: Final = {
    "binance": Ground(
        "binance_usdm",
        ("fapi.binance.com", "api.binance.com", "fstream.binance.com"),
        Futures,
        BINANCE_FUTURES,
        {},
        ("/order", "/algoOrder"),
        _binance_sent,
        _priced("/fapi/v1/ticker/bookTicker"),
        lambda each, _: str(each.trade_id),
    ),
    "spot": Ground(
        "binance_spot",
        ("api.binance.com", "ws-api.binance.com:443"),
        Spot,
        BINANCE_SPOT,
        {"POST /fapi/v1/order": "POST /api/v3/order"},
        ("/order",),
        _spot_sent,
        _priced("/api/v3/ticker/bookTicker"),
        lambda each, _: str(each.trade_id),
        _PAIRS,
    ),
    "bybit": Ground(
        "bybit_linear",
        ("api.bybit.com", "stream.bybit.com"),
        Linear,
        BYBIT_LINEAR,
        {"POST /fapi/v1/order": "POST /v5/order/create", "DELETE": "POST /v5/order/cancel"},
        ("/order/create",),
        _bybit_sent,
        _priced("/v5/market/tickers"),
        _bybit_trade,
    ),
}
"""By the names that ``quorate torture --venue`` takes."""
