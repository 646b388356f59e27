"""The engine's orders, trades, positions and wallets as the JSON that Bybit sends.

A conditional order and the order that it becomes are one order with one id here; the engine has
two, and a row is made of both. Ids are text without an order of their own.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quorate.exchange.matching import margin
from quorate.exchange.matching.accounts import CENT
from quorate.exchange.matching.orders import BUY

if TYPE_CHECKING:
    from quorate.exchange.matching.accounts import Account
    from quorate.exchange.matching.instruments import Instrument
    from quorate.exchange.matching.orders import Execution, Order, PositionSide, Seen
    from quorate.exchange.matching.state import Market, State

SIDES: Final = {BUY: "Buy", -BUY: "Sell"}
TIMES: Final = {"GTC": "GTC", "IOC": "IOC", "FOK": "FOK", "POST_ONLY": "PostOnly"}
SIDE_NUMBERS: Final = {"both": 0, "long": 1, "short": 2}
_PLAIN: Final = {
    "NEW": "New",
    "PARTIAL": "PartiallyFilled",
    "FILLED": "Filled",
    "CANCELED": "Cancelled",
    "EXPIRED": "Cancelled",
    "EXPIRED_IN_MATCH": "Cancelled",
}
_WAITING: Final = {"NEW": "Untriggered", "CANCELED": "Deactivated", "EXPIRED": "Rejected"}
_WHY: Final = {"EXPIRED": "CancelByPrepareLackLiquidity", "EXPIRED_IN_MATCH": "CancelBySmp"}
_SPREAD: Final = 0x5DEECE66D
_BITS: Final = 1 << 48
_BACK: Final = pow(_SPREAD, -1, _BITS)
_CLOSED: Final = "autoclose-"


class Shown(NamedTuple):
    """An order as Bybit has it: the one that was sent, the one that trades now, and how it stands.

    ``sent`` and ``now`` differ where a conditional order was triggered.
    """

    sent: Order
    now: Order
    seen: Seen

    @property
    def number(self) -> int:
        """A number that rises with the time at which orders were sent."""
        return self.sent.created_ms << 24 | number_of(self.sent) & 0xFFFFFF


def number_of(order: Order) -> int:
    """Return a number that plain and conditional orders share."""
    return 2 * order.order_id + bool(order.trigger)


def name(number: int, first: int = 0) -> str:
    """Return a number as an id without an order of its own.

    Examples
    --------
    >>> name(2), number(name(2))
    ('00000000-0000-4000-8000-000bbdd9ccda', 2)
    """
    return f"{first:08x}-0000-4000-8000-{number * _SPREAD % _BITS:012x}"


def number(text: str) -> int:
    """Return the number of an id, 0 where it is none."""
    try:
        return int(text.rpartition("-")[2], 16) * _BACK % _BITS
    except ValueError:
        return 0


def plain(value: Decimal) -> str:
    """Return a number as text without an exponent."""
    return f"{value:f}"


def whole_order(account: Account, order: Order, at_ms: int) -> Shown | None:
    """Return an order of the engine as Bybit has it, as a replica shows it at a moment."""
    sent = now = order
    if order.trigger:
        seen = order.seen(at_ms)
        if seen is not None and seen.status == "TRIGGERED":
            now = account.orders[order.triggered_id]
    else:
        parent = account.conditional.get(
            account.by_conditional_client.get(order.asked.client_id, 0)
        )
        if parent is not None and parent.triggered_id == order.order_id:
            sent = parent
    seen = now.seen(at_ms)
    return None if seen is None else Shown(sent, now, seen)


def order_row(shown: Shown, instrument: Instrument) -> dict[str, Any]:
    """Return an order as GET /v5/order/realtime shows it."""
    asked, seen = shown.sent.asked, shown.seen
    filled = instrument.quantity(seen.filled)
    is_waiting = bool(shown.now.trigger)
    words = _WAITING if is_waiting else _PLAIN
    is_open = seen.status in {"NEW", "PARTIAL"}
    left = instrument.quantity(seen.quantity - seen.filled) if is_open else Decimal(0)
    is_market = not asked.kind.endswith("limit")
    is_maker_refused = seen.status == "CANCELED" and shown.now.is_refused
    reason = "EC_PostOnlyWillTakeLiquidity" if is_maker_refused else "EC_NoError"
    return {
        "symbol": asked.symbol,
        "orderType": "Market" if is_market else "Limit",
        "orderLinkId": link_id(shown.sent),
        "orderId": name(number_of(shown.sent)),
        "cancelType": _WHY.get(seen.status, "UNKNOWN"),
        "avgPrice": plain((seen.quote / filled).quantize(CENT)) if filled else "",
        "stopOrderType": "Stop" if shown.sent.trigger else "",
        "orderStatus": words[seen.status],
        "takeProfit": "",
        "cumExecValue": plain(seen.quote),
        "tpslMode": "",
        "smpType": "None",
        "triggerDirection": _direction(shown.sent),
        "rejectReason": "EC_Others" if words[seen.status] == "Rejected" else reason,
        "price": plain(instrument.price(seen.price)) if seen.price else "0",
        "createdTime": str(shown.sent.created_ms),
        "positionIdx": SIDE_NUMBERS[asked.position_side],
        "timeInForce": "IOC" if is_market else TIMES[asked.time_in_force],
        "leavesQty": plain(left),
        "updatedTime": str(seen.at_ms),
        "side": SIDES[asked.side],
        "triggerPrice": plain(instrument.price(shown.sent.trigger)) if shown.sent.trigger else "",
        "closeOnTrigger": asked.is_closing,
        "cumExecFee": "",
        "createType": _made_by(shown.sent),
        "cumExecQty": plain(filled),
        "reduceOnly": asked.is_reduce_only,
        "qty": plain(instrument.quantity(seen.quantity)),
        "stopLoss": "",
        "triggerBy": "MarkPrice" if shown.sent.trigger else "",
    }


def execution_row(each: Execution, sent: Order, market: Market) -> dict[str, Any]:
    """Return a trade as GET /v5/execution/list shows it."""
    instrument = market.instrument
    rate = instrument.maker_fee if each.is_maker else instrument.taker_fee
    is_forced = each.client_id.startswith(_CLOSED)
    return {
        "category": "linear",
        "symbol": each.symbol,
        "orderId": name(number_of(sent)),
        "orderLinkId": link_id(sent),
        "side": SIDES[each.side],
        "orderQty": plain(instrument.quantity(sent.quantity)),
        "orderType": "Limit" if sent.asked.kind.endswith("limit") else "Market",
        "execFee": plain(each.fee),
        "feeCurrency": each.fee_asset,
        "feeCoin": each.fee_asset,
        "feeRate": plain(rate),
        "execId": name(2 * each.trade_id + each.is_maker, market.seed & 0xFFFFFFFF),
        "execPrice": plain(instrument.price(each.price)),
        "execQty": plain(instrument.quantity(each.quantity)),
        "execValue": plain(each.quote),
        "execType": "BustTrade" if is_forced else "Trade",
        "execPnl": plain(each.realized),
        "execTime": str(each.at_ms),
        "isMaker": each.is_maker,
        "createType": _made_by(sent),
        "positionIdx": SIDE_NUMBERS[each.position_side],
        "seq": each.trade_id,
    }


def position_row(
    state: State,
    account: Account,
    symbol: str,
    side: PositionSide,
    at_ms: int,
) -> dict[str, Any]:
    """Return what is held of a contract on one side, also where that is nothing."""
    instrument = state.instruments[symbol]
    held = account.positions.get((symbol, side))
    lots, cost = held.seen(at_ms) if held is not None else (0, Decimal(0))
    mark = state.mark(symbol)
    value = instrument.notional(mark, lots)
    leverage = account.leverage.get(symbol, margin.DEFAULT_LEVERAGE)
    tier = instrument.tier(abs(value))
    return {
        "symbol": symbol,
        "leverage": str(leverage),
        "avgPrice": plain((cost / instrument.quantity(lots)).quantize(CENT)) if lots else "0",
        "liqPrice": "",
        "positionValue": plain(abs(value)) if lots else "",
        "unrealisedPnl": plain(value - cost) if lots else "",
        "markPrice": plain(instrument.price(mark)),
        "cumRealisedPnl": "0",
        "positionIM": plain((abs(value) / leverage).quantize(CENT)) if lots else "",
        "positionMM": plain(abs(value) * tier.rate - tier.deducted) if lots else "",
        "createdTime": str(held.versions[0][0] if held and held.versions else 0),
        "updatedTime": str(held.updated_ms if held else 0),
        "positionIdx": SIDE_NUMBERS[side],
        "side": {0: "", 1: "Buy", -1: "Sell"}[(lots > 0) - (lots < 0)],
        "size": plain(abs(instrument.quantity(lots))) if lots else "0",
        "positionStatus": "Normal",
        "adlRankIndicator": 0,
        "tradeMode": 0,
        "autoAddMargin": 0,
        "stopLoss": "",
        "takeProfit": "",
    }


def wallet_row(state: State, account: Account, at_ms: int) -> dict[str, Any]:
    """Return what an account holds as GET /v5/account/wallet-balance shows it."""
    instruments = state.instruments
    gain = margin.unrealised(account, instruments, state.mark)
    held = Decimal(0)
    for (symbol, _), position in account.positions.items():
        value = abs(instruments[symbol].notional(state.mark(symbol), position.seen(at_ms)[0]))
        held += value / account.leverage.get(symbol, margin.DEFAULT_LEVERAGE)
    all_of_it = margin.initial(account, instruments, state.mark)
    wallet = account.wallet.get("USDT", Decimal(0))
    return {
        "accountType": "UNIFIED",
        "totalEquity": plain(wallet + gain),
        "totalWalletBalance": plain(wallet),
        "totalMarginBalance": plain(wallet + gain),
        "totalAvailableBalance": plain(wallet + gain - all_of_it),
        "totalInitialMargin": plain(all_of_it),
        "totalMaintenanceMargin": plain(margin.maintenance(account, instruments, state.mark)),
        "totalPerpUPL": plain(gain),
        "coin": [
            {
                "coin": asset,
                "equity": plain(amount + gain) if asset == "USDT" else plain(amount),
                "walletBalance": plain(amount),
                "availableToWithdraw": "",
                "locked": "0",
                "unrealisedPnl": plain(gain) if asset == "USDT" else "0",
                "totalPositionIM": plain(held) if asset == "USDT" else "0",
                "totalOrderIM": plain(max(all_of_it - held, Decimal(0)))
                if asset == "USDT"
                else "0",
                "bonus": "0",
                "borrowAmount": "0",
                "accruedInterest": "0",
            }
            for asset, amount in sorted(account.wallet.items())
        ],
    }


def link_id(order: Order) -> str:
    """Return the client's own id of an order, "" where the exchange chose one."""
    text = order.asked.client_id
    is_ours = text.startswith(_CLOSED) or text in {f"x-{order.order_id}", f"a-{order.order_id}"}
    return "" if is_ours else text


def _made_by(order: Order) -> str:
    return "CreateByLiq" if order.asked.client_id.startswith(_CLOSED) else "CreateByUser"


def _direction(order: Order) -> int:
    """Return 1 where a rising price triggers it, 2 where a falling one does, 0 for none."""
    if not order.trigger:
        return 0
    return 1 if (order.asked.side == BUY) == order.asked.kind.startswith("stop") else 2
