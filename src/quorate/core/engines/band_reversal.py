"""Band reversal: against a close far outside its own twenty-hour band.

In: ``bollinger_z``, ``vol_ratio``. Out: a side and its strength.

Hypothesis. Liquidity providers who absorb a one-sided hour are paid by the way back to the
mean.

Bet. Against the z score of the close among its last 20 hourly closes, unless volatility is just
expanding: a band that widens is a breakout, not an excess.

Reference. J. Bollinger (2001), "Bollinger on Bollinger Bands".

Approved in RANGE: the band's mean is a target only where prices keep crossing it.

Abstains within two deviations, while volatility expands, and where an input is unknown.
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
    bollinger_z: float, vol_ratio: float, entry_z: float, full_z: float, most_ratio: float
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: -ramp(z) \text{ if } \sigma_{1h}\sqrt{24} \le most\,\sigma_{24h}

    Parameters
    ----------
    bollinger_z : float
        z score of the close among 20 hourly closes.
    vol_ratio : float
        Volatility of the last hour over that of the day, both per day.
    entry_z : float
        Edge of the dead zone, standard deviations.
    full_z : float
        Full conviction, standard deviations.
    most_ratio : float
        Volatility ratio above which it abstains.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(-3.5, 1.0, 2.0, 3.5, 1.3)
    1.0
    """
    bet = ramp(-bollinger_z, entry_z, full_z)
    if vol_ratio <= most_ratio:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    bollinger_z = columns[0]
    vol_ratio = columns[1]
    entry_z = parameters[0]
    full_z = parameters[1]
    most_ratio = parameters[2]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, bollinger_z, c], values[t, vol_ratio, c], entry_z, full_z, most_ratio
            )
            cast(side, strength, t, c, one)


def build(entry_z: float = 2.0, full_z: float = 3.5, most_ratio: float = 1.3) -> Engine:
    """Return the engine ``band_reversal``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_z : float
        Edge of the dead zone, standard deviations.
    full_z : float
        Full conviction, standard deviations.
    most_ratio : float
        Volatility ratio above which it abstains.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'mean_reversion'
    """
    return rule(
        name="band_reversal",
        family="mean_reversion",
        approved=frozenset({Regime.RANGE}),
        tally=tally,
        reads=("bollinger_z", "vol_ratio"),
        parameters={"entry_z": entry_z, "full_z": full_z, "most_ratio": most_ratio},
        symmetric=True,
        hypothesis=(
            "Liquidity providers who absorb a one-sided hour are paid by the way back to the mean."
        ),
        reference='J. Bollinger (2001), "Bollinger on Bollinger Bands"',
    )
