"""Where a play is played: an exchange by its dialect, and what the harness must know of its words.

In: the name of a venue. Out: a record; nothing else of the harness knows how a venue speaks.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from quorate.exchange.binance.futures import Futures
from quorate.exchange.bybit import rows
from quorate.exchange.bybit.linear import Linear
from quorate.venues.account.dialects import BINANCE_FUTURES, BYBIT_LINEAR, Dialect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quorate.exchange.access import Request
    from quorate.exchange.matching.orders import Execution

Facade: TypeAlias = Futures | Linear


class Ground(NamedTuple):
    """A venue that plays are played at.

    ``endpoints`` has where faults are drawn -> where they are here, ``order`` the end of the path
    of an order; ``sent`` reads the id of an order that is sent and whether it enters; ``trade``
    (execution, seed of its market) is the id that the venue gives a trade.
    """

    name: str
    host: str
    facade: type[Facade]
    dialect: Dialect
    endpoints: Mapping[str, str]
    order: tuple[str, ...]
    sent: Callable[[Request], tuple[str, bool]]
    trade: Callable[[Execution, int], str]


def _binance_sent(request: Request) -> tuple[str, bool]:
    asked = request.parameters
    name = asked.get("newClientOrderId") or asked.get("clientAlgoId", "")
    return name, asked.get("reduceOnly") != "true"


def _bybit_sent(request: Request) -> tuple[str, bool]:
    asked = json.loads(request.body)
    return str(asked.get("orderLinkId", "")), not asked.get("reduceOnly")


def _bybit_trade(each: Execution, seed: int) -> str:
    return rows.name(2 * each.trade_id + each.is_maker, seed & 0xFFFFFFFF)


GROUNDS: Final = {
    "binance": Ground(
        "binance_usdm",
        "fapi.binance.com",
        Futures,
        BINANCE_FUTURES,
        {},
        ("/order", "/algoOrder"),
        _binance_sent,
        lambda each, _: str(each.trade_id),
    ),
    "bybit": Ground(
        "bybit_linear",
        "api.bybit.com",
        Linear,
        BYBIT_LINEAR,
        {"POST /fapi/v1/order": "POST /v5/order/create", "DELETE": "POST /v5/order/cancel"},
        ("/order/create",),
        _bybit_sent,
        _bybit_trade,
    ),
}
"""By the names that ``quorate torture --venue`` takes."""
