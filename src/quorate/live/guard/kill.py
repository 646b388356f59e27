"""The procedure: keep it, cancel everything, close everything, make sure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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
    is done all the same.
    RELIABILITY 4.
    """
    in_force = tools.mark(killed)
    emptied = flattened = None
    if in_force.level >= Level.CANCEL:
        emptied = await cancel_everything(
            venue, symbols, seconds=cancel_seconds, clock_s=tools.clock_s
        )
        tools.keep("cancelled", **_words(emptied))
        if emptied.empty_ms is None:
            tools.page(f"orders may be open after {cancel_seconds:g} s: {emptied.left or 'unread'}")
    if in_force.level >= Level.FLATTEN:
        flattened = await flatten(venue, tools, seconds=flatten_seconds)
        tools.keep("flattened", **_words(flattened))
    return Done(in_force, emptied, flattened)


def _words(found: Emptied | Flattened) -> dict[str, object]:
    """Return what was found as it is kept: texts, since floats of a clock need no exactness."""
    return {name: str(value) for name, value in found._asdict().items()}
