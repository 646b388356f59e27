"""Requests are spaced, and a clock that is set back holds nobody up."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from quorate.exchange.virtual import VirtualLoop, run_virtually
from quorate.venues.client import Patience, _made
from quorate.venues.pace import Pace


def turns(weights, rest_s=0.0):
    """Return when each of some requests had its turn, in ms, all asked for at once."""

    async def each():
        pace, loop, begun = Pace(SimpleNamespace(rateLimit=50)), asyncio.get_running_loop(), []
        await asyncio.sleep(rest_s)
        first = loop.time()

        async def one(weight):
            await pace(weight)
            begun.append(round(1e3 * (loop.time() - first)))

        await asyncio.gather(*(one(weight) for weight in weights))
        return begun

    return run_virtually(each(), VirtualLoop(0))


def test_each_waits_for_what_the_ones_before_weigh():
    assert turns([1, 2, 0.5, 1]) == [0, 50, 150, 175]
    assert turns([None, None]) == [0, 50]


def test_what_was_not_used_is_not_saved_up():
    assert turns([1, 1, 1], rest_s=60.0) == [0, 50, 100]


def test_a_clock_that_is_set_back_holds_nobody_up(monkeypatch):
    times = iter(range(10_000_000, 0, -300))

    async def three():
        exchange = _made("binance", Patience(pace_ms=1.0))
        told = exchange.throttler.leaky_bucket_loop.__globals__  # whose time of day ccxt asks
        monkeypatch.setitem(told, "time", lambda: float(next(times)))
        for _ in range(3):
            await asyncio.wait_for(exchange.throttle(1.0), 5.0)
        await exchange.close()

    asyncio.run(three())
