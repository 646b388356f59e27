"""The engine's refusals in Bybit's words: a ``retCode`` and a message, all under HTTP 200."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from quorate.exchange.matching.orders import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.exchange.matching.orders import Reason

Answer = TypeVar("Answer")

REFUSALS: Final[Mapping[Reason, tuple[int, str]]] = {
    "unknown_symbol": (10001, "params error: symbol invalid"),
    "not_trading": (110074, "This contract is not live"),
    "bad_price": (10001, "Price invalid"),
    "bad_quantity": (10001, "Qty invalid"),
    "min_notional": (110094, "Order does not meet minimum order value"),
    "percent_price": (110003, "Order price exceeds the allowable range."),
    "too_many_orders": (110020, "Not allowed to have more than 500 active orders"),
    "too_many_conditional": (110009, "The number of stop orders exceeds the maximum limit"),
    "would_take": (10001, "PostOnly will take liquidity"),
    "would_trigger": (110093, "expect Falling, but trigger_price >= current"),
    "reduce_only": (110017, "current position is zero, cannot fix reduce-only order qty"),
    "margin": (110007, "ab not enough for new order"),
    "balance": (110004, "Insufficient wallet balance"),
    "duplicate_id": (110072, "OrderLinkedID is duplicate"),
    "bad_id": (10001, "params error: OrderLinkId invalid"),
    "no_such_order": (110001, "order not exists or too late to replace"),
    "cannot_cancel": (110001, "order not exists or too late to cancel"),
    "position_side": (10001, "position idx not match position mode"),
    "no_change": (110025, "Position mode is not modified"),
    "has_position": (110024, "You have an existing position, so position mode cannot be switched"),
    "bad_leverage": (110013, "Due to risk limit, cannot set leverage"),
    "no_liquidity": (110003, "no liquidity"),
}
"""By the engine's word."""


class RetCodeError(Exception):
    """A request that Bybit answers with an error of its own.

    Parameters
    ----------
    code : int
        Bybit's.
    message : str
        Bybit's words.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def known(answer: Answer | Refusal) -> Answer:
    """Return what the engine answered; a refusal of its is raised as Bybit's error.

    Examples
    --------
    >>> from quorate.exchange.matching.orders import Refusal
    >>> known(Refusal("margin"))
    Traceback (most recent call last):
    ...
    quorate.exchange.bybit.codes.RetCodeError: ab not enough for new order
    """
    if isinstance(answer, Refusal):
        code, message = REFUSALS[answer.reason]
        raise RetCodeError(code, message)
    return answer
