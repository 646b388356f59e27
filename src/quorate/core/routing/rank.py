"""Which venue: the score of the specification, and what an order is expected to cost there.

In: what is known of one venue for one order. Out: a score in [0, 1] from terms on absolute
scales, so that a venue's score never depends on which others there are (METHODS 9.1).
"""

from __future__ import annotations

import math
from enum import IntEnum

from quorate.core.kernel import kernel
from quorate.core.routing import Params


@kernel
def _unit(x: float) -> float:
    """Clip a term to [0, 1]; what is not known is worth nothing."""
    if not x > 0.0:
        return 0.0
    return min(x, 1.0)


@kernel
def score(
    spread_bps: float,
    queue_ahead_frac: float,
    latency_p95_ms: float,
    reliability: float,
    depth_ratio: float,
    params: Params,
) -> float:
    r"""Return how good a venue is for an order.

    .. math:: 0.3 e^{-\text{spread}/10} + 0.2 (1 - \min(1, q)) + 0.2 e^{-\text{p95}/200}
              + 0.15\, r + 0.15 \min(1, d)

    Parameters
    ----------
    spread_bps : float
        Quoted or estimated spread.
    queue_ahead_frac : float
        ``q``: size ahead in the queue over the volume expected to trade in the time allowed.
    latency_p95_ms : float
        95th percentile of the time to an acknowledgement.
    reliability : float
        ``r``: decayed share of acknowledged requests, in [0, 1].
    depth_ratio : float
        ``d``: depth within reach over the size of the order.
    params : Params
        Weights and scales.

    Returns
    -------
    float
        In [0, 1].

    Notes
    -----
    Units: dimensionless.  Causal: one bar.  Missing: a NaN input makes its term 0.
    Spec 8, METHODS 9.1.

    Examples
    --------
    >>> from quorate.core.routing import Params
    >>> round(score(0.0, 0.0, 0.0, 1.0, 2.0, Params()), 12)
    1.0
    """
    spread = _unit(math.exp(-max(spread_bps, 0.0) / params.spread_scale_bps))
    queue = _unit(1.0 - queue_ahead_frac)
    latency = _unit(math.exp(-max(latency_p95_ms, 0.0) / params.latency_scale_ms))
    return (
        params.weight_spread * spread
        + params.weight_queue * queue
        + params.weight_latency * latency
        + params.weight_reliability * _unit(reliability)
        + params.weight_size * _unit(depth_ratio)
    )


class Ranking(IntEnum):
    """By what venues are ranked: the score of Spec 8, or all that crossing there would cost."""

    SCORE = 0
    COST = 1
