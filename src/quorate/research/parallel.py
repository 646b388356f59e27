"""Work side by side: independent pieces over processes, with the bytes of one process.

In: a function and what it is to be given. Out: what it returned, in that order. Each piece is
computed by itself, on one thread, whoever does it and however many there are, so only the order of
the results could differ, and that is kept.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

from quorate.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Given = TypeVar("Given")
    Found = TypeVar("Found")


def each(
    function: Callable[[Given], Found], given: Sequence[Given], *, workers: int = 1
) -> list[Found]:
    """Return what a function makes of each piece, in order.

    Parameters
    ----------
    function : callable
        Of a module, without state.
    given : sequence
        One piece a call.
    workers : int
        Processes; with one, no process is started.

    Raises
    ------
    ConfigError
        ``workers`` is below 1, or joblib is not installed.

    Notes
    -----
    Units: processes.  Causal: none.  Missing: none.

    Examples
    --------
    >>> each(abs, [-1, 2, -3])
    [1, 2, 3]
    """
    if workers < 1:
        raise ConfigError(f"workers is {workers}", hint="give 1 or more processes")
    if workers == 1 or len(given) < 2:
        return [function(piece) for piece in given]
    try:
        from joblib import Parallel, delayed
    except ImportError as error:
        raise ConfigError(
            "several processes need joblib, which is not installed",
            hint="pip install 'quorate[research]', or give one worker",
        ) from error
    work = (delayed(function)(piece) for piece in given)
    side_by_side = Parallel(
        n_jobs=min(workers, len(given)),
        backend="loky",
        mmap_mode="c",  # large arrays are shared, and writable as kernels ask: each has its copy
        initializer=_forget_threads,
    )
    found: list[Found] = side_by_side(work)
    return found


def _forget_threads() -> None:
    """Take back a setting of Numba that compiles nothing else, or all were compiled anew."""
    os.environ.pop("NUMBA_NUM_THREADS", None)
