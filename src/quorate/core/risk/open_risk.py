r"""Open risk: what all stops together may lose, and who may still add to it.

In: positions with their stops, what is to be added. Out: the factor on every addition, and what
to keep of what is held. Two budgets bind at once: what the day may still lose, gaps allowed for
(METHODS 7.5), and the sum of stops from entry (Spec 5).

.. math:: \sum_c q_c\,|p_{entry} - p_{stop}| \le \text{DLS} \cdot E_0
"""

from __future__ import annotations

from enum import IntEnum
from math import isnan
from typing import TYPE_CHECKING

from quorate.core.kernel import kernel
from quorate.core.risk.limits import Params, open_scale

if TYPE_CHECKING:
    from quorate.core.types import Vec


class OpenRisk(IntEnum):
    """How entries share what stops may still lose: all alike, or the best edge first."""

    PRO_RATA = 0
    GREEDY = 1


@kernel
def risk_usd(coins: Vec, mark: Vec, stop: Vec, entry: Vec, params: Params) -> float:
    r"""Return what would be lost from here if every stop were hit, gaps allowed for (R_open).

    .. math:: \sum_c \max\left(0,\; q_c (p_{mark} - p_{stop})
              + 0.25\,q_c (p_{entry} - p_{stop})\right)

    Parameters
    ----------
    coins : Vec
        Signed position, shape (coin,); the sign makes the distances side-signed.
    mark, stop, entry : Vec
        Prices, shape (coin,).
    params : Params
        ``gap_allowance``.

    Notes
    -----
    Units: USD. Causal: marks of this close. Missing: an unknown mark counts as the entry price;
    without a stop the whole position is at risk. METHODS 7.5.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones(1)
    >>> risk_usd(2.0 * one, 110.0 * one, 96.0 * one, 100.0 * one, Params())
    30.0
    """
    total = 0.0
    for c in range(coins.shape[0]):
        if coins[c] == 0.0:
            continue
        price = entry[c] if isnan(mark[c]) else mark[c]
        risk = coins[c] * (price - stop[c]) + params.gap_allowance * coins[c] * (entry[c] - stop[c])
        if isnan(risk):
            risk = abs(coins[c] * price)
        if risk > 0.0:
            total += risk
    return total


@kernel
def stops_usd(coins: Vec, stop: Vec, entry: Vec) -> float:
    r"""Return the sum of stop losses from entry, :math:`\sum |q_c|\,|p_{entry} - p_{stop}|`.

    Notes
    -----
    Units: USD. Missing: without a stop the whole position counts. Spec 5, METHODS 7.5.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones(1)
    >>> stops_usd(-2.0 * one, 104.0 * one, 100.0 * one)
    8.0
    """
    total = 0.0
    for c in range(coins.shape[0]):
        if coins[c] != 0.0:
            risk = abs(coins[c] * (entry[c] - stop[c]))
            if isnan(risk):
                risk = abs(coins[c] * entry[c])
            total += risk
    return total


@kernel
def budget_usd(
    opening_usd: float, day_pnl_usd: float, open_risk_usd: float, params: Params
) -> float:
    r"""Return what new stops may still lose today; negative when the open ones may lose too much.

    .. math:: \text{DLS} \cdot E_0 + \text{PnL}_{day} - R_{open}

    Notes
    -----
    Units: USD; the day's PnL is signed and includes what is unrealised. METHODS 7.5.

    Examples
    --------
    >>> budget_usd(100_000.0, -900.0, 800.0, Params())
    800.0
    """
    return params.daily_loss_stop_frac * opening_usd + day_pnl_usd - open_risk_usd


@kernel
def stop_budget_usd(opening_usd: float, stops_usd: float, params: Params) -> float:
    """Return the room of Spec 5: the daily loss stop less the stops from entry that are open."""
    return params.daily_loss_stop_frac * opening_usd - stops_usd


@kernel
def new_risk_usd(notional_usd: Vec, stop_frac: Vec, allowance: float, risk_out: Vec) -> float:
    r"""Write what each entry puts at risk and return the sum.

    .. math:: (1 + \text{allowance})\,|\text{notional}|\,\text{stop distance}

    Notes
    -----
    Units: USD; ``allowance`` is ``gap_allowance`` against the open-risk budget and 0 against the
    stop budget. Missing: an unknown stop puts the whole notional at risk. METHODS 7.5.
    """
    total = 0.0
    for c in range(notional_usd.shape[0]):
        risk_out[c] = 0.0
        if notional_usd[c] != 0.0:
            distance = 1.0 if isnan(stop_frac[c]) else (1.0 + allowance) * stop_frac[c]
            risk_out[c] = abs(notional_usd[c]) * distance
            total += risk_out[c]
    return total


@kernel
def pro_rata(budget_usd: float, new_risk_usd: Vec) -> float:
    r"""Return the factor all entries are scaled by, pro rata.

    .. math:: \lambda = \min(1, \text{budget} / R_{new})

    Parameters
    ----------
    budget_usd : float
        ``budget_usd``, or ``stop_budget_usd``; both apply and the smaller factor wins.
    new_risk_usd : Vec
        Risk of each entry, not negative, shape (coin,).

    Notes
    -----
    0 while the budget is not positive (reason CAP_OPEN_RISK, OPEN_RISK_NEGATIVE below zero): no
    entry is sent then. METHODS 7.5.

    Examples
    --------
    >>> import numpy as np
    >>> pro_rata(800.0, np.array([500.0, 500.0, 400.0])) == 4.0 / 7.0
    True
    """
    total = 0.0
    for c in range(new_risk_usd.shape[0]):
        total += new_risk_usd[c]
    return open_scale(budget_usd, total)


@kernel
def greedy(
    budget_usd: float,
    strict_usd: float,
    risk_usd: Vec,
    strict_risk_usd: Vec,
    merit: Vec,
    scale_out: Vec,
) -> None:
    """Give the two open-risk budgets to the entries of the most merit first.

    Parameters
    ----------
    budget_usd, strict_usd : float
        ``budget_usd`` and ``stop_budget_usd``.
    risk_usd, strict_risk_usd : Vec
        What each entry takes of either, shape (coin,).
    merit : Vec
        Edge over risk: who comes first; ties in coin order, shape (coin,).
    scale_out : Vec
        Written: the factor of each entry in [0, 1], shape (coin,).

    Notes
    -----
    Units: USD. Causal: pure. Missing: a NaN merit comes last. METHODS 7.5.

    Examples
    --------
    >>> import numpy as np
    >>> scale, risk = np.zeros(2), np.array([500.0, 400.0])
    >>> greedy(600.0, 900.0, risk, risk, np.array([1.0, 2.0]), scale)
    >>> scale.tolist()
    [0.4, 1.0]
    """
    n_coins = risk_usd.shape[0]
    for c in range(n_coins):
        scale_out[c] = -1.0
    for _ in range(n_coins):
        best = -1
        for c in range(n_coins):
            if scale_out[c] < 0.0 and (best < 0 or merit[c] > merit[best] or isnan(merit[best])):
                best = c
        scale = min(
            open_scale(budget_usd, risk_usd[best]), open_scale(strict_usd, strict_risk_usd[best])
        )
        scale_out[best] = scale
        budget_usd -= scale * risk_usd[best]
        strict_usd -= scale * strict_risk_usd[best]


@kernel
def cut_scale(budget_usd: float, open_risk_usd: float) -> float:
    r"""Return what to keep of every position that is at risk when the budget is negative.

    .. math:: \max\left(0, \frac{R_{open} + \text{budget}}{R_{open}}\right)

    Notes
    -----
    After the cut the budget is 0. 1 while it is not negative, and where nothing is at risk: then
    a cut would free nothing. METHODS 7.5.

    Examples
    --------
    >>> cut_scale(-200.0, 800.0), cut_scale(50.0, 800.0), cut_scale(-900.0, 800.0)
    (0.75, 1.0, 0.0)
    """
    if not budget_usd < 0.0 or not open_risk_usd > 0.0:
        return 1.0
    keep = (open_risk_usd + budget_usd) / open_risk_usd
    return keep if keep > 0.0 else 0.0
