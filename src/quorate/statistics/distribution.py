"""The shape of what a run made: its tails, its days and its streaks.

In: daily returns, shape (day,), or the money of closed trades, shape (trade,). Out: numbers, NaN
where undefined. The tests hold the tails against empyrical-reloaded.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from quorate.core.types import IntVec, Vec

TAIL = 0.05
"""The share of the worst days that the tail is made of."""

SHORTEST_DAYS = 20
"""With fewer days there is not one in the tail."""


def value_at_risk(returns: Vec) -> float:
    r"""Return the return that one day in twenty fell below, :math:`q_{5\%}(r)`.

    Parameters
    ----------
    returns : Vec
        Daily returns, shape (day,).

    Returns
    -------
    float
        The 5% quantile of the days there were, between two of them where it falls there.

    Notes
    -----
    Units: fraction, negative for a loss.  Causal: reads all days.  Missing: NaN below twenty days
    or where a day is.  Jorion (2006).

    Examples
    --------
    >>> round(value_at_risk(np.arange(-10, 11) / 100.0), 6)
    -0.09
    """
    return float(np.quantile(returns, TAIL)) if len(returns) >= SHORTEST_DAYS else math.nan


def expected_shortfall(returns: Vec) -> float:
    r"""Return the mean of the worst days, one in twenty.

    .. math:: \frac{1}{n} \sum_{i \le n} r_{(i)}, \qquad n = \lfloor 0.05 (N - 1) \rfloor + 1

    Parameters
    ----------
    returns : Vec
        Daily returns, shape (day,).

    Returns
    -------
    float
        At most ``value_at_risk``.

    Notes
    -----
    Units: fraction, negative for a loss.  Causal: reads all days.  Missing: as ``value_at_risk``.
    Artzner, Delbaen, Eber and Heath (1999).

    Examples
    --------
    >>> round(expected_shortfall(np.arange(-10, 11) / 100.0), 6)
    -0.095
    """
    if len(returns) < SHORTEST_DAYS or np.isnan(returns).any():
        return math.nan
    n = int(TAIL * (len(returns) - 1)) + 1
    return float(np.mean(np.sort(returns)[:n]))


def longest_streaks(pnl: IntVec) -> tuple[int, int]:
    """Return the longest unbroken rows of trades that won, and of trades that lost.

    Parameters
    ----------
    pnl : IntVec
        Money of closed trades in the order they closed, shape (trade,).

    Returns
    -------
    tuple of (int, int)
        Counts; a trade of exactly zero ends both.

    Notes
    -----
    Units: count.  Causal: reads closed trades.  Missing: 0 where there is none.

    Examples
    --------
    >>> longest_streaks(np.array([3, 1, -2, 0, -1, -1, 5]))
    (2, 2)
    """
    return _longest(pnl > 0), _longest(pnl < 0)


def _longest(mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return int(np.max(edges[1::2] - edges[::2], initial=0))
