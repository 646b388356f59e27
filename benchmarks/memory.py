"""What a desk holds as the days go by: one life in virtual time, its journal in a file.

``python -m benchmarks.memory [--days 10] [--sweep 15] [--traced]``. Every five minutes an order
rests near the price and is taken back, and everything is compared every ``--sweep`` seconds. The
simulated exchange is in the same process, without the checker of the torture harness and with a
real journal instead of one in memory, so that what the process grows by is the desk's growth and
the exchange's history; ``--traced`` says whose, by the innermost module of this system in each
allocation's trace.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import tempfile
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.orders import D, known, quote, wanted, wide

from quorate.exchange.virtual import VirtualLoop, run_virtually
from quorate.harness.ground import GROUNDS
from quorate.harness.scene import START_MS, Scene, built, loop_ms
from quorate.harness.schedule import Schedule
from quorate.live.broker.broker import SWEEP_S, Broker, Tools
from quorate.live.controls.facts import Facts, Proposal
from quorate.live.controls.standing import Standing, Trading
from quorate.store import open_store
from quorate.venues.base import Side, TimeInForce, Touch

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.store.journal import Journal

SYMBOL = "BTC/USDT:USDT"
DAY_MS = 86_400_000
SETTLED = 3
"""From which day on: a book keeps what ended within two days."""
FRAMES = 25


async def sweep(broker: Broker, every_s: float) -> None:
    """Compare everything again and again, as ``Broker.run`` does."""
    while True:
        await asyncio.sleep(every_s)
        await broker.compare()


async def live(
    scene: Scene, journal: Journal, until_ms: int, sweep_s: float, at: Callable[[Broker], None]
) -> None:
    """Let a desk live: an order every five minutes near the price, and its sweeps."""
    venue = scene.venue(loop_ms)
    await venue.open()
    touches: dict[str, Touch] = {}

    def facts(broker: Broker) -> Facts:
        touch, at_ms = touches[SYMBOL], loop_ms()
        quotes = {SYMBOL: quote(touch.bid, touch.ask, touch.mark, at_ms)}
        return known(quotes, at_ms, standing=broker.standing)

    tools = Tools(loop_ms, facts, wide(), lambda _: None, lambda _: None)
    broker = await Broker.begin(journal, venue, [SYMBOL], tools)
    await broker.obey(Standing(trading=Trading.ACTIVE, why="tried"))
    sweeping = asyncio.create_task(sweep(broker, sweep_s))
    number = 0
    while loop_ms() < START_MS + until_ms:
        at(broker)
        touch = await venue.touch(SYMBOL)
        if isinstance(touch, Touch):
            touches[SYMBOL] = touch
            near = wanted(broker, touch, number, TimeInForce.GTC).intent
            price = venue.grid(SYMBOL).price(touch.bid * D("0.9995"), Side.BUY)
            near = replace(near, at_ms=loop_ms(), limit_price=price)
            await broker.submit([Proposal(intent=near)])
            await asyncio.sleep(291.3)
            await broker.cancel(near.intent_id, "its time is over")
        await asyncio.sleep(8.7)
        number += 1
    sweeping.cancel()
    await asyncio.gather(sweeping, return_exceptions=True)
    await broker.close()
    await venue.close()


def memory(days: int, *, sweep_s: float = SWEEP_S, is_traced: bool = False) -> None:
    """Let a desk live for days, and print what the process holds at the start of each."""
    held: dict[int, float] = {}
    traced: dict[int, tracemalloc.Snapshot] = {}
    begun_s = time.process_time()

    def at(broker: Broker) -> None:
        day = (loop_ms() - START_MS) // DAY_MS
        if day in held:
            return
        gc.collect()
        held[day] = resident_mib()
        book = broker.desk.book
        print(
            f"day {day}: {held[day]:.1f} MiB, {len(book.orders)} orders and {len(book.trades)}"
            f" trades in the book, {len(asyncio.all_tasks())} tasks, {n_files()} files,"
            f" {time.process_time() - begun_s:.0f} s of processor",
            flush=True,
        )
        if is_traced and day >= min(SETTLED, days - 1):
            traced[day] = tracemalloc.take_snapshot()

    if is_traced:
        tracemalloc.start(FRAMES)
    shared = Path("/dev/shm")
    schedule = Schedule(2, days * DAY_MS, days * DAY_MS, (), ())
    with (
        tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder,
        open_store(Path(folder) / "store.db") as store,
        built(schedule, Standing(), GROUNDS["binance"]) as scene,
    ):
        until_ms = (days - 1) * DAY_MS + 60_000
        life = live(scene, store.journal("main"), until_ms, sweep_s, at)
        run_virtually(life, VirtualLoop(START_MS))
    told(held, traced)


def told(held: dict[int, float], traced: dict[int, tracemalloc.Snapshot]) -> None:
    """Print the growth from when the book is as full as it gets, and by whom."""
    last = max(held)
    first = min(SETTLED, last)
    n_days = max(last - first, 1)
    grown = held[last] - held[first]
    print(
        f"{grown:+.1f} MiB from day {first} to day {last}, {grown / n_days:+.2f} a day,"
        f" {30 * grown / n_days:+.1f} over 30 days at that rate (goal 5)"
    )
    if len(traced) < 2:
        return
    sizes: dict[str, int] = {}
    for each in traced[last].compare_to(traced[first], "traceback"):
        owner = owner_of([frame.filename for frame in each.traceback])
        sizes[owner] = sizes.get(owner, 0) + each.size_diff
    for owner, size in sorted(sizes.items(), key=lambda each: -abs(each[1]))[:16]:
        print(f"  {size / 1024 / n_days:+9,.1f} KiB a day {owner}")


def owner_of(files: list[str]) -> str:
    """Return whose an allocation is: of the innermost module of this system, else the library's.

    Frames come oldest first.
    """
    for name in reversed(files):
        if "/quorate/" in name:
            return "/".join(name.rpartition("/quorate/")[2].split("/")[:3])
        if "/ccxt/" in name:
            return "ccxt/" + name.rpartition("/ccxt/")[2]
    return files[-1]


def resident_mib() -> float:
    """Return the memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def n_files() -> int:
    """Return how many files this process holds open."""
    return len(list(Path("/proc/self/fd").iterdir()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--sweep", type=float, default=SWEEP_S)
    parser.add_argument("--traced", action="store_true")
    given = parser.parse_args()
    memory(given.days, sweep_s=given.sweep, is_traced=given.traced)
