"""Whether two vendors tell one time, by the lag at which their returns go together best.

In: tidy bars of one coin on two venues, in one piece or span after span. Out: by how many bars the
second one's clock is late. A vendor in another time zone, or one that labels bars by their close,
would pass the tolerance of a calm hour; this finds it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from quorate.lake.sources import MINUTE_MS

if TYPE_CHECKING:
    from quorate.core.types import IntVec, Vec
    from quorate.lake.sources import Series

SHIFT_BARS: Final = 36
"""The longest lag that is tried, either way."""
_LEAST_RETURNS = 200
_LEAST_TIED = 0.5
_ROUNDING = 1e-12


def shift(first: Series, second: Series, bar_minutes: int, most: int = SHIFT_BARS) -> int | None:
    """Return by how many bars the second vendor's clock is late: 0 where both tell one time.

    The lag at which the returns of both correlate best.

    Parameters
    ----------
    first, second : Series
        Tidy bars of one coin and one length.
    bar_minutes : int
        Length of a bar.
    most : int
        The longest lag that is tried, either way, in bars.

    Returns
    -------
    int or None
        None where fewer than 200 returns are common at any lag, or none correlates above 0.5.

    Notes
    -----
    Units: bars.  Causal: reads all bars.  Missing: returns across a gap are left out.  Spec 13.
    """
    lags = Lags(bar_minutes, most)
    lags.add(first, second)
    return lags.shift


class Lags:
    """Says how the returns of two vendors go together at each lag, span after span (``shift``).

    Parameters
    ----------
    bar_minutes, most
        As ``shift``.
    """

    def __init__(self, bar_minutes: int, most: int = SHIFT_BARS) -> None:
        self._bar_ms = bar_minutes * MINUTE_MS
        # nearer lags first: of two that are as good, the nearer one is it
        self._sums = {lag: np.zeros(6) for lag in sorted(range(-most, most + 1), key=abs)}

    def add(self, first: Series, second: Series) -> None:
        """Take the bars of a span.

        Parameters
        ----------
        first : Series
            With the bar before the span in front, if there is one.
        second : Series
            By ``most`` and one bar longer on both sides.
        """
        at_1, moved_1 = _returns(first, self._bar_ms)
        at_2, moved_2 = _returns(second, self._bar_ms)
        for lag in self._sums:
            _, left, right = np.intersect1d(
                at_1, at_2 - lag * self._bar_ms, assume_unique=True, return_indices=True
            )
            one, two = moved_1[left], moved_2[right]
            products = ((one * one).sum(), (two * two).sum(), (one * two).sum())
            self._sums[lag] += (left.size, one.sum(), two.sum(), *products)

    @property
    def shift(self) -> int | None:
        """Return the lag at which returns correlate best."""
        best, found = _LEAST_TIED, None
        for lag, (n, one, two, one_2, two_2, both) in self._sums.items():
            if n < _LEAST_RETURNS:
                continue
            spread_1, spread_2 = one_2 / n - (one / n) ** 2, two_2 / n - (two / n) ** 2
            if spread_1 <= _ROUNDING * one_2 / n or spread_2 <= _ROUNDING * two_2 / n:
                continue  # returns that are all alike go with any
            tied = (both / n - one / n * two / n) / math.sqrt(spread_1 * spread_2)
            if tied > best:
                best, found = tied, lag
        return found


def _returns(series: Series, bar_ms: int) -> tuple[IntVec, Vec]:
    """Return the bars that follow another at once, and their log returns."""
    follows = np.flatnonzero(np.diff(series.open_ms) == bar_ms) + 1
    close = np.log(series.close)
    moved: Vec = close[follows] - close[follows - 1]
    return series.open_ms[follows], moved
