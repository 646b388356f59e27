r"""Whether a difference of two Sharpe ratios is luck, where a day keeps some of the day before.

In: the daily returns of two runs on the same days. Out: the difference in standard errors, with as
many degrees of freedom as there are independent days, and its p-values. Blocks of five days do not
hold a dependence that lasts longer, and of longer ones two weeks hold too few; here the dependence
is estimated, and how uncertain that is is allowed for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from quorate.statistics import student
from quorate.statistics.comparison import common

if TYPE_CHECKING:
    from quorate.core.types import Vec

SAFETY: Final = 0.25
"""Standard errors that the autocorrelation is taken above its estimate: chosen by simulation,
beside the bootstrap (docs/explanations/promotion.md)."""
MOST: Final = 0.9
"""Above it no record of three months says anything."""
_FEWEST_DAYS: Final = 5


@dataclass(frozen=True)
class Dependent:
    """A difference of two Sharpe ratios per day, and its p-values; all NaN where nothing is known.

    ``rho`` is the autocorrelation that was allowed for, ``freedom`` how many degrees it left.
    """

    value: float
    standard_error: float
    rho: float
    freedom: int
    greater: float
    less: float


def dependent_test(first: Vec, second: Vec, safety: float = SAFETY) -> Dependent:
    r"""Test whether two Sharpe ratios differ, where each day may depend on the day before.

    .. math:: \psi_t = \psi_{a,t} - \psi_{b,t}, \qquad
              \psi_{i,t} = x_{i,t} - \tfrac{1}{2} S_i (x_{i,t}^2 - 1), \quad
              x_{i,t} = (r_{i,t} - \mu_i) / \sigma_i

    .. math:: \rho = \hat\rho + \frac{1 + 3 \hat\rho}{T} + s \sqrt{\frac{1 - \hat\rho^2}{T}},
              \qquad
              se^2 = \frac{\sum_t (\psi_t - \rho \psi_{t-1})^2}{T (T - 3)(1 - \rho)^2}

    .. math:: p = P(T_\nu > \Delta / se), \qquad
              \nu = \Bigl\lfloor T \frac{1 - \rho}{1 + \rho} \Bigr\rfloor - 1

    Parameters
    ----------
    first, second : Vec
        Returns on the same days, shape (day,).
    safety : float
        s, at least 0.

    Returns
    -------
    Dependent
        Of the first less the second.

    Notes
    -----
    Units: a day; probabilities.  Causal: reads all days.  Missing: days that one of them lacks are
    left out; NaN below five days, or where a series, or the difference, does not vary. Days that
    turn against the day before count as independent.
    METHODS 10.4; Andrews and Monahan (1992) on prewhitening; Kendall (1954) on the bias of the
    autocorrelation; Bartlett (1935) on how many independent days there are.

    Examples
    --------
    >>> a = np.tile([0.02, -0.01, 0.005, 0.01], 30)
    >>> found = dependent_test(a, np.roll(a, 7) - 0.02)
    >>> found.greater < 0.001, found.rho, found.freedom
    (True, 0.0, 119)
    """
    if not safety >= 0.0:
        raise ValueError(f"safety is {safety}, must be at least 0")
    _, a, b = common(first, second)
    n = len(a)
    if n < _FEWEST_DAYS or not (np.ptp(a) > 0.0 and np.ptp(b) > 0.0):
        return _UNKNOWN
    (ratio_a, moved_a), (ratio_b, moved_b) = _influence(a), _influence(b)
    value, moved = ratio_a - ratio_b, moved_a - moved_b
    square = float(moved @ moved)
    if not square > 1e-18 * n:
        return _UNKNOWN
    estimate = float(moved[1:] @ moved[:-1]) / square
    unsure = safety * math.sqrt(max(0.0, 1.0 - estimate * estimate) / n)
    rho = min(max(estimate + (1.0 + 3.0 * estimate) / n + unsure, 0.0), MOST)
    left = moved[1:] - rho * moved[:-1]
    error = math.sqrt(float(left @ left) / (n * (n - 3))) / (1.0 - rho)
    freedom = max(1, int(n * (1.0 - rho) / (1.0 + rho)) - 1)
    t = value / error
    return Dependent(
        value, error, rho, freedom, student.upper(t, freedom), student.upper(-t, freedom)
    )


def _influence(series: Vec) -> tuple[float, Vec]:
    """Return a Sharpe ratio per day, and by how much each day moves it."""
    centred = series - float(np.mean(series))
    deviation = float(np.std(series))
    ratio = float(np.mean(series)) / deviation
    standard = centred / deviation
    return ratio, standard - 0.5 * ratio * (standard * standard - 1.0)


_UNKNOWN: Final = Dependent(math.nan, math.nan, math.nan, 0, math.nan, math.nan)
