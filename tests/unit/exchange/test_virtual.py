"""Virtual time: hours pass in a moment, in the same order, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import time

import pytest

from quorate.exchange.virtual import StuckError, VirtualLoop, run_virtually


def test_a_day_passes_at_once_and_everybody_sees_the_same_time() -> None:
    async def main() -> list[float]:
        seen = [time.time()]
        await asyncio.sleep(86_400)
        seen.append(time.time())
        seen.append(time.time_ns() / 1e9)
        seen.append(asyncio.get_running_loop().time())
        return seen

    began = time.perf_counter()
    seen = run_virtually(main(), VirtualLoop(start_ms=1_000_000))
    assert seen == [1_000.0, 87_400.0, 87_400.0, 86_400.0]
    assert time.perf_counter() - began < 60
    assert time.time() > 1e9, "the real clock is back"


def test_what_is_due_first_runs_first_whatever_the_order_of_asking() -> None:
    async def main() -> list[str]:
        done: list[str] = []

        async def after(wait_s: float, name: str) -> None:
            await asyncio.sleep(wait_s)
            done.append(name)

        await asyncio.gather(after(3600, "late"), after(1e-6, "soon"), after(60, "later"))
        return done

    assert run_virtually(main(), VirtualLoop(0)) == ["soon", "later", "late"]


def test_a_timeout_strikes_at_its_time() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5.0):
                await asyncio.sleep(6.0)
        return loop.time()

    assert run_virtually(main(), VirtualLoop(0)) == pytest.approx(5.0)


def test_who_waits_for_what_never_comes_is_told() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(StuckError, match="everybody waits"):
        run_virtually(main(), VirtualLoop(0))
    assert time.time() > 1e9


def test_tasks_that_are_left_are_cancelled_at_the_end() -> None:
    ended: list[str] = []

    async def leftover() -> None:
        try:
            await asyncio.sleep(10**6)
        finally:
            ended.append("cancelled")

    async def main() -> str:
        task = asyncio.create_task(leftover())
        await asyncio.sleep(1)
        assert not task.done()
        return "done"

    assert run_virtually(main(), VirtualLoop(0)) == "done"
    assert ended == ["cancelled"]
