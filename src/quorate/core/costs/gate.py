r"""The margin gate: a trade must be expected to earn more than it costs, by a margin.

In: the expected edge and the cost of the round trip. Out: whether it may be entered. Reductions
do not pass here: nothing blocks a reduction (METHODS 0b.9).
"""

from __future__ import annotations

from quorate.core.kernel import kernel


@kernel
def clears(edge_bps: float, cost_bps: float, margin_bps: float) -> bool:
    r"""Say whether an entry pays.

    .. math:: \text{reject if} \quad \text{edge} - \text{cost} < \text{margin}

    Parameters
    ----------
    edge_bps : float
        Expected gross gain of the round trip in the direction of the trade.
    cost_bps : float
        The whole round trip (``components.round_trip_bps``).
    margin_bps : float
        ``Params.safety_margin_bps``; 3.0 as in the spec.

    Notes
    -----
    Units: bps. Equality trades. Causal: pure. Missing: an unknown edge or cost is refused.
    Spec 4, METHODS 3.4.

    Examples
    --------
    >>> clears(25.0, 18.0, 3.0), clears(21.0, 18.0, 3.0), clears(20.9, 18.0, 3.0)
    (True, True, False)
    """
    return edge_bps - cost_bps >= margin_bps
