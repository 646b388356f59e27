"""An order as Binance's parameters say it, in the engine's words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from quorate.exchange.binance.asking import RefusedError, amount, chosen, flag, given
from quorate.exchange.binance.rows import KINDS, MODES, TIMES
from quorate.exchange.matching.orders import BUY, CONDITIONAL, Asked

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIDES: Final = {"BUY": BUY, "SELL": -BUY}
_WORDS: Final = {word: kind for kind, word in KINDS.items()}
_POSITIONS: Final = {"BOTH": "both", "LONG": "long", "SHORT": "short"}
_MOST: Final = 5


def read_order(query: Mapping[str, str]) -> Asked:
    """Return the order that the parameters of POST /fapi/v1/order ask for.

    Examples
    --------
    >>> read_order({"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.1"}).kind
    'market'
    """
    asked = _read(query, "newClientOrderId", "stopPrice")
    if asked.kind in CONDITIONAL:
        raise RefusedError(
            -4120, "Order type not supported for this endpoint. Please use the Algo Order API."
        )
    return asked


def read_conditional(query: Mapping[str, str]) -> Asked:
    """Return the order that the parameters of POST /fapi/v1/algoOrder ask for."""
    if given(query, "algoType") != "CONDITIONAL":
        raise RefusedError(-1116, "Invalid algoType.")
    asked = _read(query, "clientAlgoId", "triggerPrice")
    if asked.kind not in CONDITIONAL:
        raise RefusedError(-1116, "Invalid orderType.")
    return asked


def batch(query: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the parameters of each order of a batch, at most five."""
    try:
        found: Any = json.loads(given(query, "batchOrders"))
    except ValueError as error:
        raise RefusedError(-1130, "Data sent for parameter 'batchOrders' is not valid.") from error
    if not isinstance(found, list) or not 0 < len(found) <= _MOST:
        raise RefusedError(-1130, "Data sent for parameter 'batchOrders' is not valid.")
    if not all(isinstance(each, dict) for each in found):
        raise RefusedError(-1130, "Data sent for parameter 'batchOrders' is not valid.")
    return [{name: str(value) for name, value in each.items()} for each in found]


def _read(query: Mapping[str, str], client_id: str, trigger: str) -> Asked:
    side = _SIDES.get(given(query, "side"))
    if side is None:
        raise RefusedError(-1117, "Invalid side.")
    kind: Any = chosen(query, "type", _WORDS, "")
    times = {word: name for name, word in TIMES.items()}
    time_in_force: Any = chosen(query, "timeInForce", times, "GTC")
    if kind == "limit" and "timeInForce" not in query:
        raise RefusedError(-1102, "Mandatory parameter 'timeInForce' was not sent.")
    positions: Any = chosen(query, "positionSide", _POSITIONS, "BOTH")
    modes = {word: name for name, word in MODES.items()}
    mode: Any = chosen(query, "selfTradePreventionMode", modes, "EXPIRE_MAKER")
    is_closing = flag(query, "closePosition")
    quantity = amount(query, "quantity")
    if quantity is None and not is_closing:
        raise RefusedError(-1102, "Mandatory parameter 'quantity' was not sent.")
    return Asked(
        symbol=given(query, "symbol"),
        side=side,
        kind=kind,
        quantity=quantity,
        price=amount(query, "price") if kind.endswith("limit") else None,
        trigger=amount(query, trigger) if kind in CONDITIONAL else None,
        time_in_force=time_in_force,
        is_reduce_only=flag(query, "reduceOnly"),
        position_side=positions,
        client_id=query.get(client_id, ""),
        self_trade=mode,
        is_closing=is_closing,
    )
