"""What must hold of parents that are worked and of stops: the exchange's truth and the journal.

It knows rows and books that rows fold to, and nothing of the executor that made them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.harness.parents import STRATEGY
from quorate.live.execution.coins import N_STOPS
from quorate.live.execution.stops import STOP
from quorate.live.orders.book import EXACT, ZERO, open_orders
from quorate.live.orders.events import ExternalFill, Filled, Intended, Reconciled
from quorate.live.orders.parents import ParentOpened

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Mapping, Sequence

    from quorate.exchange.matching.accounts import Account
    from quorate.exchange.matching.state import State
    from quorate.live.orders.book import Book
    from quorate.live.orders.events import JournalEvent

STILL_MS: Final = 420_000
"""How long a position has stood before its stop must be of its size, once it is quiet."""

_TRIGGER_FRAC: Final = Decimal("0.97")
"""Of the mark, below any trigger: what is too little there has no stop."""

N_COMPARED: Final = 2
"""So many whole comparisons find a child that should be taken back: between two it is looked at."""


class Found(NamedTuple):
    """What is broken: which invariant, and what was seen."""

    invariant: str
    text: str


def intended(book: Book, row: JournalEvent) -> Iterator[Found]:
    """Hold a child against its parent at the row that it was meant in.

    Parameters
    ----------
    book : Book
        Folded from the rows before.
    row : JournalEvent
        The next one.

    Yields
    ------
    Found
        A child of a parent that nobody opened, that has ended, or of another time; one beside
        another that may be alive; children that come to more than their parent.

    Notes
    -----
    Units: coins, ms.  Causal: as of the row.  Missing: none.  RELIABILITY 2 (I4), 4.
    """
    if not isinstance(row, Intended) or row.strategy != STRATEGY:
        return
    parent = book.parents.get(row.parent_id)
    if parent is None or not parent.is_open:
        yield Found("PARENT", f"{row.client_id} is of {row.parent_id}, which is not open")
        return
    opened = parent.opened
    if not opened.begin_ms <= row.at_ms < opened.deadline_ms:
        yield Found("PARENT", f"{row.client_id} was sent outside the time of {row.parent_id}")
    come_to = row.quantity
    for order in book.orders.values():
        if order.intent.parent_id != row.parent_id:
            continue
        come_to = EXACT.add(come_to, EXACT.add(order.traded, order.reserved))
        if not order.is_over or order.is_stray:
            name = order.intent.client_id
            yield Found("PARENT", f"{row.client_id} was sent while {name} was {order.state}")
    if come_to > opened.quantity:
        text = f"{row.parent_id} is {opened.quantity}, its children came to {come_to}"
        yield Found("PARENT", text)


def outlived(book: Book, row: JournalEvent, counts: Counter[str]) -> Iterator[Found]:
    """Hold children that rest against the end of their parents, at every comparison.

    Parameters
    ----------
    book : Book
        Folded from the rows before.
    row : JournalEvent
        The next one.
    counts : Counter
        Client id -> whole comparisons that found it so; counted on here.

    Yields
    ------
    Found
        A child that rests, and that nobody takes back, long after its parent or its time ended.
    """
    if not isinstance(row, Reconciled) or row.action:
        return  # of what was not answered nothing is concluded
    for order in open_orders(book):
        parent = book.parents.get(order.intent.parent_id)
        if order.intent.strategy != STRATEGY or parent is None or order.is_cancel_wanted:
            continue
        if parent.is_open and row.at_ms < parent.opened.deadline_ms:
            continue
        counts[order.intent.client_id] += 1
        if counts[order.intent.client_id] == N_COMPARED:
            yield Found("LIVE", f"{order.intent.client_id} rests on, its parent is over")


def ended(
    rows: Sequence[JournalEvent], book: Book, account: Account, state: State
) -> Iterator[Found]:
    """Hold parents against the exchange once it is quiet: each has ended, and nothing is left.

    Yields
    ------
    Found
        A parent that works beyond its time, a child that outlives its parent, a parent that is
        told to be filled and has executed less.
    """
    executed, alive = _executed(account, state)
    sums: dict[str, Decimal] = {}
    for row in rows:
        if isinstance(row, Intended) and row.strategy == STRATEGY:
            parent = book.parents[row.parent_id]
            traded = executed.get(row.client_id, ZERO)
            sums[row.parent_id] = sums.get(row.parent_id, ZERO) + traded
            known = book.orders.get(row.intent_id)
            if not parent.is_open and row.client_id in alive:
                yield Found("LIVE", f"{row.client_id} is open, its parent has ended")
            if not parent.is_open and known is not None and known.reserved:
                yield Found("LIVE", f"{row.client_id} is reserved, its parent has ended")
    for row in rows:
        if not isinstance(row, ParentOpened) or row.strategy != STRATEGY:
            continue
        parent = book.parents[row.parent_id]
        if parent.is_open and state.now_ms > row.deadline_ms + 60_000:
            yield Found("LIVE", f"{row.parent_id} is open long after its time")
        come_to = sums.get(row.parent_id, ZERO)
        if parent.reason == "filled" and come_to < row.quantity:
            yield Found("PARENT", f"{row.parent_id} is told filled, {come_to} of {row.quantity} is")


def _executed(account: Account, state: State) -> tuple[dict[str, Decimal], set[str]]:
    """Return what the exchange has executed by client id, and the ids that are open there."""
    executed: dict[str, Decimal] = {}
    alive: set[str] = set()
    for order in account.orders.values():
        name = order.asked.client_id
        instrument = state.markets[order.asked.symbol].instrument
        executed[name] = executed.get(name, ZERO) + instrument.quantity(order.filled)
        if order.is_open:
            alive.add(name)
    return executed, alive


def held(account: Account, state: State, symbol: str) -> Decimal:
    """Return what an account holds of a symbol, below 0 where it is short; of a pair its coins."""
    instrument = state.markets[symbol].instrument
    if instrument.kind == "spot":
        return account.wallet.get(instrument.base, ZERO)
    lots = sum(p.lots for (at, _), p in account.positions.items() if at == symbol)
    return instrument.quantity(lots)


def bare(account: Account, state: State, symbol: str) -> Decimal:
    """Return how much of what is held no stop waits under; below 0 where there are more.

    Coins that another sale holds could be in no stop, and those that are too few for an order in
    none either: these do not count.
    """
    instrument = state.markets[symbol].instrument
    holds = held(account, state, symbol)
    left = abs(holds)
    for order in account.waiting(symbol):
        closes = (order.asked.side < 0) is (holds > 0)
        left -= instrument.quantity(order.quantity) if closes else ZERO
    if instrument.kind != "spot" or left <= 0:
        return left
    for order in account.open_orders(symbol):
        left -= instrument.quantity(order.left) if order.asked.side < 0 else ZERO
    whole = left - left % instrument.lot
    value = whole * instrument.price(state.mark(symbol)) * _TRIGGER_FRAC
    is_enough = whole >= instrument.min_quantity and value >= instrument.min_notional
    return whole if is_enough else ZERO


def guarded(
    rows: Sequence[JournalEvent], symbols: Mapping[str, str], account: Account, state: State
) -> Iterator[Found]:
    """Hold stops against what is held: one of its size under each position, none without.

    Yields
    ------
    Found
        Where a position has stood for ``STILL_MS``: no stop, another size or side, a second one of
        a contract; a stop that may enter; one that is not as it was meant.
    """
    meant = {each.client_id: each for each in rows if isinstance(each, Intended)}
    for symbol, name in symbols.items():
        instrument = state.markets[symbol].instrument
        last_ms = max((e.at_ms for e in account.executions if e.symbol == symbol), default=0)
        waiting = [e for e in account.waiting(symbol) if e.asked.client_id in meant]
        if account.is_hedged or state.now_ms - last_ms < STILL_MS:
            continue
        there = [instrument.quantity(e.quantity) * e.asked.side for e in waiting]
        holds = held(account, state, symbol)
        wanted = [-holds] if holds else []
        is_right = there == wanted
        if instrument.kind == "spot":
            is_right = not bare(account, state, symbol) and len(there) <= N_STOPS
        if not is_right:
            yield Found("STOP", f"{name}: stops of {there} rest, they should be {wanted}")
    for order in account.conditional.values():
        intent = meant.get(order.asked.client_id)
        if intent is None:
            continue
        asked = order.asked
        # a pair knows no closing: whoever sells coins has them
        closes = state.markets[asked.symbol].instrument.kind != "spot"
        sent = (asked.quantity, asked.trigger, asked.side, asked.is_reduce_only)
        wish = (intent.quantity, intent.trigger_price, intent.side.sign, closes)
        if sent != wish or intent.purpose != STOP:
            yield Found("I12", f"{intent.client_id}: meant {wish}, sent {sent}")


def owned(
    rows: Sequence[JournalEvent], symbols: Mapping[str, str], account: Account
) -> Iterator[Found]:
    """Hold whose every trade is booked to be against whose order made it.

    Yields
    ------
    Found
        A trade of an order of ours that is booked as a stranger's, or the other way round.
    """
    names = {each.intent_id: each.client_id for each in rows if isinstance(each, Intended)}
    ours = frozenset(names.values())
    theirs = {name: symbol for symbol, name in symbols.items()}
    makers: dict[tuple[str, int], str] = {}
    seen: set[str] = set()
    for order in account.orders.values():  # what the network doubled is nobody's
        name = order.asked.client_id
        if not name or name not in seen:
            seen.add(name)
            makers[order.asked.symbol, order.order_id] = name
    executed = {
        (each.symbol, str(each.trade_id)): makers.get((each.symbol, each.order_id))
        for each in account.executions
    }
    for row in rows:
        if not isinstance(row, Filled | ExternalFill):
            continue
        booked = names[row.intent_id] if isinstance(row, Filled) else ""
        maker = executed.get((theirs[row.symbol], row.trade_id))
        if maker is None:
            continue
        if booked != maker and (booked or maker in ours):
            yield Found("I2", f"trade {row.trade_id} is of {maker!r} and booked to {booked!r}")
