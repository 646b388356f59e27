"""The kill switch where coins are held: they are sold, less what nobody takes an order of."""

from __future__ import annotations

import asyncio
from decimal import ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.exchange.binance.pairs import START_MS, spot
from tests.unit.venues.account.desk import SPOT, at_desk

from quorate.exchange.network import Fault
from quorate.live.guard.flattening import Tools
from quorate.live.guard.kill import Done, kill
from quorate.live.guard.record import Killed, Level, Record
from quorate.venues.base import Accepted, Rejected, Side

if TYPE_CHECKING:
    from pathlib import Path

    from quorate.venues.account.venue import CcxtVenue

pytest.importorskip("ccxt")


@pytest.mark.parametrize("kind", [None, "garbage"])
@pytest.mark.parametrize(
    ("held", "least_usd", "left"),
    [("0.5004", "0", "0.0004"), ("0.0411", "5", "0.0411"), ("0.5", "5", "0")],
)
def test_coins_are_sold_down_to_what_no_order_takes(
    tmp_path: Path, kind: Any, held: str, least_usd: str, left: str
) -> None:
    made = spot()
    state = made.exchange.state
    # of the first the lot leaves a rest, of the second the least worth of an order all of it
    listed = state.markets["BTCUSDT"].instrument._replace(min_notional=Decimal(least_usd))
    state.markets["BTCUSDT"].instrument = listed
    account = state.accounts["me"]
    account.wallet |= {"BTC": Decimal(held), "ETH": Decimal(3)}
    is_dust = held == left

    async def play(desk: CcxtVenue) -> Done:
        loop = asyncio.get_running_loop()
        for number in range(4):
            assert isinstance(await desk.place(SPOT.limit(f"o{number}")), Accepted)
        # a stop holds the coins fast: until it is taken back nothing of them can be sold
        lot = Decimal(held).quantize(Decimal("0.001"), ROUND_FLOOR)
        stop = SPOT.stop(quantity=lot, trigger="99", is_reduce_only=True)
        placed = await desk.place(stop)
        assert isinstance(placed, Rejected if is_dust else Accepted)
        blocked = await desk.place(SPOT.market("blocked", Side.SELL))
        assert isinstance(blocked, Rejected)
        faults = () if kind is None else (Fault(kind, chance=0.3, size=2),)
        desk._instances.trade.session._network.faults = faults
        tools = Tools(loop.time, lambda: loop.now_ms, Record(tmp_path / "guard"), pytest.fail)  # type: ignore[attr-defined]
        why = Killed(level=Level.FLATTEN, by="ann", why="drill", at_ms=START_MS)
        return await kill(desk, why, [SPOT.symbol], tools, flatten_seconds=300.0)

    done = at_desk(play, made, place=SPOT)
    assert done.is_safe
    assert account.open_ids == account.waiting_ids == {}
    assert account.wallet["BTC"] == Decimal(left)
    assert account.wallet["ETH"] == 3, "a coin that was not named is nobody's business"
