"""Signed flow: with the side on which four hours of volume were traded.

In: ``signed_flow_4h``, ``volume_ratio_24h``. Out: a side and its strength.

Hypothesis. Volume goes before price: accumulation shows as volume on rising bars before the
price has moved far.

Bet. The side of volume signed by each bar's return, if the day was traded as usual. It needs no
report of takers, and so stands in for the imbalance where there is none.

Reference. J. E. Granville (1963), "Granville's New Key to Stock Market Profits", on on-balance
volume.

Approved in TREND and RANGE: accumulation goes on in both; in a panic the volume is forced and
says nothing of intent.

Abstains inside the dead zone, on a thin day, and where an input is unknown.
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
    signed_flow_4h: float,
    volume_ratio_24h: float,
    entry_share: float,
    full_share: float,
    least_volume_ratio: float,
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: ramp(flow_{4h}) \text{ if } volume \ge least

    Parameters
    ----------
    signed_flow_4h : float
        Volume signed by the bar's return, over volume, 4 h, in [-1, 1].
    volume_ratio_24h : float
        Volume of 24 h over its 30-day median.
    entry_share : float
        Edge of the dead zone, share of volume.
    full_share : float
        Full conviction, share of volume.
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
    >>> conviction(0.45, 1.0, 0.1, 0.45, 0.7)
    1.0
    """
    bet = ramp(signed_flow_4h, entry_share, full_share)
    if volume_ratio_24h >= least_volume_ratio:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    signed_flow_4h = columns[0]
    volume_ratio_24h = columns[1]
    entry_share = parameters[0]
    full_share = parameters[1]
    least_volume_ratio = parameters[2]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, signed_flow_4h, c],
                values[t, volume_ratio_24h, c],
                entry_share,
                full_share,
                least_volume_ratio,
            )
            cast(side, strength, t, c, one)


def build(
    entry_share: float = 0.1, full_share: float = 0.45, least_volume_ratio: float = 0.7
) -> Engine:
    """Return the engine ``signed_flow``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_share : float
        Edge of the dead zone, share of volume.
    full_share : float
        Full conviction, share of volume.
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
        name="signed_flow",
        family="flow",
        approved=frozenset({Regime.TREND, Regime.RANGE}),
        tally=tally,
        reads=("signed_flow_4h", "volume_ratio_24h"),
        parameters={
            "entry_share": entry_share,
            "full_share": full_share,
            "least_volume_ratio": least_volume_ratio,
        },
        symmetric=True,
        hypothesis=(
            "Volume goes before price: accumulation shows as volume on rising bars before the "
            "price has moved far."
        ),
        reference=(
            'J. E. Granville (1963), "Granville\'s New Key to Stock Market Profits", on on-balance '
            "volume"
        ),
    )
