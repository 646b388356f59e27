"""Binance's futures and spot, as an account meets them: codes, stops apart, trades by their ids."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from quorate.venues.account import permits
from quorate.venues.account.dialect import Dialect, Pushed
from quorate.venues.account.sending import parameters
from quorate.venues.account.views import UnreadableError, amount
from quorate.venues.base import Listed, OrderStatus, PositionSide, Unanswered

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from decimal import Decimal

    from quorate.venues.account.dialect import Ask
    from quorate.venues.base import OrderView, Placement, Trade
    from quorate.venues.rights import Rights

_PAGE: Final = 1000
_MOST_PAGES: Final = 1000


def code(status: int, body: str) -> str:
    """Return the code that an answer's JSON names, "" where it is none or a good one.

    Examples
    --------
    >>> code(400, '{"code":-2011,"msg":"Unknown order sent."}'), code(502, "<html>")
    ('-2011', '')
    """
    if status == 200:
        return ""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    named = found.get("code") if isinstance(found, dict) else None
    return str(named) if isinstance(named, int | str) else ""


def spot_code(status: int, body: str) -> str:
    """Return the code of spot, where one code stands for a refusal and for an id that is there.

    Examples
    --------
    >>> spot_code(400, '{"code":-2010,"msg":"Duplicate order sent."}')
    '-2010 duplicate'
    """
    named = code(status, body)
    return f"{named} duplicate" if named == "-2010" and "uplicate" in body else named


def _is_list(text: str) -> bool:
    return text.startswith("[") and text.endswith("]")


def _held(account: object) -> list[str]:
    """Return what the account of Binance futures says it holds."""
    rows = account.get("positions") if isinstance(account, dict) else None
    if not isinstance(rows, list):
        raise UnreadableError("the account says nothing of positions")
    return [str(each["symbol"]) for each in rows if amount(each, "positionAmt")]


def _nothing_held(account: object) -> list[str]:  # noqa: ARG001
    return []


def _parameters(placement: Placement) -> dict[str, object]:
    found = parameters(placement)
    if placement.position_side is not PositionSide.BOTH:
        found["positionSide"] = placement.position_side.value.upper()
    return found


def _book(is_conditional: bool) -> dict[str, object]:  # noqa: FBT001
    return {"trigger": True} if is_conditional else {}


def _spot_parameters(placement: Placement) -> dict[str, object]:
    """Leave out that an order reduces: a sale of coins cannot sell more than are held."""
    return {name: each for name, each in parameters(placement).items() if name != "reduceOnly"}


def _spot_book(is_conditional: bool) -> dict[str, object]:  # noqa: FBT001, ARG001
    return {}


def _named(client_id: str, is_conditional: bool) -> dict[str, object]:  # noqa: FBT001
    return {"clientOrderId": client_id, **_book(is_conditional)}


def _spot_named(client_id: str, is_conditional: bool) -> dict[str, object]:  # noqa: FBT001, ARG001
    return {"clientOrderId": client_id}


async def _look(client: Any, symbol: str, client_id: str, is_conditional: bool) -> Sequence[Any]:  # noqa: FBT001
    return [await client.fetch_order(None, symbol, _named(client_id, is_conditional))]


async def _numbered(client: Any, symbol: str, venue_order_id: str) -> Sequence[Any]:
    return [await client.fetch_order(venue_order_id, symbol)]


async def _spot_look(
    client: Any,
    symbol: str,
    client_id: str,
    is_conditional: bool,  # noqa: FBT001, ARG001
) -> Sequence[Any]:
    return [await client.fetch_order(None, symbol, {"clientOrderId": client_id})]


async def _opened(
    ask: Ask,
    client: Any,
    symbol: str | None,
    is_conditional: bool,  # noqa: FBT001
    read: Callable[[Any], OrderView],
) -> Listed[OrderView] | Unanswered:
    return await ask(client.fetch_open_orders(symbol, params=_book(is_conditional)), read)


async def _spot_opened(
    ask: Ask,
    client: Any,
    symbol: str | None,
    is_conditional: bool,  # noqa: FBT001
    read: Callable[[Any], OrderView],
) -> Listed[OrderView] | Unanswered:
    """Return the open orders of spot; no stops are sent there, so that none of them is one."""
    found = await ask(client.fetch_open_orders(symbol), read)
    if isinstance(found, Unanswered) or not is_conditional:
        return found
    return Listed((), found.venue_time_ms)


async def _trades(
    ask: Ask, client: Any, symbol: str, from_id: str | None, read: Callable[[Any], Trade]
) -> Listed[Trade] | Unanswered:
    """Return trades from an id on, page by page: a full page is never the last."""
    found: dict[str, Trade] = {}
    since = "0" if from_id is None else from_id
    for _ in range(_MOST_PAGES):
        page = await ask(client.fetch_my_trades(symbol, None, _PAGE, {"fromId": since}), read)
        if isinstance(page, Unanswered):
            return page
        found |= {each.trade_id: each for each in page.items}
        if len(page.items) < _PAGE:
            return Listed(tuple(found.values()), page.venue_time_ms)
        since = str(max(int(each.trade_id) for each in page.items) + 1)
    return Unanswered(f"more than {_MOST_PAGES} pages of trades of {symbol}")


def _position_side(info: Mapping[str, Any]) -> PositionSide:
    word = str(info.get("positionSide") or "BOTH").lower()
    try:
        return PositionSide(word)
    except ValueError as error:
        raise UnreadableError(f"positionSide is {word!r}") from error


async def _mark(client: Any, symbol: str) -> Decimal:
    return amount(await client.fetch_funding_rate(symbol), "markPrice")


def _countdown(client: Any, symbol: str, after_ms: int) -> Awaitable[Any]:
    number = client.market(symbol)["id"]
    call: Awaitable[Any] = client.fapiPrivatePostCountdownCancelAll(
        {"symbol": number, "countdownTime": after_ms}
    )
    return call


async def _hedged(client: Any) -> bool | None:
    found = await client.fetch_position_mode()
    mode = found.get("hedged") if isinstance(found, dict) else None
    return mode if isinstance(mode, bool) else None


async def _rights(client: Any) -> Rights:
    return permits.binance(await client.sapiGetAccountApiRestrictions(), "enableFutures")


async def _spot_rights(client: Any) -> Rights:
    found = await client.sapiGetAccountApiRestrictions()
    return permits.binance(found, "enableSpotAndMarginTrading")


async def _never_hedged(client: Any) -> bool | None:  # noqa: ARG001
    return False


_REFUSED: Final = (
    # what was asked could not be read, or is outside a filter
    *(-1100, -1101, -1102, -1103, -1104, -1105, -1106, -1111, -1112, -1114, -1115, -1116, -1117),
    *(-1118, -1119, -1120, -1121, -1125, -1127, -1128, -1130, -1131, -1013),
    # too old, too early, or not signed
    *(-1021, -1022),
    # what the account has or is set to
    -2010,
)
_REFUSED_FUTURES: Final = (
    *(-2018, -2019, -2021, -2022, -2025, -2026, -2027, -2028),
    # filters and modes of contracts
    *(-4001, -4002, -4003, -4004, -4005, -4006, -4007, -4012, -4013, -4014, -4015, -4016, -4023),
    *(-4024, -4028, -4029, -4045, -4055, -4061, -4062, -4118, -4120, -4131, -4136, -4137, -4138),
    *(-4140, -4164, -5021, -5022),
)
_REFUSED_ELSE: Final = frozenset(
    {
        (401, "-2014"),
        (401, "-2015"),
        (429, "-1003"),
        (429, "-1015"),
        (418, "-1003"),
        (503, "-1008"),
    }
)
_STATUSES: Final = {
    "NEW": OrderStatus.NEW,
    "PARTIALLY_FILLED": OrderStatus.PARTIAL,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
}

_PUSHED: Final = Pushed(
    names=MappingProxyType(
        {
            "c": "clientOrderId",
            "caid": "clientOrderId",
            "X": "status",
            "ps": "positionSide",
            "rp": "realizedPnl",
        }
    ),
    order=MappingProxyType({"id": "i", "side": "S", "amount": "q", "filled": "z"}),
    stop=MappingProxyType({"id": "aid", "side": "S", "amount": "q"}),
    trade=MappingProxyType({"id": "t", "order": "i", "side": "S", "price": "L", "amount": "l"}),
    is_stop="aid",
)

BINANCE_FUTURES: Final = Dialect(
    ccxt="binanceusdm",
    options=MappingProxyType(
        {
            "fetchCurrencies": False,
            "fetchMarkets": {"types": ["linear"]},
            "warnOnFetchOpenOrdersWithoutSymbol": False,
            "adjustForTimeDifference": False,
        }
    ),
    client_id=r"[.A-Z:/a-z0-9_-]{1,36}",
    # a stop whose order has been placed lives on under that order
    statuses=MappingProxyType(
        _STATUSES | dict.fromkeys(("TRIGGERING", "TRIGGERED", "FINISHED"), OrderStatus.NEW)
    ),
    code=code,
    refusals=_REFUSED_ELSE | {(400, str(each)) for each in (*_REFUSED, *_REFUSED_FUTURES)},
    absent=frozenset({(400, "-2013")}),
    gone=frozenset({(400, "-2011")}),
    kept=frozenset({(400, "-4046"), (400, "-4059")}),
    is_acknowledged=False,
    has_own_conditional=True,
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
    own_id="clientOrderId",
    realized="realizedPnl",
    pushed=_PUSHED,
    mark=_mark,
    countdown=_countdown,
    hedged=_hedged,
    rights=_rights,
    keyless=frozenset({"-1022", "-2014", "-2015"}),
)
"""-4116 is not among the refusals: an order of this id is there, perhaps this very one."""

BINANCE_SPOT: Final = BINANCE_FUTURES._replace(
    ccxt="binance",
    options=MappingProxyType(
        {
            "defaultType": "spot",
            "fetchCurrencies": False,
            "fetchMargins": False,
            "fetchMarkets": {"types": ["spot"]},
            "warnOnFetchOpenOrdersWithoutSymbol": False,
            "adjustForTimeDifference": False,
        }
    ),
    client_id=r"[A-Za-z0-9_-]{1,36}",
    statuses=MappingProxyType(
        _STATUSES | {"PENDING_NEW": OrderStatus.NEW, "PENDING_CANCEL": OrderStatus.NEW}
    ),
    code=spot_code,
    refusals=_REFUSED_ELSE | {(400, str(each)) for each in _REFUSED},
    has_own_conditional=False,
    has_positions=False,
    held=_nothing_held,
    parameters=_spot_parameters,
    named=_spot_named,
    book=_spot_book,
    look=_spot_look,
    opened=_spot_opened,
    # a cancel has an id of its own, which stands where that of the order did
    own_id="origClientOrderId",
    # of an order that was taken back, "c" is the id of the cancel
    pushed=_PUSHED._replace(
        names=MappingProxyType({"C": "origClientOrderId", "X": "status"}), is_stop=""
    ),
    mark=None,
    countdown=None,
    hedged=_never_hedged,
    rights=_spot_rights,
    no_stops="stops are not sent to a spot venue",
)
""""-2010 duplicate" is not among the refusals: an order of this id is there, perhaps this one."""
