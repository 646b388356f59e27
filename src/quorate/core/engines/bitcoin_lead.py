"""Bitcoin leads: a coin that has not yet followed Bitcoin's last hour will.

In: ``lead_gap_1h``, ``btc_ret_1h``, ``vol_24h``. Out: a side and its strength.

Hypothesis. News about the whole market is priced in Bitcoin first and reaches smaller coins
with a delay.

Bet. For the gap between what Bitcoin's hour, times beta, implies and what the coin did, in the
coin's hourly volatilities, where Bitcoin itself moved that way. A gap that the coin opened by
itself is left to the reversals. Bitcoin's own gap is zero.

Reference. A. W. Lo, A. C. MacKinlay (1990), "When are contrarian profits due to stock market
overreaction?", Review of Financial Studies; K. Hou (2007), "Industry information diffusion and
the lead-lag effect in stock returns", Review of Financial Studies.

Approved in TREND, RANGE and PANIC: the delay is a matter of who watches what, in every market
that still trades.

Abstains inside the dead zone, where Bitcoin did not move that way, where Bitcoin is unknown,
and where an input is unknown.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from quorate.core.engines.rule import cast, ramp, rule
from quorate.core.kernel import kernel
from quorate.core.types import Regime

if TYPE_CHECKING:
    from quorate.core.engines.base import Engine
    from quorate.core.types import ByteMat, Cube, IntVec, Mat, Vec


@kernel
def conviction(
    lead_gap_1h: float, btc_ret_1h: float, vol_24h: float, entry_z: float, full_z: float
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: ramp\bigl(gap_{1h} / (\sigma_d \sqrt{1/24})\bigr) \text{ if } gap_{1h}\,r_{BTC,1h} > 0

    Parameters
    ----------
    lead_gap_1h : float
        Beta times Bitcoin's return of 1 h, less the coin's.
    btc_ret_1h : float
        Bitcoin's log return of 1 h.
    vol_24h : float
        Daily volatility, a fraction.
    entry_z : float
        Edge of the dead zone, hourly volatilities.
    full_z : float
        Full conviction, hourly volatilities.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(0.05, 0.02, 0.04, 0.75, 3.0)
    1.0
    """
    bet = ramp(lead_gap_1h / (vol_24h * math.sqrt(1.0 / 24.0)), entry_z, full_z)
    if vol_24h > 0.0 and lead_gap_1h * btc_ret_1h > 0.0:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    lead_gap_1h = columns[0]
    btc_ret_1h = columns[1]
    vol_24h = columns[2]
    entry_z = parameters[0]
    full_z = parameters[1]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, lead_gap_1h, c],
                values[t, btc_ret_1h, c],
                values[t, vol_24h, c],
                entry_z,
                full_z,
            )
            cast(side, strength, t, c, one)


def build(entry_z: float = 0.75, full_z: float = 3.0) -> Engine:
    """Return the engine ``bitcoin_lead``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_z : float
        Edge of the dead zone, hourly volatilities.
    full_z : float
        Full conviction, hourly volatilities.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'cross_section'
    """
    return rule(
        name="bitcoin_lead",
        family="cross_section",
        approved=frozenset({Regime.TREND, Regime.RANGE, Regime.PANIC}),
        tally=tally,
        reads=("lead_gap_1h", "btc_ret_1h", "vol_24h"),
        parameters={"entry_z": entry_z, "full_z": full_z},
        symmetric=True,
        hypothesis=(
            "News about the whole market is priced in Bitcoin first and reaches smaller coins "
            "with a delay."
        ),
        reference=(
            'A. W. Lo, A. C. MacKinlay (1990), "When are contrarian profits due to stock market '
            'overreaction?", Review of Financial Studies; K. Hou (2007), "Industry information '
            'diffusion and the lead-lag effect in stock returns", Review of Financial Studies'
        ),
    )
