"""Windows of a walk forward: what is learned from, the gap, and what is judged, by the calendar.

In: how long a history is. Out: ``Window``, by bar counters. Test windows follow one another without
a hole, so that together they are one run that never saw what it was fitted on.
"""

from __future__ import annotations

from typing import NamedTuple

from quorate.errors import ConfigError, TooLittleHistoryError

TRAIN_DAYS, PURGE_DAYS, TEST_DAYS = 120, 4, 30
"""Spec 3."""
MIN_PURGE_DAYS = 3
"""Of 3 to 5 (Spec 3); fewer are run all the same, told first of all, and no evidence."""


class Window(NamedTuple):
    """One fold, by counters of bars, both ends included.

    A label may be learned from if its decision is at ``train_first`` or later and its end at
    ``train_last`` or before; the first decision that is judged is at ``test_first``.
    """

    train_first: int
    train_last: int
    test_first: int
    test_last: int


def windows(
    first_k: int,
    n_bars: int,
    bars_per_day: int,
    *,
    train_days: int = TRAIN_DAYS,
    purge_days: int = PURGE_DAYS,
    test_days: int = TEST_DAYS,
    expanding: bool = False,
    horizon_bars: int = 1,
) -> tuple[Window, ...]:
    """Return the windows that a history has room for.

    Parameters
    ----------
    first_k, n_bars : int
        Counter of the first bar, and how many there are.
    bars_per_day : int
        Bars of a day. Windows begin with the first full day, UTC.
    train_days, purge_days, test_days : int
        Lengths in days. The last test may be shorter, but not than half.
    expanding : bool
        Learn from the beginning on, in place of the last ``train_days``.
    horizon_bars : int
        The longest label.

    Raises
    ------
    ConfigError
        A length is not above 0, or the gap is shorter than the longest label.
    TooLittleHistoryError
        There is no room for a window.

    Notes
    -----
    Units: days; counters of bars.  Causal: train, gap and test in order of time.
    Missing: no bar is looked at.  Spec 3, METHODS 5.3.

    Examples
    --------
    >>> found = windows(1, 220 * 288, 288, horizon_bars=288)
    >>> len(found), [(found[0].test_first - found[0].train_first) / 288]
    (3, [124.0])
    >>> windows(1, 288 * 90, 288)
    Traceback (most recent call last):
    quorate.errors.TooLittleHistoryError: 90.0 days hold no window of 120 + 4 days and half ...
      next: give a longer history, or shorter windows
    """
    if min(train_days, purge_days, test_days) < 1:
        raise ConfigError(
            f"windows of {train_days} + {purge_days} + {test_days} days", hint="each is at least 1"
        )
    if purge_days * bars_per_day < horizon_bars:
        raise ConfigError(
            f"the gap of {purge_days} days is shorter than a label of "
            f"{horizon_bars / bars_per_day:.3g} days, which would reach into the test",
            hint="make purge_days longer (--purge-days), or risk.horizon_hours shorter",
        )
    # the bar that closes at midnight belongs to the day it ends
    begin = -(-(first_k - 1) // bars_per_day) * bars_per_day + 1
    end = first_k + n_bars - 1
    found: list[Window] = []
    test = begin + (train_days + purge_days) * bars_per_day
    least = (test_days + 1) // 2 * bars_per_day
    while test + least - 1 <= end:
        last = test - purge_days * bars_per_day - 1
        first = begin if expanding else last + 1 - train_days * bars_per_day
        found.append(Window(first, last, test, min(test + test_days * bars_per_day - 1, end)))
        test += test_days * bars_per_day
    if not found:
        raise TooLittleHistoryError(
            f"{n_bars / bars_per_day:.1f} days hold no window of "
            f"{train_days} + {purge_days} days and half a test of {test_days}",
            hint="give a longer history, or shorter windows",
        )
    return tuple(found)
