"""The engine's orders, trades and pairs as the JSON that Binance spot sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from quorate.exchange.binance.rows import MODES, SIDES, STATUS, TIMES, places, plain
from quorate.exchange.matching.orders import BUY, ENDED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from quorate.exchange.matching.accounts import Account
    from quorate.exchange.matching.instruments import Instrument
    from quorate.exchange.matching.orders import Execution, Kind, Order, Push, Seen

STOPS: Final[Mapping[Kind, str]] = {
    "stop": "STOP_LOSS",
    "stop_limit": "STOP_LOSS_LIMIT",
    "take_profit": "TAKE_PROFIT",
    "take_profit_limit": "TAKE_PROFIT_LIMIT",
}
"""Spot's words for orders that wait for a trigger, and are the same orders after it."""

KINDS: Final = ("LIMIT", "LIMIT_MAKER", "MARKET", *STOPS.values())


def spot_order_row(order: Order, seen: Seen, instrument: Instrument) -> dict[str, Any]:
    """Return an order as GET /api/v3/order shows it."""
    asked = order.asked
    spent = asked.quote_quantity
    return {
        "symbol": asked.symbol,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": asked.client_id,
        "price": plain(instrument.price(seen.price)) if seen.price else "0.00000000",
        "origQty": plain(instrument.quantity(seen.quantity)),
        "executedQty": plain(instrument.quantity(seen.filled)),
        "origQuoteOrderQty": "0.00000000" if spent is None else plain(spent),
        "cummulativeQuoteQty": plain(seen.quote),
        "status": STATUS.get(seen.status, seen.status),
        "timeInForce": "GTC" if asked.time_in_force == "POST_ONLY" else TIMES[asked.time_in_force],
        "type": _kind(order),
        "side": SIDES[asked.side],
        "stopPrice": _trigger(order, instrument),
        "icebergQty": "0.00000000",
        "time": order.created_ms,
        "transactTime": seen.at_ms,
        "updateTime": seen.at_ms,
        "isWorking": _is_working(order, seen),
        "workingTime": _working_ms(order, seen),
        "selfTradePreventionMode": MODES[asked.self_trade],
    }


def spot_trade_row(each: Execution, instrument: Instrument) -> dict[str, Any]:
    """Return a trade as GET /api/v3/myTrades shows it."""
    return {
        "symbol": each.symbol,
        "id": each.trade_id,
        "orderId": each.order_id,
        "orderListId": -1,
        "price": plain(instrument.price(each.price)),
        "qty": plain(instrument.quantity(each.quantity)),
        "quoteQty": plain(each.quote),
        "commission": plain(each.fee),
        "commissionAsset": each.fee_asset,
        "time": each.at_ms,
        "isBuyer": each.side == BUY,
        "isMaker": each.is_maker,
        "isBestMatch": True,
    }


def pair_row(each: Instrument) -> dict[str, Any]:
    """Return a pair as GET /api/v3/exchangeInfo shows it."""
    lots = {"minQty": plain(each.min_quantity), "stepSize": plain(each.lot)}
    up, down = plain(1 + each.band), plain(1 - each.band)
    return {
        "symbol": each.symbol,
        "status": "TRADING" if each.is_trading else "BREAK",
        "baseAsset": each.base,
        "baseAssetPrecision": max(places(each.lot), 8),
        "quoteAsset": each.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": list(KINDS),
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": plain(each.tick),
                "maxPrice": plain(each.tick * 10**8),
                "tickSize": plain(each.tick),
            },
            {"filterType": "LOT_SIZE", "maxQty": plain(each.max_quantity), **lots},
            {"filterType": "MARKET_LOT_SIZE", "maxQty": plain(each.max_market_quantity), **lots},
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": up,
                "bidMultiplierDown": "0",
                "askMultiplierUp": "1000",
                "askMultiplierDown": down,
                "avgPriceMins": 5,
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": plain(each.min_notional),
                "applyMinToMarket": True,
                "maxNotional": "9000000.00000000",
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": each.max_orders},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": each.max_conditional},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
    }


def balances(account: Account) -> list[tuple[str, Decimal, Decimal]]:
    """Return what an account holds: asset, free, locked by orders."""
    rows = []
    for asset, amount in sorted(account.wallet.items()):
        locked = account.locked.get(asset, amount * 0)
        rows.append((asset, amount - locked, locked))
    return rows


def report_frame(push: Push, instrument: Instrument) -> dict[str, Any]:
    """Return an executionReport: an order as it is now, and the trade that changed it."""
    order, seen, trade = push.order, push.seen, push.execution
    if order is None or seen is None:
        raise ValueError("the push is of no order")
    asked = order.asked
    kind = "TRADE" if trade else seen.status.replace("EXPIRED_IN_MATCH", "TRADE_PREVENTION")
    return {
        "e": "executionReport",
        "E": push.at_ms,
        "s": asked.symbol,
        "c": asked.client_id,
        "S": SIDES[asked.side],
        "o": _kind(order),
        "f": TIMES["GTC"] if asked.time_in_force == "POST_ONLY" else TIMES[asked.time_in_force],
        "q": plain(instrument.quantity(seen.quantity)),
        "p": plain(instrument.price(seen.price)) if seen.price else "0.00000000",
        "P": _trigger(order, instrument),
        "F": "0.00000000",
        "g": -1,
        "C": "",
        "x": kind,
        "X": STATUS.get(seen.status, seen.status),
        "r": "NONE",
        "i": order.order_id,
        "l": plain(instrument.quantity(trade.quantity)) if trade else "0.00000000",
        "z": plain(instrument.quantity(seen.filled)),
        "L": plain(instrument.price(trade.price)) if trade else "0.00000000",
        "n": plain(trade.fee) if trade else "0",
        "N": trade.fee_asset if trade else None,
        "T": push.at_ms,
        "t": trade.trade_id if trade else -1,
        "w": seen.status not in ENDED and _is_working(order, seen),
        "m": trade.is_maker if trade else False,
        "O": order.created_ms,
        "Z": plain(seen.quote),
        "Y": plain(trade.quote) if trade else "0.00000000",
        "Q": "0.00000000",
    }


def wallet_frame(push: Push, account: Account) -> dict[str, Any]:
    """Return an outboundAccountPosition: every balance as it is now."""
    return {
        "e": "outboundAccountPosition",
        "E": push.at_ms,
        "u": push.at_ms,
        "B": [
            {"a": asset, "f": plain(free), "l": plain(locked)}
            for asset, free, locked in balances(account)
        ],
    }


def _trigger(order: Order, instrument: Instrument) -> str:
    return plain(instrument.price(order.trigger)) if order.trigger else "0.00000000"


def _is_working(order: Order, seen: Seen) -> bool:
    """Whether an order trades by itself, as a replica shows it: a stop does from its trigger on."""
    return _working_ms(order, seen) >= 0


def _working_ms(order: Order, seen: Seen) -> int:
    """Return since when an order trades by itself, -1 where it does not yet."""
    if not order.trigger:
        return order.created_ms
    return order.working_ms if 0 < order.working_ms <= seen.at_ms else -1


def _kind(order: Order) -> str:
    if order.asked.kind in STOPS:
        return STOPS[order.asked.kind]
    if order.asked.kind == "market":
        return "MARKET"
    return "LIMIT_MAKER" if order.asked.time_in_force == "POST_ONLY" else "LIMIT"
