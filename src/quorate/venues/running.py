"""Asynchronous work from plain code, in a notebook too; an interrupt ends it in good order."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

_LISTEN_S = 0.1
"""An interrupt is heard within so many seconds."""


def run(work: Callable[[], Coroutine[None, None, T]]) -> T:
    """Run a coroutine to its end in a thread and an event loop of its own.

    Parameters
    ----------
    work : callable
        Makes the coroutine.

    Returns
    -------
    T
        What it returned.

    Raises
    ------
    KeyboardInterrupt
        If one came; the coroutine was cancelled and has cleaned up.

    Notes
    -----
    Units: none.  Causal: none.  Missing: none.
    A notebook has a loop of its own that runs already, so this one has its own thread.

    Examples
    --------
    >>> async def answer():
    ...     return 42
    >>> run(answer)
    42
    """
    begun: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[T]]] = []
    stopped = threading.Event()

    async def main() -> T:
        task = asyncio.ensure_future(work())
        begun.append((asyncio.get_running_loop(), task))
        if stopped.is_set():  # the interrupt was sooner than the task
            task.cancel()
        return await task

    with ThreadPoolExecutor(1, "quorate") as pool:
        try:
            done = pool.submit(lambda: asyncio.run(main()))
            # Polars lets waits be taken up again after a signal: an endless one would hear nothing.
            while not wait([done], _LISTEN_S).done:
                pass
            return done.result()
        except KeyboardInterrupt:
            stopped.set()
            for loop, task in begun:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(task.cancel)
            raise
