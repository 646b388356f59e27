"""Cross-sectional momentum: the week's winners over its losers.

In: ``rank_ret_7d``, ``rank_ret_24h``. Out: a side and its strength.

Hypothesis. Capital moves from coin to coin slowly, so who led the market over a week leads it a
little longer.

Bet. For the coins at the top of the week's ranking and against those at the bottom, while the
last day's ranking is on the same side of the middle.

Reference. N. Jegadeesh, S. Titman (1993), "Returns to buying winners and selling losers",
Journal of Finance; Y. Liu, A. Tsyvinski, X. Wu (2022), "Common risk factors in cryptocurrency",
Journal of Finance.

Approved in TREND and RANGE: leadership is relative: it exists whether the market as a whole
rises or stands; in a panic all coins fall as one.

Abstains in the middle of the ranking, where week and day disagree, among fewer than three
coins, and where an input is unknown.
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
    rank_ret_7d: float, rank_ret_24h: float, entry_rank: float, full_rank: float
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: ramp(rank_{7d}) \text{ if } rank_{7d}\,rank_{24h} \ge 0

    Parameters
    ----------
    rank_ret_7d : float
        Rank of the return of seven days, -1 (worst) to 1 (best).
    rank_ret_24h : float
        Rank of the return of 24 h, -1 to 1.
    entry_rank : float
        Edge of the dead zone, rank.
    full_rank : float
        Full conviction, rank.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(-1.0, -0.3, 0.4, 1.0)
    -1.0
    """
    bet = ramp(rank_ret_7d, entry_rank, full_rank)
    if rank_ret_7d * rank_ret_24h >= 0.0:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    rank_ret_7d = columns[0]
    rank_ret_24h = columns[1]
    entry_rank = parameters[0]
    full_rank = parameters[1]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, rank_ret_7d, c], values[t, rank_ret_24h, c], entry_rank, full_rank
            )
            cast(side, strength, t, c, one)


def build(entry_rank: float = 0.4, full_rank: float = 1.0) -> Engine:
    """Return the engine ``cross_momentum``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_rank : float
        Edge of the dead zone, rank.
    full_rank : float
        Full conviction, rank.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'cross_section'
    """
    return rule(
        name="cross_momentum",
        family="cross_section",
        approved=frozenset({Regime.TREND, Regime.RANGE}),
        tally=tally,
        reads=("rank_ret_7d", "rank_ret_24h"),
        parameters={"entry_rank": entry_rank, "full_rank": full_rank},
        symmetric=True,
        hypothesis=(
            "Capital moves from coin to coin slowly, so who led the market over a week leads it a "
            "little longer."
        ),
        reference=(
            'N. Jegadeesh, S. Titman (1993), "Returns to buying winners and selling losers", '
            'Journal of Finance; Y. Liu, A. Tsyvinski, X. Wu (2022), "Common risk factors in '
            'cryptocurrency", Journal of Finance'
        ),
    )
