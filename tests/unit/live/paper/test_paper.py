"""A paper account: orders at prices that were heard, exact books, the same after a restart."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from quorate.errors import ConfigError, StoreError
from quorate.exchange.access import Request
from quorate.exchange.virtual import VirtualLoop, run_virtually
from quorate.live.paper.venue import Paper, follow, instrument
from quorate.venues.base import (
    Accepted,
    Done,
    Found,
    Grid,
    Listed,
    OrderKind,
    OrderStatus,
    Placement,
    Rejected,
    Side,
    Touch,
    Unanswered,
)

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("ccxt")
BTC, START_MS = "BTC/USDT:USDT", 1_700_006_400_000
GRID = Grid(
    tick=Decimal("0.1"),
    lot=Decimal("0.001"),
    min_quantity=Decimal("0.001"),
    max_market_quantity=Decimal(100),
    min_notional=Decimal(5),
)
FEES = (Decimal("0.0002"), Decimal("0.0005"))


def touch(price: str = "100", at_ms: int = START_MS) -> Touch:
    """Return a spread of 0.2 around a price."""
    middle = Decimal(price)
    half = Decimal("0.1")
    return Touch(symbol=BTC, bid=middle - half, ask=middle + half, mark=middle, at_ms=at_ms)


def paper(path: Path, now_ms: Any, wallet: str = "10000", grid: Grid = GRID) -> Paper:
    """Open the account of a folder."""
    listed = {BTC: (instrument(BTC, grid, FEES), touch())}
    return Paper(listed, Decimal(wallet), path / "paper.jsonl", now_ms)


def order(
    client_id: str, price: str | None = None, side: Side = Side.BUY, **more: Any
) -> Placement:
    """Return an order of 0.1."""
    return Placement(
        client_id=client_id,
        symbol=BTC,
        side=side,
        kind=OrderKind.MARKET if price is None else OrderKind.LIMIT,
        quantity=Decimal("0.1"),
        limit_price=None if price is None else Decimal(price),
        sent_at_ms=more.pop("sent_at_ms", START_MS),
        window_ms=5_000,
        **more,
    )


def played(path: Path, play: Any) -> Any:
    """Let something be done at a paper account, in virtual time."""

    async def main() -> Any:
        loop: Any = asyncio.get_running_loop()
        made = paper(path, lambda: loop.now_ms)
        venue = made.venue()
        try:
            await venue.open()
            return await play(made, venue, lambda: loop.now_ms)
        finally:
            await venue.close()

    return run_virtually(main(), VirtualLoop(START_MS))


def test_a_market_order_trades_at_what_was_heard_and_a_limit_waits_for_it(tmp_path: Path) -> None:
    async def play(made: Paper, venue: Any, now: Any) -> None:
        bought = await venue.place(order("one"))
        assert isinstance(bought, Accepted)
        assert bought.view.average_price == Decimal("100.1")
        waiting = await venue.place(order("two", "98"))
        assert waiting.view.status is OrderStatus.NEW
        await asyncio.sleep(20)
        made.hear(touch("97", now()))
        early = await venue.order(BTC, "two", is_conditional=False)
        assert isinstance(early, Found)
        assert early.view.filled == 0, "what is heard shows from the next point on"
        await asyncio.sleep(15)
        late = await venue.order(BTC, "two", is_conditional=False)
        assert isinstance(late, Found)
        assert (late.view.status, late.view.average_price) == (OrderStatus.FILLED, Decimal(98))
        seen = await venue.touch(BTC)
        assert (seen.bid, seen.ask) == (Decimal("96.9"), Decimal("97.1"))

    played(tmp_path, play)


def test_books_balance_to_the_last_digit(tmp_path: Path) -> None:
    async def play(made: Paper, venue: Any, now: Any) -> None:
        for number in range(6):
            side = Side.BUY if number % 2 == 0 else Side.SELL
            await venue.place(order(f"o{number}", side=side, sent_at_ms=now()))
            await asyncio.sleep(20)
            made.hear(touch(str(100 + 3 * number), now()), Decimal(5))
            await asyncio.sleep(20)
        trades = await venue.trades(BTC, None)
        assert isinstance(trades, Listed)
        paid = sum(
            (each.side.sign * each.price * each.quantity for each in trades.items), Decimal()
        )
        fees = sum((each.fee for each in trades.items), Decimal())
        (balance,) = (await venue.balances()).items
        assert len(trades.items) == 6
        assert balance.total == Decimal(10_000) - paid - fees
        assert (await venue.positions()).items == ()

    played(tmp_path, play)


def test_a_restart_finds_the_account_as_it_was(tmp_path: Path) -> None:
    async def before(made: Paper, venue: Any, now: Any) -> Any:
        await venue.place(order("held"))
        await venue.place(order("open", "95"))
        await venue.place(order("gone", "94"))
        await venue.cancel(BTC, "gone", is_conditional=False)
        await asyncio.sleep(40)
        made.hear(touch("101", now()), Decimal(2))
        return await asked(venue)

    async def asked(venue: Any) -> Any:
        return [
            (await venue.positions()).items,
            (await venue.balances()).items,
            (await venue.open_orders(None, is_conditional=False)).items,
            (await venue.trades(BTC, None)).items,
            await venue.order(BTC, "gone", is_conditional=False),
        ]

    async def after(_made: Paper, venue: Any, _now: Any) -> Any:
        await asyncio.sleep(40)
        return await asked(venue)

    first = played(tmp_path, before)
    assert len(first[2]) == 1
    assert played(tmp_path, after) == first
    whole = (tmp_path / "paper.jsonl").read_bytes()
    (tmp_path / "paper.jsonl").write_bytes(whole + b'{"kind":"heard","at_')
    assert played(tmp_path, after) == first
    assert (tmp_path / "paper.jsonl").read_bytes() == whole


def test_questions_without_end_change_nothing_that_a_restart_finds(tmp_path: Path) -> None:
    async def play(made: Paper, venue: Any, now: Any) -> Any:
        for _ in range(70):  # 2,800 of weight: a real venue would answer 429 until the next minute
            made.answer(Request("GET", "/fapi/v1/openOrders"), now())
        assert isinstance(await venue.place(order("mine", "95")), Accepted)
        return (await venue.open_orders(None, is_conditional=False)).items

    async def after(_made: Paper, venue: Any, _now: Any) -> Any:
        return (await venue.open_orders(None, is_conditional=False)).items

    first = played(tmp_path, play)
    assert len(first) == 1
    assert played(tmp_path, after) == first


def test_a_paper_account_refuses_as_a_venue_does(tmp_path: Path) -> None:
    async def play(_made: Paper, venue: Any, _now: Any) -> None:
        refused = await venue.place(order("far", "2000"))
        assert isinstance(refused, Rejected)
        assert refused.code == "-4131"
        assert await venue.cancel_all(BTC, is_conditional=True) == Done()

    played(tmp_path, play)


def test_another_grid_or_no_wallet_is_no_account(tmp_path: Path) -> None:
    paper(tmp_path, lambda: START_MS)
    other = Grid(
        tick=Decimal("0.2"),
        lot=GRID.lot,
        min_quantity=None,
        max_market_quantity=None,
        min_notional=None,
    )
    with pytest.raises(ConfigError, match="is a paper account of BTC/USDT:USDT"):
        paper(tmp_path, lambda: START_MS, grid=other)
    with pytest.raises(ConfigError, match="wallet of 0 USDT"):
        paper(tmp_path, lambda: START_MS, wallet="0")
    with pytest.raises(ConfigError, match="cannot trade BTC/USDC"):
        instrument("BTC/USDC", GRID, FEES)
    (tmp_path / "paper.jsonl").write_text("nonsense\n")
    with pytest.raises(StoreError, match="line 1 of"):
        paper(tmp_path, lambda: START_MS)


def test_it_follows_a_venue_and_outlives_its_silence(tmp_path: Path) -> None:
    class Source:
        n = 0

        async def touch(self, _symbol: str) -> Touch | Unanswered:
            self.n += 1
            if self.n % 2:
                return Unanswered("silent")
            return touch(str(100 + self.n), START_MS + self.n * 1000)

    async def play(made: Paper, venue: Any, _now: Any) -> None:
        source: Any = Source()
        task = asyncio.create_task(follow(made, source, [BTC], 5.0))
        await asyncio.sleep(60)
        task.cancel()
        seen = await venue.touch(BTC)
        assert seen.bid > 105

    played(tmp_path, play)


def test_what_cannot_be_heard_is_refused_before_it_is_written(tmp_path: Path) -> None:
    made = paper(tmp_path, lambda: START_MS)
    dust = Touch(
        symbol=BTC, bid=Decimal("0.01"), ask=Decimal("0.02"), mark=Decimal("0.01"), at_ms=START_MS
    )
    for touched, traded in ((dust, "0"), (touch(), "-1")):
        with pytest.raises(ConfigError, match="no negative volume"):
            made.hear(touched, Decimal(traded))
    made.hear(touch("101", START_MS + 60_000), Decimal(1))
    assert made.front.exchange.state.now_ms == START_MS, "another's clock moved ours"
    again = paper(tmp_path, lambda: START_MS)
    assert again.front.exchange.state.now_ms == START_MS
