"""Taker imbalance: with those who pay the spread to trade now.

In: ``taker_imbalance_1h``, ``volume_z``. Out: a side and its strength.

Hypothesis. Large orders are split and arrive over hours, so aggressive buying predicts more of
it.

Bet. The side of the takers' imbalance over an hour, unless the hour was nearly untraded and a
few orders made the number.

Reference. T. Chordia, A. Subrahmanyam (2004), "Order imbalance and individual stock returns",
Journal of Financial Economics.

Approved in TREND, RANGE and PANIC: split orders are a fact of execution, not of a regime.

Abstains inside the dead zone, in a nearly untraded hour, where the venue does not report
takers, and where an input is unknown.
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
    taker_imbalance_1h: float,
    volume_z: float,
    entry_share: float,
    full_share: float,
    least_volume_z: float,
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: ramp(imbalance_{1h}) \text{ if } z_{volume} \ge least

    Parameters
    ----------
    taker_imbalance_1h : float
        Takers' buys less sells over volume, 1 h, in [-1, 1].
    volume_z : float
        z score of the last hour's volume.
    entry_share : float
        Edge of the dead zone, share of volume.
    full_share : float
        Full conviction, share of volume.
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
    >>> conviction(-0.35, 0.0, 0.08, 0.35, -1.0)
    -1.0
    """
    bet = ramp(taker_imbalance_1h, entry_share, full_share)
    if volume_z >= least_volume_z:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    taker_imbalance_1h = columns[0]
    volume_z = columns[1]
    entry_share = parameters[0]
    full_share = parameters[1]
    least_volume_z = parameters[2]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, taker_imbalance_1h, c],
                values[t, volume_z, c],
                entry_share,
                full_share,
                least_volume_z,
            )
            cast(side, strength, t, c, one)


def build(
    entry_share: float = 0.08, full_share: float = 0.35, least_volume_z: float = -1.0
) -> Engine:
    """Return the engine ``taker_imbalance``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_share : float
        Edge of the dead zone, share of volume.
    full_share : float
        Full conviction, share of volume.
    least_volume_z : float
        z score of volume below which it abstains.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'flow'
    """
    return rule(
        name="taker_imbalance",
        family="flow",
        approved=frozenset({Regime.TREND, Regime.RANGE, Regime.PANIC}),
        tally=tally,
        reads=("taker_imbalance_1h", "volume_z"),
        parameters={
            "entry_share": entry_share,
            "full_share": full_share,
            "least_volume_z": least_volume_z,
        },
        symmetric=True,
        hypothesis=(
            "Large orders are split and arrive over hours, so aggressive buying predicts more of "
            "it."
        ),
        reference=(
            'T. Chordia, A. Subrahmanyam (2004), "Order imbalance and individual stock returns", '
            "Journal of Financial Economics"
        ),
    )
