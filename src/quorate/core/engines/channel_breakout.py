"""Channel breakout: beyond the high or low of the 24 hours before, on live volume.

In: ``breakout_24h``, ``volume_shock``. Out: a side and its strength.

Hypothesis. Orders gather beyond visible extremes; once they are hit, stops and new entries push
the same way.

Bet. The side on which the close left yesterday's channel, by how many daily volatilities it
did. The bar must carry at least its usual volume: an extreme that nobody trades is a quote, not
a break.

Reference. C. M. Faith (2007), "Way of the Turtle", on R. Donchian's channel rule.

Approved in TREND and PANIC: breaks follow through where direction persists, and a fall through
the low is how a panic begins; in a range they are the false ones.

Abstains inside the channel and just beyond it, on a thin bar, and where an input is unknown.
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
    breakout_24h: float, volume_shock: float, entry_z: float, full_z: float, least_shock: float
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: ramp(breakout) \text{ if } shock \ge least

    Parameters
    ----------
    breakout_24h : float
        Log distance beyond the 24 h channel in units of ``vol_24h``, 0 inside.
    volume_shock : float
        Volume of the bar over the mean bar of 24 h.
    entry_z : float
        Edge of the dead zone, daily volatilities.
    full_z : float
        Full conviction, daily volatilities.
    least_shock : float
        Least volume, multiples of the mean bar.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(0.4, 2.0, 0.02, 0.4, 1.0)
    1.0
    """
    bet = ramp(breakout_24h, entry_z, full_z)
    if volume_shock >= least_shock:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    breakout_24h = columns[0]
    volume_shock = columns[1]
    entry_z = parameters[0]
    full_z = parameters[1]
    least_shock = parameters[2]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, breakout_24h, c], values[t, volume_shock, c], entry_z, full_z, least_shock
            )
            cast(side, strength, t, c, one)


def build(entry_z: float = 0.02, full_z: float = 0.4, least_shock: float = 1.0) -> Engine:
    """Return the engine ``channel_breakout``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_z : float
        Edge of the dead zone, daily volatilities.
    full_z : float
        Full conviction, daily volatilities.
    least_shock : float
        Least volume, multiples of the mean bar.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'breakout'
    """
    return rule(
        name="channel_breakout",
        family="breakout",
        approved=frozenset({Regime.TREND, Regime.PANIC}),
        tally=tally,
        reads=("breakout_24h", "volume_shock"),
        parameters={"entry_z": entry_z, "full_z": full_z, "least_shock": least_shock},
        symmetric=True,
        hypothesis=(
            "Orders gather beyond visible extremes; once they are hit, stops and new entries push "
            "the same way."
        ),
        reference='C. M. Faith (2007), "Way of the Turtle", on R. Donchian\'s channel rule',
    )
