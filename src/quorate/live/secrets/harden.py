"""A process that leaves no trace of its memory: no core file, and nobody of this user looks in.

In: this process. Out: what holds now.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Final, NamedTuple

_SET_DUMPABLE: Final = 4
_GET_DUMPABLE: Final = 3


class Hardened(NamedTuple):
    """What holds for this process.

    Notes
    -----
    Units: none.  Causal: as of now.  ``has_core``: a crash would write its memory to a disk.
    ``is_dumpable``: another process of this user may read its memory; None: this system does
    not say.
    """

    has_core: bool
    is_dumpable: bool | None


def harden() -> Hardened:
    """Forbid core files, and forbid other processes of this user to look into this one.

    Returns
    -------
    Hardened
        What holds afterwards. Children inherit that they leave no core file.

    Notes
    -----
    Units: none.  Causal: from now on, for good.  Missing: a system other than Linux knows only the
    first.  RELIABILITY 5 (local attacker).
    """
    if os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        _prctl(_SET_DUMPABLE, 0)
    return hardened()


def hardened() -> Hardened:
    """Return what holds for this process."""
    has_core = True
    if os.name == "posix":
        import resource

        has_core = resource.getrlimit(resource.RLIMIT_CORE) != (0, 0)
    is_dumpable = _prctl(_GET_DUMPABLE) != 0 if sys.platform == "linux" else None
    return Hardened(has_core, is_dumpable)


def _prctl(option: int, value: int = 0) -> int:
    """Call the kernel; ctypes is there wherever Python is."""
    library = ctypes.CDLL(None, use_errno=True)
    found: int = library.prctl(option, value, 0, 0, 0)
    return found
