"""The kill switch at a venue of our own: everything cancelled, closed, read back."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.exchange.binance.client import BTC, START_MS, venue
from tests.unit.venues.account.desk import at_desk, limit, market, stop

from quorate.exchange.binance.calls import Lags
from quorate.exchange.network import Fault
from quorate.live.guard.flattening import Tools
from quorate.live.guard.kill import Done, kill
from quorate.live.guard.record import Killed, Level, Record
from quorate.venues.base import Accepted, Side

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from quorate.exchange.binance.futures import Futures
    from quorate.venues.account.venue import CcxtVenue

pytest.importorskip("ccxt")


async def opened(desk: CcxtVenue, size: str = "0.5") -> None:
    """Open a position, ten orders and three stops."""
    for number in range(10):
        made = await desk.place(limit(f"o{number}", price="97"))
        assert isinstance(made, Accepted)
    for number in range(3):
        made = await desk.place(stop(f"s{number}"))
        assert isinstance(made, Accepted)
    made = await desk.place(market("p", Side.SELL, quantity=Decimal(size)))
    assert isinstance(made, Accepted)


def killed(
    folder: Path,
    level: Level = Level.FLATTEN,
    faults: Sequence[Fault] = (),
    exchange: Futures | None = None,
    seconds: float = 300.0,
) -> tuple[Done, Record, list[str], Any]:
    """Open something, let faults begin, and kill."""
    found = venue() if exchange is None else exchange
    record = Record(folder / "guard")
    pages: list[str] = []

    async def play(desk: CcxtVenue) -> Done:
        loop = asyncio.get_running_loop()
        await opened(desk)
        network = desk._instances.trade.session._network
        network.faults = tuple(faults)
        tools = Tools(loop.time, lambda: loop.now_ms, record, pages.append)  # type: ignore[attr-defined]
        why = Killed(level=level, by="ann", why="drill", at_ms=START_MS)
        return await kill(desk, why, [BTC], tools, flatten_seconds=seconds)

    done = at_desk(play, found)
    return done, record, pages, found.exchange.state.accounts["me"]


def test_everything_is_cancelled_closed_and_read_back(tmp_path: Path) -> None:
    done, record, pages, account = killed(tmp_path)
    assert done.is_safe
    assert pages == []
    assert account.open_ids == account.waiting_ids == {}
    assert account.position("BTCUSDT", "both").lots == 0
    assert done.emptied is not None
    assert done.flattened is not None
    assert done.emptied.empty_ms is not None
    assert 1_000 <= done.emptied.empty_ms < 2_500
    assert done.flattened.widest_bps == 50
    steps = [row["step"] for row in record.lines()]
    assert steps[:2] == ["killed", "cancelled"]
    assert steps[-1] == "flattened"
    assert steps.count("slice") == steps.count("sliced") == done.flattened.n_slices
    own = [o for o in account.orders.values() if o.asked.client_id.startswith("k")]
    assert len(own) == done.flattened.n_slices
    assert all(each.asked.is_reduce_only for each in own)


@pytest.mark.parametrize("level", [Level.BLOCK, Level.CANCEL])
def test_a_lower_level_does_less(tmp_path: Path, level: Level) -> None:
    done, _, _, account = killed(tmp_path, level)
    assert done.is_safe
    assert account.position("BTCUSDT", "both").lots == -500
    assert len(account.open_ids) == (10 if level is Level.BLOCK else 0)
    assert len(account.waiting_ids) == (3 if level is Level.BLOCK else 0)


@pytest.mark.parametrize("seed", range(6))
def test_a_third_of_the_requests_may_fail(tmp_path: Path, seed: int) -> None:
    chance = 0.3
    kinds = ("reset_request", "reset_reply", "status", "garbage", "empty", "cut")
    faults = [Fault(kinds[seed], chance=chance, size=seed)]
    done, _, _, account = killed(tmp_path, faults=faults)
    assert done.is_safe
    assert account.open_ids == account.waiting_ids == {}
    assert account.position("BTCUSDT", "both").lots == 0
    assert done.emptied is not None
    assert done.emptied.empty_ms is not None
    assert done.emptied.empty_ms <= 10_000


def test_an_empty_reading_of_a_replica_that_lags_is_not_believed_once(tmp_path: Path) -> None:
    exchange = venue()
    exchange.lags = Lags(open_orders=400)
    done, _, _, account = killed(tmp_path, exchange=exchange)
    assert done.is_safe
    assert account.open_ids == account.waiting_ids == {}


def test_who_cannot_be_reached_is_paged_and_the_kill_stays_in_force(tmp_path: Path) -> None:
    done, record, pages, account = killed(tmp_path, faults=[Fault("unresolved")], seconds=70.0)
    assert not done.is_safe
    assert "none of 1 cancels and of the first reading was answered" in pages[0]
    assert "orders may be open after 60 s" in pages[1]
    assert "gave up after 70 s" in pages[-1]
    assert len(account.open_ids) == 10
    assert record.killed() == Killed(level=Level.FLATTEN, by="ann", why="drill", at_ms=START_MS)


def test_a_full_disk_is_told_of_and_stops_no_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("quorate.live.guard.record.os.open", full)
    done, _, pages, account = killed(tmp_path)
    assert done.is_safe
    assert account.open_ids == account.waiting_ids == {}
    assert account.position("BTCUSDT", "both").lots == 0
    assert "is not on the disk" in pages[0]
    assert all("No space left" in each for each in pages)


def test_the_collar_widens_and_somebody_is_called_where_the_market_is_thin(tmp_path: Path) -> None:
    exchange = venue()
    market_ = exchange.exchange.state.markets["BTCUSDT"]

    class Gone:
        """A market in which nobody offers anything near the price any more."""

        half, levels, gap, lots = 20, 1, 1, 1

        def of(self, here: int, price: int, side: int) -> dict[int, int]:  # noqa: ARG002
            return {price - side * 20: 1}

    async def play(desk: CcxtVenue) -> tuple[Done, list[str]]:
        loop = asyncio.get_running_loop()
        await opened(desk)
        market_.ladder = Gone()  # type: ignore[assignment]
        market_.point = -1
        pages: list[str] = []
        record = Record(tmp_path / "guard")
        tools = Tools(loop.time, lambda: loop.now_ms, record, pages.append)  # type: ignore[attr-defined]
        why = Killed(level=Level.FLATTEN, by="ann", why="drill", at_ms=START_MS)
        return await kill(desk, why, [BTC], tools, flatten_seconds=90.0), pages

    done, pages = at_desk(play, exchange)
    assert not done.is_safe
    assert done.flattened is not None
    assert done.flattened.widest_bps == 300
    assert done.flattened.is_paged
    assert "could not close" in pages[0]
    (left,) = done.flattened.left
    assert left[0] == BTC
    assert left[1] < 0
