"""Children never sum above their parent, whatever a venue, a network and a crash do to them.

A venue that holds the truth is played beside the book: requests are lost before or after they are
carried out, trades are heard of late, cancels race with fills, the desk dies. After every step the
truth (what traded and what still may) is held against the parent; and what a desk that was folded
anew from the journal would do next is what the old one would.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from quorate.live.execution.effects import CancelChild, Close, PlaceChild
from quorate.live.execution.progress import Market, progress
from quorate.live.execution.step import step
from quorate.live.orders.codec import from_text, to_text
from quorate.live.orders.events import (
    Absence,
    Acknowledged,
    CancelIntended,
    Cancelling,
    CancelOutcome,
    Filled,
    InDoubt,
    Intended,
    Opened,
    Refused,
    Retired,
    Sending,
    Source,
    StatusSeen,
)
from quorate.live.orders.ids import client_id
from quorate.live.orders.parents import ParentClosed, ParentOpened, Placing, Schedule
from quorate.live.orders.reducer import init, scan
from quorate.live.orders.snapshots import book_of, book_text
from quorate.venues.base import Grid, Liquidity, OrderKind, OrderStatus, Side, TimeInForce

D = Decimal
T0 = 1_700_000_000_000
LOT = D("0.01")
GRID = Grid(tick=D("0.1"), lot=LOT, min_quantity=LOT, max_market_quantity=None, min_notional=D(2))
PARENTS = st.builds(
    ParentOpened,
    at_ms=st.just(T0),
    parent_id=st.sampled_from(["p", "q"]),
    venue=st.just("sim"),
    symbol=st.just("X"),
    side=st.sampled_from(Side),
    quantity=st.integers(1, 500).map(lambda lots: lots * LOT),
    is_reduce_only=st.booleans(),
    schedule=st.sampled_from(Schedule),
    placing=st.sampled_from(Placing),
    display=st.sampled_from([D(0), D("0.05"), D("0.5")]),
    worst_price=st.just(D(100)),
    begin_ms=st.just(T0),
    deadline_ms=st.integers(1, 120).map(lambda s: T0 + s * 1000),
    slice_ms=st.sampled_from([5_000, 20_000, 60_000]),
    rest_ms=st.sampled_from([3_000, 15_000]),
    n_reprices=st.integers(0, 2),
    participation=st.sampled_from([D("0.1"), D("0.5")]),
    urgency=st.sampled_from([D(0), D(2)]),
    budget_bps=st.sampled_from([None, D(1), D(40)]),
    decision_price=st.just(D(100)),
    arrival_mid=st.just(D(100)),
)


@dataclass
class Real:
    """An order as it truly is."""

    quantity: Decimal
    filled: Decimal = Decimal(0)
    is_open: bool = True
    told_trades: int = 0
    trades: tuple[Decimal, ...] = ()

    def fill(self, amount: Decimal) -> None:
        amount = min(amount, self.quantity - self.filled)
        if self.is_open and amount > 0:
            self.filled += amount
            self.trades += (amount,)
            self.is_open = self.filled < self.quantity

    @property
    def status(self) -> OrderStatus:
        if self.filled == self.quantity:
            return OrderStatus.FILLED
        if not self.is_open:
            return OrderStatus.CANCELED
        return OrderStatus.PARTIAL if self.filled else OrderStatus.NEW

    @property
    def may_come_to(self) -> Decimal:
        return self.quantity if self.is_open else self.filled


class Play:
    """A desk with one parent, and the venue's truth beside it."""

    def __init__(self, parent: ParentOpened) -> None:
        self.parent = parent
        self.journal: list[str] = []
        self.book = init()
        self.real: dict[str, Real] = {}
        self.now = T0
        self.epoch = 1
        self.record(Opened(at_ms=T0, epoch=1), parent)

    def record(self, *events: Any) -> None:
        self.journal += [to_text(each) for each in events]
        self.book, _ = scan(self.book, events)
        self.hold()

    def hold(self) -> None:
        """The truth is within the parent, and never above what the book reserves for it."""
        truth = sum((each.may_come_to for each in self.real.values()), D(0))
        assert truth <= self.parent.quantity
        done = progress(self.book.orders.values(), self.parent.parent_id)
        assert truth <= done.committed <= self.parent.quantity

    def next(self, volume: Decimal, tick: int) -> tuple[Any, ...]:
        bid = D("99.9") + tick * D("0.1")
        market = Market(bid, bid + D("0.1"), self.now, GRID, D(3), volume, D(5))
        found = []
        for book in (
            self.book,
            scan(init(), map(from_text, self.journal))[0],
            book_of(book_text(self.book)),
        ):
            done = progress(book.orders.values(), self.parent.parent_id)
            found.append(step(self.parent, done, self.now, market))
        assert found[0] == found[1] == found[2], "a restart stands elsewhere"
        return found[0]

    def place(self, child: PlaceChild, fate: str, taken: Decimal) -> None:
        name = f"{self.parent.parent_id}/{child.leg}"
        known = progress(self.book.orders.values(), self.parent.parent_id).committed
        assert known + child.quantity <= self.parent.quantity, "the control C14 would halt"
        assert child.quantity > 0
        assert child.quantity % LOT == 0
        sign = self.parent.side.sign
        assert sign * (child.limit_price - self.parent.worst_price) <= 0
        intent = Intended(
            at_ms=self.now,
            intent_id=name,
            client_id=client_id(name, self.epoch),
            venue="sim",
            symbol="X",
            side=self.parent.side,
            order_kind=OrderKind.LIMIT,
            quantity=child.quantity,
            limit_price=child.limit_price,
            time_in_force=child.time_in_force,
            leg=child.leg,
            parent_id=self.parent.parent_id,
        )
        self.record(intent)
        if fate == "crash":
            self.die()
            return
        self.record(
            Sending(
                at_ms=self.now,
                intent_id=name,
                epoch=self.epoch,
                sent_at_ms=self.now,
                window_ms=5000,
            )
        )
        if fate == "refused":
            code = "-5022" if child.time_in_force is TimeInForce.POST_ONLY else "-1"
            self.record(Refused(at_ms=self.now, intent_id=name, code=code))
            return
        if fate != "lost":
            real = Real(child.quantity)
            self.real[name] = real
            if child.time_in_force is not TimeInForce.POST_ONLY:
                real.fill(taken)
            if child.time_in_force is TimeInForce.IOC:
                real.is_open = False
            if fate == "heard":
                self.record(self.view(name, Acknowledged))
                return
        self.record(InDoubt(at_ms=self.now, intent_id=name, reason="no answer"))

    def view(self, name: str, kind: Any) -> Any:
        real = self.real[name]
        more = {"source": Source.LOOKUP} if kind is StatusSeen else {}
        return kind(
            at_ms=self.now,
            intent_id=name,
            venue_order_id=f"n-{name}",
            status=real.status,
            raw_status=real.status.value,
            filled=real.filled,
            updated_ms=self.now,
            **more,
        )

    def cancel(self, name: str, fate: str) -> None:
        self.record(CancelIntended(at_ms=self.now, intent_id=name, reason="x"))
        if fate != "lost" and name in self.real:
            self.real[name].is_open = False
        outcome = Cancelling.ACCEPTED if fate == "heard" else Cancelling.IN_DOUBT
        self.record(CancelOutcome(at_ms=self.now, intent_id=name, outcome=outcome))
        if fate == "heard" and name in self.real:
            self.record(self.view(name, StatusSeen))

    def die(self) -> None:
        self.epoch += 1
        self.record(Opened(at_ms=self.now, epoch=self.epoch))

    def ask(self, name: str) -> None:
        """Resolve or look an order up, by what is true."""
        if name in self.real:
            self.record(self.view(name, StatusSeen))
        elif not self.book.orders[name].is_over:
            self.record(Absence(at_ms=self.now, intent_id=name, evidence="{}"))

    def hear_trade(self, name: str) -> None:
        real = self.real[name]
        if real.told_trades == len(real.trades):
            return
        number, real.told_trades = real.told_trades, real.told_trades + 1
        self.record(
            Filled(
                at_ms=self.now,
                intent_id=name,
                venue="sim",
                symbol="X",
                trade_id=f"{name}-{number}",
                venue_order_id=f"n-{name}",
                side=self.parent.side,
                price=D(100),
                quantity=real.trades[number],
                fee=D(0),
                fee_asset="USDT",
                liquidity=Liquidity.TAKER,
                traded_at_ms=self.now,
            )
        )


FATES = st.sampled_from(["heard", "heard", "heard", "lost", "silent", "refused", "crash"])
ACTIONS = st.sampled_from(["step", "step", "step", "fill", "ask", "trade", "die", "retire"])
LOTS = st.integers(1, 300).map(lambda lots: lots * LOT)


@settings(max_examples=20, deadline=None)
@given(data=st.data(), parent=PARENTS)
def test_children_never_sum_above_their_parent(data: st.DataObject, parent: ParentOpened) -> None:
    torn(data, parent)


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(data=st.data(), parent=PARENTS)
def test_nor_do_they_in_many_more_lives(data: st.DataObject, parent: ParentOpened) -> None:
    torn(data, parent)


def torn(data: st.DataObject, parent: ParentOpened) -> None:
    """Let anything happen to a parent in any order, then let it end."""
    play = Play(parent)
    volume = D(0)
    for _ in range(data.draw(st.integers(1, 25))):
        play.now += data.draw(st.sampled_from([100, 2_000, 7_000]))
        volume += data.draw(LOTS)
        action = data.draw(ACTIONS)
        names = sorted(play.book.orders)
        if action == "step":
            for effect in play.next(volume, data.draw(st.integers(-2, 2))):
                if isinstance(effect, PlaceChild):
                    play.place(effect, data.draw(FATES), data.draw(LOTS))
                elif isinstance(effect, CancelChild):
                    play.cancel(
                        effect.intent_id, data.draw(st.sampled_from(["heard", "lost", "silent"]))
                    )
        elif action == "fill" and play.real:
            play.real[data.draw(st.sampled_from(sorted(play.real)))].fill(data.draw(LOTS))
        elif action == "ask" and names:
            play.ask(data.draw(st.sampled_from(names)))
        elif action == "trade" and play.real:
            play.hear_trade(data.draw(st.sampled_from(sorted(play.real))))
        elif action == "die":
            play.die()
        elif action == "retire":
            play.record(Retired(at_ms=play.now, before_ms=play.now))
        play.hold()
    settle(play, volume)


def settle(play: Play, volume: Decimal) -> None:
    """Once nothing goes wrong any more a parent ends, and what it traded is what the venue has."""
    for _ in range(400):
        play.now += 2_500
        volume += 1
        for name in sorted(play.book.orders):
            play.ask(name)
        for name in play.real:
            while play.real[name].told_trades < len(play.real[name].trades):
                play.hear_trade(name)
        found = play.next(volume, 0)
        for effect in found:
            if isinstance(effect, PlaceChild):
                play.place(effect, "heard", D(1))
            elif isinstance(effect, CancelChild):
                play.cancel(effect.intent_id, "heard")
            else:
                assert isinstance(effect, Close)
                play.record(
                    ParentClosed(at_ms=play.now, parent_id=play.parent.parent_id, reason=effect.why)
                )
                done = progress(play.book.orders.values(), play.parent.parent_id)
                assert done.filled == sum((each.filled for each in play.real.values()), D(0))
                assert not done.alive
                return
    raise AssertionError("the parent never ended")
