"""Edge: what a score is worth in basis points, and how far to trust it.

In: scores, volatility, how many labels stand behind the voters. Out: the expected gross edge of
a round trip held for the horizon, and a confidence in [0.25, 1]. This is the stated map in force
until one is fitted out of sample (METHODS 0b.6).
"""

from __future__ import annotations

import math

from quorate.core.consensus.params import Params
from quorate.core.kernel import kernel


@kernel
def edge_bps(score: float, sigma_daily: float, params: Params) -> float:
    r"""Return the expected edge over the horizon.

    .. math:: edge = 0.80\, |S|\, \sigma_d \sqrt{h / 24h}\; 10^4

    0.80 is :math:`E|z|` of a normal variable, rounded.

    Notes
    -----
    Units: ``sigma_daily`` a fraction of the price, the result basis points.  Causal: a formula.
    Missing: NaN volatility, NaN edge.  METHODS 0b.6, 3.4.

    Examples
    --------
    >>> from quorate.core.consensus.params import params
    >>> round(edge_bps(0.1, 0.03, params()), 6)
    9.797959
    """
    sigma_horizon = sigma_daily * math.sqrt(params.horizon_bars / params.bars_per_day)
    return params.edge_slope * abs(score) * sigma_horizon * 1e4


@kernel
def confidence(mass: float, params: Params) -> float:
    r"""Return :math:`\max(0.25, M / (M + 200))`, M the voters' weighted mass of labels.

    Notes
    -----
    Units: a share.  Causal: a formula.  Missing: no voter, no mass, the floor.
    METHODS 0b.6.

    Examples
    --------
    >>> from quorate.core.consensus.params import params
    >>> confidence(0.0, params()), confidence(600.0, params())
    (0.25, 0.75)
    """
    return max(params.confidence_floor, mass / (mass + params.confidence_mass))
