"""How the risk budget is shared among the coins: Spec 7 solved exactly (METHODS 8).

``solve.solve`` maximises ``objective.penalised`` under the budget, the caps of coins and sectors
and a limit on concentration. There is no state: the weights held come in as ``w0``.
"""

from __future__ import annotations

import math
from typing import NamedTuple


class Params(NamedTuple):
    """The constants of the portfolio; weights are shares of the risk budget (METHODS 0b.8)."""

    kappa: float = 0.1  # percent per unit of turnover: 10 bps, about a one-way cost
    max_hhi: float = 0.25
    penalty: float = 100.0  # percent per unit of HHI over the limit; inf makes it hard
    sector_cap: float = 0.5 / 0.7  # 50% of equity over a budget of 70%; inf for none
    budget: float = 1.0


BOUNDS = {
    "kappa": (0.0, 100.0),
    "max_hhi": (1e-6, 1.0),
    "penalty": (0.0, math.inf),
    "sector_cap": (0.0, math.inf),
    "budget": (0.0, 1.0),
}


def params(**overrides: float) -> Params:
    """Return the constants of the portfolio, checked.

    Parameters
    ----------
    **overrides : float
        Fields of ``Params`` that differ from the specification.

    Returns
    -------
    Params
        Floats only, so that the solver compiles once.

    Raises
    ------
    ValueError
        If a name is unknown or a value outside its bounds.

    Notes
    -----
    Units: percent, shares of the budget.  Causal: no time.  Missing: NaN is refused.
    Spec 7, METHODS 8.

    Examples
    --------
    >>> params(max_hhi=0.2).max_hhi
    0.2
    """
    for name, number in overrides.items():
        if name not in BOUNDS:
            raise ValueError(f"portfolio has no setting {name!r}; use one of {sorted(BOUNDS)}")
        low, high = BOUNDS[name]
        if not low <= number <= high:
            raise ValueError(f"portfolio {name} is {number}; choose from {low} to {high}")
    return Params(**{**Params()._asdict(), **{k: float(v) for k, v in overrides.items()}})
