r"""The Sharpe ratio of a window that moves along the days, to see if it was good all the way.

In: daily returns. Out: one ratio a day from the first full window on.

.. math:: \mathrm{SR}_d = \sqrt{365}\, \bar r_{d-w+1 \ldots d} / s_{d-w+1 \ldots d}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from quorate.core.types import Vec

DAYS_PER_YEAR: Final = 365
WINDOW_DAYS: Final = 90
SHORTEST_DAYS: Final = 10


def window_days(n_days: int) -> int:
    """Return the window a span allows: 90 days, or half of a shorter span, or 0 for too few days.

    Examples
    --------
    >>> window_days(400), window_days(50), window_days(15)
    (90, 25, 0)
    """
    window = min(WINDOW_DAYS, n_days // 2)
    return window if window >= SHORTEST_DAYS else 0


def rolling_sharpe(returns: Vec, window: int) -> Vec:
    """Return the annual Sharpe ratio of every window, at its last day.

    Parameters
    ----------
    returns : Vec
        Daily, shape (day,).
    window : int
        Days, at least 2.

    Returns
    -------
    Vec
        Shape (day,); NaN before the first full window.

    Notes
    -----
    Units: per square root of a year.  Causal: a day reads the days before it.  Missing: NaN in a
    window with a NaN, or whose days are all the same.  METHODS 11.

    Examples
    --------
    >>> rolling_sharpe(np.array([0.01, 0.03, 0.01]), 2).round(2).tolist()
    [nan, 27.02, 27.02]
    """
    found = np.full(len(returns), np.nan)
    if len(returns) < window:
        return found
    views = np.lib.stride_tricks.sliding_window_view(returns, window)
    mean, spread = views.mean(axis=1), views.std(axis=1, ddof=1)
    moves = spread > 1e-12
    found[window - 1 :][moves] = mean[moves] / spread[moves] * np.sqrt(DAYS_PER_YEAR)
    return found
