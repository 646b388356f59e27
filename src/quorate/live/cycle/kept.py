"""Where a desk's decision stands, on the disk: snapshots of its memory, and the bars after them.

A snapshot is for speed; the recorded bars are the truth. The newest one that can be read is taken
and the bars after it are decided again, each held against the digest that was kept of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.backtest import memory as files
from quorate.errors import DataError
from quorate.live.cycle.decider import Decider, replay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from quorate.backtest.run import Machine, Memory
    from quorate.live.cycle.inputs import InForce, Inputs

KEPT: Final = 3
"""How many snapshots stay: one may be damaged, the one before it is then taken."""

_NAME: Final = re.compile(r"memory-(\d{1,12})\.npz")


class Restored(NamedTuple):
    """A decision where it stood, how many bars were decided again, and what was passed over."""

    decider: Decider
    n_replayed: int
    passed_over: tuple[str, ...]


def save(decider: Decider, folder: Path, n_kept: int = KEPT) -> Path:
    """Write a snapshot after the last bar and remove all but the newest.

    Raises
    ------
    DataError
        The disk refuses; what was there is as it was.

    Notes
    -----
    Units, Causal: as the memory.  Missing: none.
    DESIGN 1 (10).
    """
    path = folder / f"memory-{decider.last_k}.npz"
    files.save(decider.memory, decider.force.axes, path)
    for _, old in snapshots(folder)[n_kept:]:
        old.unlink(missing_ok=True)
    return path


def snapshots(folder: Path) -> list[tuple[int, Path]]:
    """Return the snapshots of a folder with their bars, the newest first; none if it is not there.

    Examples
    --------
    >>> from pathlib import Path
    >>> snapshots(Path("no-such-folder"))
    []
    """
    if not folder.is_dir():
        return []
    found = [
        (int(match.group(1)), path)
        for path in folder.iterdir()
        if (match := _NAME.fullmatch(path.name))
    ]
    return sorted(found, reverse=True)


def restore(
    folder: Path,
    made: Machine,
    like: Memory,
    force: InForce,
    bars: Callable[[int], Iterable[tuple[Inputs, str]]],
    last_k: int | None,
) -> Restored:
    """Bring a decision back to where it stood: a snapshot, and the bars recorded after it.

    Parameters
    ----------
    folder : Path
        Of the snapshots.
    made, like, force
        What is in force, and a memory that has seen nothing with the same axes.
    bars : callable
        Given a bar, what was recorded after it: inputs and the digest that was kept.
    last_k : int or None
        The last bar that was recorded; a snapshot of a later one is not believed, for its bars
        are not there. None: none was.

    Returns
    -------
    Restored
        Standing after ``last_k``.

    Raises
    ------
    DataError
        No snapshot can be read, or a bar gives another decision than was kept of it.

    Notes
    -----
    Units: bars.  Causal: yes.  Missing: a snapshot that is damaged is passed over and told.
    DESIGN 1 (10).
    """
    passed: list[str] = []
    for k, path in snapshots(folder):
        if last_k is not None and k > last_k:
            passed.append(f"{path.name} is of a bar that was never recorded")
            continue
        try:
            memory = files.restore(path, like, force.axes)
        except DataError as error:
            passed.append(str(error))
            continue
        decider = Decider(made, memory, force, k)
        done = replay(decider, bars(k))
        if not done.is_same:
            raise DataError(
                f"bar {done.first_k} gives another decision than the desk kept of it",
                hint="the code or a library changed: replay with the version that recorded it",
            )
        return Restored(decider, done.n_bars, tuple(passed))
    raise DataError(
        f"{folder} has no snapshot that can be read: {'; '.join(passed) or 'there is none'}",
        hint="begin the desk anew from its history of bars",
    )
