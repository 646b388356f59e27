"""Momentum of a day: what moved over 24 hours in a straight line goes on moving.

In: ``ret_z_24h``, ``efficiency_24h``. Out: a side and its strength.

Hypothesis. Investors react late to news and then follow each other, so the sign of the last
day's return outlives the day.

Bet. The side of the day's return, measured in its own volatility, where the path was straight:
the same return at the end of a crooked path is noise that happened to end high.

Reference. T. J. Moskowitz, Y. H. Ooi, L. H. Pedersen (2012), "Time series momentum", Journal of
Financial Economics.

Approved in TREND: it is the trend regime's own statement; where prices swing in a range the
same bet buys tops.

Abstains inside the dead zone, after a crooked path, and where an input is unknown.
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
    ret_z_24h: float, efficiency_24h: float, entry_z: float, full_z: float, least_efficiency: float
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: ramp(z_{24h}) \text{ if } efficiency \ge least

    Parameters
    ----------
    ret_z_24h : float
        Log return of 24 h in units of ``vol_24h``.
    efficiency_24h : float
        Net over travelled distance of 24 h, in [0, 1].
    entry_z : float
        Edge of the dead zone, daily volatilities.
    full_z : float
        Full conviction, daily volatilities.
    least_efficiency : float
        Straightness below which it abstains, a fraction.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(2.5, 0.4, 0.5, 2.5, 0.2)
    1.0
    """
    bet = ramp(ret_z_24h, entry_z, full_z)
    if efficiency_24h >= least_efficiency:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    ret_z_24h = columns[0]
    efficiency_24h = columns[1]
    entry_z = parameters[0]
    full_z = parameters[1]
    least_efficiency = parameters[2]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, ret_z_24h, c],
                values[t, efficiency_24h, c],
                entry_z,
                full_z,
                least_efficiency,
            )
            cast(side, strength, t, c, one)


def build(entry_z: float = 0.5, full_z: float = 2.5, least_efficiency: float = 0.2) -> Engine:
    """Return the engine ``momentum_day``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_z : float
        Edge of the dead zone, daily volatilities.
    full_z : float
        Full conviction, daily volatilities.
    least_efficiency : float
        Straightness below which it abstains, a fraction.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'trend'
    """
    return rule(
        name="momentum_day",
        family="trend",
        approved=frozenset({Regime.TREND}),
        tally=tally,
        reads=("ret_z_24h", "efficiency_24h"),
        parameters={"entry_z": entry_z, "full_z": full_z, "least_efficiency": least_efficiency},
        symmetric=True,
        hypothesis=(
            "Investors react late to news and then follow each other, so the sign of the last "
            "day's return outlives the day."
        ),
        reference=(
            'T. J. Moskowitz, Y. H. Ooi, L. H. Pedersen (2012), "Time series momentum", Journal '
            "of Financial Economics"
        ),
    )
