"""Moving averages: the fast average beyond the slow one, and the price beyond both.

In: ``ema_cross``, ``ema_4h_gap``, ``vol_24h``. Out: a side and its strength.

Hypothesis. Averages of two lengths filter noise at two scales; while the fast one leads, buyers
keep paying more than they did.

Bet. The side on which the 4 h average lies of the 24 h average, in daily volatilities, while
the price is on the same side of the fast one: a price that has crossed back is the first sign
of the cross undone.

Reference. W. Brock, J. Lakonishok, B. LeBaron (1992), "Simple technical trading rules and the
stochastic properties of stock returns", Journal of Finance.

Approved in TREND: crosses of averages are paid by long moves and lose a little at each turn;
ranges are all turns.

Abstains inside the dead zone, where the price lies between the averages, and where an input is
unknown.
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
    ema_cross: float, ema_4h_gap: float, vol_24h: float, entry_z: float, full_z: float
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: ramp(cross / \sigma_d) \text{ if } cross \cdot gap_{4h} \ge 0

    Parameters
    ----------
    ema_cross : float
        4 h average over 24 h average, minus 1.
    ema_4h_gap : float
        Close over the 4 h average, minus 1.
    vol_24h : float
        Daily volatility, a fraction.
    entry_z : float
        Edge of the dead zone, daily volatilities.
    full_z : float
        Full conviction, daily volatilities.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(0.03, 0.01, 0.03, 0.15, 1.0)
    1.0
    """
    bet = ramp(ema_cross / vol_24h, entry_z, full_z)
    if vol_24h > 0.0 and ema_cross * ema_4h_gap >= 0.0:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    ema_cross = columns[0]
    ema_4h_gap = columns[1]
    vol_24h = columns[2]
    entry_z = parameters[0]
    full_z = parameters[1]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, ema_cross, c],
                values[t, ema_4h_gap, c],
                values[t, vol_24h, c],
                entry_z,
                full_z,
            )
            cast(side, strength, t, c, one)


def build(entry_z: float = 0.15, full_z: float = 1.0) -> Engine:
    """Return the engine ``ema_cross``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_z : float
        Edge of the dead zone, daily volatilities.
    full_z : float
        Full conviction, daily volatilities.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'trend'
    """
    return rule(
        name="ema_cross",
        family="trend",
        approved=frozenset({Regime.TREND}),
        tally=tally,
        reads=("ema_cross", "ema_4h_gap", "vol_24h"),
        parameters={"entry_z": entry_z, "full_z": full_z},
        symmetric=True,
        hypothesis=(
            "Averages of two lengths filter noise at two scales; while the fast one leads, buyers "
            "keep paying more than they did."
        ),
        reference=(
            'W. Brock, J. Lakonishok, B. LeBaron (1992), "Simple technical trading rules and the '
            'stochastic properties of stock returns", Journal of Finance'
        ),
    )
