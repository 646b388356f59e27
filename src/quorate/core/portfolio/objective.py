"""What the portfolio is asked to maximise: edge less turnover and concentration, in percent.

In: weights as shares of the risk budget, edges in percent. Out: the objective of METHODS 8.2 and
its parts, each a small kernel, so that reports and tests can price any weights, solved or not.
"""

from __future__ import annotations

from quorate.core.kernel import kernel
from quorate.core.types import Vec


@kernel
def turnover(w: Vec, w0: Vec) -> float:
    r"""Return how much of the budget changes hands; the cash leg is free.

    .. math:: \lVert w - w_0 \rVert_1

    Parameters
    ----------
    w, w0 : Vec
        Weights after and before, shape (coin,).

    Returns
    -------
    float
        Sum of absolute changes, a share of the budget.

    Notes
    -----
    Units: share of the risk budget.  Causal: no time.  Missing: a NaN weight gives NaN.
    Spec 7, METHODS 8.2.

    Examples
    --------
    >>> import numpy as np
    >>> turnover(np.array([0.5, 0.0]), np.array([0.25, 0.25]))
    0.5
    """
    total = 0.0
    for c in range(w.size):
        total += abs(w[c] - w0[c])
    return total


@kernel
def hhi(w: Vec) -> float:
    r"""Return the concentration of the risky weights; cash does not count.

    .. math:: \mathrm{HHI} = \sum_c w_c^2

    Parameters
    ----------
    w : Vec
        Weights, shape (coin,).

    Returns
    -------
    float
        Herfindahl-Hirschman index, not normalised by the invested sum.

    Notes
    -----
    Units: dimensionless.  Causal: no time.  Missing: a NaN weight gives NaN.
    Spec 7, METHODS 8.1.

    Examples
    --------
    >>> import numpy as np
    >>> hhi(np.array([0.5, 0.5]))
    0.5
    """
    total = 0.0
    for c in range(w.size):
        total += w[c] * w[c]
    return total


@kernel
def value(w: Vec, mu: Vec, w0: Vec, kappa: float) -> float:
    r"""Return the objective without the concentration penalty.

    .. math:: \mu^\top w - \kappa \lVert w - w_0 \rVert_1

    Parameters
    ----------
    w, w0 : Vec
        Weights after and before, shape (coin,).
    mu : Vec
        Expected edge times confidence, in percent, shape (coin,).
    kappa : float
        Percent paid per unit of turnover.

    Returns
    -------
    float
        Percent of the budget.

    Notes
    -----
    Units: percent of the risk budget (0.1 = 10 bps).  Causal: no time.
    Missing: a coin of weight 0 counts nothing even where ``mu`` is NaN.
    Spec 7, METHODS 8.2.

    Examples
    --------
    >>> import numpy as np
    >>> value(np.array([0.5]), np.array([0.5]), np.array([0.0]), 0.1)
    0.2
    """
    edge = 0.0
    for c in range(w.size):
        if w[c] != 0.0:
            edge += mu[c] * w[c]
    return edge - kappa * turnover(w, w0)


@kernel
def penalised(w: Vec, mu: Vec, w0: Vec, kappa: float, max_hhi: float, penalty: float) -> float:
    r"""Return the objective as the specification writes it, penalty included.

    .. math:: \mu^\top w - \kappa \lVert w - w_0 \rVert_1 - P \max(0, \mathrm{HHI} - h)

    Parameters
    ----------
    w, mu, w0, kappa
        As in ``value``.
    max_hhi : float
        ``h``, the concentration from which the penalty is paid.
    penalty : float
        ``P``, percent per unit of HHI; infinite for a hard limit.

    Returns
    -------
    float
        Percent of the budget.

    Notes
    -----
    Units: percent of the risk budget.  Causal: no time.  Missing: as in ``value``.
    Spec 7, METHODS 8.2.

    Examples
    --------
    >>> import numpy as np
    >>> penalised(np.array([0.6]), np.array([1.0]), np.array([0.6]), 0.1, 0.35, 100.0)
    -0.4...
    """
    excess = hhi(w) - max_hhi
    edge = value(w, mu, w0, kappa)
    return edge - penalty * excess if excess > 0.0 else edge
