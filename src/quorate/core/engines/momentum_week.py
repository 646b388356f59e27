"""Momentum of a week: the return of seven days, unless the last day turned against it.

In: ``ret_7d``, ``vol_7d``, ``ret_24h``. Out: a side and its strength.

Hypothesis. Attention and capital reach a coin over days, not minutes, so a week's drift is only
partly priced.

Bet. The side of the week's return in units of a week's volatility. The last day must not
contradict it: most of what momentum loses, it loses when a move turns.

Reference. Y. Liu, A. Tsyvinski (2021), "Risks and returns of cryptocurrency", Review of
Financial Studies.

Approved in TREND and PANIC: time-series momentum has earned most in extreme markets, where it
is already short; in a range the week's return is the distance to its middle.

Abstains inside the dead zone, where the last day's return has the other sign, and where an
input is unknown.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from quorate.core.engines.rule import cast, ramp, rule
from quorate.core.kernel import kernel
from quorate.core.types import Regime

if TYPE_CHECKING:
    from quorate.core.engines.base import Engine
    from quorate.core.types import ByteMat, Cube, IntVec, Mat, Vec


@kernel
def conviction(
    ret_7d: float, vol_7d: float, ret_24h: float, entry_z: float, full_z: float
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: ramp\bigl(r_{7d} / (\sigma_{7d}\sqrt 7)\bigr) \text{ if } r_{7d}\,r_{24h} \ge 0

    Parameters
    ----------
    ret_7d : float
        Log return of seven days.
    vol_7d : float
        Daily volatility over seven days, a fraction.
    ret_24h : float
        Log return of 24 h.
    entry_z : float
        Edge of the dead zone, weekly volatilities.
    full_z : float
        Full conviction, weekly volatilities.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(0.0, 0.04, 0.01, 0.5, 2.0)
    0.0
    """
    bet = ramp(ret_7d / (vol_7d * math.sqrt(7.0)), entry_z, full_z)
    if vol_7d > 0.0 and ret_7d * ret_24h >= 0.0:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    ret_7d = columns[0]
    vol_7d = columns[1]
    ret_24h = columns[2]
    entry_z = parameters[0]
    full_z = parameters[1]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, ret_7d, c], values[t, vol_7d, c], values[t, ret_24h, c], entry_z, full_z
            )
            cast(side, strength, t, c, one)


def build(entry_z: float = 0.5, full_z: float = 2.0) -> Engine:
    """Return the engine ``momentum_week``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_z : float
        Edge of the dead zone, weekly volatilities.
    full_z : float
        Full conviction, weekly volatilities.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'trend'
    """
    return rule(
        name="momentum_week",
        family="trend",
        approved=frozenset({Regime.TREND, Regime.PANIC}),
        tally=tally,
        reads=("ret_7d", "vol_7d", "ret_24h"),
        parameters={"entry_z": entry_z, "full_z": full_z},
        symmetric=True,
        hypothesis=(
            "Attention and capital reach a coin over days, not minutes, so a week's drift is only "
            "partly priced."
        ),
        reference=(
            'Y. Liu, A. Tsyvinski (2021), "Risks and returns of cryptocurrency", Review of '
            "Financial Studies"
        ),
    )
