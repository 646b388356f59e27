"""Basis carry: against a perpetual that trades away from its index.

In: ``basis_bps``, ``funding_bps_8h``. Out: a side and its strength.

Hypothesis. Arbitrage between perpetual and spot needs capital and so is slow; until it is done
the gap closes by the perpetual's move and by funding.

Bet. Against the basis, if funding has the same sign, so that waiting is paid. A basis against
its own funding is stale on one of its two sides.

Reference. S. He, A. Manela, O. Ross, V. von Wachter (2022), "Fundamentals of perpetual
futures", arXiv working paper.

Approved in TREND and RANGE: arbitrageurs work in both; in a panic they are short of capital
themselves.

Abstains near the index, where funding disagrees, on markets without either, and where an input
is unknown.
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
def conviction(basis_bps: float, funding_bps_8h: float, entry_bps: float, full_bps: float) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: -ramp(basis) \text{ if } basis \cdot f > 0

    Parameters
    ----------
    basis_bps : float
        Perpetual over index or spot, bps.
    funding_bps_8h : float
        Present funding, bps per 8 h.
    entry_bps : float
        Edge of the dead zone, bps.
    full_bps : float
        Full conviction, bps.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(-40.0, -2.0, 5.0, 40.0)
    1.0
    """
    bet = ramp(-basis_bps, entry_bps, full_bps)
    if basis_bps * funding_bps_8h > 0.0:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    basis_bps = columns[0]
    funding_bps_8h = columns[1]
    entry_bps = parameters[0]
    full_bps = parameters[1]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, basis_bps, c], values[t, funding_bps_8h, c], entry_bps, full_bps
            )
            cast(side, strength, t, c, one)


def build(entry_bps: float = 5.0, full_bps: float = 40.0) -> Engine:
    """Return the engine ``basis_carry``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_bps : float
        Edge of the dead zone, bps.
    full_bps : float
        Full conviction, bps.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'carry'
    """
    return rule(
        name="basis_carry",
        family="carry",
        approved=frozenset({Regime.TREND, Regime.RANGE}),
        tally=tally,
        reads=("basis_bps", "funding_bps_8h"),
        parameters={"entry_bps": entry_bps, "full_bps": full_bps},
        symmetric=True,
        hypothesis=(
            "Arbitrage between perpetual and spot needs capital and so is slow; until it is done "
            "the gap closes by the perpetual's move and by funding."
        ),
        reference=(
            'S. He, A. Manela, O. Ross, V. von Wachter (2022), "Fundamentals of perpetual '
            'futures", arXiv working paper'
        ),
    )
