"""When a coin counts as gone: once no price of it has come for a day, and not a bar sooner.

In: what each bar of a coin is worth. Out: who is silent, who is gone, and where they traded last.
Nobody tells a run that a coin ends; files do, to whoever reads them later. So the end is a matter
of silence, as it is for the account (``exchange.missing_hours``): a coin that will be back and one
that never will are the same until it is.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from quorate.core.types import Bar
from quorate.lake.grid import NEVER

if TYPE_CHECKING:
    from quorate.core.types import ByteMat, ByteVec, IntVec
    from quorate.lake.sources import Mask

SILENT_HOURS = 24.0
"""Without a price for so long a coin is gone; a price that is carried is a price."""
_STRIDE = 4_096


def limit(bar_minutes: int, hours: float = SILENT_HOURS) -> int:
    """Return after how many bars without a price a coin is gone.

    Examples
    --------
    >>> limit(5), limit(60)
    (288, 24)
    """
    return math.ceil(hours * 60.0 / bar_minutes)


def silent(status: ByteVec, since: int, bar_minutes: int) -> tuple[Mask, int]:
    """Return on which bars a coin is gone, and the row of its last price.

    Parameters
    ----------
    status : ByteVec
        ``core.types.Bar`` of consecutive bars, shape (time,).
    since : int
        The row of the last price before them, counted from the first of them: below zero.
    bar_minutes : int
        Length of a bar.

    Notes
    -----
    Units: bars.  Causal: bars up to each.  Missing: none.  METHODS 12.

    Examples
    --------
    >>> silent(np.array([1, 0, 0, 1], np.int8), -1, 720)
    (array([False, False,  True, False]), 3)
    """
    rows = np.arange(status.size)
    latest = np.maximum.accumulate(np.where(status != Bar.ABSENT, rows, since))
    mask: Mask = rows - latest >= limit(bar_minutes)
    return mask, int(latest[-1]) if status.size else since


def present(status: ByteVec, bar_minutes: int) -> ByteVec:
    """Return 1 from a coin's first price on, but while it is gone, shape (time,).

    Examples
    --------
    >>> present(np.array([0, 1, 0, 0, 1], np.int8), 720)
    array([0, 1, 1, 0, 1], dtype=int8)
    """
    priced = np.flatnonzero(status != Bar.ABSENT)
    member: ByteVec = np.zeros(status.size, np.int8)
    if priced.size:
        is_silent, _ = silent(status, int(priced[0]), bar_minutes)
        member[priced[0] :] = ~is_silent[priced[0] :]
    return member


class Ending:
    """Who is gone, of one coin seen part after part: as ``delisted`` says it of all.

    Parameters
    ----------
    k0 : int
        Counter of the first bar.
    bar_minutes : int
        Length of a bar.

    Examples
    --------
    >>> coin = Ending(7, 720)
    >>> coin.see(np.array([1, 1, 0], np.int8))
    >>> coin.delisted_k() == NEVER
    True
    >>> coin.see(np.array([0], np.int8))
    >>> coin.delisted_k()
    8
    """

    def __init__(self, k0: int, bar_minutes: int) -> None:
        self._k0, self._bar_minutes = k0, bar_minutes
        self._n, self._priced, self._traded = 0, -1, -1

    def see(self, status: ByteVec) -> None:
        """Take the next bars."""
        for name, is_so in (("_priced", status != Bar.ABSENT), ("_traded", status == Bar.TRADED)):
            rows = np.flatnonzero(is_so)
            if rows.size:
                setattr(self, name, self._n + int(rows[-1]))
        self._n += status.size

    def delisted_k(self) -> int:
        """Return the counter of the last bar that traded if the coin is gone, else ``NEVER``."""
        is_gone = self._traded >= 0 and self._n - 1 - self._priced >= limit(self._bar_minutes)
        return self._k0 + self._traded if is_gone else NEVER


def delisted(status: ByteMat, k0: int, bar_minutes: int, until: int | None = None) -> IntVec:
    """Return the counter of the last bar that traded of coins that are gone, else ``NEVER``.

    Parameters
    ----------
    status : ByteMat
        ``core.types.Bar``, shape (time, coin), in memory or on disk; read from its end, no further
        than it must be.
    k0 : int
        Counter of the first bar.
    bar_minutes : int
        Length of a bar.
    until : int, optional
        Say it as of the row before this one; of the last row when left out.

    Notes
    -----
    Units: bar counters.  Causal: what is known at that bar: who comes back later is gone as
    long as that is not known.  Missing: a coin that never traded has not ended.  METHODS 12.

    Examples
    --------
    >>> two = np.array([[1, 1], [1, 1], [0, 1], [0, 0]], np.int8)
    >>> delisted(two, 7, 720).tolist() == [8, NEVER]
    True
    """
    n_bars, n_coins = status.shape if until is None else (until, status.shape[1])
    found = np.full(n_coins, NEVER, np.int64)
    quiet = limit(bar_minutes)
    is_open = (np.asarray(status[max(0, n_bars - quiet) : n_bars]) == Bar.ABSENT).all(axis=0)
    is_open &= n_bars > quiet
    for end in range(n_bars - quiet, 0, -_STRIDE):
        if not is_open.any():
            break
        first = max(0, end - _STRIDE)
        traded = np.asarray(status[first:end]) == Bar.TRADED
        here = is_open & traded.any(axis=0)
        last = end - 1 - traded[::-1].argmax(axis=0)
        found[here] = k0 + last[here]
        is_open &= ~here
    return found
