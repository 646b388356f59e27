"""How much of a label is news: labels that overlap tell one story, and share its weight.

In: intervals of bars, both ends included, with the coin of each. Out: one weight a label. Coins do
not share: what they have in common is the business of a split by time. The averages read labels
that came later, which weights of a training set may; whoever rates a rule that chooses its own
moments may not, for a rule repeats itself while it is right (docs/decisions 0016): for that there
is ``uniqueness_when_made``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.core.kernel import kernel
from quorate.core.types import IntVec, Mat, Vec

if TYPE_CHECKING:
    from quorate.research.labels import Labels


class _Intervals(NamedTuple):
    """Intervals by coin: those of coin c stand in ``order[bounds[c] : bounds[c + 1]]``."""

    start: IntVec
    end: IntVec
    order: IntVec
    bounds: IntVec


def uniqueness(start: IntVec, end: IntVec, coin: IntVec | None = None) -> Vec:
    r"""Return each label's average share of the bars it is open on.

    .. math:: \bar u_i = \frac{1}{|i|} \sum_{t \in [start_i, end_i]} \frac{1}{c_t}

    with :math:`c_t` the labels of the same coin that are open on bar t.

    Parameters
    ----------
    start, end : IntVec
        First and last bar of each label, both included, in any order, shape (label,).
    coin : IntVec, optional
        Coin of each label; None: all of one.

    Returns
    -------
    Vec
        In (0, 1], shape (label,).

    Raises
    ------
    ValueError
        If an interval ends before it starts.

    Notes
    -----
    Units: fraction.  Causal: known when every label that overlaps has started and ended.
    Missing: none.  METHODS 5.2; Lopez de Prado (2018), section 4.4.

    Examples
    --------
    >>> uniqueness(np.array([0, 2, 4, 9]), np.array([3, 5, 6, 10])).round(3)
    array([0.75 , 0.5  , 0.667, 1.   ])
    """
    intervals = _by_coin(start, end, coin)
    out = np.empty(len(intervals.start))
    share = np.empty(_longest_span(intervals))
    _average(*intervals, share, out)
    return out


def uniqueness_when_made(start: IntVec, end: IntVec, coin: IntVec | None = None) -> Vec:
    """Return each label's share of its first bar, among the labels made by then.

    Parameters
    ----------
    start, end, coin
        As of ``uniqueness``.

    Returns
    -------
    Vec
        One over the labels of the coin that had started and not ended, itself included.

    Raises
    ------
    ValueError
        If an interval ends before it starts.

    Notes
    -----
    Units: fraction.  Causal: known at ``start``.  Missing: none.  docs/decisions 0016.

    Examples
    --------
    >>> uniqueness_when_made(np.array([0, 2, 4, 9]), np.array([3, 5, 6, 10]))
    array([1. , 0.5, 0.5, 1. ])
    """
    start, end, order, bounds = _by_coin(start, end, coin)
    out = np.empty(len(start))
    for lo, hi in pairwise(bounds):
        here = order[lo:hi]
        begun = np.searchsorted(np.sort(start[here]), start[here], side="right")
        over = np.searchsorted(np.sort(end[here]), start[here], side="left")
        out[here] = 1.0 / (begun - over)
    return out


def attribution(
    start: IntVec, end: IntVec, returns: Mat, *, first_k: int, coin: IntVec | None = None
) -> Vec:
    r"""Return weights by the size of the return that is a label's own.

    .. math:: w_i \propto \Big| \sum_{t \in [start_i, end_i]} \frac{r_t}{c_t} \Big|

    Parameters
    ----------
    start, end, coin
        As of ``uniqueness``.
    returns : Mat
        Log returns of every bar, shape (time, coin).
    first_k : int
        Counter of the first row of ``returns``.

    Returns
    -------
    Vec
        Of mean 1, shape (label,); ones where no label has a return at all.

    Raises
    ------
    ValueError
        If an interval ends before it starts, leaves ``returns``, or holds a NaN.

    Notes
    -----
    Units: none.  Causal: known when every label that overlaps has started and ended.
    Missing: an error; no label passes a bar without a price.
    METHODS 5.2; Lopez de Prado (2018), section 4.6.

    Examples
    --------
    >>> made = np.array([[0.01], [0.02], [-0.02], [0.03]])
    >>> attribution(np.array([0, 1]), np.array([1, 3]), made, first_k=0)
    array([1., 1.])
    """
    intervals = _by_coin(start, end, coin)
    n, n_coins = len(intervals.start), len(intervals.bounds) - 1
    if n == 0:
        return np.empty(0)
    last_k = first_k + returns.shape[0] - 1
    if intervals.start.min() < first_k or intervals.end.max() > last_k:
        raise ValueError(
            f"labels are of bars {intervals.start.min()} to {intervals.end.max()}, the returns of "
            f"{first_k} to {last_k}: give the returns of all of them"
        )
    if n_coins > returns.shape[1]:
        raise ValueError(
            f"labels are of {n_coins} coins, the returns of {returns.shape[1]}: give as many"
        )
    out, share = np.empty(n), np.empty(_longest_span(intervals))
    _attribute(*intervals, np.require(returns, np.float64, ["C", "W"]), int(first_k), share, out)
    if np.isnan(out).any():
        i = int(np.flatnonzero(np.isnan(out))[0])
        raise ValueError(
            f"label {i}, bars {intervals.start[i]} to {intervals.end[i]}, holds a return that is "
            "NaN: take labels and returns of the same prices"
        )
    mean = float(out.mean())
    return out / mean if mean > 0.0 else np.ones(n)


def by_uniqueness(labels: Labels) -> Vec:
    """Return the uniqueness of labels over the bars they are held.

    Parameters
    ----------
    labels : Labels
        The labels.

    Returns
    -------
    Vec
        In (0, 1], shape (label,).

    Notes
    -----
    Units: fraction.  Causal: as ``uniqueness``.  Missing: none.  METHODS 5.2.

    Examples
    --------
    >>> from quorate.lake.synthetic import synthetic
    >>> from quorate.research.events import hourly
    >>> from quorate.research.labels import fixed_horizon
    >>> from quorate.research.prices import of
    >>> market = of(synthetic(n_coins=1, days=2, seed=1))
    >>> float(by_uniqueness(fixed_horizon(market, hourly(market), horizon=48))[8].round(3))
    0.25
    """
    return uniqueness(labels.first_k, labels.exit_k, labels.coin)


def _by_coin(start: IntVec, end: IntVec, coin: IntVec | None) -> _Intervals:
    start, end = (np.ascontiguousarray(x, np.int64) for x in (start, end))
    coins = np.zeros(len(start), np.int64) if coin is None else np.asarray(coin, np.int64)
    if not len(start) == len(end) == len(coins):
        raise ValueError(f"{len(start)} starts, {len(end)} ends, {len(coins)} coins: one each")
    if len(start) and int(np.min(end - start)) < 0:
        i = int(np.argmin(end - start))
        raise ValueError(f"label {i} ends at bar {end[i]}, before its start at {start[i]}")
    if len(coins) and coins.min() < 0:
        raise ValueError(f"a coin is {coins.min()}: coins are counted from 0")
    order = np.argsort(coins, kind="stable")
    n_coins = int(coins.max()) + 1 if len(coins) else 0
    bounds = np.searchsorted(coins[order], np.arange(n_coins + 1)).astype(np.int64)
    return _Intervals(start, end, order, bounds)


def _longest_span(intervals: _Intervals) -> int:
    """Return the bars between the first start and the last end, and one more."""
    if len(intervals.start) == 0:
        return 1
    return int(intervals.end.max() - intervals.start.min()) + 2


@kernel
def _shares(
    start: IntVec, end: IntVec, order: IntVec, lo: int, hi: int, first: int, share: Vec
) -> None:
    """Set ``share`` to one over the labels open on each bar from ``first`` on."""
    last = first
    for i in range(lo, hi):
        last = max(last, end[order[i]])
    for t in range(last - first + 2):
        share[t] = 0.0
    for i in range(lo, hi):
        share[start[order[i]] - first] += 1.0
        share[end[order[i]] + 1 - first] -= 1.0
    n_open = 0.0
    for t in range(last - first + 1):
        n_open += share[t]  # whole numbers: exact
        share[t] = 1.0 / n_open if n_open > 0.0 else 0.0


@kernel
def _first(start: IntVec, order: IntVec, lo: int, hi: int) -> int:
    """Return the earliest start of some labels."""
    first = start[order[lo]]
    for i in range(lo, hi):
        first = min(first, start[order[i]])
    return first


@kernel
def _average(
    start: IntVec, end: IntVec, order: IntVec, bounds: IntVec, share: Vec, out: Vec
) -> None:
    """Write the uniqueness of every label, each a sum of its own: no history before it counts."""
    for c in range(bounds.shape[0] - 1):
        lo, hi = bounds[c], bounds[c + 1]
        if lo == hi:
            continue
        first = _first(start, order, lo, hi)
        _shares(start, end, order, lo, hi, first, share)
        for i in range(lo, hi):
            label = order[i]
            total = 0.0
            for t in range(start[label] - first, end[label] - first + 1):
                total += share[t]
            out[label] = total / (end[label] - start[label] + 1)


@kernel
def _attribute(
    start: IntVec,
    end: IntVec,
    order: IntVec,
    bounds: IntVec,
    returns: Mat,
    first_k: int,
    share: Vec,
    out: Vec,
) -> None:
    """Write the absolute return of every label that is its own."""
    for c in range(bounds.shape[0] - 1):
        lo, hi = bounds[c], bounds[c + 1]
        if lo == hi:
            continue
        first = _first(start, order, lo, hi)
        _shares(start, end, order, lo, hi, first, share)
        for i in range(lo, hi):
            label = order[i]
            total = 0.0
            for t in range(start[label], end[label] + 1):
                total += share[t - first] * returns[t - first_k, c]
            out[label] = abs(total)
