"""RSI reversal: buy what was sold out, sell what was bought up, while no trend runs.

In: ``rsi_14``, ``adx``. Out: a side and its strength.

Hypothesis. Inside a range, runs of one-sided hours exhaust those who wanted to trade, and the
price comes back.

Bet. Against the distance of RSI from 50, while ADX is low. With a trend RSI stays extreme for
days, so ADX is asked first.

Reference. J. W. Wilder (1978), "New Concepts in Technical Trading Systems".

Approved in RANGE: the oscillator assumes a middle to return to.

Abstains between the bands of RSI, while ADX shows a trend, and where an input is unknown.
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
    rsi_14: float, adx: float, entry_points: float, full_points: float, most_adx: float
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: ramp(50 - RSI) \text{ if } ADX \le most

    Parameters
    ----------
    rsi_14 : float
        RSI(14) on 1 h bars, 0 to 100.
    adx : float
        ADX(14) on 1 h bars, 0 to 100.
    entry_points : float
        Edge of the dead zone, points from 50.
    full_points : float
        Full conviction, points from 50.
    most_adx : float
        ADX above which it abstains, points.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(10.0, 15.0, 20.0, 40.0, 25.0)
    1.0
    """
    bet = ramp(50.0 - rsi_14, entry_points, full_points)
    if adx <= most_adx:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    rsi_14 = columns[0]
    adx = columns[1]
    entry_points = parameters[0]
    full_points = parameters[1]
    most_adx = parameters[2]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, rsi_14, c], values[t, adx, c], entry_points, full_points, most_adx
            )
            cast(side, strength, t, c, one)


def build(entry_points: float = 20.0, full_points: float = 40.0, most_adx: float = 25.0) -> Engine:
    """Return the engine ``rsi_reversal``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_points : float
        Edge of the dead zone, points from 50.
    full_points : float
        Full conviction, points from 50.
    most_adx : float
        ADX above which it abstains, points.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'mean_reversion'
    """
    return rule(
        name="rsi_reversal",
        family="mean_reversion",
        approved=frozenset({Regime.RANGE}),
        tally=tally,
        reads=("rsi_14", "adx"),
        parameters={"entry_points": entry_points, "full_points": full_points, "most_adx": most_adx},
        symmetric=True,
        hypothesis=(
            "Inside a range, runs of one-sided hours exhaust those who wanted to trade, and the "
            "price comes back."
        ),
        reference='J. W. Wilder (1978), "New Concepts in Technical Trading Systems"',
    )
