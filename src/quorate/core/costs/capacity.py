r"""How much money the edge can carry before the square-root impact eats it.

In: edge, costs and volume. Out: sizes in USD. With round-trip constants :math:`c_0` (spread,
fees, latency) and :math:`c_1` (impact at a participation of 1):

.. math:: \text{net}(Q) = e - c_0 - c_1\sqrt{Q / V}
"""

from __future__ import annotations

from math import inf, nan, sqrt
from typing import TYPE_CHECKING

from quorate.core.kernel import kernel

if TYPE_CHECKING:
    from quorate.core.types import Vec


@kernel
def net_edge_bps(
    size_usd: float, edge_bps: float, fixed_bps: float, impact_bps: float, volume_usd: float
) -> float:
    """Return what is left of the edge at a size (``net(Q)`` above), bps. METHODS 6.6."""
    return edge_bps - fixed_bps - impact_bps * sqrt(size_usd / volume_usd)


@kernel
def zero_net_usd(
    edge_bps: float, fixed_bps: float, margin_bps: float, impact_bps: float, volume_usd: float
) -> float:
    r"""Return the size at which only the margin is left.

    .. math:: Q^* = V\left(\frac{e - c_0 - m}{c_1}\right)^2

    Notes
    -----
    Units: USD; costs of the round trip in bps. 0 where the edge does not cover cost and margin.
    Causal: pure. Missing: NaN gives 0. METHODS 6.6.

    Examples
    --------
    >>> round(zero_net_usd(20.0, 9.0, 3.0, 50.0, 1e8))
    2560000
    """
    room = edge_bps - fixed_bps - margin_bps
    if not (room > 0.0 and impact_bps > 0.0 and volume_usd > 0.0):
        return 0.0
    return volume_usd * (room / impact_bps) * (room / impact_bps)


@kernel
def optimal_usd(edge_bps: float, fixed_bps: float, impact_bps: float, volume_usd: float) -> float:
    r"""Return the size that earns the most, :math:`\arg\max_Q Q\,\text{net}(Q)`.

    .. math:: Q_{opt} = \tfrac49 V\left(\frac{e - c_0}{c_1}\right)^2

    Notes
    -----
    Units: USD; costs of the round trip in bps. Missing: NaN gives 0. METHODS 6.6.

    Examples
    --------
    >>> round(optimal_usd(20.0, 9.0, 50.0, 1e8), 3)
    2151111.111
    """
    return 4.0 / 9.0 * zero_net_usd(edge_bps, fixed_bps, 0.0, impact_bps, volume_usd)


@kernel
def portfolio_usd(
    edge_bps: Vec,
    fixed_bps: Vec,
    margin_bps: float,
    impact_bps: float,
    volume_usd: Vec,
    capacity_out: Vec,
) -> float:
    """Write each coin's zero-net size and return their sum, shape (coin,). METHODS 6.6."""
    total = 0.0
    for c in range(edge_bps.shape[0]):
        capacity_out[c] = zero_net_usd(
            edge_bps[c], fixed_bps[c], margin_bps, impact_bps, volume_usd[c]
        )
        total += capacity_out[c]
    return total


@kernel
def crossing_usd(aum_usd: Vec, value: Vec, level: float) -> float:
    """Return the smallest capital at which a falling figure reaches a level.

    Parameters
    ----------
    aum_usd : Vec
        Capital of each replay, ascending, shape (run,).
    value : Vec
        The figure at that capital: net Sharpe, or net edge in bps, shape (run,).
    level : float
        Half of the Sharpe at the smallest capital, or an edge of 0 (METHODS 6.6).

    Returns
    -------
    float
        Interpolated linearly between two replays; 0 if the first is already at the level, inf if
        none is, NaN if there are no replays.

    Notes
    -----
    Missing: a NaN figure counts as not having crossed and is not interpolated from.

    Examples
    --------
    >>> import numpy as np
    >>> crossing_usd(np.array([1e6, 2e6, 4e6]), np.array([3.0, 2.0, 0.0]), 1.0)
    3000000.0
    """
    if aum_usd.shape[0] == 0:
        return nan
    last = -1
    for i in range(aum_usd.shape[0]):
        if value[i] != value[i]:
            continue
        if value[i] <= level:
            if last < 0:
                return 0.0
            step = (value[last] - level) / (value[last] - value[i])
            crossing: float = aum_usd[last] + step * (aum_usd[i] - aum_usd[last])
            return crossing
        last = i
    return inf
