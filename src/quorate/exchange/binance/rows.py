"""The engine's orders, trades and positions as the JSON that Binance futures sends.

Every number is text, without an exponent, at the precision of its instrument.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from quorate.exchange.listing import NEVER_MS
from quorate.exchange.matching.accounts import CENT
from quorate.exchange.matching.orders import BUY

if TYPE_CHECKING:
    from decimal import Decimal

    from quorate.exchange.matching.accounts import Account, Income
    from quorate.exchange.matching.instruments import Instrument
    from quorate.exchange.matching.orders import Execution, Order, Seen
    from quorate.exchange.matching.state import State

STATUS: Final = {"PARTIAL": "PARTIALLY_FILLED"}
TIMES: Final = {"GTC": "GTC", "IOC": "IOC", "FOK": "FOK", "POST_ONLY": "GTX"}
SIDES: Final = {BUY: "BUY", -BUY: "SELL"}
MODES: Final = {
    "none": "NONE",
    "expire_taker": "EXPIRE_TAKER",
    "expire_maker": "EXPIRE_MAKER",
    "expire_both": "EXPIRE_BOTH",
}
KINDS: Final = {
    "limit": "LIMIT",
    "market": "MARKET",
    "stop": "STOP_MARKET",
    "stop_limit": "STOP",
    "take_profit": "TAKE_PROFIT_MARKET",
    "take_profit_limit": "TAKE_PROFIT",
}


def plain(value: Decimal) -> str:
    """Return a number as text without an exponent.

    Examples
    --------
    >>> from decimal import Decimal
    >>> plain(Decimal("1E+2")), plain(Decimal("0.10"))
    ('100', '0.10')
    """
    return f"{value:f}"


def average(quote: Decimal, quantity: Decimal) -> str:
    """Return an average price, 0.00000 where nothing traded."""
    return plain((quote / quantity).quantize(CENT)) if quantity else "0.00000"


def order_row(order: Order, seen: Seen, instrument: Instrument) -> dict[str, Any]:
    """Return an order as GET /fapi/v1/order shows it."""
    asked = order.asked
    filled = instrument.quantity(seen.filled)
    return {
        "orderId": order.order_id,
        "symbol": asked.symbol,
        "status": STATUS.get(seen.status, seen.status),
        "clientOrderId": asked.client_id,
        "price": plain(instrument.price(seen.price)) if seen.price else "0.00",
        "avgPrice": average(seen.quote, filled),
        "origQty": plain(instrument.quantity(seen.quantity)),
        "executedQty": plain(filled),
        "cumQuote": plain(seen.quote),
        "timeInForce": TIMES[asked.time_in_force],
        "type": KINDS[asked.kind],
        "reduceOnly": asked.is_reduce_only,
        "closePosition": asked.is_closing,
        "side": SIDES[asked.side],
        "positionSide": asked.position_side.upper(),
        "stopPrice": "0.00",
        "workingType": "MARK_PRICE",
        "priceProtect": False,
        "origType": KINDS[asked.kind],
        "priceMatch": "NONE",
        "selfTradePreventionMode": MODES[asked.self_trade],
        "goodTillDate": 0,
        "time": order.created_ms,
        "updateTime": seen.at_ms,
    }


def conditional_row(order: Order, seen: Seen, instrument: Instrument) -> dict[str, Any]:
    """Return a conditional order as GET /fapi/v1/algoOrder shows it."""
    asked = order.asked
    triggered = seen.status == "TRIGGERED"
    return {
        "algoId": order.order_id,
        "clientAlgoId": asked.client_id,
        "algoType": "CONDITIONAL",
        "orderType": KINDS[asked.kind],
        "symbol": asked.symbol,
        "side": SIDES[asked.side],
        "positionSide": asked.position_side.upper(),
        "timeInForce": TIMES[asked.time_in_force],
        "quantity": plain(instrument.quantity(seen.quantity)),
        "algoStatus": seen.status,
        "actualOrderId": str(order.triggered_id) if triggered else "",
        "triggerPrice": plain(instrument.price(order.trigger)),
        "price": plain(instrument.price(seen.price)) if seen.price else "0.00",
        "icebergQuantity": None,
        "selfTradePreventionMode": MODES[asked.self_trade],
        "workingType": "MARK_PRICE",
        "priceMatch": "NONE",
        "closePosition": asked.is_closing,
        "priceProtect": False,
        "reduceOnly": asked.is_reduce_only,
        "createTime": order.created_ms,
        "updateTime": seen.at_ms,
        "triggerTime": seen.at_ms if triggered else 0,
        "goodTillDate": 0,
    }


def trade_row(each: Execution, instrument: Instrument) -> dict[str, Any]:
    """Return a trade as GET /fapi/v1/userTrades shows it."""
    return {
        "symbol": each.symbol,
        "id": each.trade_id,
        "orderId": each.order_id,
        "side": SIDES[each.side],
        "price": plain(instrument.price(each.price)),
        "qty": plain(instrument.quantity(each.quantity)),
        "realizedPnl": plain(each.realized),
        "quoteQty": plain(each.quote),
        "commission": plain(each.fee),
        "commissionAsset": each.fee_asset,
        "time": each.at_ms,
        "positionSide": each.position_side.upper(),
        "buyer": each.side == BUY,
        "maker": each.is_maker,
    }


def position_rows(state: State, account: Account, at_ms: int) -> list[dict[str, Any]]:
    """Return what is held as GET /fapi/v3/positionRisk shows it, flat positions left out."""
    rows = []
    for (symbol, side), position in account.positions.items():
        lots, cost = position.seen(at_ms)
        instrument = state.instruments[symbol]
        if lots and instrument.kind == "futures":
            mark = state.mark(symbol)
            value = instrument.notional(mark, lots)
            leverage = account.leverage.get(symbol, 20)
            margin = (abs(value) / leverage).quantize(CENT)
            tier = instrument.tier(abs(value))
            rows.append(
                {
                    "symbol": symbol,
                    "positionSide": side.upper(),
                    "positionAmt": plain(instrument.quantity(lots)),
                    "entryPrice": average(cost, instrument.quantity(lots)),
                    "breakEvenPrice": average(cost, instrument.quantity(lots)),
                    "markPrice": plain(instrument.price(mark)),
                    "unRealizedProfit": plain(value - cost),
                    "liquidationPrice": "0",
                    "isolatedMargin": "0",
                    "notional": plain(value),
                    "marginAsset": instrument.quote,
                    "isolatedWallet": "0",
                    "initialMargin": plain(margin),
                    "maintMargin": plain(abs(value) * tier.rate - tier.deducted),
                    "positionInitialMargin": plain(margin),
                    "openOrderInitialMargin": "0",
                    "adl": 1,
                    "bidNotional": "0",
                    "askNotional": "0",
                    "updateTime": position.updated_ms,
                }
            )
    return rows


def income_row(each: Income) -> dict[str, Any]:
    """Return a cash flow as GET /fapi/v1/income shows it."""
    return {
        "symbol": each.symbol,
        "incomeType": each.kind,
        "income": plain(each.amount),
        "asset": each.asset,
        "info": each.kind,
        "time": each.at_ms,
        "tranId": each.at_ms,
        "tradeId": str(each.trade_id or ""),
    }


def symbol_row(each: Instrument) -> dict[str, Any]:
    """Return a contract as GET /fapi/v1/exchangeInfo shows it."""
    return {
        "symbol": each.symbol,
        "pair": each.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": NEVER_MS,
        "onboardDate": 0,
        "status": "TRADING" if each.is_trading else "SETTLING",
        "baseAsset": each.base,
        "quoteAsset": each.quote,
        "marginAsset": each.quote,
        "pricePrecision": places(each.tick),
        "quantityPrecision": places(each.lot),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": plain(each.tick),
                "maxPrice": plain(each.tick * 10**8),
                "tickSize": plain(each.tick),
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": plain(each.min_quantity),
                "maxQty": plain(each.max_quantity),
                "stepSize": plain(each.lot),
            },
            {
                "filterType": "MARKET_LOT_SIZE",
                "minQty": plain(each.min_quantity),
                "maxQty": plain(each.max_market_quantity),
                "stepSize": plain(each.lot),
            },
            {"filterType": "MAX_NUM_ORDERS", "limit": each.max_orders},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": each.max_conditional},
            {"filterType": "MIN_NOTIONAL", "notional": plain(each.min_notional)},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": plain(1 + each.band),
                "multiplierDown": plain(1 - each.band),
                "multiplierDecimal": "4",
            },
        ],
        "orderTypes": list(KINDS.values()),
        "timeInForce": list(TIMES.values()),
    }


def places(unit: Decimal) -> int:
    """Return how many places after the point a multiple of a unit may have.

    Examples
    --------
    >>> from decimal import Decimal
    >>> places(Decimal("0.10")), places(Decimal("5"))
    (1, 0)
    """
    return max(-int(unit.normalize().as_tuple().exponent), 0)
