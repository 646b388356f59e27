"""A book that is being written: a private copy, its accounts, and what is asked of the desk.

The reducer copies a book once a batch and writes to the copy, so that it is pure at its border and
fast inside. Trades are booked here, whatever their order's state: a trade happened.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from quorate.live.orders.book import (
    EXACT,
    ZERO,
    Book,
    Booked,
    Order,
    Tally,
    age,
    count,
    reserve,
    worst_of,
)
from quorate.live.orders.effects import Alarm, Effect, Halt, Trouble
from quorate.live.orders.states import State, may_follow
from quorate.venues.base import is_pair

if TYPE_CHECKING:
    from decimal import Decimal

    from quorate.live.orders.book import PositionKey
    from quorate.live.orders.events import ExternalFill, Filled, Intended


class Draft:
    """A working copy of a book.

    Parameters
    ----------
    book : Book
        Left as it is.
    """

    def __init__(self, book: Book) -> None:
        self.orders = dict(book.orders)
        self.by_client = dict(book.by_client)
        self.by_number = dict(book.by_number)
        self.trades = dict(book.trades)
        self.positions = dict(book.positions)
        self.fees = dict(book.fees)
        self.last_trades = dict(book.last_trades)
        self.parents = dict(book.parents)
        self.baselines = dict(book.baselines)
        self.standing = book.standing
        self.epoch = book.epoch
        self.n_events = book.n_events
        self.effects: list[Effect] = []
        self._lively = dict(book.tally.lively)
        self._reserved = dict(book.tally.reserved)
        self._worst = dict(book.tally.worst)
        self._counts = dict(book.tally.counts)
        self._moved: set[PositionKey] = set()

    def book(self) -> Book:
        """Return what was written as a book."""
        for key in self._moved:
            if key in self.positions or key in self._reserved:
                self._worst[key] = worst_of(key, self.positions, self._reserved)
            else:
                self._worst.pop(key, None)
        self._moved.clear()
        return Book(
            orders=self.orders,
            by_client=self.by_client,
            by_number=self.by_number,
            trades=self.trades,
            positions=self.positions,
            fees=self.fees,
            last_trades=self.last_trades,
            parents=self.parents,
            baselines=self.baselines,
            standing=self.standing,
            epoch=self.epoch,
            n_events=self.n_events,
            counted=Tally(self._lively, self._reserved, self._worst, self._counts),
        )

    def ask(self, effect: Effect) -> None:
        """Ask the desk for something."""
        self.effects.append(effect)

    def alarm(self, trouble: Trouble, intent_id: str, text: str) -> None:
        """Tell a person."""
        self.effects.append(Alarm(trouble, intent_id, text))

    def halt(self, trouble: Trouble, intent: Intended, text: str) -> None:
        """Tell a person, and let no entry of the symbol out."""
        self.alarm(trouble, intent.intent_id, text)
        self.ask(Halt(intent.venue, intent.symbol, trouble))

    def put(self, order: Order) -> None:
        """Keep an order as it is now, and what is counted of it."""
        name = order.intent.intent_id
        before = self.orders.get(name)
        self.orders[name] = order
        was = ZERO if before is None else before.reserved
        intent = order.intent
        if delta := EXACT.subtract(order.reserved, was):
            reserve(self._reserved, intent, delta)
            self._moved.add((intent.venue, intent.symbol, intent.position_side))
        if before is not None:
            count(self._counts, before, -1)
        count(self._counts, order, 1)
        if order.is_settled:
            self._lively.pop(name, None)
        elif before is None or name in self._lively:
            self._lively[name] = order
        else:  # it was settled and is not: it goes back to its place among the others
            self._lively = {n: each for n, each in self.orders.items() if not each.is_settled}

    def forget(self, gone: set[str]) -> None:
        """Forget orders of which nothing is reserved."""
        for name in gone:
            count(self._counts, self.orders[name], -1)
        self.orders = {name: order for name, order in self.orders.items() if name not in gone}
        self._lively = {name: order for name, order in self._lively.items() if name not in gone}

    def known(self, intent_id: str, what: str) -> Order | None:
        """Return an order; one that no intent stands for is an alarm."""
        found = self.orders.get(intent_id)
        if found is None:
            self.alarm(Trouble.UNKNOWN_INTENT, intent_id, f"{what} of an intent that is not here")
        return found

    def numbered(self, order: Order, number: str) -> Order:
        """Note the venue's id of an order; two ids are two orders of one intent (I1)."""
        intent = order.intent
        if not number or number == order.venue_order_id:
            return order
        key = (intent.venue, intent.symbol, number)
        is_news = key not in self.by_number
        self.by_number.setdefault(key, intent.intent_id)  # whichever it is, its trades are known
        if is_second(order, number):
            if is_news:
                text = f"the venue has {order.venue_order_id} and {number} of it"
                self.halt(Trouble.SECOND_ORDER, intent, text)
            return order
        # a stop that triggers becomes an order with an id of its own
        return replace(order, venue_order_id=number)

    def add(self, key: PositionKey, delta: Decimal) -> None:
        """Change a position."""
        self.positions[key] = EXACT.add(self.positions.get(key, ZERO), delta)
        self._moved.add(key)

    def booked(self, trade: Filled | ExternalFill, intent_id: str) -> bool:
        """Book a trade once, by its id; say whether it was news."""
        key = (trade.venue, trade.symbol, trade.trade_id)
        entry = Booked(
            intent_id,
            trade.side,
            trade.position_side,
            trade.price,
            trade.quantity,
            trade.traded_at_ms,
        )
        before = self.trades.get(key)
        if before is not None:
            if replace(before, intent_id="") != replace(entry, intent_id=""):
                text = f"trade {key[2]} of {key[1]} was booked otherwise before"
                self.alarm(Trouble.CONFLICTING_TRADE, intent_id, text)
                self.ask(Halt(key[0], key[1], Trouble.CONFLICTING_TRADE))
            return False
        self.trades[key] = entry
        signed = trade.quantity if trade.side.sign > 0 else EXACT.minus(trade.quantity)
        self.add((trade.venue, trade.symbol, trade.position_side), signed)
        if is_pair(trade.symbol):
            self._swap(trade, signed)
        purse = (trade.venue, trade.fee_asset)
        self.fees[purse] = EXACT.add(self.fees.get(purse, ZERO), trade.fee)
        place = (trade.venue, trade.symbol)
        newest = (trade.traded_at_ms, trade.trade_id)
        if place not in self.last_trades or age(newest) > age(self.last_trades[place]):
            self.last_trades[place] = newest
        return True

    def _swap(self, trade: Filled | ExternalFill, signed: Decimal) -> None:
        """Move what else a trade of a pair moves: the other coin, and that in which its fee is."""
        base, quote = trade.symbol.split("/")
        own = (trade.venue, trade.symbol)
        others = {
            symbol.split("/")[0]: (venue, symbol)
            for venue, symbol in self.baselines
            if venue == trade.venue and is_pair(symbol)
        }
        pairs = others | {base: own}
        paid = EXACT.minus(EXACT.multiply(signed, trade.price))
        for asset, delta in ((quote, paid), (trade.fee_asset, EXACT.minus(trade.fee))):
            if asset in pairs and delta:
                self.add((*pairs[asset], trade.position_side), delta)


def is_second(order: Order, number: str) -> bool:
    """Say whether the venue's id is that of another order under the name of one that has an id.

    A request that the network delivers again once its order has ended makes one. What a stop
    becomes when it triggers is none.
    """
    known = order.venue_order_id
    return bool(known and number) and number != known and order.intent.trigger_price is None


def move(order: Order, state: State, at_ms: int, reason: str = "") -> Order:
    """Bring an order to a state that may follow its own; anything else is a bug of the reducer."""
    if state is order.state:
        return order
    if not may_follow(order.state, state):
        raise AssertionError(f"an order goes from {order.state} to {state}")
    return replace(order, state=state, since_ms=at_ms, reason=reason or order.reason)


def touch(order: Order, at_ms: int) -> Order:
    """Note when an order was last heard of."""
    return order if at_ms <= order.touched_ms else replace(order, touched_ms=at_ms)
