"""The schedule that trades impact against risk in the best way (Almgren and Chriss, 2000).

In: size, horizon, volatility and impact. Out: what is still held at each of the steps.
"""

from __future__ import annotations

import math

from quorate.core.kernel import kernel
from quorate.core.types import Vec


@kernel
def almgren_chriss(
    total: float,
    horizon: float,
    sigma: float,
    eta: float,
    gamma: float,
    risk_aversion: float,
    holdings: Vec,
) -> float:
    r"""Write the optimal holdings; return the urgency kappa.

    .. math:: x_j = X \frac{\sinh(\kappa (T - t_j))}{\sinh(\kappa T)}, \qquad
              \cosh(\kappa \tau) = 1 + \frac{\lambda \sigma^2 \tau^2}{2 \tilde\eta}, \quad
              \tilde\eta = \eta - \tfrac12 \gamma \tau

    Parameters
    ----------
    total : float
        Size to trade, signed.
    horizon : float
        Time allowed, in the unit of ``sigma``.
    sigma : float
        Volatility of the price per square root of time.
    eta, gamma : float
        Temporary and permanent impact.
    risk_aversion : float
        Lambda; 0 trades at an even pace.
    holdings : Vec
        Written: shape (step + 1,), from ``total`` to 0.

    Returns
    -------
    float
        kappa, per unit of time; NaN (and an even pace) where ``eta <= gamma tau / 2``.

    Notes
    -----
    Units: any consistent ones.  Causal: no prices.  Missing: NaN inputs give an even pace.
    METHODS 9.3.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.empty(3)
    >>> almgren_chriss(10.0, 2.0, 1.0, 1.0, 0.0, 0.0, x), x.tolist()
    (0.0, [10.0, 5.0, 0.0])
    """
    n = holdings.size - 1
    tau = horizon / n
    effective = eta - 0.5 * gamma * tau
    kappa = math.nan
    if effective > 0.0:
        # cosh(x) - 1 = 2 sinh(x / 2)^2 keeps its digits where x is small
        half = risk_aversion * sigma * sigma * tau * tau / (4.0 * effective)
        kappa = 2.0 * math.asinh(math.sqrt(half)) / tau
    for j in range(n + 1):
        left = horizon - j * tau
        share = left / horizon
        if kappa * horizon > 1e-8:
            # sinh(a) / sinh(b) without overflow
            share = math.exp(-kappa * j * tau)
            share *= -math.expm1(-2.0 * kappa * left) / -math.expm1(-2.0 * kappa * horizon)
        holdings[j] = total * share
    holdings[n] = 0.0
    return kappa
