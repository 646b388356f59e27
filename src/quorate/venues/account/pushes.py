"""What a venue pushes of an account: each order and trade read as one that was asked for, or not.

In: the instance that trades, and what its websocket hears. Out: views, and ``Unanswered`` for what
cannot be read: that something was said is known then, and what it was is to be asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from quorate.venues.account.views import UnreadableError, amount, order_view, text, trade_view
from quorate.venues.account.wire import SilentError, answered
from quorate.venues.base import OrderView, Trade, Unanswered

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from quorate.venues.account.dialect import Dialect

Item = TypeVar("Item")
_AMOUNTS: Final = frozenset({"amount", "filled", "price"})


async def orders(client: Any, dialect: Dialect) -> tuple[OrderView | Unanswered, ...]:
    """Wait for what is pushed of orders next.

    Parameters
    ----------
    client : ccxt.pro's exchange
        The instance that trades, as ``wire.instances`` makes it.
    dialect : Dialect
        How the venue names things.

    Returns
    -------
    tuple of OrderView or Unanswered
        At least one; whose they are the ids say, and an order of ours is only what its intent was.

    Notes
    -----
    Units: coins, quote per coin, ms.  Causal: as the venue tells it.  Missing: a frame that nobody
    can read is one ``Unanswered``; the connection goes on.
    RELIABILITY 2.8, 2.32.
    """

    def read(row: Any) -> OrderView:
        is_stop = dialect.pushed.is_stop in row["info"]
        _require_said(row, dialect.pushed.stop if is_stop else dialect.pushed.order)
        return order_view(_as_asked(row, dialect), dialect, is_conditional=is_stop)

    return await _pushed(client.watch_orders(), read)


async def trades(client: Any, dialect: Dialect) -> tuple[Trade | Unanswered, ...]:
    """Wait for what is pushed of trades next; see ``orders``."""

    def read(row: Any) -> Trade:
        _require_said(row, dialect.pushed.trade)
        return trade_view(_as_asked(row, dialect), dialect)

    return await _pushed(client.watch_my_trades(), read)


async def _pushed(
    call: Awaitable[Any], read: Callable[[Any], Item]
) -> tuple[Item | Unanswered, ...]:
    try:
        rows = await answered(call, None)
    except SilentError as error:
        return (Unanswered(str(error)),)
    return tuple(_read(row, read) for row in rows)


def _read(row: Any, read: Callable[[Any], Item]) -> Item | Unanswered:
    try:
        if not isinstance(row.get("info"), dict):
            raise UnreadableError("it has no row of the venue")
        return read(row)
    except ValueError as error:
        return Unanswered(f"what was pushed cannot be read: {error}")


def _require_said(row: Mapping[str, Any], names: Mapping[str, str]) -> None:
    """Refuse a row of which ccxt made something else than it says."""
    for name, own in names.items():
        if name in _AMOUNTS:
            made: object = amount(row, name)
            said: object = amount(row["info"], own)
        else:
            made, said = text(row, name).lower(), text(row["info"], own).lower()
        if made != said:
            raise UnreadableError(f"{own} is {said} and was read as {name} {made}")


def _as_asked(row: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    """Return a row under the names that it has where it is asked for."""
    info = row["info"]
    named = {long: info[own] for own, long in dialect.pushed.names.items() if own in info}
    return {**row, "info": {**info, **named}}
