"""The children of a parent order, as pure functions for the simulated exchange and a live one.

In: what was ordered and how far the time has come. Out: lots, sizes and prices of children. There
is no randomness: where timing and sizes should not be guessed from outside, an integer hash of a
seed, the bar and the coin stands in for it, so a replay sends the same children.
"""

from __future__ import annotations

import math

from quorate.core.kernel import kernel

_MASK = 0xFFFFFFFF


@kernel
def twap_cumulative(total: int, j: int, n: int) -> int:
    r"""Return how many lots should be out after ``j`` of ``n`` slices.

    .. math:: \operatorname{round}(Q\, j / n)

    Parameters
    ----------
    total : int
        Signed lots of the parent.
    j, n : int
        Slices done, slices in all.

    Returns
    -------
    int
        Signed lots, never past ``total``; halves round away from zero, in integers.

    Notes
    -----
    Units: lots.  Causal: no prices.  Missing: none.  Spec 8, METHODS 9.3.

    Examples
    --------
    >>> [twap_cumulative(10, j, 4) for j in range(5)]
    [0, 3, 5, 8, 10]
    """
    if j <= 0:
        return 0
    if j >= n:
        return total
    size = abs(total)
    out = (2 * size * j + n) // (2 * n)
    return out if total >= 0 else -out


@kernel
def cumulative(total: int, j: int, n: int, urgency: float) -> int:
    r"""Return how many lots should be out after ``j`` of ``n`` slices, more of them early.

    .. math:: \operatorname{round}\left(Q \left(1 - \frac{\sinh(u (1 - j / n))}{\sinh u}
              \right)\right)

    the Almgren-Chriss schedule with :math:`u = \kappa T`; a TWAP for u = 0.

    Notes
    -----
    Units: lots.  Causal: no prices.  Missing: none.  METHODS 9.3.

    Examples
    --------
    >>> [cumulative(10, j, 4, 0.0) for j in range(5)], [cumulative(10, j, 4, 3.0) for j in range(5)]
    ([0, 3, 5, 8, 10], [0, 5, 8, 9, 10])
    """
    if not urgency > 0.0 or j <= 0 or j >= n:
        return twap_cumulative(total, j, n)
    left = math.sinh(urgency * (1.0 - j / n)) / math.sinh(urgency)
    out = math.floor(abs(total) * (1.0 - left) + 0.5)
    return out if total >= 0 else -out


@kernel
def twap_child(total: int, j: int, n: int) -> int:
    """Return the lots of slice ``j`` (from 0); the slices sum to ``total`` exactly.

    Notes
    -----
    Units: lots.  Causal: no prices.  Missing: none.  Spec 8, METHODS 9.3.

    Examples
    --------
    >>> [twap_child(-10, j, 4) for j in range(4)]
    [-3, -2, -3, -2]
    """
    return twap_cumulative(total, j + 1, n) - twap_cumulative(total, j, n)


@kernel
def _mixed(x: int) -> int:
    """Mix 32 bits: xor-shifts and odd multipliers below 2^31, so that int64 never overflows."""
    x = (x ^ (x >> 16)) * 0x6C8E9CF5 & _MASK
    x = (x ^ (x >> 13)) * 0x5BD1E995 & _MASK
    return x ^ (x >> 16)


@kernel
def uniform(seed: int, k: int, c: int) -> float:
    """Return a number that looks random, the same for the same seed, bar and coin.

    Parameters
    ----------
    seed, k, c : int
        Seed of the run, bar counter, coin; their low 32 bits count.

    Returns
    -------
    float
        In [0, 1).

    Notes
    -----
    Units: dimensionless.  Causal: no prices.  Missing: none.  METHODS 9.3.

    Examples
    --------
    >>> uniform(1, 2, 3) == uniform(1, 2, 3), uniform(1, 2, 3) == uniform(1, 2, 4)
    (True, False)
    """
    mixed = _mixed((seed + 0x3C6EF372) & _MASK)
    mixed = _mixed((mixed + k) & _MASK)
    mixed = _mixed((mixed + 0x1E3779B9 + c) & _MASK)
    return mixed / 4294967296.0


@kernel
def jitter(seed: int, k: int, c: int, width: float) -> float:
    """Return a factor within ``1 - width`` and ``1 + width`` for a gap in time or a size.

    Notes
    -----
    Units: dimensionless.  Causal: no prices.  Missing: none.  METHODS 9.3 (20%).

    Examples
    --------
    >>> 0.8 <= jitter(1, 2, 3, 0.2) < 1.2
    True
    """
    return 1.0 + width * (2.0 * uniform(seed, k, c) - 1.0)


@kernel
def pov_child(rho: float, volume_others: float) -> float:
    r"""Return the size that is a share of the whole volume, itself included.

    .. math:: \frac{\rho}{1 - \rho} V_{\text{others}}

    Parameters
    ----------
    rho : float
        Share, in [0, 1).
    volume_others : float
        What the others traded.

    Returns
    -------
    float
        In the unit of the volume; 0 where the volume is not known.

    Notes
    -----
    Units: coins.  Causal: volume already traded.  Missing: a NaN volume sends nothing.
    Spec 8, METHODS 9.3.

    Examples
    --------
    >>> pov_child(0.2, 80.0)
    20.0
    """
    if not (volume_others > 0.0 and 0.0 < rho < 1.0):
        return 0.0
    return rho / (1.0 - rho) * volume_others


@kernel
def iceberg_tip(left: int, display: int, width: float, seed: int, k: int, c: int) -> int:
    """Return the lots to show next: the tip, its size jittered, never more than what is left.

    Parameters
    ----------
    left : int
        Signed lots not yet filled.
    display : int
        Size of the tip in lots; 0 shows all.
    width : float
        Jitter of the size.
    seed, k, c : int
        As in ``uniform``; for several tips a bar count them into ``seed``.

    Returns
    -------
    int
        Signed lots, at least one while any are left.

    Notes
    -----
    Units: lots.  Causal: no prices.  Missing: none.  Spec 8, METHODS 9.3.

    Examples
    --------
    >>> iceberg_tip(-1000, 100, 0.0, 0, 0, 0), iceberg_tip(30, 100, 0.2, 0, 0, 0)
    (-100, 30)
    """
    size = abs(left)
    if display > 0 and size > 0:
        tip = math.floor(display * jitter(seed, k, c, width) + 0.5)
        size = min(size, max(tip, 1))
    return size if left >= 0 else -size
