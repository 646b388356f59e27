"""What ccxt made of a venue's answer, as ``venues.base`` says it: exact, or not at all.

Everything is checked: an answer that names no order, another order, a number that is none or an
amount below 0 is no answer.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from quorate.venues.base import (
    BalanceView,
    Liquidity,
    OrderKind,
    OrderStatus,
    OrderView,
    PositionView,
    Side,
    Trade,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.venues.account.dialect import Dialect
    from quorate.venues.base import Placement

_WORDS: Final = ("status", "algoStatus", "orderStatus")
_MOST_DIGITS: Final = 60
STOP_SERIES: Final = "stop-"
"""Before the id of a stop where stops have ids of their own: an order may bear the same number."""


class UnreadableError(ValueError):
    """An answer that is none: says which field and what stood there."""


def amount(row: Mapping[str, Any], name: str, usual: str | None = None) -> Decimal:
    """Return a number of an answer, exactly as it was written.

    Examples
    --------
    >>> amount({"price": "0.10"}, "price")
    Decimal('0.10')
    >>> amount({"price": 0.1}, "price")
    Traceback (most recent call last):
    ...
    quorate.venues.account.views.UnreadableError: price is 0.1, a float: no exact number
    """
    value = row.get(name)
    if value is None:
        value = usual
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise UnreadableError(f"{name} is {value!r}, a {type(value).__name__}: no exact number")
    try:
        found = Decimal(value)
    except InvalidOperation as error:
        raise UnreadableError(f"{name} is {value!r}: no number") from error
    if not found.is_finite() or abs(found.adjusted()) > _MOST_DIGITS:
        raise UnreadableError(f"{name} is {value!r}: no number that an amount can be")
    return found


def text(row: Mapping[str, Any], name: str) -> str:
    """Return a text of an answer that there must be."""
    value = row.get(name)
    if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
        raise UnreadableError(f"{name} is {value!r}: no id or name")
    return str(value)


def order_view(row: Mapping[str, Any], dialect: Dialect, *, is_conditional: bool) -> OrderView:
    """Return an order of ccxt as a view.

    Raises
    ------
    UnreadableError
        It has no id, no symbol, no side, or numbers that are none.
    """
    if not isinstance(row, dict) or not isinstance(row.get("info"), dict):
        raise UnreadableError(f"the answer is {str(row)[:80]!r}: no order")
    info = row["info"]
    if not dialect.has_own_conditional:
        # one book for both: the order says itself what it is
        is_conditional = row.get("triggerPrice") is not None
    else:
        # an order that a stop became is asked for as a stop, and is none any more
        is_conditional = is_conditional and "orderId" not in info
    number = text(row, "id")
    if is_conditional and dialect.has_own_conditional:
        number = f"{STOP_SERIES}{number}"
    raw = next((str(info[name]) for name in _WORDS if info.get(name)), "")
    quantity, filled = amount(row, "amount"), amount(row, "filled", "0")
    if not 0 <= filled <= quantity:
        raise UnreadableError(f"filled is {filled} of {quantity}")
    average = amount(row, "average", "0")
    if str(row.get("id")) == "0":
        raise UnreadableError("id is 0: no order")
    return OrderView(
        venue_order_id=number,
        client_id=_client_id(row, info, dialect),
        symbol=text(row, "symbol"),
        side=_one_of(Side, row, "side"),
        kind=OrderKind.STOP if is_conditional else _kind(row),
        status=dialect.statuses.get(raw, OrderStatus.UNREADABLE),
        raw_status=raw,
        quantity=quantity,
        filled=filled,
        average_price=average if filled and average else None,
        is_conditional=is_conditional,
        updated_ms=_time(row, "lastUpdateTimestamp", "timestamp"),
    )


def _client_id(row: Mapping[str, Any], info: Mapping[str, Any], dialect: Dialect) -> str:
    """Return the id that whoever sent an order gave it; empty only where the venue says so."""
    told = info.get(dialect.own_id) or row.get("clientOrderId") or info.get(dialect.own_id)
    if not isinstance(told, str) or not (told or dialect.has_unnamed):
        raise UnreadableError(f"{dialect.own_id} is {told!r}: the order does not say whose it is")
    return told


def acknowledged(row: Mapping[str, Any], placement: Placement, at_ms: int) -> OrderView:
    """Return an order of which the venue has told no more than that it has it.

    Raises
    ------
    UnreadableError
        The answer names no id, or another order than was sent.
    """
    told = row.get("clientOrderId") if isinstance(row, dict) else None
    if told != placement.client_id:
        raise UnreadableError(f"sent {placement.client_id} and was told of {told!r}")
    return OrderView(
        venue_order_id=text(row, "id"),
        client_id=placement.client_id,
        symbol=placement.symbol,
        side=placement.side,
        kind=placement.kind,
        status=OrderStatus.NEW,
        raw_status="",
        quantity=placement.quantity,
        filled=Decimal(0),
        is_conditional=placement.is_conditional,
        updated_ms=at_ms,
    )


def trade_view(row: Mapping[str, Any], dialect: Dialect) -> Trade:
    """Return a trade of ccxt as a ``Trade``."""
    fee, info = _inner(row, "fee"), _inner(row, "info")
    realized = info.get(dialect.realized)
    price, quantity = amount(row, "price"), amount(row, "amount")
    at_ms = _time(row, "timestamp")
    if price <= 0 or quantity <= 0 or at_ms <= 0:
        raise UnreadableError(f"the trade is of {quantity} at {price}, {at_ms} ms: none is")
    return Trade(
        trade_id=text(row, "id"),
        venue_order_id=text(row, "order"),
        symbol=text(row, "symbol"),
        side=_one_of(Side, row, "side"),
        price=price,
        quantity=quantity,
        fee=amount(fee, "cost", "0"),
        fee_asset=text(fee, "currency"),
        liquidity=_one_of(Liquidity, row, "takerOrMaker"),
        at_ms=at_ms,
        realized_pnl=None if realized is None else amount(info, dialect.realized),
        position_side=dialect.position_side(info),
    )


def position_view(row: Mapping[str, Any], dialect: Dialect) -> PositionView:
    """Return a position of ccxt as a view: coins, below 0 for a short."""
    info = _inner(row, "info")
    size = amount(row, "contracts") * amount(row, "contractSize", "1")
    side = row.get("side") if size else "long"
    if side not in ("long", "short"):
        raise UnreadableError(f"side is {side!r}")
    entry, leverage = row.get("entryPrice"), row.get("leverage")
    return PositionView(
        symbol=text(row, "symbol"),
        position_side=dialect.position_side(info),
        quantity=size if side == "long" else -size,
        entry_price=None if entry is None else amount(row, "entryPrice"),
        leverage=None if leverage is None else amount(row, "leverage"),
        updated_ms=_time(row, "timestamp"),
    )


def balance_views(found: Mapping[str, Any]) -> tuple[BalanceView, ...]:
    """Return the balances of ccxt's answer, by asset."""
    total, free, info = _inner(found, "total"), _inner(found, "free"), found.get("info")
    inner = info.values() if isinstance(info, dict) else info if isinstance(info, list) else ()
    if not any(isinstance(each, list | dict) for each in inner):
        raise UnreadableError(f"the answer has no balances: {str(info)[:80]!r}")
    return tuple(
        BalanceView(asset=asset, total=amount(total, asset), free=amount(free, asset, "0"))
        for asset in sorted(total)
    )


def _inner(row: Any, name: str) -> dict[str, Any]:
    """Return an object of an answer that there must be."""
    value = row.get(name) if isinstance(row, dict) else row
    if not isinstance(value, dict):
        raise UnreadableError(f"{name} is {str(value)[:80]!r}: no object")
    return value


def _kind(row: Mapping[str, Any]) -> OrderKind:
    word = row.get("type")
    if word not in ("limit", "market"):
        raise UnreadableError(f"type is {word!r}")
    return OrderKind(word)


def _one_of(words: Any, row: Mapping[str, Any], name: str) -> Any:
    try:
        return words(row.get(name))
    except ValueError as error:
        raise UnreadableError(f"{name} is {row.get(name)!r}") from error


def _time(row: Mapping[str, Any], *names: str) -> int:
    for name in names:
        value = row.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return 0
