"""An order in ccxt's words: five arguments and the parameters beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quorate.venues.base import OrderKind, TimeInForce

if TYPE_CHECKING:
    from decimal import Decimal

    from quorate.venues.base import Placement


def parameters(placement: Placement) -> dict[str, object]:
    """Return ccxt's parameters of an order beside its five arguments, the same for every venue."""
    found: dict[str, object] = {"clientOrderId": placement.client_id}
    if placement.is_reduce_only:
        found["reduceOnly"] = True
    if placement.trigger_price is not None:
        found["triggerPrice"] = plain(placement.trigger_price)
    if placement.kind is OrderKind.LIMIT:
        if placement.time_in_force is TimeInForce.POST_ONLY:
            found["postOnly"] = True
        else:
            found["timeInForce"] = placement.time_in_force.value.upper()
    return found


def plain(value: Decimal) -> str:
    """Return a number as text without an exponent."""
    return f"{value:f}"
