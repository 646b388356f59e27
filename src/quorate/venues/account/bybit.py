"""Bybit's linear perpetuals, as an account meets them.

Errors stand under HTTP 200, what is placed is answered with ids alone, stops share the ids of other
orders, a list that is empty is the only way to say that there is none, and trades have ids without
an order, in windows of seven days.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from quorate.venues.account import permits
from quorate.venues.account.dialect import Dialect, Pushed
from quorate.venues.account.sending import parameters
from quorate.venues.account.views import UnreadableError, amount
from quorate.venues.base import Listed, OrderStatus, PositionSide, Side, Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal

    from quorate.venues.account.dialect import Ask
    from quorate.venues.base import OrderView, Placement, Trade
    from quorate.venues.rights import Rights

_PAGE: Final = 50
_TRADES_PAGE: Final = 100
_MOST_PAGES: Final = 1000
_MOST_WINDOWS: Final = 104
_WINDOW_MS: Final = 7 * 86_400_000
_SIDES: Final = {"0": PositionSide.BOTH, "1": PositionSide.LONG, "2": PositionSide.SHORT}
_INDICES: Final = {PositionSide.LONG: 1, PositionSide.SHORT: 2}
_TRADED: Final = frozenset({"Trade", "AdlTrade", "BustTrade", "Settle"})


def code(status: int, body: str) -> str:  # noqa: ARG001
    """Return the code of an answer's envelope, "" where it is good or there is none.

    Examples
    --------
    >>> code(200, '{"retCode":110007,"retMsg":"ab not enough for new order"}')
    '110007'
    >>> code(200, '{"retCode":0}'), code(200, "[]")
    ('', '')
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    named = found.get("retCode", 0) if isinstance(found, dict) else 0
    return str(named) if isinstance(named, int | str) and str(named) != "0" else ""


def _is_list(text: str) -> bool:
    try:
        found = json.loads(text)
        return isinstance(found["result"]["list"], list) and found["retCode"] == 0
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def _held(account: object) -> list[str]:
    """Return the coins for which the wallet says that positions hold margin."""
    try:
        (row,) = account["result"]["list"]  # type: ignore[index]
        coins = row["coin"]
        return [str(each["coin"]) for each in coins if amount(each, "totalPositionIM")]
    except (TypeError, KeyError, ValueError) as error:
        raise UnreadableError(f"the wallet says nothing of positions: {error}") from error


def _parameters(placement: Placement) -> dict[str, object]:
    found = parameters(placement)
    if placement.is_conditional:
        rises = placement.side is Side.BUY
        found |= {
            "triggerDirection": "ascending" if rises else "descending",
            "triggerBy": "MarkPrice",
        }
    if placement.position_side in _INDICES:
        found["positionIdx"] = _INDICES[placement.position_side]
    return found


def _book(is_conditional: bool) -> dict[str, object]:  # noqa: FBT001
    return {"orderFilter": "StopOrder" if is_conditional else "Order"}


def _named(client_id: str, is_conditional: bool) -> dict[str, object]:  # noqa: FBT001, ARG001
    return {"orderLinkId": client_id}


async def _look(
    client: Any,
    symbol: str,
    client_id: str,
    is_conditional: bool,  # noqa: FBT001, ARG001
) -> Sequence[Any]:
    return await _searched(client, symbol, _named(client_id, False))  # noqa: FBT003


async def _numbered(client: Any, symbol: str, venue_order_id: str) -> Sequence[Any]:
    return await _searched(client, symbol, {"orderId": venue_order_id})


async def _searched(client: Any, symbol: str, name: Mapping[str, object]) -> Sequence[Any]:
    """Look among the newest orders and, where it is not there, among all that have ended."""
    found: Sequence[Any] = await client.fetch_open_orders(symbol, params=dict(name))
    if found:
        return found
    ended: Sequence[Any] = await client.fetch_canceled_and_closed_orders(symbol, params=dict(name))
    return ended


async def _opened(
    ask: Ask,
    client: Any,
    symbol: str | None,
    is_conditional: bool,  # noqa: FBT001
    read: Callable[[Any], OrderView],
) -> Listed[OrderView] | Unanswered:
    found: list[OrderView] = []
    cursor = ""
    for _ in range(_MOST_PAGES):
        more = {"cursor": cursor} if cursor else {}
        call = client.fetch_open_orders(symbol, None, _PAGE, {**_book(is_conditional), **more})
        page = await ask(call, lambda row: (read(row), _cursor(row)))
        if isinstance(page, Unanswered):
            return page
        found += [view for view, _ in page.items]
        cursor = next((each for _, each in page.items if each), "")
        if not cursor:
            return Listed(tuple(reversed(found)), page.venue_time_ms)
    return Unanswered(f"more than {_MOST_PAGES} pages of open orders")


def _cursor(row: Mapping[str, Any]) -> str:
    return str(row["info"].get("nextPageCursor") or "")


async def _trades(
    ask: Ask, client: Any, symbol: str, from_id: str | None, read: Callable[[Any], Trade]
) -> Listed[Trade] | Unanswered:
    """Return trades from an id on, read backwards, by weeks, until it is met.

    Without an id those of the last week: who knows of no trade has none that is older.
    """
    found: list[Trade] = []
    end_ms, at_ms = 0, 0
    for _ in range(_MOST_WINDOWS):
        week = await _week(ask, client, symbol, end_ms, from_id, read)
        if isinstance(week, Unanswered):
            return week
        found += week.items
        at_ms = max(at_ms, week.venue_time_ms)
        is_met = any(each.trade_id == from_id for each in week.items)
        if from_id is None or is_met:
            kept = found[::-1]
            first = next((n for n, each in enumerate(kept) if each.trade_id == from_id), 0)
            return Listed(tuple(kept[first:]), at_ms)
        end_ms = (end_ms or week.venue_time_ms) - _WINDOW_MS
    return Unanswered(f"the trade {from_id} of {symbol} is not among those of two years")


async def _week(
    ask: Ask,
    client: Any,
    symbol: str,
    end_ms: int,
    from_id: str | None,
    read: Callable[[Any], Trade],
) -> Listed[Trade] | Unanswered:
    """Return the trades of the week that ends at a moment (0: now), the newest first."""
    market = client.market(symbol)
    asked: dict[str, object] = {
        "category": "linear",
        "symbol": market["id"],
        "limit": _TRADES_PAGE,
        **({"endTime": end_ms} if end_ms else {}),
    }
    found: list[Trade] = []
    cursors = [""]

    async def rows() -> list[Any]:
        given = {"cursor": cursors[-1]} if cursors[-1] else {}
        # asked for as it is: ccxt would leave out what was liquidated
        reply = await client.privateGetV5ExecutionList({**asked, **given})
        cursors.append(reply["result"].get("nextPageCursor") or "")
        kept = [each for each in reply["result"]["list"] if each.get("execType") in _TRADED]
        return [client.parse_trade(each, market) for each in kept]

    for _ in range(_MOST_PAGES):
        page = await ask(rows(), read)
        if isinstance(page, Unanswered):
            return page
        found += page.items
        if not cursors[-1] or any(each.trade_id == from_id for each in found):
            return Listed(tuple(found), page.venue_time_ms)
    return Unanswered(f"more than {_MOST_PAGES} pages of trades of {symbol}")


def _position_side(info: Mapping[str, Any]) -> PositionSide:
    found = str(info.get("positionIdx", "0"))
    if found not in _SIDES:
        raise UnreadableError(f"positionIdx is {found!r}")
    return _SIDES[found]


async def _mark(client: Any, symbol: str) -> Decimal:
    rates = await client.fetch_funding_rates([symbol])
    return amount(rates[symbol], "markPrice")


async def _hedged(client: Any) -> bool | None:
    """Return the mode, which Bybit tells by how many positions a contract has."""
    number = next(each["id"] for each in client.markets.values() if each["linear"])
    reply = await client.privateGetV5PositionList({"category": "linear", "symbol": number})
    found = {str(each.get("positionIdx")) for each in reply["result"]["list"]}
    return {frozenset("0"): False, frozenset("12"): True}.get(frozenset(found))


async def _rights(client: Any) -> Rights:
    return permits.bybit(await client.privateGetV5UserQueryApi())


_REFUSED: Final = (
    # what was asked could not be read, is not signed, too old, too early, not allowed or too often
    *(10001, 10002, 10003, 10004, 10005, 10006, 10007, 10009, 10010, 10017, 10018, 10024, 10027),
    *(10028, 10029, 33004),
    # prices, quantities, margin, limits and modes
    *(110003, 110004, 110005, 110006, 110007, 110009, 110011, 110012, 110013, 110014, 110016),
    *(110017, 110020, 110021, 110022, 110023, 110024, 110028, 110029, 110032, 110036, 110038),
    *(110040, 110042, 110044, 110045, 110047, 110048, 110051, 110052, 110053, 110057, 110063),
    *(110064, 110066, 110074, 110092, 110093, 110094, 3400045),
)

_PUSHED_ORDER: Final = MappingProxyType(
    {"id": "orderId", "side": "side", "amount": "qty", "filled": "cumExecQty"}
)

BYBIT_LINEAR: Final = Dialect(
    ccxt="bybit",
    options=MappingProxyType(
        {
            "defaultType": "swap",
            "defaultSubType": "linear",
            "fetchCurrencies": False,
            "fetchMarkets": {"types": ["linear"]},
            "adjustForTimeDifference": False,
            # or ccxt asks before the first order
            "enableUnifiedMargin": False,
            "enableUnifiedAccount": True,
            "unifiedMarginStatus": 6,
        }
    ),
    client_id=r"[A-Za-z0-9_-]{1,36}",
    statuses=MappingProxyType(
        {
            "New": OrderStatus.NEW,
            "Created": OrderStatus.NEW,
            "Untriggered": OrderStatus.NEW,
            "Triggered": OrderStatus.NEW,
            "PartiallyFilled": OrderStatus.PARTIAL,
            "Filled": OrderStatus.FILLED,
            "Cancelled": OrderStatus.CANCELED,
            "PartiallyFilledCanceled": OrderStatus.CANCELED,
            "Deactivated": OrderStatus.CANCELED,
            "Rejected": OrderStatus.REJECTED,
        }
    ),
    code=code,
    refusals=frozenset({*((200, str(each)) for each in _REFUSED), (403, "10018"), (429, "10006")}),
    absent=frozenset(),
    gone=frozenset({(200, "110001"), (200, "110008"), (200, "110010")}),
    kept=frozenset({(200, "110043"), (200, "110025"), (200, "110026"), (200, "110027")}),
    is_acknowledged=True,
    has_own_conditional=False,
    has_positions=True,
    is_list=_is_list,
    held=_held,
    parameters=_parameters,
    named=_named,
    book=_book,
    look=_look,
    numbered=_numbered,
    opened=_opened,
    trades=_trades,
    position_side=_position_side,
    own_id="orderLinkId",
    has_unnamed=True,
    realized="execPnl",
    pushed=Pushed(
        names=MappingProxyType({}),
        order=_PUSHED_ORDER,
        stop=_PUSHED_ORDER,
        trade=MappingProxyType(
            {
                "id": "execId",
                "order": "orderId",
                "side": "side",
                "price": "execPrice",
                "amount": "execQty",
            }
        ),
    ),
    mark=_mark,
    # Bybit's own follows a private websocket that breaks, not a timer that is renewed
    countdown=None,
    hedged=_hedged,
    rights=_rights,
    keyless=frozenset({"10003", "10004", "10005", "10010", "33004"}),
)
"""110072 is not among the refusals: an order of this id is there, perhaps this very one."""
