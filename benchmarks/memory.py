"""What a desk holds as the days go by: one life in virtual time, its journal in a file.

``python -m benchmarks.memory [--days 10] [--sweep 15]``. Every five minutes an order rests near the
price and is taken back, and everything is compared every ``--sweep`` seconds. The simulated
exchange is in the same process, without the checker of the torture harness and with a real journal
instead of one in memory. So what the process grows by is the desk, the exchange's history, and what
the allocator does not give back; the objects that the broker leads to are the desk's alone.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, ModuleType
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
GROUND = GROUNDS["binance"]
SHARED = Path("/dev/shm")  # the journal's file costs no disk, and is not this process's memory
CODE = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodDescriptorType)


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


def memory(days: int, *, sweep_s: float = SWEEP_S) -> None:
    """Let a desk live for days, and print what is held at the start of each."""
    held: dict[int, tuple[float, float, float]] = {}

    with (
        tempfile.TemporaryDirectory(dir=SHARED if SHARED.is_dir() else None) as folder,
        open_store(Path(folder) / "store.db") as store,
        built(Schedule(2, days * DAY_MS, days * DAY_MS, (), ()), Standing(), GROUND) as scene,
    ):

        def at(broker: Broker) -> None:
            day = (loop_ms() - START_MS) // DAY_MS
            if day in held:
                return
            gc.collect()
            others = [asyncio.get_running_loop(), scene.network, scene.exchange]
            desk = reached_mib(broker, others)
            there = reached_mib([scene.network, scene.exchange], others[:1])
            held[day] = (resident_mib(), desk, there)
            book, n_tasks = broker.desk.book, len(asyncio.all_tasks())
            print(
                f"day {day}: process {held[day][0]:.1f} MiB, objects of the desk {desk:.2f} and of"
                f" the exchange {there:.2f}; {len(book.orders)} orders and {len(book.trades)}"
                f" trades in the book, {n_tasks} tasks, {n_files()} files,"
                f" {time.process_time():.0f} s of processor",
                flush=True,
            )

        until_ms = (days - 1) * DAY_MS + 600_000
        life = live(scene, store.journal("main"), until_ms, sweep_s, at)
        run_virtually(life, VirtualLoop(START_MS))
    last = max(held)
    first = min(SETTLED, last)
    n_days = max(last - first, 1)
    for what, before, after in zip(
        ("process", "desk", "exchange"), held[first], held[last], strict=True
    ):
        grown = after - before
        print(
            f"{what}: {grown:+.2f} MiB from day {first} to day {last},"
            f" {30 * grown / n_days:+.1f} over 30 days at that rate"
        )


def reached_mib(root: object, others: list[object]) -> float:
    """Return the size of all objects that one leads to, less those that others are for.

    Code is left out: modules, classes and functions, with what only they lead to.
    """
    seen = {id(each) for each in others if each is not root}
    todo, size = [root], 0
    if isinstance(root, list):
        seen -= {id(each) for each in root}
    while todo:
        each = todo.pop()
        if id(each) in seen or isinstance(each, CODE):
            continue
        seen.add(id(each))
        size += sys.getsizeof(each, 0)
        todo += gc.get_referents(each)
    return size / 2**20


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
    given = parser.parse_args()
    memory(given.days, sweep_s=given.sweep)
