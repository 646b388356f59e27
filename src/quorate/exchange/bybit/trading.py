"""The endpoints of orders and trades of Bybit's linear perpetuals.

Conditional orders have no endpoints and no ids of their own: a trigger price makes one, and it
keeps its id when it is triggered. What is placed, changed or taken back is answered with ids alone;
how the order stands is to be looked up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from quorate.exchange.bybit.asking import amount, chosen, flag, given, linear, page, whole
from quorate.exchange.bybit.codes import RetCodeError, known
from quorate.exchange.bybit.rows import (
    SIDES,
    TIMES,
    execution_row,
    link_id,
    name,
    number,
    number_of,
    order_row,
    whole_order,
)
from quorate.exchange.matching.orders import BUY, CONDITIONAL, Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from quorate.exchange.bybit.asking import Call
    from quorate.exchange.bybit.rows import Shown
    from quorate.exchange.matching.accounts import Account
    from quorate.exchange.matching.exchange import Exchange
    from quorate.exchange.matching.orders import Order

_WEEK_MS: Final = 7 * 86_400_000
_SIDES: Final = {word: side for side, word in SIDES.items()}
_TIMES: Final = {word: mine for mine, word in TIMES.items()}
_FILTERS: Final = {"": None, "Order": False, "StopOrder": True, "tpslOrder": True}
_POSITIONS: Final = {"0": "both", "1": "long", "2": "short"}
_MODES: Final = {
    "None": "none",
    "CancelTaker": "expire_taker",
    "CancelMaker": "expire_maker",
    "CancelBoth": "expire_both",
}
_MOST_ID: Final = 36


class Trading:
    """What is asked of orders.

    Parameters
    ----------
    exchange : Exchange
        The engine.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.endpoints: dict[str, Callable[[Call], dict[str, Any]]] = {
            "POST /v5/order/create": self._create,
            "POST /v5/order/amend": self._amend,
            "POST /v5/order/cancel": self._cancel,
            "POST /v5/order/cancel-all": self._cancel_all,
            "GET /v5/order/realtime": self._newest,
            "GET /v5/order/history": self._history,
            "GET /v5/execution/list": self._executions,
        }

    @property
    def _now_ms(self) -> int:
        return self._exchange.state.now_ms

    def _create(self, call: Call) -> dict[str, Any]:
        linear(call.query)
        asked = read_order(call.query)
        owner = call.account
        # an id is never used again, in neither of the engine's two lists
        if asked.client_id in owner.by_client or asked.client_id in owner.by_conditional_client:
            raise RetCodeError(110072, "OrderLinkedID is duplicate")
        found = self._exchange.place(owner.name, asked)
        if getattr(found, "reason", "") == "would_trigger" and _rises(call.query):
            raise RetCodeError(110092, "expect Rising, but trigger_price <= current")
        return _ids(known(found))

    def _amend(self, call: Call) -> dict[str, Any]:
        linear(call.query)
        order = self._current(call, "replace")
        price = amount(call.query, "price")
        quantity = amount(call.query, "qty")
        instrument = self._exchange.state.instruments[order.asked.symbol]
        changed = self._exchange.amend(
            call.account.name,
            order.asked.symbol,
            order.order_id,
            instrument.price(order.price) if price is None else price,
            instrument.quantity(order.quantity) if quantity is None else quantity,
        )
        known(changed)
        return _ids(self._sent(call.account, order))

    def _cancel(self, call: Call) -> dict[str, Any]:
        linear(call.query)
        order = self._current(call, "cancel")
        known(
            self._exchange.cancel(
                call.account.name,
                order.asked.symbol,
                order_id=order.order_id,
                is_conditional=bool(order.trigger),
            )
        )
        return _ids(self._sent(call.account, order))

    def _cancel_all(self, call: Call) -> dict[str, Any]:
        linear(call.query)
        only = chosen(call.query, "orderFilter", _FILTERS, "")
        if not (call.query.get("symbol") or call.query.get("settleCoin")):
            raise RetCodeError(10001, "params error: symbol or settleCoin is required")
        symbols = [call.query["symbol"]] if call.query.get("symbol") else self._symbols()
        gone: list[dict[str, Any]] = []
        for symbol in symbols:
            for is_conditional in (False, True):
                if only in {None, is_conditional}:
                    orders = known(
                        self._exchange.cancel_all(
                            call.account.name, symbol, is_conditional=is_conditional
                        )
                    )
                    gone += [_ids(self._sent(call.account, each)) for each in orders]
        return {"list": gone, "success": "1"}

    def _newest(self, call: Call) -> dict[str, Any]:
        linear(call.query)
        named = {"symbol", "settleCoin", "baseCoin", "orderId", "orderLinkId"}
        if not any(call.query.get(each) for each in named):
            raise RetCodeError(10001, "params error: symbol or settleCoin is required")
        if call.query.get("orderId") or call.query.get("orderLinkId"):
            found = self._named(call, self._now_ms - call.lags.order)
            return self._listed(call, [] if found is None else [found])
        at_ms = self._now_ms - call.lags.open_orders
        opened = [
            looked.order
            for is_conditional in (False, True)
            for looked in self._exchange.open_orders(
                call.account.name,
                call.query.get("symbol"),
                is_conditional=is_conditional,
                at_ms=at_ms,
            )
        ]
        return self._listed(call, self._shown(call.account, opened, at_ms))

    def _history(self, call: Call) -> dict[str, Any]:
        linear(call.query)
        at_ms = self._now_ms - call.lags.order
        if call.query.get("orderId") or call.query.get("orderLinkId"):
            found = self._named(call, at_ms)
            return self._listed(call, [] if found is None else [found])
        first, last = self._window(call.query)
        orders = [
            each
            for each in (*call.account.orders.values(), *call.account.conditional.values())
            if call.query.get("symbol") in {None, "", each.asked.symbol}
            and first <= each.created_ms <= last
        ]
        shown = self._shown(call.account, orders, at_ms)
        ended = [each for each in shown if each.seen.status not in {"NEW", "PARTIAL"}]
        return self._listed(call, ended)

    def _executions(self, call: Call) -> dict[str, Any]:
        linear(call.query)
        at_ms = self._now_ms - call.lags.trades
        first, last = self._window(call.query)
        named = self._named(call, self._now_ms) if call.query.get("orderId") else None
        rows: list[tuple[int, dict[str, Any]]] = []
        kind = call.query.get("execType")
        for place, each in enumerate(call.account.executions):
            if not first <= each.at_ms <= min(last, at_ms):
                continue
            sent = self._sent(call.account, call.account.orders[each.order_id])
            row = execution_row(each, sent, self._exchange.state.markets[each.symbol])
            is_asked = call.query.get("symbol") in {None, "", each.symbol}
            is_named = not call.query.get("orderId") or (named is not None and sent is named.sent)
            if is_asked and is_named and kind in {None, "", row["execType"]}:
                rows.append((place + 1, row))
        found, cursor = page(rows, call.query, 50, 100)
        return {"category": "linear", "list": found, "nextPageCursor": cursor}

    def _listed(self, call: Call, orders: Iterable[Shown]) -> dict[str, Any]:
        """Return a page of orders, of those that a filter leaves."""
        only = chosen(call.query, "orderFilter", _FILTERS, "")
        rows = [
            (each.number, order_row(each, self._exchange.state.instruments[each.sent.asked.symbol]))
            for each in orders
            if only in {None, bool(each.now.trigger)}
        ]
        found, cursor = page(rows, call.query, 20, 50)
        return {"category": "linear", "list": found, "nextPageCursor": cursor}

    def _shown(self, account: Account, orders: Iterable[Order], at_ms: int) -> list[Shown]:
        """Return orders as Bybit has them, each once."""
        found: dict[int, Shown] = {}
        for order in orders:
            shown = whole_order(account, order, at_ms)
            if shown is not None:
                found[number_of(shown.sent)] = shown
        return list(found.values())

    def _named(self, call: Call, at_ms: int) -> Shown | None:
        """Return the order of an id or a client id, None where it is not seen."""
        owner, link = call.account, call.query.get("orderLinkId", "")
        if call.query.get("orderId"):
            found = number(call.query["orderId"])
            orders = owner.conditional if found % 2 else owner.orders
            order = orders.get(found // 2)
        elif link in owner.by_conditional_client:
            order = owner.conditional[owner.by_conditional_client[link]]
        else:
            order = owner.orders.get(owner.by_client.get(link, 0))
        if order is None or call.query.get("symbol") not in {None, "", order.asked.symbol}:
            return None
        return whole_order(owner, order, at_ms)

    def _current(self, call: Call, what: str) -> Order:
        """Return the engine's order that an id stands for now."""
        if not (call.query.get("orderId") or call.query.get("orderLinkId")):
            raise RetCodeError(10001, "params error: orderId or orderLinkId is required")
        given(call.query, "symbol")
        found = self._named(call, self._now_ms)
        if found is None or not found.now.is_open:
            raise RetCodeError(110001, f"order not exists or too late to {what}")
        return found.now

    def _sent(self, account: Account, order: Order) -> Order:
        """Return the order that was sent: the conditional one where another grew out of it."""
        found = whole_order(account, order, self._now_ms)
        return order if found is None else found.sent

    def _symbols(self) -> list[str]:
        return list(self._exchange.state.markets)

    def _window(self, query: Mapping[str, str]) -> tuple[int, int]:
        """Return the seven days that a list spans, the last ones where none are named."""
        first, last = whole(query, "startTime"), whole(query, "endTime")
        if first is None:
            end = self._now_ms if last is None else last
            return end - _WEEK_MS, end
        if last is None:
            return first, first + _WEEK_MS
        if last - first > _WEEK_MS:
            raise RetCodeError(10001, "params error: the time range exceeds 7 days")
        return first, last


def read_order(query: Mapping[str, str]) -> Asked:
    """Return the order that the parameters of POST /v5/order/create ask for.

    Examples
    --------
    >>> asked = {"symbol": "BTCUSDT", "side": "Sell", "orderType": "Market", "qty": "0.1"}
    >>> read_order({**asked, "triggerPrice": "90", "triggerDirection": "2"}).kind
    'stop'
    """
    side = chosen(query, "side", _SIDES, "")
    is_limit = chosen(query, "orderType", {"Limit": True, "Market": False}, "")
    kind: Any = "limit" if is_limit else "market"
    trigger = amount(query, "triggerPrice")
    if trigger is not None:
        rises = _rises(query)
        word = "stop" if rises == (side == BUY) else "take_profit"
        kind = f"{word}_limit" if is_limit else word
    link = query.get("orderLinkId", "")
    if len(link) > _MOST_ID:
        raise RetCodeError(10001, f"params error: OrderLinkId is longer than {_MOST_ID}")
    is_closing = flag(query, "closeOnTrigger") and not amount(query, "qty")
    quantity = amount(query, "qty")
    if not quantity and not is_closing:
        raise RetCodeError(10001, "Qty invalid")
    return Asked(
        symbol=given(query, "symbol"),
        side=side,
        kind=kind,
        quantity=quantity,
        price=amount(query, "price") if is_limit else None,
        trigger=trigger if kind in CONDITIONAL else None,
        time_in_force=chosen(query, "timeInForce", _TIMES, "GTC" if is_limit else "IOC"),
        is_reduce_only=flag(query, "reduceOnly"),
        position_side=chosen(query, "positionIdx", _POSITIONS, "0"),
        client_id=link,
        self_trade=chosen(query, "smpType", _MODES, "None"),
        is_closing=is_closing,
    )


def _rises(query: Mapping[str, str]) -> bool:
    """Whether a trigger is reached by a price that rises."""
    rises: bool = chosen(query, "triggerDirection", {"1": True, "2": False}, "")
    return rises


def _ids(order: Order) -> dict[str, Any]:
    return {"orderId": name(number_of(order)), "orderLinkId": link_id(order)}
