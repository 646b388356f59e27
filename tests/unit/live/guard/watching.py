"""A guard at work at a venue of our own, in virtual time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tests.unit.exchange.binance.client import BTC, START_MS, venue
from tests.unit.live.guard.test_kill import opened
from tests.unit.venues.account.desk import at_desk

from quorate.live.guard.flattening import Tools
from quorate.live.guard.record import Killed, Level
from quorate.live.guard.watch import Watching
from quorate.venues.account.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from quorate.venues.account.venue import CcxtVenue

Result = TypeVar("Result")


class Scene(NamedTuple):
    """A guard, the network between it and its venue, and what it called somebody over."""

    guard: Watching
    network: Any
    client: Any
    pages: list[str]
    said: list[bool]


def asked(level: Level, why: str = "drill") -> Killed:
    """Return a kill of a level."""
    return Killed(level=level, by="ann", why=why, at_ms=START_MS)


def guarded(
    folder: Path,
    play: Callable[[Scene], Coroutine[Any, Any, Result]],
    *symbols: str,
    is_open: bool = True,
    **key: Any,
) -> tuple[Result, Any, list[str]]:
    """Open orders and a position, let a guard be played with, and return the account after it."""
    exchange = venue(**key)
    pages: list[str] = []

    async def main(desk: CcxtVenue) -> Result:
        if is_open:
            await opened(desk)
        loop: Any = asyncio.get_running_loop()
        connection = Connection(
            venue="binance_usdm",
            api_key="key",
            secret="secret",  # noqa: S106  (of the simulated account)
            symbols=symbols or (BTC,),
        )
        said: list[bool] = []
        guard = Watching(desk, connection, folder, pages.append, say=said.append)
        record = guard.tools.record
        guard.tools = Tools(loop.time, lambda: loop.now_ms, record, pages.append)
        network = desk._instances.trade.session._network
        return await play(Scene(guard, network, desk._instances.trade, pages, said))

    result = at_desk(main, exchange)
    return result, exchange.exchange.state.accounts["me"], pages
