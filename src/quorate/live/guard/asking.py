"""How a desk asks a guard to kill: by the file of its folder, and not on the desk's own time.

In: the guard's folder. Out: the guard has heard, or why that is not certain. A disk that hangs
holds up a thread that nobody waits for, and no event loop.
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from quorate.errors import StoreError
from quorate.live.guard.record import SENTINEL, Level, ask_by_file

if TYPE_CHECKING:
    from pathlib import Path

HEARD_S: Final = 5.0
"""How long a guard may take to take the file away; it looks twenty times a second."""

_LOOK_S: Final = 0.05


async def ask(
    folder: Path,
    why: str,
    *,
    by: str = "desk",
    level: Level = Level.FLATTEN,
    seconds: float = HEARD_S,
) -> None:
    """Ask the guard of a folder to kill, and return once it has heard.

    Parameters
    ----------
    folder : path
        The guard's.
    why : str
        Kept for good.
    by : str
        Who asks.
    level : Level
        How far.
    seconds : float
        How long the guard may take; it is asked all the same.

    Raises
    ------
    StoreError
        The disk refuses or does not answer, or no guard took the file away: the next one to start
        obeys it.

    Notes
    -----
    Units: seconds.  Causal: real time; the event loop goes on.  Missing: none.
    RELIABILITY 4.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     try:
    ...         asyncio.run(ask(Path(folder), "an overfill", seconds=0.1))
    ...     except StoreError as error:
    ...         print(error.hint)
    start one, it obeys at once: quorate guard --connection FILE
    """
    loop = asyncio.get_running_loop()
    told: asyncio.Future[str] = loop.create_future()
    work = partial(_handed_over, folder, level, by, why, seconds)

    def tell(said: str) -> None:
        if not told.done():
            told.set_result(said)

    def run() -> None:
        said = work()
        with suppress(RuntimeError):  # the loop has ended: nobody waits any more
            loop.call_soon_threadsafe(tell, said)

    # a daemon: who waits for the threads of an executor, waits for a disk that hangs
    threading.Thread(target=run, name="ask the guard", daemon=True).start()
    try:
        said = await asyncio.wait_for(told, seconds + 1.0)
    except TimeoutError:
        said = f"{folder} does not answer for {seconds + 1.0:g} s"
    if said:
        raise StoreError(said, hint="start one, it obeys at once: quorate guard --connection FILE")


def _handed_over(folder: Path, level: Level, by: str, why: str, seconds: float) -> str:
    """Put the file there and wait until it is gone; return why that is not certain, else ""."""
    until = time.monotonic() + seconds
    try:
        ask_by_file(folder, level, by=by, why=why)
        while (folder / SENTINEL).exists():
            if time.monotonic() > until:
                return f"no guard answers in {folder}: the file {SENTINEL} asks for the kill"
            time.sleep(_LOOK_S)
    except OSError as error:
        return f"no kill can be asked for in {folder}: {error.strerror}"
    return ""
