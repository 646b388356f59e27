"""The driver of parent orders: it asks what each does next and lets the broker carry it out.

In: parent orders and a market. Out: children at the venue. All that is decided is decided by
``step`` from the book; what is kept here is only how long a parent waits after the gate refused a
child of it, and losing that costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.live.controls.facts import Proposal, Refusal
from quorate.live.controls.standing import Trading
from quorate.live.execution import coins
from quorate.live.execution.choosing import Unplanned
from quorate.live.execution.effects import CancelChild, Close, PlaceChild
from quorate.live.execution.progress import progress
from quorate.live.execution.step import step
from quorate.live.orders.book import ZERO, open_orders
from quorate.live.orders.events import Intended
from quorate.live.orders.ids import client_id, intent_id
from quorate.live.orders.parents import ParentClosed
from quorate.venues.base import OrderKind, Side, is_pair

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from quorate.live.broker.broker import Broker
    from quorate.live.execution.progress import Market
    from quorate.live.orders.parents import ParentOpened, ParentOrder

HOLD_MS: Final = 5_000
"""The first wait after the gate refused a child; each further one is twice as long."""

N_HELD: Final = 6
"""So many refusals of the gate in a row close a parent: about five minutes."""


class _Held(NamedTuple):
    """A parent that waits."""

    n_refusals: int
    until_ms: int
    text: str


class Executor:
    """The parent orders of one broker.

    Parameters
    ----------
    broker : Broker
        Who sends, cancels and asks; its gate is the only door.
    account : str
        Part of the names of children.
    market : callable
        What is known of a parent's market; None where nothing is.

    Notes
    -----
    Units: as ``step``.  Causal: a parent is on the disk before its first child.  Missing: none.
    """

    def __init__(
        self,
        broker: Broker,
        account: str,
        market: Callable[[ParentOpened], Awaitable[Market | None]],
    ) -> None:
        self._broker = broker
        self._account = account
        self._market = market
        self._held: dict[str, _Held] = {}

    @property
    def working(self) -> tuple[ParentOrder, ...]:
        """Return the parents that are open, in the order in which they were opened."""
        return tuple(each for each in self._broker.desk.book.parents.values() if each.is_open)

    def open(self, parents: Iterable[ParentOpened]) -> list[Unplanned | None]:
        """Write parent orders down; one that is there already, or elsewhere, is refused.

        Returns
        -------
        list
            One a parent: None, or why it was not opened.
        """
        answers: list[Unplanned | None] = []
        fresh: dict[str, ParentOpened] = {}
        known = self._broker.desk.book.parents
        for each in parents:
            why = None
            if each.parent_id in known or each.parent_id in fresh:
                why = Unplanned(
                    f"parent {each.parent_id} was opened before", "a cycle decides a symbol once"
                )
            elif each.venue != self._broker.venue.name:
                name = self._broker.venue.name
                why = Unplanned(f"parent of {each.venue} at the broker of {name}", "ask its broker")
            else:
                fresh[each.parent_id] = each
            answers.append(why)
        if fresh:
            self._broker.desk.record(list(fresh.values()))
        return answers

    async def step(self) -> int:
        """Look at every open parent once and carry out what it asks for; return how much it was."""
        n_effects = 0
        for name in self._outlived():
            await self._broker.cancel(name, "its parent has ended")
            n_effects += 1
        for parent in self.working:
            market = await self._market(parent.opened)
            book = self._broker.desk.book
            done = progress(book.orders.values(), parent.opened.parent_id)
            for effect in step(parent.opened, done, self._now(), market):
                if isinstance(effect, PlaceChild):
                    n_effects += await self._place(parent.opened, effect, market)
                elif isinstance(effect, CancelChild):
                    await self._broker.cancel(effect.intent_id, effect.why)
                    n_effects += 1
                else:
                    self._close(parent.opened.parent_id, effect, market)
                    n_effects += 1
        return n_effects

    async def stop(self, parent_id: str, why: str) -> bool:
        """Take a parent back: no child of it follows, those alive are cancelled."""
        parent = self._broker.desk.book.parents.get(parent_id)
        if parent is None or not parent.is_open:
            return False
        self._close(parent_id, Close(why), await self._market(parent.opened))
        for child in progress(self._broker.desk.book.orders.values(), parent_id).alive:
            await self._broker.cancel(child.intent_id, why)
        return True

    def _outlived(self) -> tuple[str, ...]:
        """Return the children that rest though their parent has ended: a life ended in between."""
        book = self._broker.desk.book
        return tuple(
            each.intent.intent_id
            for each in open_orders(book)
            if not each.is_cancel_wanted
            and (parent := book.parents.get(each.intent.parent_id)) is not None
            and not parent.is_open
        )

    async def _place(self, parent: ParentOpened, child: PlaceChild, market: Market | None) -> int:
        held = self._held.get(parent.parent_id)
        if held is not None and self._now() < held.until_ms:
            return 0
        if held is not None and held.n_refusals >= N_HELD:
            self._close(parent.parent_id, Close(f"the gate refuses: {held.text}"), market)
            return 1
        if not await self._is_free(parent, child):
            return 0
        (answer,) = await self._broker.submit([Proposal(intent=self._intent(parent, child))])
        if answer.refusal is None:
            self._held.pop(parent.parent_id, None)
            return 1
        self._hold(parent.parent_id, answer.refusal)
        return 0

    async def _is_free(self, parent: ParentOpened, child: PlaceChild) -> bool:
        """Say whether a child can be sent: a sale of coins takes the stops back that hold them.

        What is left of them is protected anew by whoever sees to stops.  Where the gate lets
        nothing out but emergencies, stops stay.
        """
        barred = self._broker.standing.trading in {Trading.SAFE, Trading.HALTED}
        if parent.side is Side.BUY or not is_pair(parent.symbol) or barred:
            return True
        for _ in range(coins.N_STOPS + 1):
            book = self._broker.desk.book
            held = book.positions.get((parent.venue, parent.symbol, parent.position_side), ZERO)
            sales = [
                each
                for each in book.orders.values()
                if (each.intent.venue, each.intent.symbol) == (parent.venue, parent.symbol)
                and each.intent.side is Side.SELL
            ]
            stop = coins.in_the_way(child.quantity, held, sales)
            if stop is None:
                return not coins.is_held_fast(child.quantity, held, sales)
            await self._broker.cancel(stop.intent.intent_id, "its coins are to be sold")
        return False

    def _hold(self, parent_id: str, refusal: Refusal) -> None:
        before = self._held.get(parent_id, _Held(0, 0, ""))
        until_ms = self._now() + HOLD_MS * 2**before.n_refusals
        text = f"{refusal.control}: {refusal.text}"
        self._held[parent_id] = _Held(before.n_refusals + 1, until_ms, text)

    def _intent(self, parent: ParentOpened, child: PlaceChild) -> Intended:
        name = intent_id(
            account=self._account,
            cycle=parent.cycle or parent.parent_id,
            strategy=parent.strategy or "parent",
            symbol=parent.symbol,
            purpose=f"{parent.purpose}/{parent.parent_id}",
            leg=child.leg,
        )
        return Intended(
            at_ms=self._now(),
            intent_id=name,
            client_id=client_id(name, self._broker.desk.epoch),
            venue=parent.venue,
            symbol=parent.symbol,
            side=parent.side,
            order_kind=OrderKind.LIMIT,
            quantity=child.quantity,
            limit_price=child.limit_price,
            time_in_force=child.time_in_force,
            is_reduce_only=parent.is_reduce_only,
            position_side=parent.position_side,
            cycle=parent.cycle,
            strategy=parent.strategy,
            purpose=parent.purpose,
            leg=child.leg,
            parent_id=parent.parent_id,
        )

    def _close(self, parent_id: str, close: Close, market: Market | None) -> None:
        closed = ParentClosed(
            at_ms=self._now(),
            parent_id=parent_id,
            reason=close.why,
            mid=None if market is None else market.mid,
        )
        self._broker.desk.record([closed])
        self._held.pop(parent_id, None)

    def _now(self) -> int:
        return self._broker.tools.now_ms()
