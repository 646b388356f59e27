"""How far apart a file's rows stand, which says how long its bars are.

In: open times, in one piece or stretch after stretch. Out: minutes, or an error where two lengths
are as good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from quorate.errors import SchemaError
from quorate.lake.sources import MINUTE_MS, instant

if TYPE_CHECKING:
    from quorate.core.types import IntVec

_SECOND_INTERVAL_FRAC = 0.2
_WEEK_MINUTES = 10_080
_FEW = 4


def infer_minutes(at_ms: IntVec, name: str, *, is_strict: bool = True) -> int | None:
    """Return the length of a bar in minutes: the most common spacing; None below two rows.

    Parameters
    ----------
    at_ms : IntVec
        Open times, in any order.
    name : str
        The file, for messages.
    is_strict : bool
        Refuse any spacing shorter than the common one; else such rows are governance's to judge.

    Raises
    ------
    SchemaError
        If another spacing is as good as common, or (strictly) a spacing is shorter.

    Notes
    -----
    Units: minutes.  Causal: reads all times.  Missing: gaps are other spacings.

    Examples
    --------
    >>> infer_minutes(np.array([0, 300_000, 600_009, 1_200_000]), "A")
    5
    """
    spacings = Spacings()
    spacings.add(at_ms)
    return spacings.minutes(name, is_strict=is_strict)


class Spacings:
    """How far apart rows stand, counted stretch after stretch.

    Notes
    -----
    Units: minutes.  Causal: reads all times.  Missing: rows of one time have no spacing.
    """

    def __init__(self) -> None:
        self._counts = np.zeros(_WEEK_MINUTES + 1, np.int64)
        self._first: dict[int, int] = {}  # after which time each stood first
        self._last: IntVec = np.empty(0, np.int64)

    def add(self, at_ms: IntVec) -> None:
        """Count the times of a stretch, in any order, that is later than those before."""
        step = np.diff(at_ms)
        at = at_ms if step.size == 0 or step.min() > 0 else np.unique(at_ms)
        at = np.concatenate([self._last, at])
        spacing = np.minimum((np.diff(at) + MINUTE_MS // 2) // MINUTE_MS, _WEEK_MINUTES)
        counts = np.bincount(spacing, minlength=self._counts.size)
        for minutes in np.flatnonzero((counts > 0) & (self._counts == 0)).tolist():
            self._first[minutes] = int(at[np.flatnonzero(spacing == minutes)[0]])
        self._counts += counts
        self._last = at[-1:].copy()

    def minutes(self, name: str, *, is_strict: bool = True) -> int | None:
        """Return the most common one, as ``infer_minutes``."""
        counts = self._counts.copy()
        if not is_strict:
            counts[0] = 0
        n = int(counts.sum())
        if n == 0:
            return None
        common = int(counts.argmax())
        counts[-1] = 0
        share = counts / n
        share[common] = 0.0
        minutes = np.arange(share.size)
        wrong = (share > _SECOND_INTERVAL_FRAC) & (minutes > 0)
        if is_strict:
            wrong |= (share > 0) & (minutes > 0) & (minutes < common)
        others = np.flatnonzero(wrong)
        if others.size > 0 and n > _FEW:
            other = int(others[0])
            raise SchemaError(
                f"{name}: bars of {common} minutes, but {other} minutes apart at "
                f"{instant(self._first[other])} (and {int(counts[other]) - 1} times more)",
                hint="the file mixes intervals: split it, or build all bars from the shorter ones",
            )
        return common
