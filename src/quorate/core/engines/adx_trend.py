"""Directional movement: a strong trend by ADX, in the direction of the larger DI.

In: ``adx``, ``di_diff``, ``ret_24h``. Out: a side and its strength.

Hypothesis. When one side makes almost all of the new extremes, the other has withdrawn and the
move goes on until it returns.

Bet. The side of +DI less -DI while ADX says that the trend is strong, if the day's return
agrees. ADX alone is late: it still rises when a trend has begun to turn.

Reference. J. W. Wilder (1978), "New Concepts in Technical Trading Systems".

Approved in TREND: its own condition, ADX above 25, is that regime's definition.

Abstains below the ADX threshold, inside the dead zone, where the day's return disagrees, and
where an input is unknown.
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
    adx: float,
    di_diff: float,
    ret_24h: float,
    entry_diff: float,
    full_diff: float,
    least_adx: float,
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: ramp(DI^+ - DI^-) \text{ if } ADX \ge least \text{ and } (DI^+ - DI^-)\,r_{24h} \ge 0

    Parameters
    ----------
    adx : float
        ADX(14) on 1 h bars, 0 to 100.
    di_diff : float
        (+DI - -DI) / 100, in [-1, 1].
    ret_24h : float
        Log return of 24 h.
    entry_diff : float
        Edge of the dead zone of ``di_diff``.
    full_diff : float
        Full conviction of ``di_diff``.
    least_adx : float
        ADX below which it abstains, points.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(30.0, -0.4, -0.02, 0.1, 0.4, 25.0)
    -1.0
    """
    bet = ramp(di_diff, entry_diff, full_diff)
    if adx >= least_adx and di_diff * ret_24h >= 0.0:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    adx = columns[0]
    di_diff = columns[1]
    ret_24h = columns[2]
    entry_diff = parameters[0]
    full_diff = parameters[1]
    least_adx = parameters[2]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, adx, c],
                values[t, di_diff, c],
                values[t, ret_24h, c],
                entry_diff,
                full_diff,
                least_adx,
            )
            cast(side, strength, t, c, one)


def build(entry_diff: float = 0.1, full_diff: float = 0.4, least_adx: float = 25.0) -> Engine:
    """Return the engine ``adx_trend``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_diff : float
        Edge of the dead zone of ``di_diff``.
    full_diff : float
        Full conviction of ``di_diff``.
    least_adx : float
        ADX below which it abstains, points.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'trend'
    """
    return rule(
        name="adx_trend",
        family="trend",
        approved=frozenset({Regime.TREND}),
        tally=tally,
        reads=("adx", "di_diff", "ret_24h"),
        parameters={"entry_diff": entry_diff, "full_diff": full_diff, "least_adx": least_adx},
        symmetric=True,
        hypothesis=(
            "When one side makes almost all of the new extremes, the other has withdrawn and the "
            "move goes on until it returns."
        ),
        reference='J. W. Wilder (1978), "New Concepts in Technical Trading Systems"',
    )
