"""Liquidity sweep: with the return of a price that ran the stops beyond the day's extreme.

In: ``sweep_24h``, ``spread_bps``. Out: a side and its strength.

Hypothesis. Stops gather just beyond visible lows and highs; a dive through them that closes
back inside was forced trading, now used up.

Bet. Up after a dive below the 24 h low that closed back above it, down after the mirror at the
high, by the depth of the dive in daily volatilities. A wide spread means that the dive was a
hole in the book.

Reference. C. L. Osler (2003), "Currency orders and exchange rate dynamics", Journal of Finance;
C. L. Osler (2005), "Stop-loss orders and price cascades in currency markets", Journal of
International Money and Finance.

Approved in TREND, RANGE and PANIC: stops are placed in all of them, and a sweep's own condition
says that it failed to go on.

Abstains without a sweep, after a shallow one, on a wide spread, and where an input is unknown.
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
    sweep_24h: float, spread_bps: float, entry_z: float, full_z: float, most_spread_bps: float
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: ramp(sweep) \text{ if } spread \le most

    Parameters
    ----------
    sweep_24h : float
        Depth of the sweep in units of ``vol_24h``: above 0 at the low, below 0 at the high.
    spread_bps : float
        Spread, quoted or estimated, bps.
    entry_z : float
        Edge of the dead zone, daily volatilities.
    full_z : float
        Full conviction, daily volatilities.
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
    >>> conviction(0.3, 5.0, 0.02, 0.3, 50.0)
    1.0
    """
    bet = ramp(sweep_24h, entry_z, full_z)
    if spread_bps <= most_spread_bps:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    sweep_24h = columns[0]
    spread_bps = columns[1]
    entry_z = parameters[0]
    full_z = parameters[1]
    most_spread_bps = parameters[2]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, sweep_24h, c], values[t, spread_bps, c], entry_z, full_z, most_spread_bps
            )
            cast(side, strength, t, c, one)


def build(entry_z: float = 0.02, full_z: float = 0.3, most_spread_bps: float = 50.0) -> Engine:
    """Return the engine ``liquidity_sweep``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_z : float
        Edge of the dead zone, daily volatilities.
    full_z : float
        Full conviction, daily volatilities.
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
        name="liquidity_sweep",
        family="liquidity",
        approved=frozenset({Regime.TREND, Regime.RANGE, Regime.PANIC}),
        tally=tally,
        reads=("sweep_24h", "spread_bps"),
        parameters={"entry_z": entry_z, "full_z": full_z, "most_spread_bps": most_spread_bps},
        symmetric=True,
        hypothesis=(
            "Stops gather just beyond visible lows and highs; a dive through them that closes "
            "back inside was forced trading, now used up."
        ),
        reference=(
            'C. L. Osler (2003), "Currency orders and exchange rate dynamics", Journal of '
            'Finance; C. L. Osler (2005), "Stop-loss orders and price cascades in currency '
            'markets", Journal of International Money and Finance'
        ),
    )
