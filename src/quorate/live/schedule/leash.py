"""``python -m quorate.live.schedule.leash``: a command that does not outlive who asked for it.

In: how nice it is, how long it may take to end, the command. Out: its exit code. Standard input is
the leash: once its other end is closed, by the desk or by its death, the command and what it
started get SIGTERM, and later SIGKILL. What it leaves behind when it ends by itself is killed too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_FOUND = 127
_SIGNALLED = 128


def main(arguments: Sequence[str]) -> int:
    """Run a command in a session of its own until it ends or the leash is cut.

    Parameters
    ----------
    arguments : sequence of str
        How nice, 0 to 19; seconds from SIGTERM to SIGKILL; the command.

    Returns
    -------
    int
        Its exit code, 128 and the number of the signal that ended it, or 127 where there is none.

    Notes
    -----
    Units: seconds.  Causal: real time.  Missing: what leaves the command's process group is not
    found again.
    Spec 15.
    """
    niceness, grace_s, *command = arguments
    os.nice(int(niceness))
    try:
        started = subprocess.Popen(  # noqa: S603  (what the operator's file says)
            command, stdin=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as error:
        print(f"{command[0]} cannot be run: {error.strerror}", file=sys.stderr)  # noqa: T201
        return NOT_FOUND
    ended = threading.Event()
    threading.Thread(target=_watch, args=(started.pid, ended, float(grace_s)), daemon=True).start()
    # not reaped yet: its number cannot become another's while the rest of its group is killed
    os.waitid(os.P_PID, started.pid, os.WEXITED | os.WNOWAIT)
    ended.set()
    _kill(started.pid, signal.SIGKILL)
    code = started.wait()
    return code if code >= 0 else _SIGNALLED - code


def _watch(group: int, ended: threading.Event, grace_s: float) -> None:
    """Wait until the other end of standard input is closed, then end the command."""
    while os.read(0, 1):
        pass
    _kill(group, signal.SIGTERM)
    if not ended.wait(grace_s):
        _kill(group, signal.SIGKILL)


def _kill(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS says the second of a zombie
        os.killpg(group, number)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
