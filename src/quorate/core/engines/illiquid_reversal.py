"""Illiquid reversal: against four hours' return, the more the thinner the coin trades.

In: ``ret_4h``, ``vol_24h``, ``amihud_24h``, ``spread_bps``. Out: a side and its strength.

Hypothesis. Where little volume moves the price far, a return is mostly the concession that a
hurried trader paid, and it is given back.

Bet. Against the return of four hours, believed in proportion to Amihud's price impact per
volume. On a wide spread it abstains: there the reversal is the bounce between bid and ask,
which nobody earns.

Reference. Y. Amihud (2002), "Illiquidity and stock returns", Journal of Financial Markets; D.
Avramov, T. Chordia, A. Goyal (2006), "Liquidity and autocorrelations in individual stock
returns", Journal of Finance.

Approved in TREND and RANGE: concessions are paid in both; in a panic the thin coins fall first
and longest.

Abstains inside the dead zone, in deep markets, on a wide spread, and where an input is unknown.
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
    ret_4h: float,
    vol_24h: float,
    amihud_24h: float,
    spread_bps: float,
    entry_z: float,
    full_z: float,
    entry_amihud: float,
    full_amihud: float,
    most_spread_bps: float,
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math::

        -ramp\bigl(r_{4h} / (\sigma_d \sqrt{4/24})\bigr)\,ramp(amihud)
        \text{ if } spread \le most

    Parameters
    ----------
    ret_4h : float
        Log return of 4 h.
    vol_24h : float
        Daily volatility, a fraction.
    amihud_24h : float
        Absolute return over quote volume, bps per million.
    spread_bps : float
        Spread, quoted or estimated, bps.
    entry_z : float
        Edge of the dead zone, volatilities of 4 h.
    full_z : float
        Full conviction, volatilities of 4 h.
    entry_amihud : float
        Impact below which it abstains, bps per million.
    full_amihud : float
        Impact of full belief, bps per million.
    most_spread_bps : float
        Spread above which it abstains, bps.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(0.06, 0.04, 500.0, 10.0, 1.0, 3.0, 20.0, 500.0, 30.0)
    -1.0
    """
    stretch = ret_4h / (vol_24h * math.sqrt(4.0 / 24.0))
    bet = ramp(-stretch, entry_z, full_z) * ramp(amihud_24h, entry_amihud, full_amihud)
    if vol_24h > 0.0 and spread_bps <= most_spread_bps:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    ret_4h = columns[0]
    vol_24h = columns[1]
    amihud_24h = columns[2]
    spread_bps = columns[3]
    entry_z = parameters[0]
    full_z = parameters[1]
    entry_amihud = parameters[2]
    full_amihud = parameters[3]
    most_spread_bps = parameters[4]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, ret_4h, c],
                values[t, vol_24h, c],
                values[t, amihud_24h, c],
                values[t, spread_bps, c],
                entry_z,
                full_z,
                entry_amihud,
                full_amihud,
                most_spread_bps,
            )
            cast(side, strength, t, c, one)


def build(
    entry_z: float = 1.0,
    full_z: float = 3.0,
    entry_amihud: float = 20.0,
    full_amihud: float = 500.0,
    most_spread_bps: float = 30.0,
) -> Engine:
    """Return the engine ``illiquid_reversal``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_z : float
        Edge of the dead zone, volatilities of 4 h.
    full_z : float
        Full conviction, volatilities of 4 h.
    entry_amihud : float
        Impact below which it abstains, bps per million.
    full_amihud : float
        Impact of full belief, bps per million.
    most_spread_bps : float
        Spread above which it abstains, bps.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'liquidity'
    """
    return rule(
        name="illiquid_reversal",
        family="liquidity",
        approved=frozenset({Regime.TREND, Regime.RANGE}),
        tally=tally,
        reads=("ret_4h", "vol_24h", "amihud_24h", "spread_bps"),
        parameters={
            "entry_z": entry_z,
            "full_z": full_z,
            "entry_amihud": entry_amihud,
            "full_amihud": full_amihud,
            "most_spread_bps": most_spread_bps,
        },
        symmetric=True,
        hypothesis=(
            "Where little volume moves the price far, a return is mostly the concession that a "
            "hurried trader paid, and it is given back."
        ),
        reference=(
            'Y. Amihud (2002), "Illiquidity and stock returns", Journal of Financial Markets; D. '
            'Avramov, T. Chordia, A. Goyal (2006), "Liquidity and autocorrelations in individual '
            'stock returns", Journal of Finance'
        ),
    )
