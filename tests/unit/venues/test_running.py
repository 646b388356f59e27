"""Asynchronous work from plain code, and what an interrupt does to it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading

import pytest

from quorate.venues.running import run


async def answer():
    await asyncio.sleep(0)
    return 42


def test_it_returns_and_raises_what_the_work_does():
    async def fail():
        raise ValueError("no")

    assert run(answer) == 42
    with pytest.raises(ValueError, match="no"):
        run(fail)


def test_it_runs_where_a_loop_runs_already():
    async def notebook():
        return run(answer)

    assert asyncio.run(notebook()) == 42


def test_an_interrupt_is_heard_although_polars_listens_too():
    """Its own handler lets an endless wait be taken up again."""
    script = """
import asyncio, signal, polars as pl
from quorate.venues.running import run
signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs in the background ignore it
pl.DataFrame({"a": [2, 1]}).lazy().sort("a").collect()
async def work():
    print("ready", flush=True)
    await asyncio.sleep(30)
run(work)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(10) == -signal.SIGINT
        finally:
            process.kill()


def test_an_interrupt_cancels_the_work_and_lets_it_clean_up():
    seen = []

    async def work():
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            await asyncio.sleep(20)
        except asyncio.CancelledError:
            seen.append("cleaned")
            raise

    # a loop of another test in this thread may have taken the signal for itself
    held = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run(work)
    finally:
        signal.signal(signal.SIGINT, held)
    assert seen == ["cleaned"]


def test_a_loop_that_runs_already_is_not_in_the_way():
    async def outer():
        async def inner():
            return 7

        return run(inner)

    assert asyncio.run(outer()) == 7
