"""Reversal of an hour: a sharp hour on ordinary volume is given back.

In: ``ret_z_1h``, ``volume_z``. Out: a side and its strength.

Hypothesis. A price pushed by someone in a hurry, with no news behind it, pays those who take
the other side.

Bet. Against the last hour's return in units of an hour's volatility, if volume was ordinary. A
sharp hour on high volume is how news arrives, and news stays.

Reference. N. Jegadeesh (1990), "Evidence of predictable behavior of security returns", Journal
of Finance; G. Llorente, R. Michaely, G. Saar, J. Wang (2002), "Dynamic volume-return relation
of individual stocks", Review of Financial Studies.

Approved in TREND and RANGE: the payment for haste is due in calm and in directed markets; in a
panic the hurry is general and does not end with the hour.

Abstains after an ordinary hour, on high volume, and where an input is unknown.
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
    ret_z_1h: float, volume_z: float, entry_z: float, full_z: float, most_volume_z: float
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: -ramp(z_{1h}) \text{ if } z_{volume} \le most

    Parameters
    ----------
    ret_z_1h : float
        Log return of 1 h in units of an hour's volatility.
    volume_z : float
        z score of the last hour's volume.
    entry_z : float
        Edge of the dead zone, hourly volatilities.
    full_z : float
        Full conviction, hourly volatilities.
    most_volume_z : float
        z score of volume above which it abstains.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(4.0, 0.0, 1.5, 4.0, 1.0)
    -1.0
    """
    bet = ramp(-ret_z_1h, entry_z, full_z)
    if volume_z <= most_volume_z:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    ret_z_1h = columns[0]
    volume_z = columns[1]
    entry_z = parameters[0]
    full_z = parameters[1]
    most_volume_z = parameters[2]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, ret_z_1h, c], values[t, volume_z, c], entry_z, full_z, most_volume_z
            )
            cast(side, strength, t, c, one)


def build(entry_z: float = 1.5, full_z: float = 4.0, most_volume_z: float = 1.0) -> Engine:
    """Return the engine ``hour_reversal``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_z : float
        Edge of the dead zone, hourly volatilities.
    full_z : float
        Full conviction, hourly volatilities.
    most_volume_z : float
        z score of volume above which it abstains.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'mean_reversion'
    """
    return rule(
        name="hour_reversal",
        family="mean_reversion",
        approved=frozenset({Regime.TREND, Regime.RANGE}),
        tally=tally,
        reads=("ret_z_1h", "volume_z"),
        parameters={"entry_z": entry_z, "full_z": full_z, "most_volume_z": most_volume_z},
        symmetric=True,
        hypothesis=(
            "A price pushed by someone in a hurry, with no news behind it, pays those who take "
            "the other side."
        ),
        reference=(
            'N. Jegadeesh (1990), "Evidence of predictable behavior of security returns", Journal '
            'of Finance; G. Llorente, R. Michaely, G. Saar, J. Wang (2002), "Dynamic '
            'volume-return relation of individual stocks", Review of Financial Studies'
        ),
    )
