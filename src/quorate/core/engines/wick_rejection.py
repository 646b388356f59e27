"""Wick rejection: against the long wick of a heavily traded bar.

In: ``wick_ratio``, ``volume_shock``. Out: a side and its strength.

Hypothesis. A long wick on volume is an attempt that met resting orders larger than itself; they
are still there.

Bet. Against the side of the longer wick of the last bar, measured as a share of its range, if
the bar carried a multiple of its usual volume. Without volume a wick is a single trade.

Reference. S. Nison (1991), "Japanese Candlestick Charting Techniques".

Approved in RANGE and PANIC: resting orders hold at the edges of ranges, and the lower wick of a
panic is where selling was absorbed; in a trend they are taken out.

Abstains where the wicks are alike or short, on an ordinary bar, and where an input is unknown.
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
    wick_ratio: float,
    volume_shock: float,
    entry_share: float,
    full_share: float,
    least_shock: float,
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: -ramp(wick) \text{ if } shock \ge least

    Parameters
    ----------
    wick_ratio : float
        Upper less lower wick over the bar's range, in [-1, 1].
    volume_shock : float
        Volume of the bar over the mean bar of 24 h.
    entry_share : float
        Edge of the dead zone, share of the range.
    full_share : float
        Full conviction, share of the range.
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
    >>> conviction(0.9, 2.0, 0.5, 0.9, 1.5)
    -1.0
    """
    bet = ramp(-wick_ratio, entry_share, full_share)
    if volume_shock >= least_shock:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    wick_ratio = columns[0]
    volume_shock = columns[1]
    entry_share = parameters[0]
    full_share = parameters[1]
    least_shock = parameters[2]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, wick_ratio, c],
                values[t, volume_shock, c],
                entry_share,
                full_share,
                least_shock,
            )
            cast(side, strength, t, c, one)


def build(entry_share: float = 0.5, full_share: float = 0.9, least_shock: float = 1.5) -> Engine:
    """Return the engine ``wick_rejection``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_share : float
        Edge of the dead zone, share of the range.
    full_share : float
        Full conviction, share of the range.
    least_shock : float
        Least volume, multiples of the mean bar.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'flow'
    """
    return rule(
        name="wick_rejection",
        family="flow",
        approved=frozenset({Regime.RANGE, Regime.PANIC}),
        tally=tally,
        reads=("wick_ratio", "volume_shock"),
        parameters={
            "entry_share": entry_share,
            "full_share": full_share,
            "least_shock": least_shock,
        },
        symmetric=True,
        hypothesis=(
            "A long wick on volume is an attempt that met resting orders larger than itself; they "
            "are still there."
        ),
        reference='S. Nison (1991), "Japanese Candlestick Charting Techniques"',
    )
