"""An executor over the real ccxt client and the simulated exchange with flow, in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.unit.exchange.binance.client import BTC, START_MS
from tests.unit.live.broker.test_broker import Scene, armed, facts, played

from quorate.exchange.binance.futures import Futures
from quorate.exchange.binance.signing import Key
from quorate.exchange.matching.exchange import Exchange
from quorate.exchange.matching.flow import Ladder, Walk
from quorate.exchange.matching.instruments import Instrument
from quorate.live.execution.executor import Executor
from quorate.live.execution.progress import Market
from quorate.live.orders.parents import ParentOpened
from quorate.venues.base import Side, Touch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from quorate.live.broker.broker import Broker
    from quorate.live.controls.facts import Facts

D = Decimal


def flowing(seed: int = 3, *, half: int = 3, step: float = 3e-4, volume: int = 4_000) -> Futures:
    """Build an exchange whose price moves around 100 and whose touch is traded at."""
    exchange = Exchange(
        [Instrument("BTCUSDT", "BTC")],
        seed=seed,
        start_ms=START_MS,
        paths={"BTCUSDT": Walk(seed, start=1_000, step=step, volume=volume)},
        ladders={"BTCUSDT": Ladder(half=half, levels=6, gap=1, lots=2_000)},
    )
    exchange.open_account("me", {"USDT": D(100_000)})
    return Futures(exchange, {"key": Key("key", "me", "secret", addresses=("127.0.0.1",))})


class Desk(NamedTuple):
    """A broker with its executor and what it sees of the market."""

    broker: Broker
    executor: Executor
    touches: dict[str, Touch]

    async def run(self, seconds: float, *, until_closed: bool = True) -> None:
        """Look every second, compare every five, until no parent is open or time is over."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        n = 0
        while loop.time() < end:
            await self.executor.step()
            if n % 5 == 4:
                await self.broker.compare()
            if until_closed and not self.executor.working:
                break
            n += 1
            await asyncio.sleep(1.0)
        await self.broker.settled()
        await self.broker.compare()


def traded(exchange: Futures, since_ms: int) -> Decimal:
    """Return what the path of a market trades between a moment and now: what a tape would tell."""
    state = exchange.exchange.state
    market = state.markets["BTCUSDT"]
    points = range(state.point_at(since_ms) + 1, state.point_at(state.now_ms) + 1)
    return market.instrument.quantity(sum(market.path.volume(each) for each in points))


async def begin(scene: Scene, most: str = "2000") -> Desk:
    """Begin a life with an executor, armed."""
    touches: dict[str, Touch] = {}

    def known(broker: Broker) -> Facts:
        usual = facts(broker)
        quotes = {
            symbol: replace(usual.quotes[BTC], bid=touch.bid, ask=touch.ask, mark=touch.mark)
            for symbol, touch in touches.items()
        }
        rich = {"equity": D(10**6), "day_equity": D(10**6), "peak_equity": D(10**6)}
        return replace(usual, quotes=quotes, **rich)

    broker = armed(await scene.begin())
    broker.tools = broker.tools._replace(facts=known)

    async def market(parent: ParentOpened) -> Market | None:
        touch = await broker.venue.touch(parent.symbol)
        if not isinstance(touch, Touch):
            return None
        touches[parent.symbol] = touch
        return Market(
            bid=touch.bid,
            ask=touch.ask,
            at_ms=broker.tools.now_ms(),
            grid=broker.venue.grid(parent.symbol),
            most=D(most),
            volume=traded(scene.exchange, parent.begin_ms),
            taker_fee_bps=D(5),
        )

    return Desk(broker, Executor(broker, "main", market), touches)


def parent(scene: Scene, side: Side = Side.BUY, **more: Any) -> ParentOpened:
    """Return a parent of 20 coins within ten minutes of now."""
    now_ms = scene.exchange.exchange.state.now_ms
    return ParentOpened(
        **{
            "at_ms": now_ms,
            "parent_id": "p1",
            "venue": "binance_usdm",
            "symbol": BTC,
            "side": side,
            "quantity": D(20),
            "worst_price": D(110) if side is Side.BUY else D(90),
            "begin_ms": now_ms,
            "deadline_ms": now_ms + 600_000,
            "decision_price": D(100),
            "arrival_mid": D(100),
            **more,
        }
    )


def play(
    folder: Path, what: Callable[[Scene], Any], exchange: Futures | None = None
) -> tuple[Scene, Any]:
    """Play and return the scene with what came of it."""
    kept: list[Scene] = []

    async def main(scene: Scene) -> Any:
        kept.append(scene)
        return await what(scene)

    found = played(folder, main, flowing() if exchange is None else exchange)
    return kept[0], found
