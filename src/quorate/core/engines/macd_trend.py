"""MACD histogram: a trend that gathers speed, in the direction it already has.

In: ``macd_hist``, ``ema_24h_gap``. Out: a side and its strength.

Hypothesis. Trends end by slowing down; while the gap between fast and slow averages still
widens, the move is fed.

Bet. The side of the histogram in units of ATR, if the price is on that side of its 24 h
average. A histogram against the trend is a pause more often than a turn.

Reference. G. Appel (2005), "Technical Analysis: Power Tools for Active Investors".

Approved in TREND: it times entries into trends; in a range the histogram changes sign with
every swing.

Abstains inside the dead zone, where price and histogram disagree, and where an input is
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
def conviction(macd_hist: float, ema_24h_gap: float, entry_atr: float, full_atr: float) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: ramp(hist) \text{ if } hist \cdot gap_{24h} \ge 0

    Parameters
    ----------
    macd_hist : float
        MACD(12, 26, 9) histogram on 1 h bars, in ATRs.
    ema_24h_gap : float
        Close over the 24 h average, minus 1.
    entry_atr : float
        Edge of the dead zone, ATRs.
    full_atr : float
        Full conviction, ATRs.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(-0.7, -0.02, 0.1, 0.6)
    -1.0
    """
    bet = ramp(macd_hist, entry_atr, full_atr)
    if macd_hist * ema_24h_gap >= 0.0:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    macd_hist = columns[0]
    ema_24h_gap = columns[1]
    entry_atr = parameters[0]
    full_atr = parameters[1]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, macd_hist, c], values[t, ema_24h_gap, c], entry_atr, full_atr
            )
            cast(side, strength, t, c, one)


def build(entry_atr: float = 0.1, full_atr: float = 0.6) -> Engine:
    """Return the engine ``macd_trend``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_atr : float
        Edge of the dead zone, ATRs.
    full_atr : float
        Full conviction, ATRs.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'trend'
    """
    return rule(
        name="macd_trend",
        family="trend",
        approved=frozenset({Regime.TREND}),
        tally=tally,
        reads=("macd_hist", "ema_24h_gap"),
        parameters={"entry_atr": entry_atr, "full_atr": full_atr},
        symmetric=True,
        hypothesis=(
            "Trends end by slowing down; while the gap between fast and slow averages still "
            "widens, the move is fed."
        ),
        reference='G. Appel (2005), "Technical Analysis: Power Tools for Active Investors"',
    )
