"""Expansion: in the direction of an hour that is wilder than its day and well traded.

In: ``ret_z_1h``, ``vol_ratio``, ``volume_z``. Out: a side and its strength.

Hypothesis. When volatility breaks out, late rebalancing and stops trade the same way for hours
after the first move.

Bet. The side of the last hour's return if the hour was much wilder than the day and its volume
high. It is the other half of the reversal of an hour, which asks for ordinary volume.

Reference. L. Gao, Y. Han, S. Z. Li, G. Zhou (2018), "Market intraday momentum", Journal of
Financial Economics.

Approved in TREND and PANIC: expansions run on where direction persists, and forced selling in a
panic is the strongest case of it.

Abstains after a small return, in a quiet hour, on ordinary volume, and where an input is
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
    ret_z_1h: float,
    vol_ratio: float,
    volume_z: float,
    entry_z: float,
    full_z: float,
    least_ratio: float,
    least_volume_z: float,
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math::

        ramp(z_{1h})
        \text{ if } \sigma_{1h}\sqrt{24} \ge least\,\sigma_{24h} \text{ and } z_{volume} \ge least

    Parameters
    ----------
    ret_z_1h : float
        Log return of 1 h in units of an hour's volatility.
    vol_ratio : float
        Volatility of the last hour over that of the day, both per day.
    volume_z : float
        z score of the last hour's volume.
    entry_z : float
        Edge of the dead zone, hourly volatilities.
    full_z : float
        Full conviction, hourly volatilities.
    least_ratio : float
        Volatility ratio below which it abstains.
    least_volume_z : float
        z score of volume below which it abstains.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(3.0, 2.0, 2.0, 1.0, 3.0, 1.5, 1.0)
    1.0
    """
    bet = ramp(ret_z_1h, entry_z, full_z)
    if vol_ratio >= least_ratio and volume_z >= least_volume_z:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    ret_z_1h = columns[0]
    vol_ratio = columns[1]
    volume_z = columns[2]
    entry_z = parameters[0]
    full_z = parameters[1]
    least_ratio = parameters[2]
    least_volume_z = parameters[3]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, ret_z_1h, c],
                values[t, vol_ratio, c],
                values[t, volume_z, c],
                entry_z,
                full_z,
                least_ratio,
                least_volume_z,
            )
            cast(side, strength, t, c, one)


def build(
    entry_z: float = 1.0, full_z: float = 3.0, least_ratio: float = 1.5, least_volume_z: float = 1.0
) -> Engine:
    """Return the engine ``expansion_momentum``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_z : float
        Edge of the dead zone, hourly volatilities.
    full_z : float
        Full conviction, hourly volatilities.
    least_ratio : float
        Volatility ratio below which it abstains.
    least_volume_z : float
        z score of volume below which it abstains.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'volatility'
    """
    return rule(
        name="expansion_momentum",
        family="volatility",
        approved=frozenset({Regime.TREND, Regime.PANIC}),
        tally=tally,
        reads=("ret_z_1h", "vol_ratio", "volume_z"),
        parameters={
            "entry_z": entry_z,
            "full_z": full_z,
            "least_ratio": least_ratio,
            "least_volume_z": least_volume_z,
        },
        symmetric=True,
        hypothesis=(
            "When volatility breaks out, late rebalancing and stops trade the same way for hours "
            "after the first move."
        ),
        reference=(
            'L. Gao, Y. Han, S. Z. Li, G. Zhou (2018), "Market intraday momentum", Journal of '
            "Financial Economics"
        ),
    )
