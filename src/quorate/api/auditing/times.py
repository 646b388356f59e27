"""At which rows a history is cut: drawn from a seed, and where something begins or ends.

In: a panel. Out: rows; a cut at row r keeps rows below r. Full hours, midnights, settlements of
funding, first and last bars of gaps, of coins and of blocks are where off-by-one leaks show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from quorate.core.types import Bar

if TYPE_CHECKING:
    from quorate.core.types import IntVec
    from quorate.lake import Panel

_STRIDE = 4096
"""Rows of which statuses are looked at together."""


def cuts(panel: Panel, n: int, seed: int, least: int = 1) -> list[int]:
    """Return rows at which to cut, ascending, spread over the history.

    Parameters
    ----------
    panel : Panel
        At least two bars.
    n : int
        At most so many.
    seed : int
        The same seed gives the same rows.
    least : int
        No row before this.

    Returns
    -------
    list of int
        A third of them at random, the others at and beside edges.

    Notes
    -----
    Units: rows.  Causal: no; it chooses what to test.  Missing: gaps are edges.

    Examples
    --------
    >>> from quorate.lake.synthetic import synthetic
    >>> found = cuts(synthetic(n_coins=2, days=2), 12, seed=1)
    >>> len(found), found == sorted(set(found)), found[0] >= 1, found[-1] < 576
    (12, True, True, True)
    """
    rng = np.random.default_rng(seed)
    low = min(max(1, least), max(1, panel.n_bars - 1))
    rows = np.arange(low, panel.n_bars)
    if len(rows) <= n:
        return [int(row) for row in rows]
    edges = [_some(each[(each >= low) & (each < panel.n_bars)], n, rng) for each in _edges(panel)]
    chosen: set[int] = set()
    turns = [list(each) for each in edges if len(each)]
    while turns and len(chosen) < n - n // 3:
        for each in turns:
            chosen.add(int(each.pop()))
        turns = [each for each in turns if each]
    chosen = set(sorted(chosen, key=lambda row: (row * 2654435761) % 2**32)[: n - n // 3])
    for row in rng.permutation(rows):
        if len(chosen) == n:
            break
        chosen.add(int(row))
    return sorted(chosen)


def _some(rows: IntVec, n: int, rng: np.random.Generator) -> IntVec:
    found: IntVec = rng.permutation(np.unique(rows))[:n]
    return found


def _edges(panel: Panel) -> list[IntVec]:
    """Return rows of each kind: hours, days, settlements, gaps, ends of coins, ends of rows."""
    k = panel.k0 + np.arange(panel.n_bars)
    per_hour = panel.bars_per_hour
    hours, days = (np.flatnonzero(k % n == 0) for n in (per_hour, 24 * per_hour))
    settled = np.flatnonzero(k % (8 * per_hour) == 0)
    changes = [np.zeros(0, np.int64)]
    before = np.asarray(panel.bars.status[:1])
    for t in range(0, panel.n_bars, _STRIDE):
        status = np.asarray(panel.bars.status[t : t + _STRIDE])
        both = np.concatenate((before, status)) if t else status
        moved = np.flatnonzero((both[1:] != both[:-1]).any(axis=1)) + 1
        changes.append(moved + (t - 1 if t else t))
        before = status[-1:]
    gaps = np.concatenate(changes)
    last = np.minimum(panel.delisted_k - panel.k0, panel.n_bars)
    first = np.array([0])
    if panel.n_bars <= 64 * _STRIDE:
        first = (np.asarray(panel.bars.status) != Bar.ABSENT).argmax(axis=0)
    ends = np.concatenate((last, last + 1, last + 2, first, first + 1))
    beside = [np.concatenate((rows, rows + 1)) for rows in (hours, days, settled)]
    return [*beside, np.concatenate((gaps, gaps + 1)), ends.astype(np.int64)]
