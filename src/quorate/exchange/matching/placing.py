"""How an order is taken, refused, changed and taken back."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from quorate.exchange.matching import margin
from quorate.exchange.matching.filters import Grid, on_grid
from quorate.exchange.matching.orders import BUY, CONDITIONAL, Asked, Order, Refusal
from quorate.exchange.matching.trading import end, lock, match, push

if TYPE_CHECKING:
    from quorate.exchange.matching.accounts import Account
    from quorate.exchange.matching.state import Market, State


def open_order(state: State, account: Account, asked: Asked) -> Order | Refusal:
    """Take an order and trade it, or say why not.

    Parameters
    ----------
    state : State
        Changed in place where the order is taken, untouched where it is refused.
    account : Account
        Whose order.
    asked : Asked
        Neither a conditional order nor for another moment than now.

    Returns
    -------
    Order or Refusal
        As it stands after what it met at once.

    Notes
    -----
    Units: as ``Asked``.  Causal: matched against the book as it stands.  Missing: none.
    """
    market = state.markets[asked.symbol]
    checked = _checked(state, account, asked)
    if isinstance(checked, Refusal):
        return checked
    found = on_grid(asked, market.instrument, state.mark(asked.symbol))
    if isinstance(found, Refusal):
        return found
    refusal = _bounded(state, account, asked, found)
    is_ended = state.is_refusal_an_order and refusal is not None and refusal.reason == "would_take"
    if refusal is not None and not is_ended:
        return refusal
    client_id = asked.client_id or f"x-{state.n_orders + 1}"
    order = Order(
        state.next_order_id(),
        account.name,
        asked._replace(client_id=client_id),
        found.price,
        0,
        found.quantity,
        state.now_ms,
    )
    account.orders[order.order_id] = order
    account.open_ids[order.order_id] = None
    account.by_client[client_id] = order.order_id
    lock(state, order, order.quantity)
    push(state, order)
    if is_ended:
        order.is_refused = True
        end(state, order, "CANCELED")
        return order
    match(state, order, _limit(market, asked, found, state.mark(asked.symbol)))
    return order


def wait_order(state: State, account: Account, asked: Asked) -> Order | Refusal:
    """Take a conditional order: it waits until its trigger is reached.

    Of a contract it has ids of its own and locks nothing; of a pair it has an id among those of
    orders, which it keeps when it is triggered, and locks what it may spend from the first.
    """
    market = state.markets[asked.symbol]
    refusal = _checked(state, account, asked)
    if isinstance(refusal, Refusal):
        return refusal
    mark = state.mark(asked.symbol)
    found = on_grid(asked, market.instrument, mark)
    if isinstance(found, Refusal):
        return found
    rising = (asked.side == BUY) == asked.kind.startswith("stop")
    if (mark >= found.trigger) if rising else (mark <= found.trigger):
        return Refusal("would_trigger", f"the mark is at {market.instrument.price(mark)}")
    if len(account.waiting(asked.symbol)) >= market.instrument.max_conditional:
        most = market.instrument.max_conditional
        return Refusal("too_many_conditional", f"{most} conditional orders")
    if market.instrument.kind == "spot":
        return _wait_in_one_book(state, account, asked, found)
    state.n_conditional += 1
    client_id = asked.client_id or f"a-{state.n_conditional}"
    order = Order(
        state.n_conditional,
        account.name,
        asked._replace(client_id=client_id),
        found.price,
        found.trigger,
        found.quantity,
        state.now_ms,
    )
    account.conditional[order.order_id] = order
    account.waiting_ids[order.order_id] = None
    account.by_conditional_client[client_id] = order.order_id
    push(state, order)
    return order


def _wait_in_one_book(state: State, account: Account, asked: Asked, grid: Grid) -> Order | Refusal:
    """Take a conditional order of a pair, which is one order before and after its trigger."""
    refusal = _paid(state, account, asked, grid)
    if refusal is not None:
        return refusal
    number = state.next_order_id()
    client_id = asked.client_id or f"x-{number}"
    order = Order(
        number,
        account.name,
        asked._replace(client_id=client_id),
        grid.price,
        grid.trigger,
        grid.quantity,
        state.now_ms,
    )
    account.orders[number] = account.conditional[number] = order
    account.waiting_ids[number] = None
    account.by_client[client_id] = number
    lock(state, order, order.quantity)
    push(state, order)
    return order


def awake(state: State, account: Account, order: Order) -> None:
    """Let a pair's conditional order, whose trigger was reached, trade as the order it is."""
    account.waiting_ids.pop(order.order_id, None)
    account.open_ids[order.order_id] = None
    order.working_ms = state.now_ms
    push(state, order)
    grid = Grid(order.price, 0, order.left)
    # it locked what it costs at its trigger; at the worst it may cost all that the band allows
    lock(state, order, -order.left)
    refusal = _paid(state, account, order.asked, grid)
    lock(state, order, order.left)
    if refusal is not None:
        end(state, order, "EXPIRED")
        return
    market, mark = state.markets[order.asked.symbol], state.mark(order.asked.symbol)
    match(state, order, _limit(market, order.asked, grid, mark))


def cancel(state: State, account: Account, order: Order) -> Order | Refusal:
    """Take an order back; one that has ended cannot be."""
    if not order.is_open:
        return Refusal("cannot_cancel", f"order {order.order_id} is {order.status}")
    if order.asked.kind in CONDITIONAL and account.orders.get(order.order_id) is not order:
        account.waiting_ids.pop(order.order_id, None)
        order.status = "CANCELED"
        push(state, order)
    else:
        end(state, order, "CANCELED")
    return order


def cancel_all(
    state: State, account: Account, symbol: str, *, is_conditional: bool = False
) -> list[Order]:
    """Take back every open order of a symbol in one of the two lists and return them."""
    orders = account.waiting(symbol) if is_conditional else account.open_orders(symbol)
    for order in orders:
        cancel(state, account, order)
    return orders


def amend(state: State, order: Order, price: Decimal, quantity: Decimal) -> Order | Refusal:
    """Change price and quantity of a limit order; it goes to the end of the queue."""
    market = state.markets[order.asked.symbol]
    if not order.is_open or order.asked.kind != "limit":
        return Refusal("no_such_order", f"order {order.order_id} is {order.status}")
    asked = order.asked._replace(price=price, quantity=quantity)
    found = on_grid(asked, market.instrument, state.mark(asked.symbol))
    if isinstance(found, Refusal):
        return found
    if found.quantity <= order.filled:
        return Refusal("bad_quantity", f"{order.filled} lots have traded already")
    if asked.time_in_force == "POST_ONLY" and market.book.crosses(asked.side, found.price):
        return Refusal("would_take", f"{price} would trade at once")
    place = state.resting.pop(order.order_id)
    market.book.remove(asked.side, order.price, place)
    lock(state, order, -order.left)
    order.asked, order.price, order.quantity = asked, found.price, found.quantity
    lock(state, order, order.left)
    push(state, order)
    match(state, order, found.price)
    return order


def _checked(state: State, account: Account, asked: Asked) -> Refusal | None:
    """Refuse what does not depend on numbers: status, side of the position, ids, how many."""
    market = state.markets[asked.symbol]
    if not market.instrument.is_trading:
        return Refusal("not_trading", asked.symbol)
    if market.instrument.kind == "futures" and account.is_hedged == (asked.position_side == "both"):
        return Refusal("position_side", asked.position_side)
    known, ids = account.by_client, account.orders
    if asked.kind in CONDITIONAL and market.instrument.kind == "futures":
        known, ids = account.by_conditional_client, account.conditional
    if asked.client_id in known and ids[known[asked.client_id]].is_open:
        return Refusal("duplicate_id", asked.client_id)
    n_open = len(account.open_orders(asked.symbol))
    if market.instrument.kind == "spot":
        n_open += len(account.waiting(asked.symbol))
    if n_open >= market.instrument.max_orders:
        return Refusal("too_many_orders", f"{market.instrument.max_orders} open orders")
    return None


def _bounded(state: State, account: Account, asked: Asked, grid: Grid) -> Refusal | None:
    """Refuse what would take though it may not, increase though it may not, or cannot be paid."""
    market = state.markets[asked.symbol]
    if asked.time_in_force == "POST_ONLY" and market.book.crosses(asked.side, grid.price):
        return Refusal("would_take", f"{asked.price} would trade at once")
    if market.instrument.kind == "spot":
        return _paid(state, account, asked, grid)
    reduces = asked.is_reduce_only or _closes(asked)
    if reduces:
        return _reduced(account, asked, grid)
    return _margined(state, account, asked, grid)


def _closes(asked: Asked) -> bool:
    """Whether an order of a hedged account can only close: a sell of a long, a buy of a short."""
    return (asked.position_side, asked.side) in {("long", -BUY), ("short", BUY)}


def _reduced(account: Account, asked: Asked, grid: Grid) -> Refusal | None:
    lots = account.position(asked.symbol, asked.position_side).lots
    if lots * asked.side >= 0:
        return Refusal("reduce_only", f"the position is of {lots} lots")
    waiting = sum(
        order.left
        for order in account.open_orders(asked.symbol)
        if order.asked.side == asked.side
        and (order.asked.is_reduce_only or _closes(order.asked))
        and order.asked.position_side == asked.position_side
    )
    if waiting + grid.quantity > abs(lots):
        return Refusal("reduce_only", f"{waiting} of {abs(lots)} lots are being closed already")
    return None


def _margined(state: State, account: Account, asked: Asked, grid: Grid) -> Refusal | None:
    instruments = state.instruments
    at = grid.price or state.mark(asked.symbol)
    leverage = account.leverage.get(asked.symbol, margin.DEFAULT_LEVERAGE)
    lots = account.position(asked.symbol, asked.position_side).lots
    # what closes a position needs no margin: only what goes beyond it
    beyond = max(grid.quantity - max(-lots * asked.side, 0), 0)
    needed = instruments[asked.symbol].notional(at, beyond) / leverage
    have = margin.available(account, instruments, state.mark)
    if needed > have:
        return Refusal("margin", f"{needed:.2f} needed, {have:.2f} available")
    return None


def _paid(state: State, account: Account, asked: Asked, grid: Grid) -> Refusal | None:
    instrument = state.markets[asked.symbol].instrument
    market = state.markets[asked.symbol]
    at = _limit(market, asked, grid, state.mark(asked.symbol))
    is_buy = asked.side == BUY
    asset = instrument.quote if is_buy else instrument.base
    needed = (
        instrument.notional(at, grid.quantity) if is_buy else instrument.quantity(grid.quantity)
    )
    zero = Decimal(0)
    have = account.wallet.get(asset, zero) - account.locked.get(asset, zero)
    if needed > have:
        return Refusal("balance", f"{needed} {asset} needed, {have} free")
    return None


def _limit(market: Market, asked: Asked, grid: Grid, mark: int) -> int:
    """Return the worst price of an order: a market order stays within the band, a stop waits."""
    if grid.price or grid.trigger:
        return grid.price or grid.trigger
    return max(int(mark * (1 + market.instrument.band * asked.side)), 1)
