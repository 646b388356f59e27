"""The checker: the exchange's truth against the journal, after every step and at the end.

It knows the exchange's state and the journal's rows, and nothing of how a desk came to them. Each
violation bears the number of the invariant of RELIABILITY 2 that it breaks.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from quorate.harness import check_told, check_worked
from quorate.live.execution.stops import ESCALATION, STOP
from quorate.live.orders.codec import from_text
from quorate.live.orders.desk import restore
from quorate.live.orders.events import (
    Absence,
    Baseline,
    ExternalFill,
    Filled,
    Intended,
    Sending,
)
from quorate.live.orders.parents import ParentOpened
from quorate.live.orders.reducer import init, step
from quorate.live.orders.states import TERMINAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from quorate.exchange.matching.accounts import Account
    from quorate.exchange.matching.orders import Execution
    from quorate.harness.check_told import Told
    from quorate.harness.ground import Facade
    from quorate.live.orders.book import Book, Order
    from quorate.live.orders.events import JournalEvent
    from quorate.store.journal import Journal

ZERO = Decimal(0)


class Violation(NamedTuple):
    """An invariant that was broken: which, when, and what was seen."""

    invariant: str
    at_ms: int
    text: str


class Checker:
    """Holds one account of an exchange against one journal.

    Parameters
    ----------
    exchange : Futures or Linear
        Its truth.
    account : str
        Whose.
    symbols : mapping
        The exchange's symbol -> the desk's.
    most_usd : Decimal
        What positions and open orders of a coin may come to.
    carried : mapping
        Client id -> how often the network has brought it to the exchange: one that has traded at
        once comes to be again with each copy, for an id is unique among open orders only.
    trade_name : callable
        (execution, seed of its market) -> the id that the venue gives a trade.
    is_doubling : bool
        Whether the network may deliver a request twice: then an order may come to be after it was
        refused, and is reserved from the next comparison on.
    is_guarded : bool
        Whether a stop has to rest under what is held.
    """

    def __init__(
        self,
        exchange: Facade,
        account: str,
        symbols: Mapping[str, str],
        most_usd: Decimal,
        carried: Mapping[str, int],
        trade_name: Callable[[Execution, int], str],
        *,
        is_doubling: bool = False,
        is_guarded: bool = False,
    ) -> None:
        self._exchange = exchange
        self._account = account
        self._symbols = symbols
        self._most_usd = most_usd
        self._carried = carried
        self._trade_name = trade_name
        self._is_doubling = is_doubling
        self._is_guarded = is_guarded
        self._n_orders = 0
        self._last: dict[str, Order] = {}
        self._held: dict[str, tuple[int, str, Order]] = {}
        self.found: list[Violation] = []

    @property
    def account(self) -> Account:
        """The account as the exchange has it."""
        return self._exchange.exchange.state.accounts[self._account]

    def step(self, book: Book, *, is_compared: bool = False) -> None:
        """Check what must hold at every moment: I1, I4, I6, I8, I10."""
        self._once()
        self._bounded()
        if is_compared or not self._is_doubling:
            self._reserved(book)
        self._monotone(book)
        if self._exchange.meter.is_banned:
            self._say("I10", "the exchange has banned this address")

    def end(self, book: Book, journal: Journal, told: Told) -> None:
        """Check what must hold once everything is quiet: I2, I3, I9, I12, PACE, PARENT, STOP.

        And what must have held after every row of the journal, between two looks too: I6, I8; of
        what the desk knew when it sent, and of whom it called: I7, I11.
        """
        rows = [from_text(row.payload) for row in journal.rows()]
        self._lived(rows, told)
        for check in (check_told.deaf, check_told.unheard, check_told.stopped):
            self.tell(check(rows, told))
        self._trades(rows)
        self._positions(book)
        self._as_meant(rows)
        self._verdicts(rows)
        self._parents(rows)
        self._worked(rows, book)
        self._pace(rows)
        for name in _sent_twice(rows):
            self._say("I1", f"{name} was sent more than once")
        if restore(journal, from_zero=True).book != book:
            self._say("I9", "the journal does not fold to the book")

    def tell(self, found: Iterable[check_worked.Found]) -> None:
        """Take what others have found, each once."""
        for each in found:
            self._say(*each)

    def _once(self) -> None:
        if len(self.account.orders) == self._n_orders:
            return
        self._n_orders = len(self.account.orders)
        counts = Counter(each.asked.client_id for each in self.account.orders.values())
        for name, count in counts.items():
            most = self._carried.get(name, 0)
            if count > most and name.startswith("q"):
                self._say("I1", f"{count} orders of the exchange bear {name}, {most} were brought")

    def _bounded(self) -> None:
        state = self._exchange.exchange.state
        for symbol in self._symbols:
            market = state.markets[symbol]
            if market.instrument.kind == "spot":
                self._bounded_coins(symbol)
                continue
            lots = sum(p.lots for (name, _), p in self.account.positions.items() if name == symbol)
            buys = sells = 0
            for order in self.account.open_orders(symbol):
                if not order.asked.is_reduce_only and order.asked.client_id.startswith("q"):
                    buys += order.left if order.asked.side > 0 else 0
                    sells += order.left if order.asked.side < 0 else 0
            worst = max(abs(lots + buys), abs(lots - sells))
            value = market.instrument.notional(state.mark(symbol), worst)
            if value > self._most_usd:
                self._say("I4", f"{symbol} could come to {value:.0f} USD of {self._most_usd}")

    def _bounded_coins(self, symbol: str) -> None:
        """Hold the coins of a pair, and those that are being bought, against the limit."""
        state = self._exchange.exchange.state
        instrument = state.markets[symbol].instrument
        buying = sum(
            order.left
            for order in self.account.open_orders(symbol)
            if order.asked.side > 0 and order.asked.client_id.startswith("q")
        )
        coins = self.account.wallet.get(instrument.base, ZERO) + instrument.quantity(buying)
        value = coins * instrument.price(state.mark(symbol))
        if value > self._most_usd:
            self._say("I4", f"{symbol} could come to {value:.0f} USD of {self._most_usd}")

    def _reserved(self, book: Book) -> None:
        """Hold what orders have traded and may still trade against what is booked or reserved."""
        by_client = {each.intent.client_id: each for each in book.orders.values()}
        for order in self.account.orders.values():
            known = by_client.get(order.asked.client_id)
            if known is None:
                continue
            there_now = (order.filled, order.status, known)
            before = self._held.get(order.asked.client_id)
            if before is not None and before[:2] == there_now[:2] and before[2] is known:
                continue  # neither side has changed since it was held
            self._held[order.asked.client_id] = there_now
            instrument = self._exchange.exchange.state.markets[order.asked.symbol].instrument
            lots = order.filled + (order.left if order.is_open else 0)
            there, here = instrument.quantity(lots), known.traded + known.reserved
            if there > here:
                self._say(
                    "I4",
                    f"{order.asked.client_id} is {known.state} and {there} of it can have traded, "
                    f"{here} are booked or reserved",
                )

    def _monotone(self, book: Book) -> None:
        for name, order in book.orders.items():
            before = self._last.get(name)
            if before is not order:
                self._last[name] = order
                self._followed(name, before, order)

    def _lived(self, rows: Iterable[JournalEvent], told: Told) -> None:
        """Fold the journal row by row: what ended and lived on ended again before the next look."""
        book, resting, blind = init(), Counter[str](), check_told.Blind(told)
        for row in rows:
            self.tell(blind.row(book, row))
            self.tell(check_worked.intended(book, row))
            self.tell(check_worked.outlived(book, row, resting))
            before, (book, _) = book.orders, step(book, row)
            name = getattr(row, "intent_id", "")
            if name in book.orders:
                self._followed(name, before.get(name), book.orders[name])

    def _followed(self, name: str, before: Order | None, order: Order) -> None:
        """Hold an order against what it was: what is filled never falls, and an end is final."""
        filled = ZERO if before is None else before.filled
        if order.filled < filled or order.filled > order.intent.quantity:
            self._say("I8", f"{name} went from {filled} to {order.filled} filled")
        if before is not None and before.state in TERMINAL and order.state is not before.state:
            self._say("I6", f"{name} had ended {before.state} and is {order.state}")

    def _trades(self, rows: Sequence[object]) -> None:
        markets = self._exchange.exchange.state.markets
        known = {
            (self._symbols[each.symbol], self._trade_name(each, markets[each.symbol].seed)): each
            for each in self.account.executions
            if each.symbol in self._symbols
        }
        lasts = {
            each.symbol: known[each.symbol, each.trade_id].trade_id
            for each in rows
            if isinstance(each, Baseline) and (each.symbol, each.trade_id) in known
        }
        there = {
            key: self._told(each)
            for key, each in known.items()
            if each.trade_id > lasts.get(key[0], -1)
        }
        here = {
            (each.symbol, each.trade_id): (
                each.side.sign,
                each.quantity,
                each.price,
                each.fee,
                each.fee_asset,
            )
            for each in rows
            if isinstance(each, Filled | ExternalFill)
        }
        for key in sorted(there.keys() | here.keys()):
            if there.get(key) != here.get(key):
                self._say("I2", f"trade {key}: {there.get(key)} there, {here.get(key)} here")

    def _told(self, each: Execution) -> tuple[int, Decimal, Decimal, Decimal, str]:
        """Return what must be booked of a trade, to the last digit."""
        listed = self._exchange.exchange.state.markets[each.symbol].instrument
        quantity, price = listed.quantity(each.quantity), listed.price(each.price)
        return (each.side, quantity, price, each.fee, each.fee_asset)

    def _positions(self, book: Book) -> None:
        for symbol, name in self._symbols.items():
            market = self._exchange.exchange.state.markets[symbol]
            listed = market.instrument
            there_all = {
                side: listed.quantity(position.lots)
                for (at, side), position in self.account.positions.items()
                if at == symbol
            }
            if listed.kind == "spot":  # what was bought, less the fees that were paid in coins
                there_all = {"both": self.account.wallet.get(listed.base, ZERO)}
            for side, there in there_all.items():
                here = sum(
                    (
                        held
                        for (_, at, on), held in book.positions.items()
                        if (at, on.value) == (name, side)
                    ),
                    ZERO,
                )
                if there != here:
                    self._say("I3", f"{name} {side}: {there} there, {here} here")

    def _as_meant(self, rows: Iterable[object]) -> None:
        meant = {each.client_id: each for each in rows if isinstance(each, Intended)}
        for order in self.account.orders.values():
            intent = meant.get(order.asked.client_id)
            if intent is None:
                if order.asked.client_id.startswith("q"):
                    self._say("I1", f"{order.asked.client_id} is in no journal")
                continue
            asked = order.asked
            listed = self._exchange.exchange.state.markets[asked.symbol].instrument
            sent = (asked.quantity, asked.price, asked.side, asked.is_reduce_only)
            # a pair knows no closing: whoever sells coins has them
            closes = intent.is_reduce_only and listed.kind != "spot"
            wish = (intent.quantity, intent.limit_price, intent.side.sign, closes)
            if sent != wish:
                self._say("I12", f"{intent.client_id}: meant {wish}, sent {sent}")

    def _verdicts(self, rows: Sequence[object]) -> None:
        """Hold every verdict that an order never came to be against the exchange: none is there."""
        names = {each.intent_id: each.client_id for each in rows if isinstance(each, Intended)}
        there = {each.asked.client_id for each in self.account.orders.values()}
        for each in rows:
            if isinstance(each, Absence) and names[each.intent_id] in there:
                self._say("VERDICT", f"{names[each.intent_id]} was found absent and is there")

    def _parents(self, rows: Sequence[object]) -> None:
        """Hold what children have traded and may still trade at the exchange against parents.

        A child that the network delivered twice counts at what was meant: the desk sent it once.
        """
        at_most: dict[str, Decimal] = {}
        for order in self.account.orders.values():
            name = order.asked.client_id
            instrument = self._exchange.exchange.state.markets[order.asked.symbol].instrument
            lots = order.filled + (order.left if order.is_open else 0)
            at_most[name] = at_most.get(name, ZERO) + instrument.quantity(lots)
        sums: dict[str, Decimal] = {}
        for each in rows:
            if isinstance(each, Intended):
                share = min(at_most.get(each.client_id, ZERO), each.quantity)
                sums[each.parent_id] = sums.get(each.parent_id, ZERO) + share
        for each in rows:
            if isinstance(each, ParentOpened):
                come_to = sums.get(each.parent_id, ZERO)
                if come_to > each.quantity:
                    self._say(
                        "PARENT", f"{each.parent_id} is {each.quantity}, its children {come_to}"
                    )

    def _worked(self, rows: Sequence[JournalEvent], book: Book) -> None:
        """Hold parents that the executor worked, and stops, against the exchange."""
        state = self._exchange.exchange.state
        self.tell(check_worked.ended(rows, book, self.account, state))
        self.tell(check_worked.owned(rows, self._symbols, self.account))
        if self._is_guarded:
            self.tell(check_worked.guarded(rows, self._symbols, self.account, state))

    def _pace(self, rows: Sequence[object]) -> None:
        """Hold the stamps of what was sent against the rates of the balanced preset.

        Stops are bound by none: what protects leaves however much has left before.
        """
        bound = {
            each.intent_id
            for each in rows
            if isinstance(each, Intended) and each.purpose not in {STOP, ESCALATION}
        }
        stamps = sorted(
            each.sent_at_ms
            for each in rows
            if isinstance(each, Sending) and each.intent_id in bound
        )
        for span_ms, most in ((1_000, 10), (60_000, 60), (3_600_000, 600)):
            for first, last in zip(stamps, stamps[most:], strict=False):
                if last - first < span_ms:
                    self._say("PACE", f"more than {most} orders in {span_ms} ms after {first}")
                    break

    def _say(self, invariant: str, text: str) -> None:
        at_ms = self._exchange.exchange.state.now_ms
        if not any((each.invariant, each.text) == (invariant, text) for each in self.found):
            self.found.append(Violation(invariant, at_ms, text))


def _sent_twice(rows: Iterable[object]) -> list[str]:
    """Return the intents that the journal says were sent more than once; there must be none."""
    counts = Counter(each.intent_id for each in rows if isinstance(each, Sending))
    return [name for name, count in counts.items() if count > 1]
