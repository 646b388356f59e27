"""Funding carry: against the side that pays to hold its perpetual.

In: ``funding_mean_7d_bps``, ``funding_bps_8h``. Out: a side and its strength.

Hypothesis. Funding is what a crowded side pays for leverage: the other side collects it, and
crowds leave in a hurry.

Bet. Against the sign of the week's mean funding, if the present rate has the same sign. Most
venues fix a base rate of about 1 bp per 8 h, so the dead zone lies above it.

Reference. R. S. J. Koijen, T. J. Moskowitz, L. H. Pedersen, E. B. Vrugt (2018), "Carry",
Journal of Financial Economics; M. Schmeling, A. Schrimpf, K. Todorov (2023), "Crypto carry",
BIS Working Papers.

Approved in TREND and RANGE: carry accrues by the hour in both; in a panic funding turns before
the positions do.

Abstains near the base rate, where the present rate has turned, on markets without funding, and
where an input is unknown.
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
    funding_mean_7d_bps: float, funding_bps_8h: float, entry_bps: float, full_bps: float
) -> float:
    r"""Return the side (sign) and the conviction (size) of the bet on one row of one coin.

    .. math:: -ramp(\bar f_{7d}) \text{ if } \bar f_{7d}\,f > 0

    Parameters
    ----------
    funding_mean_7d_bps : float
        Mean funding of seven days, bps per 8 h.
    funding_bps_8h : float
        Present funding, bps per 8 h.
    entry_bps : float
        Edge of the dead zone, bps per 8 h.
    full_bps : float
        Full conviction, bps per 8 h.

    Returns
    -------
    float
        In [-1, 1]; 0 abstains.

    Notes
    -----
    Units: none; inputs by their suffix.  Causal: one row.  Missing: NaN gives 0.  Spec 1.

    Examples
    --------
    >>> conviction(8.0, 3.0, 2.0, 8.0)
    -1.0
    """
    bet = ramp(-funding_mean_7d_bps, entry_bps, full_bps)
    if funding_mean_7d_bps * funding_bps_8h > 0.0:
        return bet
    return 0.0


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    funding_mean_7d_bps = columns[0]
    funding_bps_8h = columns[1]
    entry_bps = parameters[0]
    full_bps = parameters[1]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            one = conviction(
                values[t, funding_mean_7d_bps, c], values[t, funding_bps_8h, c], entry_bps, full_bps
            )
            cast(side, strength, t, c, one)


def build(entry_bps: float = 2.0, full_bps: float = 8.0) -> Engine:
    """Return the engine ``funding_carry``, or a variant of it with other parameters.

    Parameters
    ----------
    entry_bps : float
        Edge of the dead zone, bps per 8 h.
    full_bps : float
        Full conviction, bps per 8 h.

    Notes
    -----
    Units: by suffix.  Causal: no data.  Missing: none.  Spec 2 (approval).

    Examples
    --------
    >>> build().family
    'carry'
    """
    return rule(
        name="funding_carry",
        family="carry",
        approved=frozenset({Regime.TREND, Regime.RANGE}),
        tally=tally,
        reads=("funding_mean_7d_bps", "funding_bps_8h"),
        parameters={"entry_bps": entry_bps, "full_bps": full_bps},
        symmetric=True,
        hypothesis=(
            "Funding is what a crowded side pays for leverage: the other side collects it, and "
            "crowds leave in a hurry."
        ),
        reference=(
            'R. S. J. Koijen, T. J. Moskowitz, L. H. Pedersen, E. B. Vrugt (2018), "Carry", '
            "Journal of Financial Economics; M. Schmeling, A. Schrimpf, K. Todorov (2023), "
            '"Crypto carry", BIS Working Papers'
        ),
    )
