"""Volume shock: four hours' return goes on if this hour trades far above its habit.

In: ``ret_4h``, ``vol_24h``, ``volume_ratio_hour``. Out: a side and its strength.

Hypothesis. Unusual volume brings a coin to the attention of those who did not hold it, and the
move that came with it continues.

Bet. The side of the return of four hours if the last hour's volume is a multiple of what the
same hour of the week usually trades, which takes out the clock's own pattern.

Reference. S. Gervais, R. Kaniel, D. H. Mingelgrin (2001), "The high-volume return premium",
Journal of Finance.

Approved in TREND and RANGE: attention arrives in quiet markets as in rising ones; a panic is
itself a volume shock and would confirm itself.

Abstains inside the dead zone, on usual volume, and where an input is unknown.
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
    ret_4h: float,
    vol_24h: float,
    volume_ratio_hour: float,
    entry_z: float,
    full_z: float,
    least_volume_ratio: float,
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: ramp\bigl(r_{4h} / (\sigma_d \sqrt{4/24})\bigr) \text{ if } volume \ge least

    Parameters
    ----------
    ret_4h : float
        Log return of 4 h.
    vol_24h : float
        Daily volatility, a fraction.
    volume_ratio_hour : float
        Volume of 60 min over the median of the same hour of the week.
    entry_z : float
        Edge of the dead zone, volatilities of 4 h.
    full_z : float
        Full conviction, volatilities of 4 h.
    least_volume_ratio : float
        Volume ratio below which it abstains.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(-0.05, 0.04, 3.0, 0.5, 2.5, 2.0)
    -1.0
    """
    bet = ramp(ret_4h / (vol_24h * math.sqrt(4.0 / 24.0)), entry_z, full_z)
    if vol_24h > 0.0 and volume_ratio_hour >= least_volume_ratio:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    ret_4h = columns[0]
    vol_24h = columns[1]
    volume_ratio_hour = columns[2]
    entry_z = parameters[0]
    full_z = parameters[1]
    least_volume_ratio = parameters[2]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, ret_4h, c],
                values[t, vol_24h, c],
                values[t, volume_ratio_hour, c],
                entry_z,
                full_z,
                least_volume_ratio,
            )
            cast(side, strength, t, c, one)


def build(entry_z: float = 0.5, full_z: float = 2.5, least_volume_ratio: float = 2.0) -> Engine:
    """Return the engine ``volume_continuation``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_z : float
        Edge of the dead zone, volatilities of 4 h.
    full_z : float
        Full conviction, volatilities of 4 h.
    least_volume_ratio : float
        Volume ratio below which it abstains.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'flow'
    """
    return rule(
        name="volume_continuation",
        family="flow",
        approved=frozenset({Regime.TREND, Regime.RANGE}),
        tally=tally,
        reads=("ret_4h", "vol_24h", "volume_ratio_hour"),
        parameters={"entry_z": entry_z, "full_z": full_z, "least_volume_ratio": least_volume_ratio},
        symmetric=True,
        hypothesis=(
            "Unusual volume brings a coin to the attention of those who did not hold it, and the "
            "move that came with it continues."
        ),
        reference=(
            'S. Gervais, R. Kaniel, D. H. Mingelgrin (2001), "The high-volume return premium", '
            "Journal of Finance"
        ),
    )
