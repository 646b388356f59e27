"""Squeeze: out of the edge of its range after a day quieter than the week.

In: ``channel_pos_24h``, ``ret_1h``, ``vol_24h``, ``vol_7d``, ``volume_z``. Out: a side and its
strength.

Hypothesis. Volatility returns to its mean, so a quiet day precedes a larger move; the side that
presses on the edge chooses the direction.

Bet. The edge of the 24 h channel at which the price stands, if the day was quiet against the
week, the last hour moved to that edge and volume has begun to rise.

Reference. J. Bollinger (2001), "Bollinger on Bollinger Bands", on the squeeze.

Approved in TREND and RANGE: a squeeze is the end of a range and the start of a trend, and which
of the two the classifier sees first is a matter of hours.

Abstains in the middle of the channel, when the day was not quiet, on falling volume, and where
an input is unknown.
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
    channel_pos_24h: float,
    ret_1h: float,
    vol_24h: float,
    vol_7d: float,
    volume_z: float,
    entry_pos: float,
    full_pos: float,
    most_ratio: float,
    least_volume_z: float,
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math::

        ramp(2\,pos - 1)
        \text{ if } \sigma_{24h} \le most\,\sigma_{7d},\ (2\,pos - 1)\,r_{1h} \ge 0

    Parameters
    ----------
    channel_pos_24h : float
        Place of the close in the 24 h channel, 0 (low) to 1 (high).
    ret_1h : float
        Log return of 1 h.
    vol_24h : float
        Daily volatility, a fraction.
    vol_7d : float
        Daily volatility over seven days, a fraction.
    volume_z : float
        z score of the last hour's volume.
    entry_pos : float
        Edge of the dead zone, share of half a channel.
    full_pos : float
        Full conviction, share of half a channel.
    most_ratio : float
        Quietness: the most the day's volatility may be of the week's.
    least_volume_z : float
        Least z score of volume.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(1.0, 0.004, 0.02, 0.03, 1.0, 0.8, 1.0, 0.8, 0.5)
    1.0
    """
    place = 2.0 * channel_pos_24h - 1.0
    bet = ramp(place, entry_pos, full_pos)
    if vol_24h <= most_ratio * vol_7d and volume_z >= least_volume_z and place * ret_1h >= 0.0:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    channel_pos_24h = columns[0]
    ret_1h = columns[1]
    vol_24h = columns[2]
    vol_7d = columns[3]
    volume_z = columns[4]
    entry_pos = parameters[0]
    full_pos = parameters[1]
    most_ratio = parameters[2]
    least_volume_z = parameters[3]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, channel_pos_24h, c],
                values[t, ret_1h, c],
                values[t, vol_24h, c],
                values[t, vol_7d, c],
                values[t, volume_z, c],
                entry_pos,
                full_pos,
                most_ratio,
                least_volume_z,
            )
            cast(side, strength, t, c, one)


def build(
    entry_pos: float = 0.8,
    full_pos: float = 1.0,
    most_ratio: float = 0.8,
    least_volume_z: float = 0.5,
) -> Engine:
    """Return the engine ``squeeze_breakout``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_pos : float
        Edge of the dead zone, share of half a channel.
    full_pos : float
        Full conviction, share of half a channel.
    most_ratio : float
        Quietness: the most the day's volatility may be of the week's.
    least_volume_z : float
        Least z score of volume.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'breakout'
    """
    return rule(
        name="squeeze_breakout",
        family="breakout",
        approved=frozenset({Regime.TREND, Regime.RANGE}),
        tally=tally,
        reads=("channel_pos_24h", "ret_1h", "vol_24h", "vol_7d", "volume_z"),
        parameters={
            "entry_pos": entry_pos,
            "full_pos": full_pos,
            "most_ratio": most_ratio,
            "least_volume_z": least_volume_z,
        },
        symmetric=True,
        hypothesis=(
            "Volatility returns to its mean, so a quiet day precedes a larger move; the side that "
            "presses on the edge chooses the direction."
        ),
        reference='J. Bollinger (2001), "Bollinger on Bollinger Bands", on the squeeze',
    )
