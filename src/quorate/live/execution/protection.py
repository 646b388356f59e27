"""The driver of protective stops: it sees to every position that a trigger is known for.

A position without a trigger is told to a person, once; one whose stop does not rest, for whatever
reason, is told after a minute, and again every ten. What is sent bears the mark of an emergency and
only closes, so that it leaves a desk that has just begun, or was stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from quorate.live.controls.facts import Proposal
from quorate.live.execution import coins, stops
from quorate.live.execution.effects import CancelChild
from quorate.live.execution.stops import (
    ESCALATION,
    STOP,
    Beyond,
    Escalate,
    PlaceStop,
    bare,
    refused,
)
from quorate.live.orders.book import ZERO
from quorate.live.orders.events import Intended
from quorate.live.orders.ids import client_id, intent_id
from quorate.venues.base import OrderKind, TimeInForce, Touch, is_pair

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from decimal import Decimal

    from quorate.live.broker.broker import Broker
    from quorate.live.execution.stops import StopEffect
    from quorate.live.orders.book import Order
    from quorate.venues.base import PositionSide

BARE_MS: Final = 60_000
REPEAT_MS: Final = 600_000
"""After how long without its stop a position is told to a person, and how often again."""


class Protection:
    """The protective stops of one broker.

    Parameters
    ----------
    broker : Broker
        Who sends and cancels.
    account : str
        Part of the names of stops.
    touch : callable
        The touch and the mark of a symbol; None where it is not known.

    Notes
    -----
    Units: as ``stops``.  Causal: as of the book.  Missing: a position without a trigger is paged.
    """

    def __init__(
        self,
        broker: Broker,
        account: str,
        touch: Callable[[str], Awaitable[Touch | None]],
    ) -> None:
        self._broker = broker
        self._account = account
        self._touch = touch
        self._crossed: dict[tuple[str, PositionSide], Beyond] = {}
        self._paged: set[tuple[str, PositionSide]] = set()
        self._refused: dict[tuple[str, PositionSide], set[tuple[str, str]]] = {}
        self._bare: dict[tuple[str, PositionSide], tuple[int, int]] = {}  # since, told again at

    async def step(self, triggers: Mapping[tuple[str, PositionSide], Decimal]) -> int:
        """See to every position once; return how much was done.

        Parameters
        ----------
        triggers : mapping
            (symbol, position side) -> where the stop belongs.
        """
        n_done = 0
        venue = self._broker.venue.name
        held = {
            (symbol, side): amount
            for (at, symbol, side), amount in self._broker.desk.book.positions.items()
            if at == venue
        }
        for key, amount in held.items():
            trigger = triggers.get(key)
            if trigger is None:
                self._page(key, amount)
                continue
            done = await self._one(key, amount, trigger)
            if is_pair(key[0]) and any(isinstance(each, CancelChild) for each in done):
                # the coins are bare now: what is to stand in its place follows at once
                done += await self._one(key, amount, trigger)
            n_done += len(done)
        return n_done

    async def _one(
        self, key: tuple[str, PositionSide], held: Decimal, trigger: Decimal
    ) -> tuple[StopEffect, ...]:
        symbol, position_side = key
        touch = await self._touch(symbol)
        grid = self._broker.venue.grid(symbol)
        orders = [
            each
            for each in self._broker.desk.book.orders.values()
            if (each.intent.symbol, each.intent.position_side) == key
        ]
        self._page_refused(key, orders if held else [])
        before = self._crossed.get(key, stops.init())
        now_ms = self._broker.tools.now_ms()
        self._missed(key, held, trigger, orders)
        step = coins.step if is_pair(symbol) else stops.step
        after, effects = step(before, held, trigger, orders, touch, grid, now_ms)
        self._crossed[key] = after
        for effect in effects:
            if isinstance(effect, CancelChild):
                await self._broker.cancel(effect.intent_id, effect.why)
            else:
                intent = self._intent(symbol, position_side, effect)
                if isinstance(effect, Escalate):
                    self._broker.tools.page(
                        f"the stop of {symbol} did not close {held}: closing it by hand"
                    )
                await self._broker.submit([Proposal(intent=intent, is_emergency=True)])
        return effects

    def _missed(
        self,
        key: tuple[str, PositionSide],
        held: Decimal,
        trigger: Decimal,
        orders: Sequence[Order],
    ) -> None:
        """Call somebody where a position has had no stop for long: nothing of it may go unsaid."""
        now_ms, grid = self._broker.tools.now_ms(), self._broker.venue.grid(key[0])
        left = bare(held, orders)
        if is_pair(key[0]):  # what a sale is at work on no stop could hold
            others = (each for each in orders if each.intent.purpose != STOP)
            left = grid.quantity(max(left - sum((each.reserved for each in others), ZERO), ZERO))
        if left <= 0 or (is_pair(key[0]) and not coins.is_enough(left, trigger, grid)):
            self._bare.pop(key, None)
            return
        since_ms, next_ms = self._bare.setdefault(key, (now_ms, now_ms + BARE_MS))
        if now_ms >= next_ms:
            self._bare[key] = (since_ms, now_ms + REPEAT_MS)
            for_s = (now_ms - since_ms) // 1000
            self._broker.tools.page(f"{left} of {held} {key[0]} has had no stop for {for_s} s")

    def _intent(
        self, symbol: str, position_side: PositionSide, effect: PlaceStop | Escalate
    ) -> Intended:
        now_ms = self._broker.tools.now_ms()
        is_stop = isinstance(effect, PlaceStop)
        purpose = STOP if is_stop else ESCALATION
        name = intent_id(
            account=self._account,
            cycle=str(now_ms),
            strategy="protection",
            symbol=f"{symbol} {position_side}",
            purpose=purpose,
            leg=0,
        )
        return Intended(
            at_ms=now_ms,
            intent_id=name,
            client_id=client_id(name, self._broker.desk.epoch),
            venue=self._broker.venue.name,
            symbol=symbol,
            side=effect.side,
            order_kind=OrderKind.STOP if is_stop else OrderKind.LIMIT,
            quantity=effect.quantity,
            limit_price=None if isinstance(effect, PlaceStop) else effect.limit_price,
            trigger_price=effect.trigger_price if isinstance(effect, PlaceStop) else None,
            time_in_force=TimeInForce.GTC if is_stop else TimeInForce.IOC,
            is_reduce_only=True,
            position_side=position_side,
            cycle=str(now_ms),
            strategy="protection",
            purpose=purpose,
        )

    def _page_refused(self, key: tuple[str, PositionSide], orders: Sequence[Order]) -> None:
        """Call somebody where the venue refuses what protects a position: once for each reason."""
        runs = {each: refused(orders, each) for each in (STOP, ESCALATION)}
        known = self._refused.pop(key, set())
        for purpose, run in runs.items():
            if run:
                what = (purpose, run[0].reason)
                if what not in known:
                    text = f"the venue refuses the {purpose} of {key[0]} ({run[0].reason})"
                    self._broker.tools.page(f"{text}: it is tried again, at least every minute")
                self._refused.setdefault(key, known).add(what)

    def _page(self, key: tuple[str, PositionSide], held: Decimal) -> None:
        if is_pair(key[0]) and held and held < self._broker.venue.grid(key[0]).lot:
            return  # what fees in coins leave, of which nobody takes an order
        if held and key not in self._paged:
            self._broker.tools.page(f"{held} {key[0]} is held and nobody says where its stop is")
        (self._paged.add if held else self._paged.discard)(key)
