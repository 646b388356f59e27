"""What a broker finds by itself: keys refused, silence, clocks apart, a new day, an overfill."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.exchange.binance.client import START_MS
from tests.unit.live.broker.test_broker import Scene, armed, order, played
from tests.unit.live.broker.test_keys import later, rekeyed

from quorate.exchange.network import Fault
from quorate.live.broker import heard
from quorate.live.broker.checks import AGAIN_MS, CLOCK_MS, FAILING_MS
from quorate.live.controls.facts import Action, Control, Refusal
from quorate.live.controls.standing import DAY_MS, Trading, react
from quorate.venues.base import Rejected, Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from quorate.live.broker.broker import Broker

pytest.importorskip("ccxt")
D = Decimal
RIGHTS = "GET /sapi/v1/account/apiRestrictions"


def counted(broker: Broker, name: str, answer: Callable[[int], Any] | None = None) -> list[int]:
    """Count what the venue is asked, and answer in its place where an answer is given."""
    asked: list[int] = []
    real = getattr(broker.venue, name)

    async def ask(*given: Any, **named: Any) -> Any:
        asked.append(broker.tools.now_ms())
        said = None if answer is None else answer(len(asked))
        return await real(*given, **named) if said is None else said

    setattr(broker.venue, name, ask)
    return asked


def set_clock(broker: Broker, by_ms: int) -> None:
    """Set the desk's clock to another time than the venue's."""
    tools = broker.tools
    broker.tools = tools._replace(now_ms=lambda: tools.now_ms() + by_ms)


def test_an_order_that_is_refused_by_key_halts_and_calls_at_once(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        rekeyed(scene, is_revoked=True)
        (answer,) = await broker.submit([order(broker)])
        assert "-2015" in answer.key_refusal
        assert broker.standing.trading is Trading.HALTED
        assert "the venue refuses the key" in broker.standing.why
        assert "-2015" in broker.key_troubles[0]
        assert len(scene.pages) == 1
        await broker.close()

    played(tmp_path, play)


def test_a_comparison_that_is_refused_by_key_halts_and_calls_at_once(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        await broker.submit([order(broker, 0, "100.4")])
        await broker.compare()
        rekeyed(scene, is_revoked=True)
        asked = counted(broker, "rights")
        await broker.compare()
        assert broker.standing.trading is Trading.HALTED
        assert sum("refuses the key" in each for each in scene.pages) == 1
        for _ in range(80):
            await later(15_000)
            await broker.compare()
        assert sum("refuses the key" in each for each in scene.pages) == 1
        assert len(asked) <= 2 * 24, "once a minute, twice each time"
        # a position is open and nobody knows of it: somebody is called again and again
        assert sum("could not be compared" in each for each in scene.pages) == 2
        rekeyed(scene, is_revoked=False)
        await later(AGAIN_MS)
        await broker.compare()
        assert broker.key_troubles == ()
        assert broker.is_clean
        await broker.close()

    played(tmp_path, play)


def test_one_refusal_by_key_that_the_venue_does_not_repeat_halts_nobody_and_two_do(
    tmp_path: Path,
) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        refused = Rejected("-2015", "Invalid API-key", is_by_key=True)
        counted(broker, "place", lambda _: refused)
        await broker.submit([order(broker, 0)])
        assert broker.standing.trading is Trading.ACTIVE
        await broker.compare()  # whole: the key is taken
        await later(61_000)
        await broker.submit([order(broker, 1)])
        assert broker.standing.trading is Trading.ACTIVE
        await broker.submit([order(broker, 2, "99.7")])
        assert broker.standing.trading is Trading.HALTED
        assert "refused the key twice" in broker.standing.why
        assert "refused the key twice" in scene.pages[-1]
        await broker.close()

    played(tmp_path, play)


def test_one_answer_about_the_key_that_is_garbage_halts_nobody(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        no = Unanswered("401 -2015", is_by_key=True)
        counted(broker, "rights", lambda nth: no if nth == 1 else None)
        assert await broker.examine() == ()
        assert broker.standing.trading is Trading.ACTIVE
        await broker.close()

    played(tmp_path, play)


def test_comparisons_that_go_on_failing_call_somebody_after_two_minutes(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = await scene.begin()
        scene.network.faults = (Fault("lose_reply", "GET /fapi/v1/openOrders", 1.0),)
        for _ in range(20):
            await later(15_000)
            await broker.compare()
        assert scene.pages == [], "nothing is open and nothing trades"
        armed(broker)
        await broker.compare()
        assert len(scene.pages) == 1
        scene.network.faults = ()
        await broker.compare()
        scene.network.faults = (Fault("lose_reply", "GET /fapi/v1/openOrders", 1.0),)
        began_ms = broker.tools.now_ms()
        while broker.tools.now_ms() < began_ms + FAILING_MS + 600_000:
            await broker.compare()
            await later(15_000)
        assert len(scene.pages) == 2
        await broker.compare()
        assert len(scene.pages) == 3
        assert broker.standing.trading is Trading.ACTIVE
        await broker.close()

    played(tmp_path, play)


def test_a_desk_whose_clock_is_a_minute_off_is_halted_and_calls(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        set_clock(broker, 60_000)
        await later(CLOCK_MS)
        await broker.compare()
        assert broker.standing.trading is Trading.HALTED
        assert broker.standing.why.startswith("C19_clock: the venue's clock is -5999")
        assert broker.standing.why in scene.pages
        await broker.close()

    played(tmp_path, play)


def test_a_clock_that_is_off_a_little_lets_nothing_in_until_it_is_right(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        tools = broker.tools
        set_clock(broker, 1_500)
        await later(CLOCK_MS)
        await broker.compare()
        (entry,) = await broker.submit([order(broker, 0)])
        assert entry.refusal is not None
        assert entry.refusal.control is Control.CLOCK
        assert broker.standing.trading is Trading.ACTIVE
        broker.tools = tools
        await later(AGAIN_MS + 1_500)
        await broker.compare()
        (entry,) = await broker.submit([order(broker, 1)])
        assert entry.refusal is None
        await broker.close()

    played(tmp_path, play)


@pytest.mark.parametrize(("by_ms", "is_called"), [(500, False), (501, True), (-501, True)])
def test_a_clock_that_is_half_a_second_off_calls_somebody_once(
    tmp_path: Path, by_ms: int, is_called: bool
) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        tools, real = broker.tools, broker.venue.clock

        async def told() -> int:
            return tools.now_ms() + by_ms

        async def once() -> None:
            await later(CLOCK_MS)
            await broker.compare()

        broker.venue.clock = told  # type: ignore[method-assign]
        n_pages = len(scene.pages)
        await once()
        await once()
        pages = scene.pages[n_pages:]
        assert [f"clock is {by_ms} ms from" in each for each in pages] == [True] * is_called
        assert broker.standing.trading is Trading.ACTIVE
        (entry,) = await broker.submit([order(broker, 0)])
        assert entry.refusal is None, "it is only told"
        broker.venue.clock = real  # type: ignore[method-assign]
        await once()
        broker.venue.clock = told  # type: ignore[method-assign]
        await once()
        assert len(scene.pages) == n_pages + 2 * is_called, "it was right in between"
        await broker.close()

    played(tmp_path, play)


def test_neither_one_wrong_time_nor_a_slow_one_stops_a_desk(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        asked = counted(broker, "clock", lambda nth: 5 if nth == 1 else None)
        await later(CLOCK_MS)
        await broker.compare()
        assert len(asked) == 2
        scene.network.faults = (Fault("delay", "GET /fapi/v1/time", 1.0, size=4_500),)
        await later(CLOCK_MS)
        await broker.compare()
        assert len(asked) == 3
        assert broker.standing.trading is Trading.ACTIVE
        await broker.close()

    played(tmp_path, play)


@pytest.mark.parametrize("does", ["submit", "compare"])
def test_a_new_day_lets_entries_in_again(tmp_path: Path, does: str) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        lost = Refusal(Control.DAILY_LOSS, "lost", D(1), D(0), Action.REDUCE)
        await broker.obey(react(broker.standing, lost, "", broker.tools.now_ms()))
        assert broker.standing.trading is Trading.REDUCING
        await later(DAY_MS - START_MS % DAY_MS - 60_000)
        await broker.compare()
        assert broker.standing.trading is Trading.REDUCING
        await later(60_000)
        if does == "submit":
            (answer,) = await broker.submit([order(broker)])
            assert answer.refusal is None
        else:
            await broker.compare()
        assert broker.standing.trading is Trading.ACTIVE
        assert scene.kept[-1] == broker.standing
        await broker.close()

    played(tmp_path, play)


@pytest.mark.parametrize("has_guard", [True, False])
def test_an_overfill_halts_and_kills_before_the_next_order(tmp_path: Path, has_guard: bool) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        asked: list[str] = []

        async def kill(why: str) -> None:
            asked.append(why)

        if has_guard:
            broker.tools = broker.tools._replace(kill=kill)
        taken = order(broker, 0, "100.4")
        await broker.submit([taken])
        answer = await broker.venue.trades(taken.intent.symbol, None)
        assert not isinstance(answer, Unanswered)
        twice = replace(answer.items[-1], trade_id="999", quantity=D("0.1"))
        event = heard.traded(taken.intent.intent_id, broker.venue.name, twice, 1)
        await broker.compare()
        await broker.carry(broker.desk.record([event]))
        assert (broker.standing.trading, broker.standing.is_killed) == (Trading.HALTED, True)
        await asyncio.sleep(0.1)
        told = asked if has_guard else scene.pages
        assert sum("C15_fills" in each for each in told) == 1
        await broker.obey(replace(broker.standing, asked_ms=5))
        assert sum("C15_fills" in each for each in told) == 1
        await broker.close()

    played(tmp_path, play)
