"""The procedure: keep it, cancel everything, close everything, make sure."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from quorate.live.guard.asked import Asked
from quorate.live.guard.cancelling import Emptied, cancel_everything
from quorate.live.guard.flattening import Flattened, Tools, flatten
from quorate.live.guard.record import Level

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quorate.live.guard.record import Killed
    from quorate.venues.port import Venue


class Done(NamedTuple):
    """What a kill came to; ``is_safe`` where everything that its level asks for is certain."""

    killed: Killed
    emptied: Emptied | None
    flattened: Flattened | None

    @property
    def is_safe(self) -> bool:
        """Whether the books were read empty twice and, where asked for, the positions flat."""
        if self.killed.level >= Level.CANCEL and (
            self.emptied is None or self.emptied.empty_ms is None
        ):
            return False
        if self.killed.level < Level.FLATTEN:
            return True
        return self.flattened is not None and self.flattened.flat_ms is not None


async def kill(
    venue: Venue,
    killed: Killed,
    symbols: Iterable[str],
    tools: Tools,
    *,
    asked: Asked | None = None,
    cancel_seconds: float = 60.0,
    flatten_seconds: float = 300.0,
) -> Done:
    """Do what a kill of its level does.

    Parameters
    ----------
    venue : Venue
        An open one with a connection of its own.
    killed : Killed
        How far, by whom, why.
    symbols : iterable of str
        Where orders may be.
    tools : Tools
        Time, memory, somebody to call.
    asked : Asked, optional
        What is asked for meanwhile: a higher level raises this kill, which waits for nothing more
        of the level below.
    cancel_seconds, flatten_seconds : float
        How long each part goes on.

    Returns
    -------
    Done
        What is certain and how long it took.

    Notes
    -----
    Units: seconds.  Causal: what is in force is on the disk before the first request, unless the
    disk refuses: that is paged, and the kill goes on.  A part that fails is paged and the next one
    is done all the same, with cancels that go on beside it until nothing is open.
    RELIABILITY 4.
    """
    waiting = Asked() if asked is None else asked
    in_force = _raised(tools.mark(killed), waiting, tools)
    emptied: Emptied | None = None
    flattened: Flattened | None = None
    is_told = False
    began = tools.clock_s()
    if in_force.level >= Level.CANCEL:
        level = in_force.level
        emptied = await cancel_everything(
            venue,
            symbols,
            seconds=cancel_seconds,
            clock_s=tools.clock_s,
            page=tools.page,
            is_raised=lambda: waiting.level > level,
        )
        tools.keep("cancelled", **_words(emptied))
        in_force = _raised(in_force, waiting, tools)
        is_told = emptied.empty_ms is None and in_force.level == level
        if is_told:
            tools.page(f"orders may be open after {cancel_seconds:g} s: {emptied.left or 'unread'}")
    if in_force.level >= Level.FLATTEN:
        if emptied is None or emptied.empty_ms is not None:
            flattened = await flatten(venue, tools, seconds=flatten_seconds)
        else:
            since = tools.clock_s() - began
            closed, more = await asyncio.gather(
                flatten(venue, tools, seconds=flatten_seconds),
                cancel_everything(venue, symbols, seconds=flatten_seconds, clock_s=tools.clock_s),
            )
            flattened, emptied = closed, _together(emptied, more, since * 1e3)
            tools.keep("cancelled", **_words(emptied))
            if emptied.empty_ms is None and not is_told:
                tools.page(f"orders may be open: {emptied.left or 'unread'}")
        tools.keep("flattened", **_words(flattened))
    return Done(in_force, emptied, flattened)


def _raised(in_force: Killed, waiting: Asked, tools: Tools) -> Killed:
    """Return the higher kill that was asked for meanwhile, else the one in force."""
    more = waiting.take(above=in_force.level)
    if more is None:
        return in_force
    levels = {"level": int(more.level), "before": int(in_force.level)}
    tools.keep("raised", **levels, by=more.by, why=more.why)
    return more


def _together(first: Emptied, more: Emptied, since_ms: float) -> Emptied:
    """Return two stretches of cancelling as one; the second began so many ms after the first."""
    return Emptied(
        first.dispatched_ms,
        None if more.empty_ms is None else since_ms + more.empty_ms,
        first.n_rounds + more.n_rounds,
        first.n_failed + more.n_failed,
        more.left,
    )


def _words(found: Emptied | Flattened) -> dict[str, object]:
    """Return what was found as it is kept: texts, since floats of a clock need no exactness."""
    return {name: str(value) for name, value in found._asdict().items()}
