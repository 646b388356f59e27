"""A fitted edge map: what scores have earned out of sample, in place of the stated slope.

In: the scores of a block, volatility, and the knots of a fit (``research.edge_map`` makes them).
Out: the expected gross edge of a round trip. It is made of the block's scores alone, after the
consensus has been: nothing that the consensus remembers depends on it, so a run without a map
runs the same code as ever (METHODS 3.4).
"""

from __future__ import annotations

from typing import NamedTuple

from quorate.core.curves import interpolate, place
from quorate.core.kernel import kernel
from quorate.core.types import Mat, Vec


class EdgeMap(NamedTuple):
    """Curves from the size of a score to the forward return in its own volatility, one a tier.

    ``bounds`` (tier - 1,) are the daily volatilities that part the tiers, ascending, a bound in
    the upper one; ``knots`` and ``values`` (tier, knot), knots ascending from 0, where the value
    is 0; ``horizon_root`` (1,) is the square root of the horizon in days.
    """

    bounds: Vec
    knots: Mat
    values: Mat
    horizon_root: Vec


@kernel
def mapped_bps(score: float, sigma_daily: float, edges: EdgeMap) -> float:
    r"""Return the expected edge over the horizon by a fitted map.

    .. math:: edge = f_{tier(\sigma_d)}(|S|)\, \sigma_d \sqrt{h / 24h}\; 10^4

    Notes
    -----
    Units: ``sigma_daily`` a fraction of the price, the result basis points.  Causal: a formula.
    Missing: NaN where score or volatility is; beyond the last knot the curve is level.
    METHODS 3.4.

    Examples
    --------
    >>> import numpy as np
    >>> stated = EdgeMap(
    ...     np.zeros(0), np.array([[0.0, 1.0]]), np.array([[0.0, 0.8]]), np.sqrt([4.0 / 24.0])
    ... )
    >>> round(mapped_bps(-0.1, 0.03, stated), 6)
    9.797959
    """
    if sigma_daily != sigma_daily:
        return sigma_daily
    tier = place(sigma_daily, edges.bounds)
    in_sigmas = interpolate(abs(score), edges.knots[tier], edges.values[tier])
    return in_sigmas * (sigma_daily * edges.horizon_root[0]) * 1e4


@kernel
def scan(score: Mat, sigma_daily: Mat, edges: EdgeMap, edge_bps: Mat) -> None:
    """Write the edge of every score of a block, as the stated map does: 0 where the score is 0.

    Parameters
    ----------
    score, sigma_daily : Mat
        Shape (time, coin).
    edges : EdgeMap
        The map in force.
    edge_bps : Mat
        Written, shape (time, coin).

    Notes
    -----
    Units: basis points.  Causal: a cell at a time.  Missing: as ``mapped_bps``.
    METHODS 3.4.
    """
    for t in range(score.shape[0]):
        for c in range(score.shape[1]):
            value = score[t, c]
            edge_bps[t, c] = mapped_bps(value, sigma_daily[t, c], edges) if value != 0.0 else 0.0
