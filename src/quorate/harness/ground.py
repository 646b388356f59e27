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


class Ground(NamedTuple):
    """A venue that plays are played at.

    ``endpoints`` has where faults are drawn -> where they are here, ``order`` the end of the path
    of an order; ``sent`` reads the id of an order that is sent and whether it enters; ``trade``
    (execution, seed of its market) is the id that the venue gives a trade. ``symbols`` has the
    exchange's symbol -> ccxt's; coins themselves are held where these are pairs.
    """

    name: str
    hosts: tuple[str, ...]
    facade: type[Facade]
    dialect: Dialect
    endpoints: Mapping[str, str]
    order: tuple[str, ...]
    sent: Callable[[Request], tuple[str, bool]]
    trade: Callable[[Execution, int], str]
    symbols: Mapping[str, str] = _CONTRACTS

    @property
    def is_spot(self) -> bool:
        """Whether coins are held, and no positions."""
        return not self.dialect.has_positions


def _binance_sent(request: Request) -> tuple[str, bool]:
    asked = request.parameters
    name = asked.get("newClientOrderId") or asked.get("clientAlgoId", "")
    return name, asked.get("reduceOnly") != "true"


def _spot_sent(request: Request) -> tuple[str, bool]:
    asked = request.parameters
    return asked.get("newClientOrderId", ""), asked.get("side") == "BUY"


def _bybit_sent(request: Request) -> tuple[str, bool]:
    asked = json.loads(request.body)
    return str(asked.get("orderLinkId", "")), not asked.get("reduceOnly")


def _bybit_trade(each: Execution, seed: int) -> str:
    return rows.name(2 * each.trade_id + each.is_maker, seed & 0xFFFFFFFF)


GROUNDS: Final = {
    "binance": Ground(
        "binance_usdm",
        ("fapi.binance.com", "api.binance.com"),
        Futures,
        BINANCE_FUTURES,
        {},
        ("/order", "/algoOrder"),
        _binance_sent,
        lambda each, _: str(each.trade_id),
    ),
    "spot": Ground(
        "binance_spot",
        ("api.binance.com",),
        Spot,
        BINANCE_SPOT,
        {"POST /fapi/v1/order": "POST /api/v3/order"},
        ("/order",),
        _spot_sent,
        lambda each, _: str(each.trade_id),
        _PAIRS,
    ),
    "bybit": Ground(
        "bybit_linear",
        ("api.bybit.com",),
        Linear,
        BYBIT_LINEAR,
        {"POST /fapi/v1/order": "POST /v5/order/create", "DELETE": "POST /v5/order/cancel"},
        ("/order/create",),
        _bybit_sent,
        _bybit_trade,
    ),
}
"""By the names that ``quorate torture --venue`` takes."""
