"""Tails: how far out a return may lie before a feature stops following it.

In: the hourly returns of a coin. Out: their median and their median absolute deviation over seven
days, and the clip that features apply to returns. Prices, volatility, stops and labels never see
it: a crash must widen the stop it runs into, but need not make one bar the only thing an engine
can see.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quorate.core.kernel import kernel
from quorate.core.types import IntVec, Mat, Vec

WEEK_HOURS = 168
MIN_HOURS = 24
"""Hourly returns that must be known before anything is clipped."""
MAD_TO_SIGMA = 1.482602218505602
"""Deviations of a normal law in one median absolute deviation: 1 / Phi^-1(3/4)."""


class State(NamedTuple):
    """The hourly returns of seven days, and what they say.

    Attributes
    ----------
    ring : Mat
        Returns by slot, shape (168, coin).
    ordered : Mat
        The same, ascending, shape (coin, 168).
    counts : IntVec
        How many there are, shape (coin,).
    middle, reach : Vec
        Their median; how many logs from it, for a horizon of one hour, a return is clipped
        (infinite while unknown), shape (coin,).
    """

    ring: Mat
    ordered: Mat
    counts: IntVec
    middle: Vec
    reach: Vec


def init(n_coins: int) -> State:
    """Return the state of coins without a past."""
    return State(
        np.zeros((WEEK_HOURS, n_coins)),
        np.zeros((n_coins, WEEK_HOURS)),
        np.zeros(n_coins, np.int64),
        np.zeros(n_coins),
        np.full(n_coins, np.inf),
    )


@kernel
def restart(state: State, c: int) -> None:
    """Forget coin ``c``."""
    state.counts[c] = 0
    state.middle[c] = 0.0
    state.reach[c] = np.inf


@kernel
def replace(ordered: Vec, n: int, gone: float, new: float) -> None:
    """Put ``new`` in the place that it takes among ``n`` ascending values once ``gone`` is out.

    ``gone`` is one of them; a NaN stands for none: then ``n`` counts the place made for ``new``.
    Places are counted over all values, not halved: the row is read once, in order, before it is
    needed, which costs less than the jumps of a search through memory that an hour has cooled.

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 4.0, 9.0])
    >>> replace(x, 4, 2.0, 5.0)
    >>> x
    array([1., 4., 5., 9.])
    """
    known = n if gone == gone else n - 1
    left, taken = 0, 0
    for i in range(known):
        left += ordered[i] < gone
        taken += ordered[i] < new
    if gone == gone:
        taken -= gone < new
    else:
        left = known
    for i in range(left, taken):
        ordered[i] = ordered[i + 1]
    for i in range(left, taken, -1):
        ordered[i] = ordered[i - 1]
    ordered[taken] = new


@kernel
def nearest(ordered: Vec, n: int, middle: float, k: int) -> tuple[float, float]:
    """Return the ``k``-th and the next smallest distance of ``n`` ascending values from ``middle``.

    The k nearest values stand side by side: theirs is the run of k whose larger end is the
    smallest, where the distance of the left end falls and that of the right grows. The next is the
    nearer of the two beside it. ``k`` counts from 1; there is no next one of ``n``: infinity.

    Examples
    --------
    >>> nearest(np.array([1.0, 2.0, 4.0, 9.0]), 4, 3.0, 3)
    (2.0, 6.0)
    """
    first, last = 0, n - k
    while first < last:
        half = (first + last) // 2
        if middle - ordered[half] > ordered[half + k - 1] - middle:
            first = half + 1
        else:
            last = half
    found = max(middle - ordered[first], ordered[first + k - 1] - middle)
    if first > 0:
        before = max(middle - ordered[first - 1], ordered[first + k - 2] - middle)
        if before < found:
            first, found = first - 1, before
    following = np.inf
    if first > 0:
        following = middle - ordered[first - 1]
    if first + k < n:
        following = min(following, ordered[first + k] - middle)
    return found, max(found, following)  # of equal ends the one left out is no nearer


@kernel
def learn(state: State, c: int, slot: int, ret: float, clip_z: float) -> None:
    r"""Take in the return of an hour of coin ``c``; what it says holds for the bars after.

    .. math:: m = \operatorname{med} r, \qquad
        \text{reach} = z\, \tfrac{1}{\Phi^{-1}(3/4)} \operatorname{med} |r - m|

    Parameters
    ----------
    state : State
        Updated in place.
    c, slot : int
        The coin, and the hour's counter modulo 168; the hours of a coin follow one another.
    ret : float
        Log return of the hour.
    clip_z : float
        How many robust deviations out a return is clipped.

    Notes
    -----
    Units: logs.  Causal: the hours up to this one.  Missing: nothing is clipped before 24 hours
    are known, nor where more than half of them did not move (a deviation of 0 measures nothing).
    METHODS 12.
    """
    full = state.counts[c] == WEEK_HOURS
    gone = state.ring[slot, c] if full else np.nan
    state.ring[slot, c] = ret
    if not full:
        state.counts[c] += 1
    n, ordered = state.counts[c], state.ordered[c]
    replace(ordered, n, gone, ret)
    if n < MIN_HOURS:
        return
    half = n // 2
    if n % 2 == 1:
        middle = ordered[half]
        spread, _ = nearest(ordered, n, middle, half + 1)
    else:
        middle = 0.5 * (ordered[half - 1] + ordered[half])
        near, next_near = nearest(ordered, n, middle, half)
        spread = 0.5 * (near + next_near)
    state.middle[c] = middle
    state.reach[c] = clip_z * MAD_TO_SIGMA * spread if spread > 0.0 else np.inf


@kernel
def clip(ret: float, middle: float, reach: float, hours: float, root: float) -> float:
    r"""Return a return over ``hours`` hours, no farther out than its horizon allows.

    .. math:: \min(\max(r, h m - \sqrt h\, \text{reach}), h m + \sqrt h\, \text{reach})

    Parameters
    ----------
    ret : float
        A log return.
    middle, reach : float
        Of its coin, from ``learn`` on the hours before.
    hours, root : float
        Its horizon h, and the square root of it.

    Notes
    -----
    Units: logs.  Causal: no time here.  Missing: an infinite reach leaves it as it is.
    METHODS 12: only features are clipped.

    Examples
    --------
    >>> clip(0.08, 0.0, 0.02, 4.0, 2.0), clip(-0.03, 0.0, 0.02, 4.0, 2.0)
    (0.04, -0.03)
    """
    centre, most = hours * middle, root * reach
    return min(max(ret, centre - most), centre + most)
