"""By how much the survivors of a universe did better than all of it.

In: two growth curves by day. Out: total returns, Sharpe ratios and deepest falls of both, and the
differences.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from quorate.statistics.drawdowns import max_drawdown
from quorate.statistics.ratios import sharpe, total_return

if TYPE_CHECKING:
    from quorate.core.types import Vec


_MEASURES: Final = {"return": total_return, "sharpe": sharpe, "drawdown": max_drawdown}


def between(everyone: Vec, survivors: Vec) -> dict[str, float | None]:
    """Return what survivors would have claimed, beside what everyone made.

    Parameters
    ----------
    everyone, survivors : Vec
        What one unit had become at the end of each day, shape (day,).

    Returns
    -------
    dict
        ``everyone_return, survivors_return, return_difference`` and the same of ``sharpe`` and of
        ``drawdown`` (at most 0); a difference is that of survivors over everyone.

    Notes
    -----
    Units: fractions, Sharpe ratios a year of 365 days.  Causal: reads all days.  Missing: None for
    what is not defined.  METHODS 11, 12.

    Examples
    --------
    >>> found = between(np.array([1.0, 0.9, 0.8]), np.array([1.0, 1.1, 1.2]))
    >>> round(found["return_difference"], 6), found["everyone_sharpe"] < 0.0
    (0.4, True)
    """
    returns = [each / np.concatenate(([1.0], each[:-1])) - 1.0 for each in (everyone, survivors)]
    made = {
        f"{name}_{what}": _known(measure(each))
        for what, measure in _MEASURES.items()
        for name, each in zip(("everyone", "survivors"), returns, strict=True)
    }
    for what in _MEASURES:
        one, two = made[f"everyone_{what}"], made[f"survivors_{what}"]
        made[f"{what}_difference"] = None if one is None or two is None else two - one
    return made


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
