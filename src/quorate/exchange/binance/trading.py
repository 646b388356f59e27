"""The endpoints of orders and trades of Binance futures, plain and conditional ones apart."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from quorate.exchange.binance.asking import RefusedError, span, whole
from quorate.exchange.binance.calls import is_within, known, named
from quorate.exchange.binance.reading import batch, read_conditional, read_order
from quorate.exchange.binance.rows import conditional_row, order_row, trade_row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quorate.exchange.binance.calls import Call
    from quorate.exchange.matching.accounts import Account
    from quorate.exchange.matching.exchange import Exchange, Looked
    from quorate.exchange.matching.instruments import Instrument
    from quorate.exchange.matching.orders import Order

_WEEK_MS: Final = 7 * 86_400_000


class Trading:
    """What is asked of orders.

    Parameters
    ----------
    exchange : Exchange
        The engine.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.endpoints: dict[str, Callable[[Call], object]] = {
            "POST /fapi/v1/order": self._place,
            "PUT /fapi/v1/order": self._amend,
            "GET /fapi/v1/order": self._order,
            "DELETE /fapi/v1/order": self._cancel,
            "POST /fapi/v1/batchOrders": self._place_batch,
            "DELETE /fapi/v1/batchOrders": self._cancel_batch,
            "DELETE /fapi/v1/allOpenOrders": self._cancel_all,
            "GET /fapi/v1/openOrders": self._open_orders,
            "GET /fapi/v1/allOrders": self._all_orders,
            "POST /fapi/v1/algoOrder": self._place_conditional,
            "GET /fapi/v1/algoOrder": self._conditional,
            "DELETE /fapi/v1/algoOrder": self._cancel_conditional,
            "DELETE /fapi/v1/algoOpenOrders": self._cancel_all_conditional,
            "GET /fapi/v1/openAlgoOrders": self._open_conditional,
            "GET /fapi/v1/userTrades": self._trades,
        }

    @property
    def _now_ms(self) -> int:
        return self._exchange.state.now_ms

    def _place(self, call: Call) -> object:
        asked = read_order(call.query)
        return self._row(known(self._exchange.place(call.account.name, asked)))

    def _place_conditional(self, call: Call) -> object:
        asked = read_conditional(call.query)
        return self._row(known(self._exchange.place(call.account.name, asked)))

    def _place_batch(self, call: Call) -> object:
        rows: list[object] = []
        for each in batch(call.query):
            try:
                rows.append(self._place(call._replace(query=each)))
            except RefusedError as found:
                rows.append({"code": found.code, "msg": found.message})
        return rows

    def _amend(self, call: Call) -> object:
        asked = read_order({"type": "LIMIT", "timeInForce": "GTC", **call.query})
        found = self._found(call, at_ms=self._now_ms)
        if asked.price is None or asked.quantity is None:
            raise RefusedError(-1102, "Mandatory parameter 'price' was not sent.")
        return self._row(
            known(
                self._exchange.amend(
                    call.account.name,
                    call.of_symbol,
                    found.order.order_id,
                    asked.price,
                    asked.quantity,
                )
            )
        )

    def _order(self, call: Call) -> object:
        found = self._found(call, at_ms=self._now_ms - call.lags.order)
        return order_row(found.order, found.seen, self._instrument(found.order))

    def _conditional(self, call: Call) -> object:
        found = self._found(call, at_ms=self._now_ms - call.lags.order, is_conditional=True)
        return conditional_row(found.order, found.seen, self._instrument(found.order))

    def _cancel(self, call: Call) -> object:
        order_id, client_id = named(call.query, "orderId", "origClientOrderId")
        return self._row(
            known(
                self._exchange.cancel(
                    call.account.name, call.of_symbol, order_id=order_id, client_id=client_id
                )
            )
        )

    def _cancel_conditional(self, call: Call) -> object:
        order_id, client_id = named(call.query, "algoId", "clientAlgoId")
        owner = call.account
        symbol = call.query.get("symbol") or _symbol_of(owner, order_id, client_id)
        order = known(
            self._exchange.cancel(
                owner.name, symbol, order_id=order_id, client_id=client_id, is_conditional=True
            )
        )
        return {
            "algoId": order.order_id,
            "clientAlgoId": order.asked.client_id,
            "code": "200",
            "msg": "success",
        }

    def _cancel_batch(self, call: Call) -> object:
        rows: list[object] = []
        for name, each in _listed(call.query):
            query = {"symbol": call.of_symbol, name: each}
            try:
                rows.append(self._cancel(call._replace(query=query)))
            except RefusedError as found:
                rows.append({"code": found.code, "msg": found.message})
        return rows

    def _cancel_all(self, call: Call) -> object:
        known(self._exchange.cancel_all(call.account.name, call.of_symbol))
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def _cancel_all_conditional(self, call: Call) -> object:
        known(self._exchange.cancel_all(call.account.name, call.of_symbol, is_conditional=True))
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def _open_orders(self, call: Call) -> object:
        return [
            order_row(each.order, each.seen, self._instrument(each.order))
            for each in self._opened(call, is_conditional=False)
        ]

    def _open_conditional(self, call: Call) -> object:
        return [
            conditional_row(each.order, each.seen, self._instrument(each.order))
            for each in self._opened(call, is_conditional=True)
        ]

    def _opened(self, call: Call, *, is_conditional: bool) -> list[Looked]:
        at_ms = self._now_ms - call.lags.open_orders
        symbol = call.query.get("symbol")
        return self._exchange.open_orders(
            call.account.name, symbol, is_conditional=is_conditional, at_ms=at_ms
        )

    def _all_orders(self, call: Call) -> object:
        first = whole(call.query, "orderId")
        within = span(call.query, 500, 1000)
        rows = []
        for order in call.account.orders.values():
            seen = order.seen(self._now_ms - call.lags.order)
            if order.asked.symbol != call.of_symbol or seen is None:
                continue
            if is_within(order.created_ms, within.start_ms, within.end_ms) and (
                first is None or order.order_id >= first
            ):
                rows.append(order_row(order, seen, self._instrument(order)))
        return rows[: within.limit] if first is not None else rows[-within.limit :]

    def _trades(self, call: Call) -> object:
        within = span(call.query, 500, 1000)
        first, order_id = whole(call.query, "fromId"), whole(call.query, "orderId")
        is_bounded = within.start_ms is not None and within.end_ms is not None
        if is_bounded and (within.end_ms or 0) - (within.start_ms or 0) > _WEEK_MS:
            raise RefusedError(-4165, "Invalid time interval: more than 7 days.")
        shown = self._exchange.executions(
            call.account.name, call.of_symbol, self._now_ms - call.lags.trades
        )
        found = [
            each
            for each in shown
            if (order_id is None or each.order_id == order_id)
            and (first is None or each.trade_id >= first)
            and is_within(each.at_ms, within.start_ms, within.end_ms)
        ]
        from_start = first is not None or within.start_ms is not None
        page = found[: within.limit] if from_start else found[-within.limit :]
        instrument = self._exchange.state.instruments.get(call.of_symbol)
        return [trade_row(each, instrument) for each in page] if instrument else []

    def _found(self, call: Call, *, at_ms: int, is_conditional: bool = False) -> Looked:
        names = ("algoId", "clientAlgoId") if is_conditional else ("orderId", "origClientOrderId")
        order_id, client_id = named(call.query, *names)
        symbol = call.query.get("symbol") or _symbol_of(call.account, order_id, client_id)
        return known(
            self._exchange.find(
                call.account.name,
                symbol,
                order_id=order_id,
                client_id=client_id,
                is_conditional=is_conditional,
                at_ms=at_ms,
            )
        )

    def _row(self, order: Order) -> dict[str, Any]:
        instrument = self._instrument(order)
        if order.trigger:
            return conditional_row(order, order.versions[-1], instrument)
        return order_row(order, order.versions[-1], instrument)

    def _instrument(self, order: Order) -> Instrument:
        return self._exchange.state.markets[order.asked.symbol].instrument


def _symbol_of(account: Account, order_id: int | None, client_id: str | None) -> str:
    """Return the symbol of a conditional order, which may be named without it."""
    number = account.by_conditional_client.get(client_id or "", 0) if order_id is None else order_id
    order = account.conditional.get(number)
    return order.asked.symbol if order else ""


def _listed(query: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the orders that a batch names: the parameter of each and its value."""
    for name, single in (
        ("orderidlist", "orderId"),
        ("orderIdList", "orderId"),
        ("origclientorderidlist", "origClientOrderId"),
        ("origClientOrderIdList", "origClientOrderId"),
    ):
        if name in query:
            try:
                found = json.loads(query[name])
            except ValueError as error:
                raise RefusedError(
                    -1130, f"Data sent for parameter '{name}' is not valid."
                ) from error
            if not isinstance(found, list) or not 0 < len(found) <= 10:
                raise RefusedError(-1130, f"Data sent for parameter '{name}' is not valid.")
            return [(single, str(each)) for each in found]
    raise RefusedError(-1102, "Mandatory parameter 'orderIdList' was not sent.")
