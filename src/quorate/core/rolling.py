"""Moving sums, extremes and medians that are exact, cheap and independent of block size.

In: one row of values per bar, coins last. Out: the sum or maximum of the last ``W`` rows. A window
keeps, for the block of ``W`` slots before the present one, the sums of its *tails*, and for the
present block the sum of its *head*; the window is then head + tail, so nothing is ever subtracted:
there is no drift, no rebuild, and a window of zeros is exactly zero (van Herk 1992; Gil and Werman
1993, whose trick for extremes serves sums as well). Slots are keyed on the bar counter, so a
result depends on the bars alone.
"""

from __future__ import annotations

import numpy as np

from quorate.core.kernel import kernel
from quorate.core.types import Cube, Mat, Vec

HEAD, VALUES, TOTALS = -3, -2, -1
"""The last rows of a window: the present block so far, what is pushed, what is asked for."""

_EXTRA = 4


def window(length: int, n_values: int, n_coins: int, identity: float = 0.0) -> Cube:
    """Return an empty moving window over ``length`` rows.

    Parameters
    ----------
    length : int
        How many rows W the window covers.
    n_values, n_coins : int
        Quantities and coins of a row.
    identity : float
        What no value is: 0 for sums, -inf for maxima.

    Returns
    -------
    Cube
        Slots 0..W-1, a row that stays the identity, and the rows ``HEAD``, ``VALUES`` (the
        caller writes there what is pushed) and ``TOTALS``, shape (W + 4, value, coin): one array,
        for a kernel that takes few arrays compiles and calls faster.

    Examples
    --------
    >>> window(3, 1, 2).shape
    (7, 1, 2)
    """
    if length < 1:
        raise ValueError(f"a window has {length} slots: at least 1 is needed; give a longer one")
    return np.full((length + _EXTRA, n_values, n_coins), identity)


@kernel
def push_sum(state: Cube, slot: int) -> None:
    """Push ``values`` and set ``totals`` to the sum of the last W rows.

    Parameters
    ----------
    state : Cube
        From ``window``, updated in place.
    slot : int
        The counter of the row modulo W; consecutive calls have consecutive counters.

    Notes
    -----
    Units: those of the values.  Causal: reads rows up to this one.
    Missing: a NaN makes the totals NaN for exactly the W rows that contain it.

    Examples
    --------
    >>> w = window(2, 1, 1)
    >>> for k, value in enumerate((1.0, 2.0, 4.0)):
    ...     w[VALUES, 0, 0] = value
    ...     push_sum(w, k % 2)
    >>> w[TOTALS].item()
    6.0
    """
    length = state.shape[0] - _EXTRA
    n_values, n_coins = state.shape[1], state.shape[2]
    for v in range(n_values):
        head, values, totals = state[HEAD, v], state[VALUES, v], state[TOTALS, v]
        tail, store = state[slot + 1, v], state[slot, v]
        for c in range(n_coins):
            sofar = values[c] if slot == 0 else head[c] + values[c]
            head[c] = sofar
            totals[c] = sofar + tail[c]
            store[c] = values[c]
    if slot == length - 1:
        for i in range(length - 2, -1, -1):
            for v in range(n_values):
                store, tail = state[i, v], state[i + 1, v]
                for c in range(n_coins):
                    store[c] += tail[c]


@kernel
def push_max(state: Cube, slot: int) -> None:
    """Push ``values`` and set ``totals`` to the maximum of the last W rows.

    The minimum is the maximum of the negated values. Values must not be NaN.

    Parameters
    ----------
    state : Cube
        From ``window`` with identity -inf, updated in place.
    slot : int
        The counter of the row modulo W.

    Notes
    -----
    Units: those of the values.  Causal: reads rows up to this one.
    Missing: -inf stands for no value.

    Examples
    --------
    >>> w = window(2, 1, 1, -np.inf)
    >>> for k, value in enumerate((5.0, 2.0, 4.0)):
    ...     w[VALUES, 0, 0] = value
    ...     push_max(w, k % 2)
    >>> w[TOTALS].item()
    4.0
    """
    length = state.shape[0] - _EXTRA
    n_values, n_coins = state.shape[1], state.shape[2]
    for v in range(n_values):
        head, values, totals = state[HEAD, v], state[VALUES, v], state[TOTALS, v]
        tail, store = state[slot + 1, v], state[slot, v]
        for c in range(n_coins):
            value = values[c]
            sofar = value if slot == 0 or value > head[c] else head[c]
            head[c] = sofar
            totals[c] = tail[c] if tail[c] > sofar else sofar
            store[c] = value
    if slot == length - 1:
        for i in range(length - 2, -1, -1):
            for v in range(n_values):
                store, tail = state[i, v], state[i + 1, v]
                for c in range(n_coins):
                    store[c] = tail[c] if tail[c] > store[c] else store[c]


@kernel
def clear(state: Cube, c: int) -> None:
    """Forget everything a window holds of coin ``c``."""
    for v in range(state.shape[1]):
        identity = state[state.shape[0] - _EXTRA, v, c]
        for i in range(state.shape[0]):
            state[i, v, c] = identity


@kernel
def sort_small(values: Vec, n: int) -> None:
    """Sort the first ``n`` of ``values`` in place (insertion: for some tens of numbers)."""
    for i in range(1, n):
        value = values[i]
        j = i - 1
        while j >= 0 and values[j] > value:
            values[j + 1] = values[j]
            j -= 1
        values[j + 1] = value


@kernel
def quantile_small(values: Vec, n: int, prob: float) -> float:
    """Return the quantile of the first ``n`` of ``values``, which end sorted; NaN if n is 0.

    Linear between order statistics (type 7 of Hyndman and Fan 1996); 0.5 is the median.

    Notes
    -----
    Units: those of the values.  Causal: no time here.  Missing: pass finite values only.

    Examples
    --------
    >>> quantile_small(np.array([3.0, 1.0, 2.0, 9.0]), 4, 0.5)
    2.5
    """
    if n == 0:
        return np.nan
    sort_small(values, n)
    place = prob * (n - 1)
    below = int(place)
    if below >= n - 1:
        return float(values[n - 1])
    return float(values[below] + (place - below) * (values[below + 1] - values[below]))


@kernel
def mean_std(ring: Mat, newest: int, n: int, c: int) -> tuple[float, float]:
    """Return mean and population deviation of the last ``n`` entries of column ``c``.

    Parameters
    ----------
    ring : Mat
        Entries by slot, shape (length, coin).
    newest : int
        Slot of the newest entry, in 0..length - 1.
    n : int
        How many entries back, at most the length.
    c : int
        The coin.

    Notes
    -----
    Units: those of the entries.  Causal: reads entries up to ``newest``.
    Missing: a NaN entry makes both NaN.

    Examples
    --------
    >>> mean_std(np.array([[1.0], [2.0], [4.0]]), 1, 2, 0)
    (1.5, 0.5)
    """
    # a slot below 0 counts from the end, as the ring goes round: no remainder, which is a division
    mean = 0.0
    for i in range(n):
        mean += ring[newest - i, c]
    mean /= n
    square = 0.0
    for i in range(n):
        gap = ring[newest - i, c] - mean
        square += gap * gap
    return mean, np.sqrt(square / n)
