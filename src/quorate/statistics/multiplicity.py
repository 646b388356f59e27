"""Many tests at once, where some false alarms among the alarms are bearable.

In: p-values, or e-values of tests that may be looked at on any day. Out: which tests stand. Where
not one may be false, ``paired.holm`` is the correction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from quorate.core.types import Vec

    Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]


def false_discovery(p_values: Vec, level: float = 0.05) -> Mask:
    r"""Return which tests stand if a share ``level`` of those that do may be false.

    .. math:: k = \max\{i : p_{(i)} \le \alpha\, i / m\}

    Parameters
    ----------
    p_values : Vec
        One a test, shape (test,), independent or positively dependent.
    level : float
        In (0, 1).

    Notes
    -----
    Units: none.  Causal: reads all tests.  Missing: NaN is no test and does not stand.
    METHODS 4.4; Benjamini and Hochberg (1995).

    Examples
    --------
    >>> false_discovery(np.array([0.001, 0.008, 0.039])).tolist()
    [True, True, True]
    """
    return _stepped(p_values, level)


def false_discovery_any_day(e_values: Vec, level: float = 0.05) -> Mask:
    """Return the same of e-values, however the tests depend on one another.

    Parameters
    ----------
    e_values : Vec
        From ``confidence.mixture_ratio``, one a challenger, at least 0.
    level : float
        In (0, 1).

    Notes
    -----
    Units: none.  Causal: reads all tests.  Missing: NaN is no test and does not stand.
    METHODS 10.6; Wang and Ramdas (2022), the e-BH procedure.

    Examples
    --------
    >>> false_discovery_any_day(np.array([100.0, 30.0, 1.0])).tolist()
    [True, True, False]
    """
    with np.errstate(divide="ignore"):
        return _stepped(1.0 / e_values, level)


def _stepped(p_values: Vec, level: float) -> Mask:
    if not 0.0 < level < 1.0:
        raise ValueError(f"level is {level}, must be in (0, 1): 0.05 is usual")
    known = np.sort(p_values[~np.isnan(p_values)])
    under = np.flatnonzero(known <= level * np.arange(1, len(known) + 1) / max(len(known), 1))
    found: Mask = (
        (p_values <= known[under[-1]]) if len(under) else np.zeros(len(p_values), np.bool_)
    )
    return found
