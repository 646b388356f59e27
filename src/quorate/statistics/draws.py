r"""Thousands of drawn Sharpe differences of a long record, each block of days in one step.

In: two series on the same days. Out: the difference of their Sharpe ratios in every series that is
drawn. A ratio needs sums of returns and of their squares only, and the sum over a block is the
difference of two running sums, so a series costs as many steps as it has blocks and not as it has
days. The law is that of ``bootstrap.stationary_days``; the draws are others.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from quorate.core.kernel import kernel
from quorate.statistics.comparison import common

if TYPE_CHECKING:
    from quorate.core.types import IntVec, Mat, Vec

_GUIDES: Final = 4_096
_SHIFT: Final = np.uint64(20)  # the upper 12 of 32 bits find a guide
_HALF: Final = np.uint64(32)
_LOW: Final = np.uint64(0xFFFFFFFF)
_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_BY_30: Final = np.uint64(30)
_BY_27: Final = np.uint64(27)
_BY_31: Final = np.uint64(31)


@kernel
def _draw(sums: Mat, whole: Vec, within: IntVec, guide: IntVec, state: IntVec, out: Mat) -> None:
    """Add up the blocks of every series: two sums and two sums of squares, shape (sample, 4)."""
    # unsigned throughout: an index that may be negative costs a test on every access
    n = np.uint64(sums.shape[0] - 1)
    one = np.uint64(1)
    nothing = np.uint64(0)
    seed = np.uint64(state[0])
    for i in range(out.shape[0]):
        a, b, aa, bb = 0.0, 0.0, 0.0, 0.0
        left = n
        while left > nothing:
            seed += _STEP
            bits = (seed ^ (seed >> _BY_30)) * _FIRST
            bits = (bits ^ (bits >> _BY_27)) * _SECOND
            bits ^= bits >> _BY_31
            start = ((bits & _LOW) * n) >> _HALF
            upper = bits >> _HALF
            length = np.uint64(guide[upper >> _SHIFT])
            while length < n and upper >= np.uint64(within[length - one]):
                length += one
            length = min(length, left)
            left -= length
            end = start + length
            if end > n:
                end -= n
                a += whole[0]
                b += whole[1]
                aa += whole[2]
                bb += whole[3]
            a += sums[end, 0] - sums[start, 0]
            b += sums[end, 1] - sums[start, 1]
            aa += sums[end, 2] - sums[start, 2]
            bb += sums[end, 3] - sums[start, 3]
        out[i, 0] = a
        out[i, 1] = b
        out[i, 2] = aa
        out[i, 3] = bb


def sharpe_differences(
    first: Vec,
    second: Vec,
    *,
    seed: int,
    n_samples: int = 10_000,
    block: float | None = None,
) -> Vec:
    """Return the difference of two Sharpe ratios in every drawn series.

    Parameters
    ----------
    first, second : Vec
        Returns on the same days, or bars, shape (day,).
    seed : int
        The same seed gives the same draws.
    n_samples : int
        How many series are drawn; both are drawn on the same days.
    block : float, optional
        Mean length of a block, at least 1; the cube root of the number of days when left out.

    Returns
    -------
    Vec
        Per day, ddof 1, shape (sample,); NaN where a drawn series does not vary.

    Notes
    -----
    Units: a day.  Causal: reads all days.  Missing: days that one lacks are left out; all NaN
    below two.
    METHODS 10.4; Politis and Romano (1994), "The stationary bootstrap".

    Examples
    --------
    >>> a = np.tile([0.02, -0.01, 0.005], 200)
    >>> drawn = sharpe_differences(a, -a, seed=1, n_samples=500)
    >>> bool(abs(np.median(drawn) - 0.81) < 0.03)
    True
    """
    _, a, b = common(first, second)
    n = len(a)
    length = max(1.0, n ** (1.0 / 3.0)) if block is None else block
    if n_samples < 1 or not length >= 1.0:
        raise ValueError(f"n_samples {n_samples} and block {length} must be at least 1")
    if n < 2:
        return np.full(n_samples, np.nan)
    mean = np.array([np.mean(a), np.mean(b)])
    centred = np.column_stack((a - mean[0], b - mean[1]))
    each = np.concatenate((centred, centred**2), axis=1)
    sums = np.concatenate((np.zeros((1, 4)), np.cumsum(each, axis=0)))
    within, guide = _lengths(n, length)
    state = np.random.default_rng(seed).integers(0, 2**62, size=1)
    out = np.empty((n_samples, 4))
    _draw(sums, sums[-1].copy(), within, guide, state, out)
    moved = out[:, :2] / n
    square = out[:, 2:] / n
    variance = square - moved**2
    is_known = variance > 1e-12 * square
    deviation = np.sqrt(np.where(is_known, variance, np.nan) * (n / (n - 1.0)))
    ratios: Mat = (mean + moved) / deviation
    found: Vec = ratios[:, 0] - ratios[:, 1]
    return found


def _lengths(n: int, length: float) -> tuple[IntVec, IntVec]:
    """Return the chance that a block is at most so long, in 2^-32, and where to begin to look."""
    stays = 1.0 - 1.0 / length
    within = np.ceil((1.0 - stays ** np.arange(1, n + 1)) * 2.0**32).astype(np.int64)
    least = np.arange(_GUIDES, dtype=np.int64) << 20
    return within, np.minimum(np.searchsorted(within, least, side="right") + 1, n)


def p_value(drawn: Vec, value: float) -> float:
    r"""Return how often a drawn difference is as far from the found one as that is from 0.

    .. math:: p = \frac{1 + \#\{|\Delta^* - \Delta| \ge |\Delta|\}}{1 + B}

    Examples
    --------
    >>> p_value(np.array([1.0, 2.0, 3.0]), 2.0)
    0.25
    """
    known = drawn[np.isfinite(drawn)]
    if not len(known) or math.isnan(value):
        return math.nan
    return (1.0 + float(np.sum(np.abs(known - value) >= abs(value)))) / (1.0 + len(known))
