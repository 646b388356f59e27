r"""How much to risk on a trade: volatility targeting, scaled by a quarter of Kelly.

In: equity, the fractional distance to the stop, and the record of closed paper trades. Out: a
notional in USD before any cap.

.. math:: \text{notional} = \frac{E \cdot \text{risk}}{\text{volatility risk}},
          \qquad f = \frac{pb - q}{b}

The default multiplies the target risk by f/4 as the spec writes it; the option ``CAP`` reads f/4
as a ceiling on the target (METHODS 0 row 6).
"""

from __future__ import annotations

from enum import IntEnum
from math import sqrt
from typing import NamedTuple

from quorate.core.kernel import kernel
from quorate.core.types import Reason


class KellyOption(IntEnum):
    """How Kelly meets the target risk: ``target * f/4`` or ``min(target, f/4)``."""

    MULTIPLY = 0
    CAP = 1


class Params(NamedTuple):
    """Targets and priors; ``risk.params`` fills and checks them."""

    target_risk_frac: float = 0.005  # of equity, lost when the stop is hit
    max_risk_frac: float = 0.005  # the preset's per-trade risk: never more
    kelly_multiplier: float = 0.25
    base_multiplier: float = 0.0625  # in place of f/4 while the record is short: 1/16
    horizon_days: float = 4.0 / 24.0
    stop_sigmas: float = 2.0
    prior_win_trades: float = 50.0  # weight of the break-even prior on p
    win_rate_z: float = 0.0  # standard deviations below the posterior mean of p
    prior_payoff: float = 1.0
    prior_payoff_trades: float = 20.0
    min_paper_trades: int = 30
    kelly: int = 0  # KellyOption


class Size(NamedTuple):
    """A size and, where it is 0, why."""

    notional_usd: float
    risk_frac: float
    reason: int


@kernel
def volatility_risk(sigma_daily: float, params: Params) -> float:
    r"""Return the fraction of the price lost at the stop.

    .. math:: 2\,\sigma_d\sqrt{h / 24\text{h}}

    Notes
    -----
    Units: a fraction of the price. Causal: volatility up to the decision. Missing: NaN gives NaN.
    METHODS 0b.2, 7.1.

    Examples
    --------
    >>> round(volatility_risk(0.03, Params()), 6)
    0.024495
    """
    return params.stop_sigmas * sigma_daily * sqrt(params.horizon_days)


@kernel
def base_coins(equity_usd: float, target_frac: float, price: float, volatility: float) -> float:
    r"""Return the base size, in coins.

    .. math:: \frac{E \cdot \text{target}}{\text{price} \cdot \text{volatility risk}}

    Notes
    -----
    Units: USD / (USD per coin) = coins. Missing: NaN gives NaN. Spec 5, METHODS 7.1.

    Examples
    --------
    >>> base_coins(100_000.0, 0.005, 50_000.0, 0.02)
    0.5
    """
    return equity_usd * target_frac / (price * volatility)


@kernel
def kelly_fraction(p: float, b: float) -> float:
    r"""Return the growth-optimal fraction of equity to lose on a losing trade.

    .. math:: f = \frac{p\,b - (1 - p)}{b}

    Parameters
    ----------
    p : float
        Win rate of closed net trades.
    b : float
        Average win over average loss, positive.

    Notes
    -----
    Units: a fraction of equity, the same as the target risk. Negative without an edge; 0 at
    ``p = 1 / (1 + b)``. Missing: NaN gives NaN. Spec 5, METHODS 7.2; Kelly (1956).

    Examples
    --------
    >>> round(kelly_fraction(0.55, 1.2), 12)
    0.175
    """
    return (p * b - (1.0 - p)) / b


@kernel
def posterior_win_rate(wins: float, n: float, b: float, params: Params) -> float:
    r"""Return the mean of a Beta posterior whose prior is the break-even win rate.

    .. math:: p = \frac{n_0\,p_0 + \text{wins}}{n_0 + n} - z\,\text{sd}, \qquad
              p_0 = \frac{1}{1 + b}

    Notes
    -----
    With no trades Kelly is exactly 0, in the middle of the prior. ``win_rate_z`` is z: 0 takes
    the mean, which is log-optimal; a positive one its lower bound, for prudence. METHODS 7.3.

    Examples
    --------
    >>> round(kelly_fraction(posterior_win_rate(24.0, 40.0, 1.2, Params()), 1.2), 12)
    0.118518518519
    """
    prior = 1.0 / (1.0 + b)
    mass = params.prior_win_trades + n
    mean = prior
    if mass > 0.0:
        mean = (params.prior_win_trades * prior + wins) / mass
    if params.win_rate_z == 0.0:
        return mean
    return mean - params.win_rate_z * sqrt(mean * (1.0 - mean) / (mass + 1.0))


@kernel
def posterior_payoff(
    wins: float, n: float, sum_win: float, sum_loss: float, params: Params
) -> float:
    r"""Return average win over average loss, shrunk towards the prior.

    .. math:: b = \frac{n_0\,b_0 + n\,\hat b}{n_0 + n}, \qquad
              \hat b = \frac{\sum \text{win} / n_{win}}{\sum \text{loss} / n_{loss}}

    Parameters
    ----------
    wins, n : float
        Winning and all closed trades.
    sum_win, sum_loss : float
        Sums of their winsorised results; losses as positive numbers.
    params : Params
        ``prior_payoff`` (1) and ``prior_payoff_trades`` (20).

    Notes
    -----
    A ratio needs both: without a loss, or without a win, the prior stands. METHODS 7.3.

    Examples
    --------
    >>> posterior_payoff(10.0, 20.0, 20.0, 10.0, Params())
    1.5
    """
    losses = n - wins
    if wins <= 0.0 or losses <= 0.0 or sum_loss <= 0.0:
        return params.prior_payoff
    payoff = (sum_win / wins) / (sum_loss / losses)
    weight = params.prior_payoff_trades
    return (weight * params.prior_payoff + n * payoff) / (weight + n)


@kernel
def risk_fraction(p: float, b: float, n: int, option: int, params: Params) -> float:
    r"""Return the share of equity to lose if the stop is hit; 0 if Kelly is not positive.

    Parameters
    ----------
    p, b : float
        From ``posterior_win_rate`` and ``posterior_payoff``.
    n : int
        Closed paper trades in the record; below ``min_paper_trades`` f/4 is replaced by 1/16.
    option : int
        A ``KellyOption``.
    params : Params
        Target, ceiling and multiplier.

    Returns
    -------
    float
        In [0, ``max_risk_frac``].

    Notes
    -----
    Units: a fraction of equity. A negative Kelly never inverts a trade. Missing: NaN gives 0.
    Spec 5, METHODS 0 row 6, 0b.7, 7.2.

    Examples
    --------
    >>> round(risk_fraction(0.55, 1.2, 40, 0, Params()), 9)
    0.00021875
    >>> risk_fraction(0.40, 1.2, 40, 0, Params())
    0.0
    """
    multiplier = params.base_multiplier
    if n >= params.min_paper_trades:
        multiplier = params.kelly_multiplier * kelly_fraction(p, b)
    if not multiplier > 0.0:
        return 0.0
    risk = params.target_risk_frac * multiplier
    if option == KellyOption.CAP:
        risk = params.target_risk_frac
        if multiplier < risk:
            risk = multiplier
    if risk > params.max_risk_frac:
        risk = params.max_risk_frac
    return risk


@kernel
def size(equity_usd: float, volatility: float, p: float, b: float, n: int, params: Params) -> Size:
    r"""Return the notional of an entry before any cap.

    .. math:: \text{notional} = E \cdot \text{risk} / \text{volatility risk}

    Parameters
    ----------
    equity_usd : float
        Equity at the close of the deciding bar.
    volatility : float
        Fractional distance to the stop (``volatility_risk``).
    p, b : float
        Win rate and payoff of the regime's paper trades.
    n : int
        How many of them have closed.
    params : Params
        Targets and option.

    Returns
    -------
    Size
        ``reason`` is NONE, KELLY_NOT_POSITIVE, NO_DATA (no stop distance) or CAP_RISK (no equity).

    Notes
    -----
    Units: USD. Causal: what is known at the decision. Missing: NaN gives 0 and NO_DATA.
    Spec 5, METHODS 7.1.

    Examples
    --------
    >>> round(size(100_000.0, 0.02, 0.55, 1.2, 40, Params()).notional_usd, 9)
    1093.75
    """
    if not equity_usd > 0.0:
        return Size(0.0, 0.0, Reason.CAP_RISK.value)
    if not volatility > 0.0:
        return Size(0.0, 0.0, Reason.NO_DATA.value)
    risk = risk_fraction(p, b, n, params.kelly, params)
    if risk == 0.0:
        return Size(0.0, 0.0, Reason.KELLY_NOT_POSITIVE.value)
    # at a price of 1 coins are dollars
    return Size(base_coins(equity_usd, risk, 1.0, volatility), risk, Reason.NONE.value)
