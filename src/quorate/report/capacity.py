r"""How much money fits in: what the same trades would have made with a smaller or larger account.

In: the books, and the impact and size of every fill. Out: a curve of net profit over the size of
the account. What a fill pays for its own size grows faster than the fill, all else with it:

.. math:: \text{net}(m) = m\,(G - F)
          - \sum_i I_i\, m \sqrt{\frac{\min(m\rho_i, \bar\rho)}{\rho_i}}

with gross :math:`G`, all other costs :math:`F`, impact :math:`I_i` at participation
:math:`\rho_i`, which ``core/costs`` clips at :math:`\bar\rho`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from quorate.core.costs import Params
from quorate.core.types import MONEY_SCALE, Line

if TYPE_CHECKING:
    from quorate.core.types import Vec
    from quorate.report.reading import Run

_GRID: Final = np.logspace(-3.0, 6.0, 1801)
_SMALLEST_CURVE: Final = 0.02
_BEYOND: Final = 1.2
_BPS: Final = 10_000.0


class Capacity(NamedTuple):
    """The curve, the accounts of note in USD, and why there is no curve where it is empty.

    ``limit_usd`` is the account at which half of the traded value would be above the participation
    limit: the curve ends there, and where it still rises, ``is_limited``, that is the best. NaN
    where an account of that kind does not exist.
    """

    account_usd: Vec
    net_usd: Vec
    best_usd: float
    best_net_usd: float
    break_even_usd: float
    limit_usd: float
    is_limited: bool
    why: str


class Fills(NamedTuple):
    """What a size costs, a fill each: impact and traded value in USD, participation."""

    impact_usd: Vec
    value_usd: Vec
    share: Vec


def capacity(run: Run) -> Capacity:
    """Return how net profit would have changed with the size of the account.

    Notes
    -----
    Units: USD over the whole run.  Causal: reads a finished run.  Missing: an empty curve and why.
    Spec 12, METHODS 6.6.
    """
    if run.fills is None:
        return nothing("this run kept no fills")
    if run.fills.height == 0:
        return nothing("nothing was filled")
    costs = run.about.get("settings", {}).get("costs", {})
    found = _fills(run, float(costs.get("impact_bps_at_one", Params().impact_bps_at_one)))
    if not found.impact_usd.any():
        return nothing("no fill paid for its own size, so nothing tells how costs grow with it")
    other = run.lines[Line.GROSS] - (run.costs - run.lines[Line.IMPACT])
    return curve(
        found,
        other / MONEY_SCALE,
        run.start / MONEY_SCALE,
        float(costs.get("max_participation", Params().max_participation)),
    )


def nothing(why: str) -> Capacity:
    """Return no curve, and why."""
    none = np.zeros(0)
    return Capacity(none, none, np.nan, np.nan, np.nan, np.nan, is_limited=False, why=why)


def net_usd(multiple: float, fills: Fills, other_usd: float, max_share: float) -> float:
    r"""Return what the same trades would have made at a multiple of the account (``net(m)`` above).

    Parameters
    ----------
    multiple : float
        Of the account, above zero.
    fills : Fills
        Shape (fill,) each.
    other_usd : float
        Gross less all costs but impact.
    max_share : float
        Participation at which the impact of an order no longer grows.

    Notes
    -----
    Units: USD.  Causal: pure.  Missing: a fill of participation 0 costs nothing.  METHODS 6.6.

    Examples
    --------
    >>> one = Fills(np.array([1.0]), np.array([1000.0]), np.array([0.01]))
    >>> net_usd(4.0, one, 5.0, 0.2)
    12.0
    """
    share = np.minimum(np.maximum(fills.share, 0.0), max_share)
    held = np.where(share > 0.0, share, 1.0)
    grown = np.sqrt(np.minimum(multiple * share, max_share) / held)
    return float(multiple * (other_usd - np.sum(fills.impact_usd * grown)))


def curve(fills: Fills, other_usd: float, account_usd: float, max_share: float) -> Capacity:
    """Return the curve and its accounts of note, from fills with some impact.

    Notes
    -----
    Units: USD.  Causal: pure.  Missing: NaN where no account earns, breaks even or is too large.
    METHODS 6.6.

    Examples
    --------
    >>> one = Fills(np.array([1.0]), np.array([1000.0]), np.array([0.0001]))
    >>> found = curve(one, 6.0, 1_000.0, 0.2)
    >>> round(found.best_usd / 1e3), round(found.break_even_usd / 1e3)
    (16, 36)
    """
    limit = _limit(fills, max_share)
    end = max(limit, 1.0)
    grid = np.append(_GRID[end > _GRID], end) if np.isfinite(end) else _GRID
    net = _net_over(grid, fills, other_usd, max_share)
    best = int(np.argmax(net))
    earns = bool(net[best] > 0.0)
    after = np.flatnonzero(net[best:] <= 0.0)
    even = _crossing(grid, net, best + int(after[0])) if earns and len(after) else np.nan
    last = _BEYOND * even if earns and np.isfinite(even) else grid[-1] if earns else 10.0
    first = min(_SMALLEST_CURVE * (float(grid[best]) if earns else 1.0), _SMALLEST_CURVE)
    shown = (grid >= first) & (grid <= max(last, 1.5))
    return Capacity(
        account_usd=account_usd * grid[shown],
        net_usd=net[shown],
        best_usd=account_usd * float(grid[best]) if earns else np.nan,
        best_net_usd=float(net[best]) if earns else np.nan,
        break_even_usd=account_usd * even,
        limit_usd=account_usd * limit if np.isfinite(limit) else np.nan,
        is_limited=earns and best == len(grid) - 1,
        why="",
    )


def _net_over(grid: Vec, fills: Fills, other_usd: float, max_share: float) -> Vec:
    """Return ``net_usd`` at every multiple, by sums over fills sorted by participation."""
    share = np.clip(fills.share, 0.0, max_share)
    order = np.argsort(share)
    share, impact = share[order], fills.impact_usd[order]
    held = np.divide(max_share, share, out=np.zeros_like(share), where=share > 0.0)
    below = np.concatenate([[0.0], np.cumsum(impact)])
    clipped = np.concatenate([[0.0], np.cumsum(impact * np.sqrt(held))])
    n_below = np.searchsorted(share, max_share / grid)  # the fills still under the limit
    paid = np.sqrt(grid) * below[n_below] + (clipped[-1] - clipped[n_below])
    return np.asarray(grid * (other_usd - paid))


def _fills(run: Run, impact_bps_at_one: float) -> Fills:
    """Read each fill's participation back from its impact, the inverse of ``impact_bps``."""
    frame: Any = run.fills
    impact = frame["impact"].cast(float).to_numpy() / MONEY_SCALE
    value = np.abs(frame["notional"].cast(float).to_numpy()) / MONEY_SCALE
    rate = np.divide(_BPS * impact, value, out=np.zeros_like(value), where=value > 0.0)
    at_one = impact_bps_at_one if impact_bps_at_one > 0.0 else np.inf
    return Fills(impact, value, (np.maximum(rate, 0.0) / at_one) ** 2)


def _limit(fills: Fills, max_share: float) -> float:
    """Return the multiple at which half of the traded value is at the participation limit."""
    room = np.full(len(fills.share), np.inf)
    np.divide(max_share, fills.share, out=room, where=fills.share > 0.0)
    order = np.argsort(room)
    reached = np.cumsum(fills.value_usd[order])
    return float(room[order][np.searchsorted(reached, 0.5 * reached[-1])])


def _crossing(grid: Vec, net: Vec, i: int) -> float:
    """Return where a falling line reaches zero between two points, straight between them."""
    share = float(net[i - 1]) / float(net[i - 1] - net[i])
    return float(grid[i - 1] + share * (grid[i] - grid[i - 1]))
