"""Orders under every interleaving: requests late or lost, reports twice and backwards, crashes.

A venue holds the truth; the desk hears of it in any order, any number of times, and dies whenever
it likes. After every step the book is compared with the truth (I1, I4, I8), with itself (I6), with
its journal (I9), and with a second reading by definition, ``tests/oracle/slow_orders.py``.
"""

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.oracle import slow_orders as slow
from tests.unit.live.orders.test_codec import values

from quorate.errors import DuplicateIntentError, FencedError
from quorate.live.broker.trail import SENT_MS, Trail
from quorate.live.controls.facts import Facts
from quorate.live.controls.standing import Standing
from quorate.live.orders.book import exposure, open_orders, tallied, unbooked
from quorate.live.orders.codec import from_text
from quorate.live.orders.desk import Desk, restore
from quorate.live.orders.events import (
    KINDS,
    Absence,
    Acknowledged,
    Adjusted,
    CancelIntended,
    Cancelling,
    CancelOutcome,
    ExternalFill,
    Filled,
    InDoubt,
    Intended,
    Refused,
    Retired,
    Sending,
    Source,
    StatusSeen,
)
from quorate.live.orders.ids import client_id
from quorate.live.orders.reducer import init, scan, step
from quorate.live.orders.snapshots import book_of, book_text
from quorate.live.orders.states import AT_VENUE, TERMINAL, State, may_follow
from quorate.store import open_store
from quorate.store.crashpoints import POINTS, armed
from quorate.venues.base import Liquidity, OrderKind, OrderStatus, Placement, PositionSide, Side

VENUE, SYMBOL = "sim", "BTCUSDT"
KEY = (VENUE, SYMBOL, PositionSide.BOTH)
OPEN = {State.ACKED, State.PARTIAL, State.CANCELING, State.UNKNOWN_CANCEL}
QUANTITIES = st.decimals("0.001", "5", places=3)


class CrashError(BaseException):
    """The process died here."""


@dataclass
class Real:
    """An order as it really is at the venue."""

    placement: Placement
    filled: Decimal = Decimal(0)
    status: OrderStatus = OrderStatus.NEW
    trades: list = field(default_factory=list)

    @property
    def remaining(self):
        is_open = self.status in (OrderStatus.NEW, OrderStatus.PARTIAL)
        return self.placement.quantity - self.filled if is_open else Decimal(0)


class Orders(RuleBasedStateMachine):
    """A desk, a venue, and a wire between them that loses, delays, doubles and reorders."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="orders"))
        self.store = open_store(self.folder / "store.db")
        self.journal = self.store.journal("main")
        self.now = 0
        self.events = []  # everything recorded, in order
        self.flying = {}  # intent -> request under way
        self.lost = set()  # intents whose request never came in, and cannot any more
        self.real = {}  # client id -> the venue's order
        self.frames = []  # everything the venue ever said
        self.external = Decimal(0)
        self.retired = set()
        self.before = {}
        self.trail = Trail()
        self.desk = None
        self.open()

    def teardown(self):
        try:
            self.deliver_everything()
        finally:
            self.desk.close()
            self.store.close()
            shutil.rmtree(self.folder)

    def tick(self):
        self.now += 1
        return self.now

    def open(self):
        self.desk, _ = Desk.open(self.journal, self.tick())
        # what the journal has, not what was hoped for: a crash may have kept a batch or not
        self.events = [from_text(row.payload) for row in self.journal.rows()]

    def record(self, *events):
        n_rows = self.journal.end().n_rows
        effects = self.desk.record(events)
        self.events += [from_text(row.payload) for row in self.journal.rows()][n_rows:]
        return effects

    def names(self, *states):
        return [name for name, item in self.desk.book.orders.items() if item.state in states]

    # ---- the desk -----------------------------------------------------------------------------

    def meant(self, side, quantity):
        name = f"i{self.tick()}"
        return Intended(
            at_ms=self.now,
            intent_id=name,
            client_id=client_id(name, self.desk.epoch),
            venue=VENUE,
            symbol=SYMBOL,
            side=side,
            order_kind=OrderKind.LIMIT,
            quantity=quantity,
            limit_price=Decimal(100),
            parent_id=f"p{self.now % 3}",
        )

    def sending(self, name):
        return Sending(
            at_ms=self.tick(),
            intent_id=name,
            epoch=self.desk.epoch,
            sent_at_ms=self.now,
            window_ms=5_000,
        )

    def send(self, intent):
        """Let a request leave: its J2 is on the disk."""
        order = self.desk.book.orders[intent.intent_id]
        assert order.state is State.SENDING
        self.flying[intent.intent_id] = intent.placement(
            sent_at_ms=order.sent_at_ms, window_ms=order.window_ms
        )

    @rule(side=st.sampled_from(Side), quantity=QUANTITIES)
    def mean_and_send(self, side, quantity):
        intent = self.meant(side, quantity)
        self.record(intent, self.sending(intent.intent_id))
        self.send(intent)

    @rule(side=st.sampled_from(Side), quantity=QUANTITIES)
    def mean(self, side, quantity):
        self.record(self.meant(side, quantity))

    @precondition(lambda self: self.names(State.INTENT))
    @rule(data=st.data())
    def send_what_was_meant(self, data):
        name = data.draw(st.sampled_from(self.names(State.INTENT)))
        self.record(self.sending(name))
        self.send(self.desk.book.orders[name].intent)

    @precondition(lambda self: any(isinstance(item, Intended) for item in self.events))
    @rule(data=st.data())
    def mean_it_again(self, data):
        """However old the intent: it is refused, and so never sent a second time (I1)."""
        intents = [item for item in self.events if isinstance(item, Intended)]
        with pytest.raises(DuplicateIntentError):
            self.desk.record([data.draw(st.sampled_from(intents))])

    @precondition(lambda self: self.names(State.SENDING))
    @rule(data=st.data())
    def doubt(self, data):
        name = data.draw(st.sampled_from(self.names(State.SENDING)))
        self.record(InDoubt(at_ms=self.tick(), intent_id=name, reason="timeout"))

    @precondition(lambda self: set(self.names(State.UNKNOWN)) & self.lost)
    @rule(data=st.data())
    def find_absent(self, data):
        name = data.draw(st.sampled_from(sorted(set(self.names(State.UNKNOWN)) & self.lost)))
        self.record(Absence(at_ms=self.tick(), intent_id=name, evidence="{}"))

    @precondition(lambda self: self.desk.book.orders)
    @rule(data=st.data(), outcome=st.sampled_from([None, *Cancelling]))
    def cancel(self, data, outcome):
        name = data.draw(st.sampled_from(list(self.desk.book.orders)))
        self.record(CancelIntended(at_ms=self.tick(), intent_id=name, reason="over"))
        if outcome is not None:
            self.record(CancelOutcome(at_ms=self.tick(), intent_id=name, outcome=outcome))

    @rule()
    def snapshot(self):
        self.desk.snapshot(at_least=1)

    @rule()
    def retire(self):
        before = set(self.desk.book.orders)
        self.record(Retired(at_ms=self.tick(), before_ms=self.now - 5))
        self.retired |= before - set(self.desk.book.orders)

    # ---- the venue ----------------------------------------------------------------------------

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), fate=st.sampled_from(["in", "in", "lost", "refused"]))
    def arrive(self, data, fate):
        name = data.draw(st.sampled_from(sorted(self.flying)))
        placement = self.flying.pop(name)
        if fate == "in":
            assert placement.client_id not in self.real, "a second order of one intent"
            self.real[placement.client_id] = Real(placement)
            self.say(name)
            return
        self.lost.add(name)
        if fate == "refused":
            self.frames.append(Refused(at_ms=self.now, intent_id=name, code="-2019"))

    def names_open(self):
        return sorted(name for name, item in self.real.items() if item.remaining)

    @precondition(lambda self: self.names_open())
    @rule(data=st.data(), is_whole=st.booleans())
    def trade(self, data, is_whole):
        real = self.real[data.draw(st.sampled_from(self.names_open()))]
        part = data.draw(st.decimals("0.001", real.remaining, places=3))
        quantity = real.remaining if is_whole else part
        real.filled += quantity
        is_over = real.filled == real.placement.quantity
        real.status = OrderStatus.FILLED if is_over else OrderStatus.PARTIAL
        name = self.intent_name(real)
        trade = Filled(
            at_ms=self.now,
            intent_id=name,
            venue=VENUE,
            symbol=SYMBOL,
            trade_id=f"t{self.tick()}",
            venue_order_id=f"n-{name}",
            side=real.placement.side,
            price=Decimal("100.5"),
            quantity=quantity,
            fee=quantity * Decimal("0.00041"),
            fee_asset=data.draw(st.sampled_from(["USDT", "BNB"])),
            liquidity=Liquidity.MAKER,
            traded_at_ms=self.now,
        )
        real.trades.append(trade)
        self.frames.append(trade)
        self.say(name)

    @precondition(lambda self: self.names_open())
    @rule(data=st.data(), status=st.sampled_from([OrderStatus.CANCELED, OrderStatus.EXPIRED]))
    def end(self, data, status):
        real = self.real[data.draw(st.sampled_from(self.names_open()))]
        real.status = status
        self.say(self.intent_name(real))

    @rule(side=st.sampled_from(Side), quantity=QUANTITIES)
    def strangers_trade(self, side, quantity):
        self.external += side.sign * quantity
        trade = ExternalFill(
            at_ms=self.now,
            venue=VENUE,
            symbol=SYMBOL,
            trade_id=f"t{self.tick()}",
            venue_order_id="by-hand",
            side=side,
            price=Decimal(100),
            quantity=quantity,
            fee=Decimal(0),
            fee_asset="USDT",
            liquidity=Liquidity.TAKER,
            traded_at_ms=self.now,
            cause="by hand",
        )
        self.record(trade)
        self.record(trade)

    @rule(delta=st.decimals("-2", "2", places=3))
    def adjust(self, delta):
        self.external += delta
        change = {"venue": VENUE, "symbol": SYMBOL, "delta": delta, "cause": "found"}
        self.record(Adjusted(at_ms=self.tick(), **change))

    def intent_name(self, real):
        return next(
            item.intent_id
            for item in self.events
            if isinstance(item, Intended) and item.client_id == real.placement.client_id
        )

    def say(self, name):
        """Have the venue say how an order stands, by both roads."""
        intent = slow.intent(self.events, name)
        real = self.real[intent.client_id]
        said = {
            "at_ms": self.now,
            "intent_id": name,
            "venue_order_id": f"n-{name}",
            "status": real.status,
            "raw_status": real.status.value,
            "filled": real.filled,
            "updated_ms": self.now,
        }
        self.frames += [StatusSeen(source=source, **said) for source in Source]
        self.frames.append(Acknowledged(**said))

    # ---- the wire -----------------------------------------------------------------------------

    @precondition(lambda self: self.frames)
    @rule(data=st.data(), is_batch=st.booleans())
    def hear(self, data, is_batch):
        """Hear a few things the venue has said: late, again, in any order; one batch or several."""
        known = [item for item in self.frames if item.intent_id not in self.retired]
        heard = data.draw(st.lists(st.sampled_from(known or self.frames), min_size=1, max_size=5))
        for batch in [heard] if is_batch else [[item] for item in heard]:
            self.record(*batch)

    @precondition(lambda self: self.retired and self.frames)
    @rule(data=st.data())
    def hear_of_what_was_forgotten(self, data):
        """An old trade again, of an order the book forgot: the journal knows it."""
        old = [t for t in self.frames if isinstance(t, Filled) and t.intent_id in self.retired]
        if old:
            end = self.journal.end()
            assert self.record(data.draw(st.sampled_from(old))) == ()
            assert self.journal.end() == end

    # ---- crashes ------------------------------------------------------------------------------

    def die(self):
        """Let the kernel take back what a dead process held; its memory is gone."""
        self.desk._writer._lease.release()
        self.before = {}

    @rule()
    def crash(self):
        old = self.desk
        self.die()
        self.open()
        with pytest.raises(FencedError):
            old.record([Retired(at_ms=self.tick(), before_ms=0)])

    @rule(point=st.sampled_from([name for name in POINTS if name.startswith(("journal", "desk"))]))
    def crash_while_writing(self, point):
        """Nothing of a batch, or all of it: whichever, the order was not sent by this desk."""
        intent = self.meant(Side.BUY, Decimal(1))
        batch = (intent, self.sending(intent.intent_id))
        n_rows = self.journal.end().n_rows

        def strike(name):
            if name == point:
                raise CrashError

        with armed(strike), pytest.raises(CrashError):
            self.desk.record(batch)
        is_written = point in ("journal.committed", "desk.recorded")
        assert self.journal.end().n_rows == n_rows + 2 * is_written
        self.die()
        self.open()
        if is_written:
            assert self.desk.book.orders[intent.intent_id].state is State.UNKNOWN
            self.lost.add(intent.intent_id)

    # ---- what must hold -----------------------------------------------------------------------

    @invariant()
    def the_book_is_the_journal(self):
        """I9: from zero, from a snapshot, and folded one by one."""
        assert restore(self.journal, from_zero=True).book == self.desk.book
        assert restore(self.journal).book == self.desk.book

    @invariant()
    def the_trail_is_that_of_the_whole_book(self):
        """What the controls are told, brought up to date, is what counting the book anew tells."""
        book, now_ms = self.desk.book, self.now if self.now % 2 else SENT_MS + self.now // 2
        given = Facts(
            now_ms=now_ms,
            venue="",
            equity=Decimal(1),
            day_equity=Decimal(1),
            peak_equity=Decimal(1),
            quotes={},
            book=init(),
            standing=Standing(),
            balance_at_ms=now_ms,
        )
        found = self.trail.facts(given, book)
        left = {
            name: each.intent.at_ms if each.state is State.INTENT else each.sent_at_ms
            for name, each in book.orders.items()
        }
        late = {name: at for name, at in left.items() if at is not None and at > now_ms - SENT_MS}
        assert [each.at_ms for each in found.sent] == sorted(late.values())
        expected = [book.orders[name].intent for name in late]
        assert Counter(
            (e.symbol, e.side, e.quantity, e.limit_price) for e in found.sent
        ) == Counter((e.symbol, e.side, e.quantity, e.limit_price) for e in expected)
        # what was taken back of an order is not turned over
        today = [
            book.orders[name] for name, at in late.items() if at // SENT_MS == now_ms // SENT_MS
        ]
        turned = ((e.traded + e.reserved) * e.intent.limit_price for e in today)
        assert found.turned == sum(turned, Decimal(0))
        refused = [each for each in book.orders.values() if each.state is State.REJECTED]
        recent = [each.since_ms for each in refused if each.since_ms > now_ms - 3_600_000]
        assert sorted(each.at_ms for each in found.rejected) == sorted(recent)
        sums = Counter()
        for each in book.orders.values():
            sums[each.intent.parent_id] += each.traded + each.reserved
        assert self.trail._sums == {name: amount for name, amount in sums.items() if amount}

    @invariant()
    def the_tally_is_that_of_the_orders(self):
        """What was counted as orders changed is what counting them all comes to, in their order."""
        book = self.desk.book
        expected = tallied(book.orders, book.positions)
        assert list(book.tally.lively.items()) == list(expected.lively.items())
        assert book.tally == expected
        slow_open = [e for e in book.orders.values() if e.state in AT_VENUE or e.is_stray]
        assert list(open_orders(book)) == slow_open
        assert set(unbooked(book)) <= set(book.tally.lively.values())
        for order in book.orders.values():
            assert order.intent.intent_id in book.tally.lively or not order.reserved

    @invariant()
    def what_can_still_happen_is_reserved(self):
        """I4: the worst that the venue can still make of it is within what the book holds."""
        held = exposure(self.desk.book, KEY)
        position = self.external + self.real_position()
        for side, bound in ((Side.BUY, held.highest), (Side.SELL, held.lowest)):
            waiting = sum(
                (real.remaining for real in self.real.values() if real.placement.side is side),
                Decimal(0),
            )
            waiting += sum((p.quantity for p in self.flying.values() if p.side is side), Decimal(0))
            worst = position + side.sign * waiting
            assert side.sign * worst <= side.sign * bound

    def real_position(self):
        return sum(
            (real.placement.side.sign * real.filled for real in self.real.values()), Decimal(0)
        )

    @invariant()
    def the_book_is_what_the_events_say(self):
        book = self.desk.book
        held = {key: amount for key, amount in book.positions.items() if amount}
        expected = {k: amount for k, amount in slow.positions(self.events).items() if amount}
        assert {key[:2]: amount for key, amount in held.items()} == expected
        assert {k: v for k, v in book.fees.items() if v} == {
            k: v for k, v in slow.fees(self.events).items() if v
        }
        for name, order in book.orders.items():
            state = "open" if order.state in OPEN else order.state.value
            assert state == slow.state(self.events, name)
            assert order.traded == slow.traded(self.events, name)
            assert order.filled == slow.filled(self.events, name)
            if not slow.is_cancel_wanted(self.events, name):
                assert order.state not in (State.CANCELING, State.UNKNOWN_CANCEL)

    @invariant()
    def amounts_never_fall_and_ends_are_final(self):
        """I6 and I8, over time."""
        for name, order in self.desk.book.orders.items():
            filled = order.filled
            state, before = self.before.get(name, (order.state, filled))
            assert before <= filled <= order.intent.quantity
            assert state is order.state or may_follow(state, order.state) or state not in TERMINAL
            if state in TERMINAL:
                assert order.state is state
            self.before[name] = (order.state, filled)

    @invariant()
    def an_intent_is_sent_once_and_to_the_last_digit(self):
        """I1 and I12."""
        sends = [item.intent_id for item in self.events if isinstance(item, Sending)]
        assert len(sends) == len(set(sends))
        intents = {item.client_id: item for item in self.events if isinstance(item, Intended)}
        for client, real in self.real.items():
            intent = intents[client]
            assert real.placement.quantity == intent.quantity
            assert real.placement.limit_price == intent.limit_price

    def deliver_everything(self):
        """I2 and I3, once all that was said was heard, backwards."""
        for frame in reversed(self.frames):
            if frame.intent_id not in self.retired:
                self.record(frame)
        self.the_book_is_what_the_events_say()
        booked = {item.trade_id: item.quantity for item in self.events if isinstance(item, Filled)}
        traded = {t.trade_id: t.quantity for real in self.real.values() for t in real.trades}
        assert booked == traded
        assert exposure(self.desk.book, KEY).position == self.external + self.real_position()
        for real in self.real.values():
            order = self.desk.book.orders.get(self.intent_name(real))
            if order is not None:
                assert order.reserved == real.remaining
        assert self.journal.verify() == self.journal.end()


@pytest.mark.parametrize("_", [0])
def test_orders_under_every_interleaving(_):
    run_state_machine_as_test(
        Orders, settings=settings(max_examples=25, stateful_step_count=25, deadline=None)
    )


FEW = st.sampled_from("ab")
FEW_AMOUNTS = st.sampled_from([Decimal(1), Decimal("0.5"), Decimal(2)])
ANY = st.one_of([values(kind, FEW, FEW_AMOUNTS) for kind in KINDS.values()])


@settings(max_examples=300, deadline=None)
@given(st.lists(ANY, max_size=40))
def test_nothing_that_is_written_makes_the_reducer_raise(events):
    """Any events at all, in any order: a journal can always be folded, one by one or at once."""
    book = init()
    for event in events:
        book, _ = step(book, event)
    assert scan(init(), events)[0] == book
    assert book_of(book_text(book)) == book
    for order in book.orders.values():
        assert 0 <= order.filled <= order.intent.quantity
        assert order.reserved >= 0
