"""What happens as time goes on: the price moves, stops trigger, funding is paid, accounts fail.

In: the state and a later moment. Out: the state at that moment. Between requests nothing but these
things happens, in order of time; a symbol in which nobody has orders or a position is not walked
point by point, its book is made when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from quorate.exchange.matching import margin
from quorate.exchange.matching.accounts import CENT, Income
from quorate.exchange.matching.flow import POINT_MS, noise, onward, share
from quorate.exchange.matching.orders import BUY, SELL, Asked, Order, Refusal
from quorate.exchange.matching.placing import awake, cancel_all, open_order
from quorate.exchange.matching.settlement import Trade, settle
from quorate.exchange.matching.trading import push, take

if TYPE_CHECKING:
    from quorate.exchange.matching.accounts import Account
    from quorate.exchange.matching.orders import Kind, PositionSide
    from quorate.exchange.matching.state import Market, State

_HOUR_MS: Final = 3_600_000
_DEPTH: Final = 1 << 40


def advance(state: State, to_ms: int) -> None:
    """Let time go on to a moment.

    Parameters
    ----------
    state : State
        Changed in place.
    to_ms : int
        Not before its present.

    Raises
    ------
    ValueError
        If time would go back.

    Notes
    -----
    Units: milliseconds.  Causal: in order of time; at one moment the price moves first, then what
    is due is paid, then countdowns end.  A book in which nobody rests is made when it is asked
    for.  Missing: none.
    """
    if to_ms < state.now_ms:
        raise ValueError(f"time would go back from {state.now_ms} to {to_ms} ms")
    while True:
        live = [symbol for symbol in state.markets if state.is_live(symbol)]
        due = _next(state, live)
        if due > to_ms:
            break
        state.now_ms = due
        for symbol in live:
            if _has_orders(state, symbol):
                _walk(state, symbol)
            elif state.markets[symbol].instrument.is_trading:
                _pass(state, symbol)
        _pay(state, due)
        _count_down(state, due)
        _liquidate(state)
    state.now_ms = to_ms


def refresh(state: State, symbol: str) -> Market:
    """Return a market with its book at the present point."""
    market = state.markets[symbol]
    if market.point < state.point_at(state.now_ms) or market.is_stale:
        _walk(state, symbol)
    return market


def _next(state: State, live: list[str]) -> int:
    """Return the next moment at which something happens."""
    due = 1 << 62
    if live:
        due = state.start_ms + (state.point_at(state.now_ms) + 1) * POINT_MS
    for account in state.accounts.values():
        for ends_ms in account.countdowns.values():
            due = min(due, ends_ms)
    return due


def _has_orders(state: State, symbol: str) -> bool:
    return any(each.has_orders(symbol) for each in state.accounts.values())


def _pass(state: State, symbol: str) -> None:
    """Bring the mark of a market to the present point: nobody rests whom its book could fill."""
    market = state.markets[symbol]
    point = state.point_at(state.now_ms)
    market.is_stale = market.is_stale or point != market.point
    market.point = point


def _walk(state: State, symbol: str) -> None:
    """Bring a market to the present point: it takes, rests anew, and trades at the touch."""
    market = state.markets[symbol]
    point = state.point_at(state.now_ms)
    if (point == market.point and not market.is_stale) or not market.instrument.is_trading:
        return
    market.point, market.is_stale = point, False
    price = market.path.price(point)
    half = market.ladder.half
    here = noise(market.seed, point)
    for side in (BUY, SELL):
        take(state, market, side, price - side * half, _DEPTH)
    for side in (BUY, SELL):
        market.book.clear_market(side, market.ladder.of(here, price, side))
    lots = market.path.volume(point)
    buys = round(lots * share(onward(here, 5)))
    take(state, market, BUY, price + half, buys)
    take(state, market, SELL, price - half, lots - buys)
    market.last = market.last or price
    _trigger(state, symbol, price)


def _trigger(state: State, symbol: str, price: int) -> None:
    """Turn conditional orders whose price was reached into orders."""
    for account in state.accounts.values():
        if not account.waiting_ids:
            continue
        for order in account.waiting(symbol):
            asked = order.asked
            rising = (asked.side == BUY) == asked.kind.startswith("stop")
            if not ((price >= order.trigger) if rising else (price <= order.trigger)):
                continue
            if state.markets[symbol].instrument.kind == "spot":
                awake(state, account, order)
            else:
                _release(state, account, order)


def _release(state: State, account: Account, order: Order) -> None:
    account.waiting_ids.pop(order.order_id, None)
    asked = order.asked
    kind: Kind = "limit" if asked.kind.endswith("limit") else "market"
    instrument = state.markets[asked.symbol].instrument
    quantity = asked.quantity
    if asked.is_closing:
        quantity = instrument.quantity(
            abs(account.position(asked.symbol, asked.position_side).lots)
        )
    child = asked._replace(
        kind=kind,
        quantity=quantity,
        trigger=None,
        is_closing=False,
        is_reduce_only=asked.is_reduce_only or asked.is_closing,
        time_in_force=asked.time_in_force if kind == "limit" else "GTC",
    )
    order.status = "TRIGGERED"
    made = open_order(state, account, child)
    if isinstance(made, Refusal):
        order.status = "EXPIRED"
    else:
        order.triggered_id = made.order_id
    push(state, order)


def _pay(state: State, at_ms: int) -> None:
    r"""Pay funding where it is due: :math:`-q\,p\,f`, shorts receive what longs pay.

    Where points are walked one by one, no settlement is missed: its hour is on their grid.
    """
    if at_ms % _HOUR_MS:
        return
    for symbol, market in state.markets.items():
        hours = market.instrument.funding_hours
        if market.instrument.kind != "futures" or not hours or at_ms % (hours * _HOUR_MS):
            continue
        rate = market.rate(at_ms)
        for account in state.accounts.values():
            for (name, _), position in account.positions.items():
                if name == symbol and position.lots:
                    value = market.instrument.notional(state.mark(symbol), position.lots)
                    amount = (-value * rate).quantize(CENT)
                    account.add(Income(at_ms, "FUNDING_FEE", symbol, "USDT", amount))


def _count_down(state: State, at_ms: int) -> None:
    for account in state.accounts.values():
        if not account.countdowns:
            continue
        for symbol in [each for each, due in account.countdowns.items() if due <= at_ms]:
            del account.countdowns[symbol]
            cancel_all(state, account, symbol)
            if state.is_countdown_for_stops:
                cancel_all(state, account, symbol, is_conditional=True)


def _liquidate(state: State) -> None:
    """Close the positions of accounts whose balance fell below their maintenance margin."""
    instruments = state.instruments
    for account in state.accounts.values():
        if margin.is_short(account, instruments, state.mark):
            for symbol in {name for name, _ in account.positions}:
                cancel_all(state, account, symbol)
            for symbol, side in list(account.positions):
                close(state, account, symbol, side, "autoclose-")


def close(
    state: State, account: Account, symbol: str, side: PositionSide, prefix: str
) -> Order | None:
    """Close a position from outside, at the mark: a liquidation or a deleveraging.

    Returns
    -------
    Order or None
        The exchange's own order, which the account did not send; None where it was flat.
    """
    market = state.markets[symbol]
    position = account.positions.get((symbol, side))
    if position is None or not position.lots:
        return None
    lots, sign = abs(position.lots), 1 if position.lots > 0 else -1
    asked = Asked(
        symbol,
        -sign,
        "market",
        market.instrument.quantity(lots),
        position_side=side,
        is_reduce_only=True,
        client_id=f"{prefix}{state.now_ms}",
    )
    order = Order(state.next_order_id(), account.name, asked, 0, 0, lots, state.now_ms)
    account.orders[order.order_id] = order
    account.by_client[asked.client_id] = order.order_id
    market.n_trades += 1
    trade = Trade(state.mark(symbol), lots, is_maker=False, at_ms=state.now_ms)
    execution = settle(account, market, order, trade, market.n_trades)
    order.filled, order.quote, order.status = lots, execution.quote, "FILLED"
    push(state, order, execution)
    return order
