"""Low volatility: for the calm coins, against the wild ones.

In: ``rank_vol_24h``, ``dispersion_24h``. Out: a side and its strength.

Hypothesis. Buyers who want leverage without borrowing pay too much for wild coins, as for
lottery tickets.

Bet. For the least volatile coins of the ranking and against the most volatile, if the day
spread the coins at all: among coins that move alike the ranking is noise.

Reference. A. Ang, R. J. Hodrick, Y. Xing, X. Zhang (2006), "The cross-section of volatility and
expected returns", Journal of Finance; A. Frazzini, L. H. Pedersen (2014), "Betting against
beta", Journal of Financial Economics.

Approved in RANGE and PANIC: wild coins give back most when the market stands or falls; when it
runs they run ahead.

Abstains in the middle of the ranking, where coins hardly differ, among fewer than three coins,
and where an input is unknown.
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
    rank_vol_24h: float,
    dispersion_24h: float,
    entry_rank: float,
    full_rank: float,
    least_dispersion: float,
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: -ramp(rank_\sigma) \text{ if } dispersion \ge least

    Parameters
    ----------
    rank_vol_24h : float
        Rank of daily volatility, -1 (calmest) to 1 (wildest).
    dispersion_24h : float
        Standard deviation of the coins' returns of 24 h.
    entry_rank : float
        Edge of the dead zone, rank.
    full_rank : float
        Full conviction, rank.
    least_dispersion : float
        Dispersion below which it abstains, a fraction.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(-1.0, 0.03, 0.6, 1.0, 0.01)
    1.0
    """
    bet = ramp(-rank_vol_24h, entry_rank, full_rank)
    if dispersion_24h >= least_dispersion:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    rank_vol_24h = columns[0]
    dispersion_24h = columns[1]
    entry_rank = parameters[0]
    full_rank = parameters[1]
    least_dispersion = parameters[2]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, rank_vol_24h, c],
                values[t, dispersion_24h, c],
                entry_rank,
                full_rank,
                least_dispersion,
            )
            cast(side, strength, t, c, one)


def build(
    entry_rank: float = 0.6, full_rank: float = 1.0, least_dispersion: float = 0.01
) -> Engine:
    """Return the engine ``low_volatility``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_rank : float
        Edge of the dead zone, rank.
    full_rank : float
        Full conviction, rank.
    least_dispersion : float
        Dispersion below which it abstains, a fraction.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'cross_section'
    """
    return rule(
        name="low_volatility",
        family="cross_section",
        approved=frozenset({Regime.RANGE, Regime.PANIC}),
        tally=tally,
        reads=("rank_vol_24h", "dispersion_24h"),
        parameters={
            "entry_rank": entry_rank,
            "full_rank": full_rank,
            "least_dispersion": least_dispersion,
        },
        symmetric=False,
        hypothesis=(
            "Buyers who want leverage without borrowing pay too much for wild coins, as for "
            "lottery tickets."
        ),
        reference=(
            'A. Ang, R. J. Hodrick, Y. Xing, X. Zhang (2006), "The cross-section of volatility '
            'and expected returns", Journal of Finance; A. Frazzini, L. H. Pedersen (2014), '
            '"Betting against beta", Journal of Financial Economics'
        ),
    )
