"""How a broker asks its guard to flatten: beside everything else, for so long, and not in vain.

In: whoever asks the guard. Out: nothing, or somebody is called: it failed, or nobody answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from quorate.live.broker.broker import Tools

Kill: TypeAlias = Callable[[str], Awaitable[None]]
"""Asks a guard to flatten and is told why; returns once it has it (``live.guard.asking``)."""

ASKING_S: Final = 10.0
"""How long a guard may take to say that it has heard."""


class Killing:
    """The kills that a broker has asked for and nobody has heard yet."""

    def __init__(self) -> None:
        self._asking: set[asyncio.Task[None]] = set()

    def ask(self, tools: Tools, why: str) -> None:
        """Ask for a kill, and wait for nobody; where there is no guard somebody is called."""
        if tools.kill is None:
            tools.page(why)
            return
        task = asyncio.create_task(asked(tools.kill, tools.page, why), name="kill")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def ended(self) -> None:
        """Return once each was heard, or somebody was called."""
        await asyncio.gather(*self._asking)


async def asked(
    kill: Kill, page: Callable[[str], None], why: str, seconds: float = ASKING_S
) -> None:
    """Ask a guard to flatten, and call somebody where that is not certain.

    Parameters
    ----------
    kill : callable
        Asks it; whatever it raises is told.
    page : callable
        Calls somebody.
    why : str
        Kept for good.
    seconds : float
        How long the guard is waited for.

    Notes
    -----
    Units: seconds.  Causal: none.  Missing: a guard that does not answer is told as one that
    failed; what it was asked by, such as a file, may still reach it.
    RELIABILITY 4.

    Examples
    --------
    >>> async def refuses(why: str) -> None:
    ...     raise OSError("the disk is full")
    >>> asyncio.run(asked(refuses, print, "an overfill"))
    the guard was not asked to flatten (the disk is full), kill by hand: an overfill
    """

    async def ask() -> None:
        await kill(why)

    asking = asyncio.create_task(ask(), name="ask the guard")
    try:
        await asyncio.wait({asking}, timeout=seconds)
        if not asking.done():
            page(f"the guard does not answer for {seconds:g} s, kill by hand: {why}")
        elif not asking.cancelled() and (error := asking.exception()) is not None:
            page(f"the guard was not asked to flatten ({error}), kill by hand: {why}")
    finally:
        asking.cancel()
