"""The engine's refusals in Binance's words, futures and spot apart: a code and a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from quorate.exchange.binance.asking import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.exchange.matching.orders import Reason, Refusal

FUTURES: Final[Mapping[Reason, tuple[int, str]]] = {
    "unknown_symbol": (-1121, "Invalid symbol."),
    "not_trading": (-4140, "Invalid symbol status for opening position."),
    "bad_price": (-4014, "Price not increased by tick size."),
    "bad_quantity": (-1111, "Precision is over the maximum defined for this asset."),
    "min_notional": (
        -4164,
        "Order's notional must be no smaller than 5 (unless you choose reduce only).",
    ),
    "percent_price": (
        -4131,
        "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
    ),
    "too_many_orders": (-2025, "Reach max open order limit."),
    "too_many_conditional": (-4045, "Reach max stop order limit."),
    "would_take": (
        -5022,
        (
            "Due to the order could not be executed as maker, the Post Only order "
            "will be rejected. The order will not be recorded in the order history"
        ),
    ),
    "would_trigger": (-2021, "Order would immediately trigger."),
    "reduce_only": (-2022, "ReduceOnly Order is rejected."),
    "margin": (-2019, "Margin is insufficient."),
    "balance": (-2018, "Balance is insufficient."),
    "duplicate_id": (-4116, "ClientOrderId is duplicated."),
    "bad_id": (-4015, "Client order id is not valid."),
    "no_such_order": (-2013, "Order does not exist."),
    "cannot_cancel": (-2011, "Unknown order sent."),
    "position_side": (-4061, "Order's position side does not match user's setting."),
    "no_change": (-4059, "No need to change position side."),
    "has_position": (-4068, "Position side cannot be changed if there exists position."),
    "bad_leverage": (-4028, "Leverage is not valid."),
    "no_liquidity": (-2020, "Unable to fill."),
}
"""By the engine's word."""

SPOT: Final[Mapping[Reason, tuple[int, str]]] = {
    **FUTURES,
    "not_trading": (-1013, "Market is closed."),
    "bad_price": (-1013, "Filter failure: PRICE_FILTER"),
    "bad_quantity": (-1013, "Filter failure: LOT_SIZE"),
    "min_notional": (-1013, "Filter failure: NOTIONAL"),
    "percent_price": (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    "too_many_orders": (-1013, "Filter failure: MAX_NUM_ORDERS"),
    "too_many_conditional": (-1013, "Filter failure: MAX_NUM_ALGO_ORDERS"),
    "would_take": (-2010, "Order would immediately match and take."),
    "would_trigger": (-2010, "Stop price would trigger immediately."),
    "balance": (-2010, "Account has insufficient balance for requested action."),
    "duplicate_id": (-2010, "Duplicate order sent."),
    "bad_id": (
        -1100,
        (
            "Illegal characters found in parameter 'newClientOrderId'; legal range is "
            "'^[a-zA-Z0-9-_]{1,36}$'."
        ),
    ),
}


def error(refusal: Refusal, table: Mapping[Reason, tuple[int, str]] = FUTURES) -> RefusedError:
    """Return a refusal as the error that Binance answers with.

    Examples
    --------
    >>> from quorate.exchange.matching.orders import Refusal
    >>> error(Refusal("margin")).code, error(Refusal("balance"), SPOT).code
    (-2019, -2010)
    """
    code, message = table[refusal.reason]
    return RefusedError(code, message)
