"""Time that passes only when everybody waits: an event loop whose clock jumps to what is next.

In: coroutines that sleep, wait and ask the time. Out: the same results in a moment, and in the same
order in every run. A day of minutes takes as long as its work takes.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from typing import Any

Result = TypeVar("Result")
_RESOLUTION_S: Final = 1e-6


class StuckError(RuntimeError):
    """Everybody waits and nothing is due: the program would hang for ever."""


class _Jumping(selectors.BaseSelector):
    """A selector that does not wait: it moves the clock instead."""

    def __init__(self, jump: Callable[[float], None]) -> None:
        self._real = selectors.DefaultSelector()
        self._jump = jump
        self._n_files = 0

    @override
    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        self._n_files += 1
        return self._real.register(fileobj, events, data)

    @override
    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        self._n_files -= 1
        return self._real.unregister(fileobj)

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        # the loop's own pipe wakes it where it waits; while something is due it does not
        if timeout is None or self._n_files > 1:
            found = self._real.select(0)
            if found:
                return found
        if timeout is None:
            raise StuckError("everybody waits and nothing is due; see who awaits what")
        if timeout > 0:
            self._jump(timeout)
        return []

    @override
    def get_map(self) -> Any:
        return self._real.get_map()

    @override
    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time.

    Parameters
    ----------
    start_ms : int
        The time of day at which it begins, for those who ask for it.

    Notes
    -----
    Units: its own clock in seconds from 0 (near 0 so that microseconds are not lost), ``now_ms`` in
    milliseconds of UTC.  Causal: callbacks of one moment run in the order they were made.
    Missing: nothing; waiting for another thread is an error.
    """

    def __init__(self, start_ms: int) -> None:
        self._now_s = 0.0
        self._start_ms = start_ms
        super().__init__(_Jumping(self._advance))
        self._clock_resolution = _RESOLUTION_S

    @override
    def time(self) -> float:
        """Return the loop's clock in seconds."""
        return self._now_s

    @property
    def now_ms(self) -> int:
        """The time of day in milliseconds."""
        return self._start_ms + round(self._now_s * 1e3)

    def _advance(self, by_s: float) -> None:
        self._now_s += by_s


def run_virtually(main: Coroutine[Any, Any, Result], loop: VirtualLoop) -> Result:
    """Run a coroutine to its end in virtual time, its leftover tasks cancelled.

    Parameters
    ----------
    main : coroutine
        What to run.
    loop : VirtualLoop
        Not used before; closed in the end.

    Returns
    -------
    object
        What it returns.

    Raises
    ------
    StuckError
        If everybody waits and nothing is due.

    Examples
    --------
    >>> async def sleeper() -> float:
    ...     await asyncio.sleep(86_400)
    ...     return time.time()
    >>> run_virtually(sleeper(), VirtualLoop(start_ms=0))
    86400.0
    """
    asyncio.set_event_loop(loop)
    try:
        with _time_of(loop):
            try:
                return loop.run_until_complete(main)
            finally:
                _cancel_all(loop)
    finally:
        asyncio.set_event_loop(None)
        loop.close()


@contextmanager
def _time_of(loop: VirtualLoop) -> Iterator[None]:
    """Let whoever asks for the time of day get the loop's, as libraries do without being asked."""
    real, real_ns = time.time, time.time_ns
    time.time = lambda: loop.now_ms / 1e3
    time.time_ns = lambda: loop.now_ms * 1_000_000
    try:
        yield
    finally:
        time.time, time.time_ns = real, real_ns


def _cancel_all(loop: VirtualLoop) -> None:
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
