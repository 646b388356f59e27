r"""The model of costs against reality: what its coefficients would be by our own parents.

.. math:: y_i = b\, x_i + \epsilon_i, \qquad
          \hat b = \frac{\sum x_i y_i}{\sum x_i^2}, \qquad
          \operatorname{se}^2 = \frac{n}{n - 1}
          \frac{\sum x_i^2 \hat\epsilon_i^2}{\bigl(\sum x_i^2\bigr)^2}

Through the origin, since no trade costs nothing, with an error that does not mind unequal variances
(White 1980, HC1). Impact is regressed on the square root of participation; spread, fee and delay on
what the model had said of them, so that 1 is a model that holds.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.core.costs import Params
from quorate.statistics.student import point

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from quorate.live.execution.tca import Measured

LEAST: Final = 30
"""Fewer parents propose nothing."""


class Proposal(NamedTuple):
    """A coefficient: what is in force, what our parents say with what confidence, and a verdict.

    Notes
    -----
    Units: ``impact`` bps at a participation of 1, the others dimensionless.  ``value``, ``low``
    and ``high`` are None where nothing is proposed; ``text`` says why.
    """

    name: str
    in_force: float
    value: float | None
    low: float | None
    high: float | None
    n: int
    text: str


def through_origin(
    x: Sequence[float], y: Sequence[float], *, chance: float = 0.05
) -> tuple[float, float, float]:
    """Return a slope through the origin and its interval.

    Parameters
    ----------
    x, y : sequence of float
        Of the same length, at least 2; x not all 0.
    chance : float
        That the interval misses: 0.05 is one of 95%.

    Returns
    -------
    slope, low, high : float
        Student's t with n - 1 degrees of freedom.

    Raises
    ------
    ValueError
        There are too few points, or all of x is 0.

    Notes
    -----
    Units: y over x.  Causal: none.  Missing: none.  White (1980).

    Examples
    --------
    >>> through_origin([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])
    (2.0, 2.0, 2.0)
    """
    n = len(x)
    squares = math.fsum(each * each for each in x)
    if n < 2 or n != len(y) or not squares > 0.0:
        raise ValueError(f"{n} and {len(y)} points, sum of squares {squares}: give at least 2")
    slope = math.fsum(a * b for a, b in zip(x, y, strict=True)) / squares
    spread = math.fsum((a * (b - slope * a)) ** 2 for a, b in zip(x, y, strict=True))
    width = point(chance / 2, n - 1) * math.sqrt(n / (n - 1) * spread) / squares
    return slope, slope - width, slope + width


def proposals(parents: Iterable[Measured], *, least: int = LEAST) -> tuple[Proposal, ...]:
    """Return what the coefficients of the model of costs would be by our own parents.

    Parameters
    ----------
    parents : iterable of Measured
        Those without a fill say nothing; those without a middle at a fill nothing of spread and
        impact.
    least : int
        Fewer propose nothing.

    Notes
    -----
    Units: as ``Proposal``.  Causal: none.  Missing: a parent for which the model said 0, or knew no
    participation, does not count for that coefficient.  METHODS 6.2, 9.5.
    """
    points: dict[str, list[tuple[float, float]]] = {
        name: [] for name in ("impact", "spread", "fee", "delay")
    }
    for each in parents:
        opened, cost = each.opened, each.shortfall
        if not each.fills:
            continue
        if not each.n_blind:
            _add(points["impact"], math.sqrt(opened.participation_expected), each, cost.impact)
            _add(points["spread"], float(opened.expected_spread_bps), each, cost.spread)
        if not each.foreign_fees:
            _add(points["fee"], float(opened.expected_fee_bps), each, cost.fees)
        _add(points["delay"], float(opened.expected_delay_bps), each, cost.delay)
    in_force = {"impact": Params().impact_bps_at_one, "spread": 1.0, "fee": 1.0, "delay": 1.0}
    return tuple(_proposal(name, in_force[name], rows, least) for name, rows in points.items())


def _add(rows: list[tuple[float, float]], x: float, parent: Measured, amount: Decimal) -> None:
    y = parent.traded_bps(amount)
    if y is not None and x != 0.0:
        rows.append((x, float(y)))


def _proposal(
    name: str, in_force: float, rows: Sequence[tuple[float, float]], least: int
) -> Proposal:
    n = len(rows)
    if n < max(least, 2):
        text = f"{n} parents, at least {max(least, 2)}: nothing is proposed"
        return Proposal(name, in_force, None, None, None, n, text)
    slope, low, high = through_origin([x for x, _ in rows], [y for _, y in rows])
    if low <= in_force <= high:
        text = f"{in_force:g} is within the interval: keep it"
    else:
        text = f"{in_force:g} is outside the interval: {slope:.3g} is proposed"
    return Proposal(name, in_force, slope, low, high, n, text)
