"""The kill switch at a venue that answers with ids alone and keeps stops in the one book."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.exchange.bybit.client import START_MS, linear
from tests.unit.venues.account.desk import BYBIT, at_desk

from quorate.exchange.network import Fault
from quorate.live.guard.flattening import Tools
from quorate.live.guard.kill import Done, kill
from quorate.live.guard.record import Killed, Level, Record
from quorate.venues.base import Accepted, Side

if TYPE_CHECKING:
    from pathlib import Path

    from quorate.venues.account.venue import CcxtVenue

pytest.importorskip("ccxt")


@pytest.mark.parametrize("kind", [None, "garbage"])
def test_everything_is_cancelled_closed_and_read_back(tmp_path: Path, kind: Any) -> None:
    made = linear()

    async def play(desk: CcxtVenue) -> Done:
        loop = asyncio.get_running_loop()
        for number in range(5):
            assert isinstance(await desk.place(BYBIT.limit(f"o{number}")), Accepted)
        for number in range(3):
            assert isinstance(await desk.place(BYBIT.stop(f"s{number}")), Accepted)
        sold = await desk.place(BYBIT.market("p", Side.SELL, quantity=Decimal("0.5")))
        assert isinstance(sold, Accepted)
        faults = () if kind is None else (Fault(kind, chance=0.3, size=2),)
        desk._instances.trade.session._network.faults = faults
        record = Record(tmp_path / "guard")
        tools = Tools(loop.time, lambda: loop.now_ms, record, pytest.fail)  # type: ignore[attr-defined]
        why = Killed(level=Level.FLATTEN, by="ann", why="drill", at_ms=START_MS)
        return await kill(desk, why, [BYBIT.symbol], tools, flatten_seconds=300.0)

    done = at_desk(play, made, place=BYBIT)
    account = made.exchange.state.accounts["me"]
    assert done.is_safe
    assert account.open_ids == account.waiting_ids == {}
    assert account.position("BTCUSDT", "both").lots == 0
