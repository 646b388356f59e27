"""A job that is a command: a process of its own, nice to the desk, its output in a file.

In: the words of a command. Out: work that a ``Runner`` takes. It ends with the desk, whatever ends
the desk (``leash``).
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

AT: Final = "{at}"
_LEASH: Final = "quorate.live.schedule.leash"
_SPARE_S: Final = 10.0


class Failed(NamedTuple):
    """What work returns that did not do what it is for: why, and plain values."""

    reason: str
    detail: Mapping[str, Any]


class Command(NamedTuple):
    """A command.

    Parameters
    ----------
    words : tuple of str
        As it is run, without a shell; ``{at}`` in a word is the planned time.
    niceness : int
        0 to 19: how far it stands back behind the desk.
    grace_s : float
        From SIGTERM to SIGKILL.
    """

    words: tuple[str, ...]
    niceness: int = 10
    grace_s: float = 10.0


if TYPE_CHECKING:
    Work = Callable[[int], Awaitable[Mapping[str, Any] | Failed | None]]
    """What is done of a run planned at a time; it may raise, and is cancelled to be stopped."""


def commanded(command: Command, name: str, folder: Path) -> Work:
    """Return the work of a command; its output is kept in the folder, a file a run.

    Notes
    -----
    Units: UTC.  Causal: real time.  Missing: an exit code other than 0 is a failure, and so is a
    command that is not there.
    Spec 15.
    """

    async def work(planned_ms: int) -> Mapping[str, Any] | Failed:
        at = datetime.fromtimestamp(planned_ms / 1000.0, tz=UTC)
        within = f".{planned_ms % 1000:03d}" if planned_ms % 1000 else ""  # of a run by hand
        output = folder / f"{name}-{at:%Y%m%dT%H%M%S}{within}.log"
        words = [word.replace(AT, f"{at:%Y-%m-%dT%H:%M:%S}") for word in command.words]
        code = await _run(command, words, output)
        told = {"exit": code, "output": output.name}
        return Failed(f"exit code {code}, see {output.name}", told) if code else told

    return work


async def _run(command: Command, words: list[str], output: Path) -> int:
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("ab") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            _LEASH,
            str(command.niceness),
            str(command.grace_s),
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=file,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        return await process.wait()
    finally:
        if process.stdin is not None:
            process.stdin.close()  # cuts the leash
        if process.returncode is None:
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), command.grace_s + _SPARE_S)
        if process.returncode is None:
            process.kill()
            await process.wait()
