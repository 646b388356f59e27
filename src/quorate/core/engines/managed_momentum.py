"""Volatility-managed momentum: the day's return, believed less the wilder the day was.

In: ``ret_24h``, ``vol_24h``, ``vol_7d``. Out: a side and its strength.

Hypothesis. Volatility persists and is not paid for, so the same momentum is worth more per unit
of risk in a calm market.

Bet. The side of the day's return in weekly-normal volatilities, scaled by the week's variance
over the day's. Above a cap on that ratio it abstains: momentum crashes happen in wild markets.

Reference. P. Barroso, P. Santa-Clara (2015), "Momentum has its moments", Journal of Financial
Economics; A. Moreira, T. Muir (2017), "Volatility-managed portfolios", Journal of Finance.

Approved in TREND: it is momentum; the scaling chooses among trends, it does not make one.

Abstains inside the dead zone, in a day much wilder than its week, and where an input is
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
    ret_24h: float, vol_24h: float, vol_7d: float, entry_z: float, full_z: float, most_ratio: float
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math::

        ramp\left(\frac{r_{24h}}{\sigma_{7d}}\,\frac{\sigma_{7d}^2}{\sigma_{24h}^2}\right)
        \text{ if } \sigma_{24h} \le most\,\sigma_{7d}

    Parameters
    ----------
    ret_24h : float
        Log return of 24 h.
    vol_24h : float
        Daily volatility, a fraction.
    vol_7d : float
        Daily volatility over seven days, a fraction.
    entry_z : float
        Edge of the dead zone, managed daily volatilities.
    full_z : float
        Full conviction, managed daily volatilities.
    most_ratio : float
        The most the day's volatility may be of the week's.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(-0.1, 0.04, 0.04, 0.5, 2.5, 1.5)
    -1.0
    """
    bet = ramp(ret_24h * vol_7d / (vol_24h * vol_24h), entry_z, full_z)
    if vol_24h > 0.0 and vol_24h <= most_ratio * vol_7d:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    ret_24h = columns[0]
    vol_24h = columns[1]
    vol_7d = columns[2]
    entry_z = parameters[0]
    full_z = parameters[1]
    most_ratio = parameters[2]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, ret_24h, c],
                values[t, vol_24h, c],
                values[t, vol_7d, c],
                entry_z,
                full_z,
                most_ratio,
            )
            cast(side, strength, t, c, one)


def build(entry_z: float = 0.5, full_z: float = 2.5, most_ratio: float = 1.5) -> Engine:
    """Return the engine ``managed_momentum``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_z : float
        Edge of the dead zone, managed daily volatilities.
    full_z : float
        Full conviction, managed daily volatilities.
    most_ratio : float
        The most the day's volatility may be of the week's.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'volatility'
    """
    return rule(
        name="managed_momentum",
        family="volatility",
        approved=frozenset({Regime.TREND}),
        tally=tally,
        reads=("ret_24h", "vol_24h", "vol_7d"),
        parameters={"entry_z": entry_z, "full_z": full_z, "most_ratio": most_ratio},
        symmetric=True,
        hypothesis=(
            "Volatility persists and is not paid for, so the same momentum is worth more per unit "
            "of risk in a calm market."
        ),
        reference=(
            'P. Barroso, P. Santa-Clara (2015), "Momentum has its moments", Journal of Financial '
            'Economics; A. Moreira, T. Muir (2017), "Volatility-managed portfolios", Journal of '
            "Finance"
        ),
    )
