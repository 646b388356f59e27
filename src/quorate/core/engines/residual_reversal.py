"""Residual reversal: against the part of the day's return that Bitcoin does not explain.

In: ``resid_24h``, ``vol_24h``, ``volume_ratio_24h``. Out: a side and its strength.

Hypothesis. The market's move is information for all coins; a coin's own excess on top of it is
mostly pressure, and fades.

Bet. Against the residual of the day's return on Bitcoin's, in the coin's daily volatilities.
Residual reversal does not bet on the market and so loses less in trends than plain reversal.

Reference. D. Blitz, J. Huij, S. Lansdorp, M. Verbeek (2013), "Short-term residual reversal",
Journal of Financial Markets.

Approved in TREND and RANGE: it takes no side of the market, so a trend of the market does not
hurt it.

Abstains inside the dead zone, on high volume, where Bitcoin is unknown, and where an input is
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
    resid_24h: float,
    vol_24h: float,
    volume_ratio_24h: float,
    entry_z: float,
    full_z: float,
    most_volume_ratio: float,
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: -ramp(\varepsilon_{24h} / \sigma_d) \text{ if } volume \le most

    Parameters
    ----------
    resid_24h : float
        Log return of 24 h less beta times Bitcoin's.
    vol_24h : float
        Daily volatility, a fraction.
    volume_ratio_24h : float
        Volume of 24 h over its 30-day median.
    entry_z : float
        Edge of the dead zone, daily volatilities.
    full_z : float
        Full conviction, daily volatilities.
    most_volume_ratio : float
        Volume ratio above which the excess is taken for news.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(0.1, 0.04, 1.0, 0.75, 2.5, 2.0)
    -1.0
    """
    bet = ramp(-resid_24h / vol_24h, entry_z, full_z)
    if vol_24h > 0.0 and volume_ratio_24h <= most_volume_ratio:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    resid_24h = columns[0]
    vol_24h = columns[1]
    volume_ratio_24h = columns[2]
    entry_z = parameters[0]
    full_z = parameters[1]
    most_volume_ratio = parameters[2]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, resid_24h, c],
                values[t, vol_24h, c],
                values[t, volume_ratio_24h, c],
                entry_z,
                full_z,
                most_volume_ratio,
            )
            cast(side, strength, t, c, one)


def build(entry_z: float = 0.75, full_z: float = 2.5, most_volume_ratio: float = 2.0) -> Engine:
    """Return the engine ``residual_reversal``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_z : float
        Edge of the dead zone, daily volatilities.
    full_z : float
        Full conviction, daily volatilities.
    most_volume_ratio : float
        Volume ratio above which the excess is taken for news.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'cross_section'
    """
    return rule(
        name="residual_reversal",
        family="cross_section",
        approved=frozenset({Regime.TREND, Regime.RANGE}),
        tally=tally,
        reads=("resid_24h", "vol_24h", "volume_ratio_24h"),
        parameters={"entry_z": entry_z, "full_z": full_z, "most_volume_ratio": most_volume_ratio},
        symmetric=True,
        hypothesis=(
            "The market's move is information for all coins; a coin's own excess on top of it is "
            "mostly pressure, and fades."
        ),
        reference=(
            'D. Blitz, J. Huij, S. Lansdorp, M. Verbeek (2013), "Short-term residual reversal", '
            "Journal of Financial Markets"
        ),
    )
