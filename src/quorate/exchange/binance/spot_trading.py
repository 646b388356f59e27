"""The endpoints of orders, trades and balances of Binance spot."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from quorate.exchange.binance.asking import RefusedError, amount, chosen, given, span, whole
from quorate.exchange.binance.calls import is_within, known, named
from quorate.exchange.binance.codes import SPOT
from quorate.exchange.binance.rows import MODES, SIDES, TIMES, plain
from quorate.exchange.binance.spot_rows import STOPS, balances, spot_order_row, spot_trade_row
from quorate.exchange.matching.orders import Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quorate.exchange.binance.calls import Call
    from quorate.exchange.matching.exchange import Exchange, Looked
    from quorate.exchange.matching.orders import Order

_DAY_MS: Final = 86_400_000
_CLIENT_ID: Final = re.compile(r"[a-zA-Z0-9-_]{1,36}")
_SIDES: Final = {word: side for side, word in SIDES.items()}
_TIMES: Final = {word: mine for mine, word in TIMES.items() if mine != "POST_ONLY"}
_MODES: Final = {word: mine for mine, word in MODES.items()}
_KINDS: Final[Mapping[str, str]] = {
    "LIMIT": "limit",
    "LIMIT_MAKER": "maker",
    "MARKET": "market",
    **{word: mine for mine, word in STOPS.items()},
}


class SpotTrading:
    """What is asked of orders and of the wallet.

    Parameters
    ----------
    exchange : Exchange
        The engine.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.endpoints: dict[str, Callable[[Call], object]] = {
            "POST /api/v3/order": self._place,
            "GET /api/v3/order": self._order,
            "DELETE /api/v3/order": self._cancel,
            "DELETE /api/v3/openOrders": self._cancel_all,
            "GET /api/v3/openOrders": self._open_orders,
            "GET /api/v3/allOrders": self._all_orders,
            "GET /api/v3/myTrades": self._trades,
            "GET /api/v3/account": self._account,
            "GET /api/v3/account/commission": self._fees,
        }

    @property
    def _now_ms(self) -> int:
        return self._exchange.state.now_ms

    def _place(self, call: Call) -> object:
        order = known(self._exchange.place(call.account.name, read_spot_order(call.query)), SPOT)
        row = self._row(order)
        if call.query.get("newOrderRespType", "FULL" if _is_market(order) else "RESULT") == "FULL":
            row["fills"] = [
                {
                    "price": each["price"],
                    "qty": each["qty"],
                    "commission": each["commission"],
                    "commissionAsset": each["commissionAsset"],
                    "tradeId": each["id"],
                }
                for each in self._own_trades(call, order.order_id)
            ]
        return row

    def _order(self, call: Call) -> object:
        found = self._found(call, at_ms=self._now_ms - call.lags.order)
        instrument = self._exchange.state.instruments[found.order.asked.symbol]
        return spot_order_row(found.order, found.seen, instrument)

    def _cancel(self, call: Call) -> object:
        order_id, client_id = named(call.query, "orderId", "origClientOrderId")
        order = known(
            self._exchange.cancel(
                call.account.name, self._symbol(call), order_id=order_id, client_id=client_id
            ),
            SPOT,
        )
        return self._cancelled(call, order)

    def _cancel_all(self, call: Call) -> object:
        symbol = self._symbol(call)
        gone = [
            order
            for is_conditional in (False, True)
            for order in known(
                self._exchange.cancel_all(call.account.name, symbol, is_conditional=is_conditional),
                SPOT,
            )
        ]
        if not gone:
            raise RefusedError(-2011, "Unknown order sent.")
        return [self._cancelled(call, each) for each in gone]

    def _open_orders(self, call: Call) -> object:
        at_ms = self._now_ms - call.lags.open_orders
        opened = [
            looked
            for is_conditional in (False, True)
            for looked in self._exchange.open_orders(
                call.account.name,
                call.query.get("symbol"),
                is_conditional=is_conditional,
                at_ms=at_ms,
            )
        ]
        instruments = self._exchange.state.instruments
        return [
            spot_order_row(each.order, each.seen, instruments[each.order.asked.symbol])
            for each in sorted(opened, key=lambda each: each.order.order_id)
        ]

    def _all_orders(self, call: Call) -> object:
        symbol = self._symbol(call)
        first = whole(call.query, "orderId")
        within = span(call.query, 500, 1000)
        rows = []
        for order in call.account.orders.values():
            seen = order.seen(self._now_ms - call.lags.order)
            is_asked = is_within(order.created_ms, within.start_ms, within.end_ms)
            is_after = first is None or order.order_id >= first
            if order.asked.symbol == symbol and seen is not None and is_asked and is_after:
                rows.append(spot_order_row(order, seen, self._exchange.state.instruments[symbol]))
        return rows[: within.limit] if first is not None else rows[-within.limit :]

    def _trades(self, call: Call) -> object:
        within = span(call.query, 500, 1000)
        first, order_id = whole(call.query, "fromId"), whole(call.query, "orderId")
        is_bounded = within.start_ms is not None and within.end_ms is not None
        if is_bounded and (within.end_ms or 0) - (within.start_ms or 0) > _DAY_MS:
            raise RefusedError(-1127, "More than 24 hours between startTime and endTime.")
        found = [
            row
            for row in self._own_trades(call, order_id)
            if (first is None or row["id"] >= first)
            and is_within(row["time"], within.start_ms, within.end_ms)
        ]
        from_start = first is not None or within.start_ms is not None
        return found[: within.limit] if from_start else found[-within.limit :]

    def _own_trades(self, call: Call, order_id: int | None) -> list[dict[str, Any]]:
        symbol = self._symbol(call)
        shown = self._exchange.executions(
            call.account.name, symbol, self._now_ms - call.lags.trades
        )
        instrument = self._exchange.state.instruments[symbol]
        return [
            spot_trade_row(each, instrument)
            for each in shown
            if order_id is None or each.order_id == order_id
        ]

    def _account(self, call: Call) -> object:
        instrument = next(iter(self._exchange.state.instruments.values()))
        return {
            "canTrade": call.key.may_trade,
            "canWithdraw": call.key.may_withdraw,
            "canDeposit": True,
            "commissionRates": {
                "maker": plain(instrument.maker_fee),
                "taker": plain(instrument.taker_fee),
                "buyer": "0.00000000",
                "seller": "0.00000000",
            },
            "accountType": "SPOT",
            "updateTime": self._now_ms,
            "balances": [
                {"asset": asset, "free": plain(free), "locked": plain(locked)}
                for asset, free, locked in balances(call.account)
            ],
            "permissions": ["SPOT"],
        }

    def _fees(self, call: Call) -> object:
        instrument = self._exchange.state.instruments[self._symbol(call)]
        rates = {"maker": plain(instrument.maker_fee), "taker": plain(instrument.taker_fee)}
        return {
            "symbol": instrument.symbol,
            "standardCommission": {**rates, "buyer": "0.00000000", "seller": "0.00000000"},
            "discount": {"enabledForAccount": call.account.pays_in_bnb, "discountAsset": "BNB"},
        }

    def _found(self, call: Call, *, at_ms: int) -> Looked:
        order_id, client_id = named(call.query, "orderId", "origClientOrderId")
        return known(
            self._exchange.find(
                call.account.name,
                self._symbol(call),
                order_id=order_id,
                client_id=client_id,
                at_ms=at_ms,
            ),
            SPOT,
        )

    def _cancelled(self, call: Call, order: Order) -> dict[str, Any]:
        """Return an order that was taken back: its id stands beside that of the cancel."""
        own = call.query.get("newClientOrderId") or f"cancel{order.order_id}"
        row = self._row(order)
        return {**row, "origClientOrderId": row["clientOrderId"], "clientOrderId": own}

    def _row(self, order: Order) -> dict[str, Any]:
        instrument = self._exchange.state.instruments[order.asked.symbol]
        return spot_order_row(order, order.versions[-1], instrument)

    def _symbol(self, call: Call) -> str:
        symbol = given(call.query, "symbol")
        if symbol not in self._exchange.state.markets:
            raise RefusedError(-1121, "Invalid symbol.")
        return symbol


def read_spot_order(query: Mapping[str, str]) -> Asked:
    """Return the order that the parameters of POST /api/v3/order ask for.

    Examples
    --------
    >>> asked = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT_MAKER"}
    >>> read_spot_order({**asked, "quantity": "0.1", "price": "9"}).time_in_force
    'POST_ONLY'
    >>> asked |= {"side": "SELL", "type": "STOP_LOSS"}
    >>> read_spot_order({**asked, "quantity": "0.1", "stopPrice": "9"}).kind
    'stop'
    """
    side = _SIDES.get(given(query, "side"))
    if side is None:
        raise RefusedError(-1117, "Invalid side.")
    if "reduceOnly" in query or "positionSide" in query:
        raise RefusedError(
            -1104, f"Not all sent parameters were read; read '{len(query) - 1}' parameter(s)."
        )
    word: Any = chosen(query, "type", _KINDS, "")
    is_priced = word not in {"market", "stop", "take_profit"}
    _require_fitting(query, word, is_priced=is_priced)
    time_in_force: Any = "POST_ONLY"
    if word != "maker":
        time_in_force = chosen(query, "timeInForce", _TIMES, "GTC")
    client_id = query.get("newClientOrderId", "")
    if client_id and not _CLIENT_ID.fullmatch(client_id):
        raise RefusedError(*SPOT["bad_id"])
    quantity, spent = amount(query, "quantity"), amount(query, "quoteOrderQty")
    is_market = word == "market"
    if quantity is None and not (is_market and spent):
        raise RefusedError(-1102, "Mandatory parameter 'quantity' was not sent.")
    mode: Any = chosen(query, "selfTradePreventionMode", _MODES, "EXPIRE_MAKER")
    return Asked(
        symbol=given(query, "symbol"),
        side=side,
        kind="limit" if word == "maker" else word,
        quantity=quantity,
        price=amount(query, "price") if is_priced else None,
        trigger=amount(query, "stopPrice"),
        time_in_force=time_in_force,
        client_id=client_id,
        self_trade=mode,
        quote_quantity=spent,
    )


def _require_fitting(query: Mapping[str, str], word: str, *, is_priced: bool) -> None:
    """Refuse an order without what its type needs, and a stop with what it does not have."""
    is_stop = word in STOPS
    if is_priced and word != "maker" and "timeInForce" not in query:
        raise RefusedError(-1102, "Mandatory parameter 'timeInForce' was not sent.")
    if is_stop and is_priced and not query.get("price"):
        raise RefusedError(-1102, "Mandatory parameter 'price' was not sent.")
    if is_stop and not query.get("stopPrice"):
        raise RefusedError(
            -1102, "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!"
        )
    unread = [] if is_stop else ["stopPrice"]
    unread += ["price", "timeInForce"] if is_stop and not is_priced else []
    for name in unread:
        if name in query:
            raise RefusedError(-1106, f"Parameter '{name}' sent when not required.")


def _is_market(order: Order) -> bool:
    return order.asked.kind == "market"
