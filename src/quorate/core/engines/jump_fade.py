"""Jump fade: against a day made of a jump that volume did not confirm.

In: ``ret_z_24h``, ``jump_24h``, ``volume_ratio_24h``. Out: a side and its strength.

Hypothesis. Shocks without information are overreactions or thin books, and the price drifts
back; shocks with information stay.

Bet. Against the day's return if much of its variance came in jumps (one less bipower over
realised variance) and the day's volume was ordinary.

Reference. O. E. Barndorff-Nielsen, N. Shephard (2004), "Power and bipower variation with
stochastic volatility and jumps", Journal of Financial Econometrics; P. G. Savor (2012), "Stock
returns after major price shocks: the impact of information", Journal of Financial Economics.

Approved in RANGE: a return to the level before the shock presumes that the level was an
equilibrium.

Abstains inside the dead zone, after a day without jumps, on high volume, and where an input is
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
    ret_z_24h: float,
    jump_24h: float,
    volume_ratio_24h: float,
    entry_z: float,
    full_z: float,
    least_jump: float,
    most_volume_ratio: float,
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: -ramp(z_{24h}) \text{ if } jump \ge least \text{ and } volume \le most

    Parameters
    ----------
    ret_z_24h : float
        Log return of 24 h in units of ``vol_24h``.
    jump_24h : float
        Share of the day's variance that came in jumps, in [0, 1].
    volume_ratio_24h : float
        Volume of 24 h over its 30-day median.
    entry_z : float
        Edge of the dead zone, daily volatilities.
    full_z : float
        Full conviction, daily volatilities.
    least_jump : float
        Share of jumps below which it abstains.
    most_volume_ratio : float
        Volume ratio above which it abstains.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(2.5, 0.5, 1.0, 0.75, 2.5, 0.3, 1.5)
    -1.0
    """
    bet = ramp(-ret_z_24h, entry_z, full_z)
    if jump_24h >= least_jump and volume_ratio_24h <= most_volume_ratio:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    ret_z_24h = columns[0]
    jump_24h = columns[1]
    volume_ratio_24h = columns[2]
    entry_z = parameters[0]
    full_z = parameters[1]
    least_jump = parameters[2]
    most_volume_ratio = parameters[3]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, ret_z_24h, c],
                values[t, jump_24h, c],
                values[t, volume_ratio_24h, c],
                entry_z,
                full_z,
                least_jump,
                most_volume_ratio,
            )
            cast(side, strength, t, c, one)


def build(
    entry_z: float = 0.75,
    full_z: float = 2.5,
    least_jump: float = 0.3,
    most_volume_ratio: float = 1.5,
) -> Engine:
    """Return the engine ``jump_fade``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_z : float
        Edge of the dead zone, daily volatilities.
    full_z : float
        Full conviction, daily volatilities.
    least_jump : float
        Share of jumps below which it abstains.
    most_volume_ratio : float
        Volume ratio above which it abstains.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'volatility'
    """
    return rule(
        name="jump_fade",
        family="volatility",
        approved=frozenset({Regime.RANGE}),
        tally=tally,
        reads=("ret_z_24h", "jump_24h", "volume_ratio_24h"),
        parameters={
            "entry_z": entry_z,
            "full_z": full_z,
            "least_jump": least_jump,
            "most_volume_ratio": most_volume_ratio,
        },
        symmetric=True,
        hypothesis=(
            "Shocks without information are overreactions or thin books, and the price drifts "
            "back; shocks with information stay."
        ),
        reference=(
            'O. E. Barndorff-Nielsen, N. Shephard (2004), "Power and bipower variation with '
            'stochastic volatility and jumps", Journal of Financial Econometrics; P. G. Savor '
            '(2012), "Stock returns after major price shocks: the impact of information", Journal '
            "of Financial Economics"
        ),
    )
