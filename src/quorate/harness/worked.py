"""A desk that works parent orders and rests stops under what it holds, through all its lives.

In: what a seed decides. Out: children and stops at the exchange. The executor and the protection
are begun anew in every life; what the strategy says of parents and triggers is told by the seed.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.exchange.matching.flow import noise, uniform
from quorate.harness.check_told import Bare
from quorate.harness.parents import STRATEGY
from quorate.harness.scene import START_MS, loop_ms
from quorate.live.execution.executor import Executor
from quorate.live.execution.progress import Market
from quorate.live.execution.protection import Protection
from quorate.live.orders.ids import parent_id
from quorate.live.orders.parents import ParentOpened, Placing, Schedule
from quorate.venues.base import PositionSide, Side

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.harness.scene import Scene
    from quorate.harness.seen import Seen
    from quorate.live.broker.broker import Broker
    from quorate.venues.base import Touch

TAIL_MS: Final = 1_200_000
"""So long before the end of a play nothing is decided any more: what was has to end."""

_PACES_MS: Final = (10_000, 20_000, 30_000)
_FRESH_MS: Final = 2_000
_STYLES: Final = (
    (Schedule.IMMEDIATE, Placing.MARKETABLE),
    (Schedule.IMMEDIATE, Placing.LIMIT),
    (Schedule.IMMEDIATE, Placing.POST_ONLY),
    (Schedule.IMMEDIATE, Placing.POST_ONLY),
    (Schedule.TWAP, Placing.MARKETABLE),
    (Schedule.TWAP, Placing.POST_ONLY),
    (Schedule.POV, Placing.MARKETABLE),
)


class _Trigger(NamedTuple):
    """Where a stop belongs: for which side, decided when, at what price."""

    sign: int
    number: int
    price: Decimal


class Worked:
    """The parents and stops of a play's desk.

    Parameters
    ----------
    scene : Scene
        The play.
    seen : Seen
        What the desk has seen of prices, which its controls read too.
    """

    def __init__(self, scene: Scene, seen: Seen) -> None:
        self._scene = scene
        self._seen = seen
        self._triggers: dict[tuple[str, PositionSide], _Trigger] = {}
        seed = scene.schedule.seed
        self._pace_ms = _PACES_MS[noise(seed, 61) % len(_PACES_MS)]
        self._is_leaving = bool(noise(seed, 76) & 1)  # everything is closed in the end
        self._bare = Bare(scene.ground.symbols)
        self._executor: Executor | None = None
        self._protection: Protection | None = None

    def begin(self, broker: Broker) -> None:
        """Begin a life: nothing is known but the journal, and what the strategy says."""

        async def market(parent: ParentOpened) -> Market | None:
            touch = await self._touch(broker, parent.symbol)
            if touch is None:
                return None
            return Market(
                bid=touch.bid,
                ask=touch.ask,
                at_ms=self._seen.asked_ms[parent.symbol],
                grid=broker.venue.grid(parent.symbol),
                most=Decimal(1000),
                volume=self._traded(parent),
                taker_fee_bps=Decimal(5),
            )

        async def touch(symbol: str) -> Touch | None:
            return await self._touch(broker, symbol)

        self._bare = Bare(self._scene.ground.symbols)
        self._executor = Executor(broker, "desk", market)
        self._protection = Protection(broker, "desk", touch)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing goes wrong any more; nothing is taken back by hand then either."""
        return loop_ms() >= START_MS + self._scene.schedule.quiet_ms

    def decide(self, broker: Broker, number: int) -> None:
        """Open parents by the seed."""
        executor, seed = self._executor, self._scene.schedule.seed
        if executor is None or self._is_late():
            return
        busy = {each.opened.symbol for each in executor.working}
        wanted = [
            parent
            for leg, symbol in enumerate(sorted(self._seen.touches))
            if symbol not in busy and uniform(seed, 63, number, leg) < 0.6
            for parent in [self._parent(broker, symbol, number, leg)]
            if parent is not None
        ]
        executor.open(wanted)

    async def until(self, broker: Broker, end_ms: int) -> None:
        """Look at parents and stops until a moment, often while there is something to do."""
        n_looks = 0
        while await self._look(broker) and loop_ms() + self._pace_ms < end_ms:
            await asyncio.sleep(self._pace_ms / 1e3)
            n_looks += 1
            if n_looks % 3 == 0:
                swept = await broker.compare()
                self._scene.checker.step(broker.desk.book, is_compared=swept.is_whole)

    async def _look(self, broker: Broker) -> bool:
        """Look once; say whether there may be something to do soon."""
        n_done = 0
        if self._executor is not None:
            seed, now_ms = self._scene.schedule.seed, loop_ms()
            for number, parent in enumerate(self._executor.working):
                if uniform(seed, 62, now_ms, number) < 0.06:
                    await self._executor.stop(parent.opened.parent_id, "the decision turned")
            n_done += await self._executor.step()
        if self._protection is not None:
            n_done += await self._protection.step(await self._placed(broker))
            checker, told = self._scene.checker, self._scene.told
            state = self._scene.exchange.exchange.state
            checker.tell(self._bare.look(broker.desk.book, checker.account, state, told))
        self._scene.checker.step(broker.desk.book)
        return bool(n_done or (self._executor is not None and self._executor.working))

    async def _placed(self, broker: Broker) -> Mapping[tuple[str, PositionSide], Decimal]:
        """Say where stops belong: at a distance by the seed, moved now and then, never crossed."""
        seed, number = self._scene.schedule.seed, loop_ms() // 1_800_000
        for (_, symbol, side), held in broker.desk.book.positions.items():
            key, sign = (symbol, side), (held > 0) - (held < 0)
            known = self._triggers.get(key)
            if not sign or (known and (known.sign, known.number) == (sign, number)):
                continue
            touch = await self._touch(broker, symbol)
            if touch is None:
                continue
            if known and known.sign == sign and sign * (touch.mark - known.price) <= 0:
                continue  # it is due: nothing is moved out of its way
            away = Decimal(20 + noise(seed, 64, number, sign + 1) % 130) / 10_000
            grid = broker.venue.grid(symbol)
            price = grid.price(touch.mark * (1 - sign * away), Side.SELL if sign > 0 else Side.BUY)
            self._triggers[key] = _Trigger(sign, number, price)
        return {key: each.price for key, each in self._triggers.items()}

    async def _touch(self, broker: Broker, symbol: str) -> Touch | None:
        """Return the touch of a symbol, asked for again where it is not fresh; None unanswered."""
        seen = self._seen
        if symbol in seen.touches and loop_ms() - seen.asked_ms[symbol] <= _FRESH_MS:
            return seen.touches[symbol]
        return await seen.ask(broker.venue, symbol)

    def _parent(self, broker: Broker, symbol: str, number: int, leg: int) -> ParentOpened | None:
        """Return what the seed decides for a symbol: how much, which way, and in which style."""
        seed, now_ms = self._scene.schedule.seed, loop_ms()
        touch, grid = self._seen.touches[symbol], broker.venue.grid(symbol)
        held = broker.desk.book.positions.get(
            (broker.venue.name, symbol, PositionSide.BOTH), Decimal(0)
        )
        side = Side.BUY if noise(seed, 65, number, leg) & 1 else Side.SELL
        is_last = self._is_leaving and self.is_quiet
        is_exit = bool(held) and (is_last or uniform(seed, 66, number, leg) < 0.5)
        if is_last and not held:
            return None
        if is_exit:
            side = Side.SELL if held > 0 else Side.BUY
        amount = Decimal(1_000 + noise(seed, 67, number, leg) % 5_000)
        share = 2 if noise(seed, 68, number, leg) % 3 == 0 and not is_last else 1
        quantity = grid.quantity(abs(held) / share if is_exit else amount / touch.mark)
        if not quantity:
            return None
        schedule, placing = _STYLES[noise(seed, 69, number, leg) % len(_STYLES)]
        shows_all = noise(seed, 70, number, leg) % 3
        mid = (touch.bid + touch.ask) / 2
        purpose = "exit" if is_exit else "entry"
        return ParentOpened(
            at_ms=now_ms,
            parent_id=parent_id(
                account="desk",
                venue=broker.venue.name,
                cycle=str(number),
                strategy=STRATEGY,
                symbol=symbol,
                purpose=purpose,
            ),
            venue=broker.venue.name,
            symbol=symbol,
            side=side,
            quantity=quantity,
            is_reduce_only=is_exit,
            schedule=schedule,
            placing=placing,
            display=Decimal(0) if shows_all else quantity / 4,
            worst_price=grid.price(mid * (1 + side.sign * Decimal("0.01")), side),
            begin_ms=now_ms,
            deadline_ms=now_ms + 90_000 + noise(seed, 71, number, leg) % 400_000,
            slice_ms=30_000 + noise(seed, 72, number, leg) % 60_000,
            rest_ms=20_000 + noise(seed, 73, number, leg) % 60_000,
            n_reprices=noise(seed, 74, number, leg) % 4,
            participation=Decimal("0.3") if schedule is Schedule.POV else Decimal(0),
            budget_bps=Decimal(4) if noise(seed, 75, number, leg) % 3 == 0 else None,
            decision_price=mid,
            arrival_mid=mid,
            cycle=str(number),
            strategy=STRATEGY,
            purpose=purpose,
        )

    def _traded(self, parent: ParentOpened) -> Decimal:
        """Return what the path of a market has traded since a parent began: what a tape tells."""
        state = self._scene.exchange.exchange.state
        names = {theirs: ours for ours, theirs in self._scene.ground.symbols.items()}
        market = state.markets[names[parent.symbol]]
        points = range(state.point_at(parent.begin_ms) + 1, state.point_at(state.now_ms) + 1)
        return market.instrument.quantity(sum(market.path.volume(each) for each in points))

    def _is_late(self) -> bool:
        return loop_ms() > START_MS + self._scene.schedule.length_ms - TAIL_MS
