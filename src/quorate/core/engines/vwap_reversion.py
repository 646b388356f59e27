"""VWAP reversion: against a price far from what the day's volume paid.

In: ``vwap_24h_gap``, ``vol_24h``, ``efficiency_24h``. Out: a side and its strength.

Hypothesis. Large orders are measured against the volume-weighted price, so patient buyers wait
below it and sellers above it.

Bet. Against the gap between close and 24 h VWAP, in daily volatilities, if the day's path was
crooked: after a straight day the gap is the trend itself.

Reference. S. A. Berkowitz, D. E. Logue, E. A. Noser (1988), "The total cost of transactions on
the NYSE", Journal of Finance, on VWAP as the benchmark of execution.

Approved in RANGE: the day's fair price is an anchor only while no side marks it up or down.

Abstains near the VWAP, after a straight day, and where an input is unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quorate.core.engines.rule import cast, ramp, rule
from quorate.core.kernel import kernel
from quorate.core.types import Regime

if TYPE_CHECKING:
    from quorate.core.engines.base import Engine
    from quorate.core.types import ByteMat, Cube, IntVec, Mat, Vec


@kernel
def conviction(
    vwap_24h_gap: float,
    vol_24h: float,
    efficiency_24h: float,
    entry_z: float,
    full_z: float,
    most_efficiency: float,
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: -ramp(gap / \sigma_d) \text{ if } efficiency \le most

    Parameters
    ----------
    vwap_24h_gap : float
        Close over the VWAP of 24 h, minus 1.
    vol_24h : float
        Daily volatility, a fraction.
    efficiency_24h : float
        Net over travelled distance of 24 h, in [0, 1].
    entry_z : float
        Edge of the dead zone, daily volatilities.
    full_z : float
        Full conviction, daily volatilities.
    most_efficiency : float
        Straightness above which it abstains, a fraction.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(-0.08, 0.04, 0.1, 0.75, 2.0, 0.3)
    1.0
    """
    bet = ramp(-vwap_24h_gap / vol_24h, entry_z, full_z)
    if vol_24h > 0.0 and efficiency_24h <= most_efficiency:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    vwap_24h_gap = columns[0]
    vol_24h = columns[1]
    efficiency_24h = columns[2]
    entry_z = parameters[0]
    full_z = parameters[1]
    most_efficiency = parameters[2]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, vwap_24h_gap, c],
                values[t, vol_24h, c],
                values[t, efficiency_24h, c],
                entry_z,
                full_z,
                most_efficiency,
            )
            cast(side, strength, t, c, one)


def build(entry_z: float = 0.75, full_z: float = 2.0, most_efficiency: float = 0.3) -> Engine:
    """Return the engine ``vwap_reversion``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_z : float
        Edge of the dead zone, daily volatilities.
    full_z : float
        Full conviction, daily volatilities.
    most_efficiency : float
        Straightness above which it abstains, a fraction.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'mean_reversion'
    """
    return rule(
        name="vwap_reversion",
        family="mean_reversion",
        approved=frozenset({Regime.RANGE}),
        tally=tally,
        reads=("vwap_24h_gap", "vol_24h", "efficiency_24h"),
        parameters={"entry_z": entry_z, "full_z": full_z, "most_efficiency": most_efficiency},
        symmetric=True,
        hypothesis=(
            "Large orders are measured against the volume-weighted price, so patient buyers wait "
            "below it and sellers above it."
        ),
        reference=(
            'S. A. Berkowitz, D. E. Logue, E. A. Noser (1988), "The total cost of transactions on '
            'the NYSE", Journal of Finance, on VWAP as the benchmark of execution'
        ),
    )
