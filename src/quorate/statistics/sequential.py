r"""When one looks more than once: bounds that keep the whole chance of a false alarm.

In: the days on which one will look, fixed before the start, and the level of the whole test. Out:
what the test statistic must reach on each of them, what such a plan can find, and how sure it is.
Looking every day at the level of a single look would find luck in a quarter of all cases (METHODS
10.5). The statistic of look k is :math:`Z_k = S(t_k) / \sqrt{t_k}` of a Brownian motion S; the
chance to cross is integrated from look to look.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quorate.core.types import Vec

LOOKS: Final = (14, 21, 28)
"""Days on which a challenger is looked at."""
LONG_LOOKS: Final = (14, 21, 28, 60, 90)
"""The same of a test that may last 90 days, which must be said before it begins."""
_NORMAL: Final = NormalDist()
_FAR: Final = 8.5
"""Standard deviations beyond which nothing happens."""
_PER_STEP: Final = 12
"""Grid points a standard deviation of the shortest step."""
_MOST_POINTS: Final = 4_001


@dataclass(frozen=True)
class Plan:
    """The days of the looks and what z must reach on each, one-sided, at ``level`` in all."""

    looks: tuple[int, ...]
    bounds: tuple[float, ...]
    level: float

    def at(self, day: int) -> int:
        """Return the number of the look of a day, 0 the first.

        Raises
        ------
        ValueError
            No look is planned on that day.
        """
        if day not in self.looks:
            later = [look for look in self.looks if look > day]
            then = f"the next is day {later[0]}" if later else "the last one is over"
            raise ValueError(f"day {day} is not one of the looks {self.looks}: {then}")
        return self.looks.index(day)

    def nominal(self, look: int) -> float:
        """Return the level of one look, what its p-value must not exceed."""
        return _NORMAL.cdf(-self.bounds[look])


def obrien_fleming(looks: Sequence[int] = LOOKS, level: float = 0.05) -> Plan:
    r"""Return the bounds of O'Brien and Fleming for any looks.

    .. math:: z_k = C / \sqrt{t_k}, \qquad t_k = d_k / d_K, \qquad
              P(\exists k: Z_k \ge z_k) = \alpha \text{ without a difference}

    Parameters
    ----------
    looks : sequence of int
        Days, ascending, at least one.
    level : float
        One-sided, of all looks together, in (0, 0.5).

    Returns
    -------
    Plan
        Hard to pass early, almost the level of a single look at the end.

    Notes
    -----
    Units: standard errors.  Causal: none.  Missing: none.  The days stand for information: a day
    tells as much as another.
    METHODS 10.5; O'Brien and Fleming (1979); Armitage, McPherson and Rowe (1969).

    Examples
    --------
    >>> [round(z, 3) for z in obrien_fleming().bounds]
    [2.45, 2.001, 1.733]
    >>> [round(z, 3) for z in obrien_fleming((28,)).bounds]
    [1.645]
    """
    days = _checked(looks)
    if not 0.0 < level < 0.5:
        raise ValueError(f"level is {level}, must be in (0, 0.5): 0.05 is usual")
    share = np.array(days) / days[-1]

    def excess(constant: float) -> float:
        return float(np.sum(crossing(days, constant / np.sqrt(share)))) - level

    # one look needs the least, and as many independent ones the most
    low = _NORMAL.inv_cdf(1.0 - level)
    constant = _root(excess, low, _NORMAL.inv_cdf(1.0 - level / len(days)))
    return Plan(days, tuple((constant / np.sqrt(share)).tolist()), level)


def crossing(looks: Sequence[int], bounds: Sequence[float] | Vec, drift: float = 0.0) -> Vec:
    r"""Return the chance to reach a bound first at each look.

    .. math:: P(Z_k \ge z_k,\; Z_j < z_j \;\forall j < k), \qquad
              Z_k \sim N(\theta \sqrt{t_k}, 1)

    Parameters
    ----------
    looks : sequence of int
        Days, ascending.
    bounds : sequence of float
        What z must reach on each.
    drift : float
        :math:`\theta`: what z is expected to be at the last look; 0 where nothing differs.

    Returns
    -------
    Vec
        Shape (look,); their sum is the chance to ever cross: the level, or the power.

    Notes
    -----
    Units: probability.  Causal: none.  Missing: none.  Integrated by Simpson's rule on what is
    left below the bounds; errors are below 1e-6.
    METHODS 10.5; Armitage, McPherson and Rowe (1969).

    Examples
    --------
    >>> round(float(crossing((14, 28), (1.645, 1.645)).sum()), 3)
    0.08
    """
    days = _checked(looks)
    if len(bounds) != len(days):
        raise ValueError(f"{len(bounds)} bounds for {len(days)} looks: give one a look")
    at = np.array(days) / days[-1]
    step = np.diff(at, prepend=0.0)
    barrier = np.asarray(bounds) * np.sqrt(at)
    points = np.zeros(1)
    mass = np.ones(1)  # density times the width that each point stands for
    found = np.empty(len(days))
    for k in range(len(days)):
        deviation, mean = math.sqrt(step[k]), drift * step[k]
        found[k] = float(mass @ _upper((barrier[k] - points - mean) / deviation))
        if k + 1 == len(days):
            break
        lowest = drift * at[k] - _FAR * math.sqrt(at[k])
        grid = _grid(min(lowest, barrier[k] - 1.0), float(barrier[k]), float(np.sqrt(step.min())))
        away = (grid[:, None] - points[None, :] - mean) / deviation
        density = np.exp(-0.5 * away * away) @ mass / (deviation * math.sqrt(2.0 * math.pi))
        points, mass = grid, density * _simpson(grid)
    return found


def power(plan: Plan, effect: float) -> float:
    """Return the chance that a plan finds a difference of so many standard errors.

    Parameters
    ----------
    plan : Plan
        From ``obrien_fleming``.
    effect : float
        The difference over its standard error at the last look.

    Notes
    -----
    Units: probability.  Causal: none.  Missing: NaN for NaN.  METHODS 10.2.

    Examples
    --------
    >>> round(power(obrien_fleming(), 0.0), 3), round(power(obrien_fleming((28,)), 2.4865), 2)
    (0.05, 0.8)
    """
    if math.isnan(effect):
        return math.nan
    return float(np.sum(crossing(plan.looks, plan.bounds, effect)))


@lru_cache(maxsize=64)
def detectable(plan: Plan, chance: float = 0.8) -> float:
    """Return the difference that a plan finds with a given chance, in standard errors at its end.

    Parameters
    ----------
    plan : Plan
        From ``obrien_fleming``.
    chance : float
        The power that is asked for, above the level of the plan and below 1.

    Notes
    -----
    Units: standard errors at the last look.  Causal: none.  Missing: none.  METHODS 10.2.

    Examples
    --------
    >>> round(detectable(obrien_fleming((28,))), 2), round(detectable(obrien_fleming()), 2)
    (2.49, 2.53)
    """
    if not plan.level < chance < 1.0:
        raise ValueError(f"chance is {chance}, must be above the level {plan.level} and below 1")
    return _root(lambda effect: power(plan, effect) - chance, 0.0, 12.0)


def _checked(looks: Sequence[int]) -> tuple[int, ...]:
    days = tuple(looks)
    if not days or days[0] < 1 or any(b <= a for a, b in pairwise(days)):
        raise ValueError(f"looks are {days}: give days in ascending order, the first at least 1")
    return days


def _grid(low: float, high: float, shortest: float) -> Vec:
    """Return an odd number of points from low to high, dense enough for the shortest step."""
    n = int((high - low) / shortest * _PER_STEP)
    return np.linspace(low, high, min(max(n, 64), _MOST_POINTS - 1) // 2 * 2 + 1)


def _simpson(grid: Vec) -> Vec:
    weight = np.full(len(grid), 2.0)
    weight[1::2] = 4.0
    weight[0] = weight[-1] = 1.0
    return weight * ((grid[1] - grid[0]) / 3.0)


def _upper(z: Vec) -> Vec:
    """Return the chance of a normal draw above each value."""
    return np.array([0.5 * math.erfc(each / math.sqrt(2.0)) for each in z.tolist()])


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a monotone function is 0, between two values of different sign (Illinois)."""
    at_low, at_high = function(low), function(high)
    if at_low * at_high >= 0.0:
        return low if abs(at_low) <= abs(at_high) else high
    for _ in range(80):
        middle = high - at_high * (high - low) / (at_high - at_low)
        at_middle = function(middle)
        if abs(at_middle) < 1e-12 or abs(high - low) < 1e-11:
            return middle
        if at_middle * at_high < 0.0:
            low, at_low = high, at_high
        else:
            at_low /= 2.0
        high, at_high = middle, at_middle
    return high
