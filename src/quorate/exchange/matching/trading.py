"""How an order meets the book: matching, its remainder, what both sides are told.

In: an order that was taken. Out: executions booked to accounts, places in the book, and pushes in
the order in which things happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from quorate.exchange.matching.book import Resting
from quorate.exchange.matching.orders import BUY, CONDITIONAL, Push
from quorate.exchange.matching.settlement import Trade, settle

if TYPE_CHECKING:
    from quorate.exchange.matching.book import Match
    from quorate.exchange.matching.orders import Execution, Order, Status
    from quorate.exchange.matching.state import Market, State

_REMEMBERED_MS: Final = 300_000
"""No replica lags by more."""


def push(state: State, order: Order, execution: Execution | None = None) -> None:
    """Keep an order as it is now and tell its account."""
    order.keep(state.now_ms)
    if not order.is_open:
        ended = state.accounts[order.account].ended
        ended.append((state.now_ms, order.order_id, order.asked.kind in CONDITIONAL))
        while ended[0][0] < state.now_ms - _REMEMBERED_MS:
            ended.popleft()
    reason = "ORDER" if execution else ""
    state.pushes.append(
        Push(
            order.account,
            state.now_ms,
            order,
            order.versions[-1],
            execution,
            reason,
            order.asked.symbol,
        )
    )


def end(state: State, order: Order, status: Status) -> None:
    """End an order: out of the book, out of the open ones, what it locked set free."""
    place = state.resting.pop(order.order_id, None)
    if place is not None:
        state.markets[order.asked.symbol].book.remove(order.asked.side, order.price, place)
    order.status = status
    _close(state, order)
    push(state, order)


def match(state: State, order: Order, limit: int) -> None:
    """Trade an order against its book and rest or end what is left.

    Parameters
    ----------
    state : State
        Changed in place.
    order : Order
        Just taken, not in a book.
    limit : int
        Its worst price in ticks.
    """
    market = state.markets[order.asked.symbol]
    side = order.asked.side
    if order.asked.time_in_force == "FOK":
        found = sum(each.quantity for each in market.book.meets(side, limit, order.left))
        if found < order.left:
            end(state, order, "EXPIRED")
            return
    for met in list(market.book.meets(side, limit, order.left)):
        if not _may_meet(state, order, met):
            if not order.is_open:
                return
            continue
        _trade(state, market, order, met)
    # makers of one's own may have left: what stood behind them is met now
    if order.is_open and order.left and next(market.book.meets(side, limit, 1), None) is not None:
        match(state, order, limit)
        return
    if order.left == 0:
        return
    if order.asked.kind.endswith("limit") and order.asked.time_in_force in {"GTC", "POST_ONLY"}:
        place = Resting(order, order.left)
        state.resting[order.order_id] = place
        market.book.rest(side, order.price, place)
    else:
        end(state, order, "EXPIRED")


def take(state: State, market: Market, side: int, limit: int, lots: int) -> None:
    """Let the rest of the market take up to so many lots at a price or better."""
    for order, price, taken in market.book.sweep(side, limit, lots):
        market.n_trades += 1
        market.last = price
        if order is not None:
            _fill(state, market, order, Trade(price, taken, is_maker=True))


def _may_meet(state: State, order: Order, met: Match) -> bool:
    """Say whether a taker trades with whom it met; orders of one account may exclude each other."""
    maker = met.resting.order
    mode = order.asked.self_trade
    if maker is None or maker.account != order.account or mode == "none":
        return True
    if mode in {"expire_maker", "expire_both"}:
        end(state, maker, "EXPIRED_IN_MATCH")
    if mode in {"expire_taker", "expire_both"}:
        end(state, order, "EXPIRED_IN_MATCH")
    return False


def _trade(state: State, market: Market, order: Order, met: Match) -> None:
    market.book.take(order.asked.side, met)
    market.n_trades += 1
    market.last = met.price
    if met.resting.order is not None:
        _fill(state, market, met.resting.order, Trade(met.price, met.quantity, is_maker=True))
    _fill(state, market, order, Trade(met.price, met.quantity, is_maker=False))


def _fill(state: State, market: Market, order: Order, trade: Trade) -> None:
    trade = trade._replace(at_ms=state.now_ms)
    account = state.accounts[order.account]
    _unlock(state, order, trade.lots)
    execution = settle(account, market, order, trade, market.n_trades)
    order.filled += trade.lots
    order.quote += execution.quote
    order.status = "PARTIAL" if order.left else "FILLED"
    if not order.left:
        state.resting.pop(order.order_id, None)
        _close(state, order)
    push(state, order, execution)


def _close(state: State, order: Order) -> None:
    account = state.accounts[order.account]
    account.open_ids.pop(order.order_id, None)
    if order.is_waiting:
        account.waiting_ids.pop(order.order_id, None)
    _unlock(state, order, order.left)


def lock(state: State, order: Order, lots: int) -> None:
    """Lock what a spot order may spend, or give it back where ``lots`` is below 0."""
    instrument = state.markets[order.asked.symbol].instrument
    if instrument.kind == "futures":
        return
    account = state.accounts[order.account]
    is_buy = order.asked.side == BUY
    asset = instrument.quote if is_buy else instrument.base
    # a stop that buys at the market locks what it would cost at its trigger
    price = order.price or order.trigger
    amount = instrument.notional(price, lots) if is_buy else instrument.quantity(lots)
    account.locked[asset] = account.locked.get(asset, amount * 0) + amount


def _unlock(state: State, order: Order, lots: int) -> None:
    lock(state, order, -lots)
