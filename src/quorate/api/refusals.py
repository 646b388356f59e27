"""Why settings did not trade: which gate refused how much, and how far edges lay below costs.

In: blocks of tests as they were decided. Out: ``Refused``, in plain values, and in words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.core.account import Code, Column
from quorate.core.types import Reason
from quorate.report.formats import number, percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from quorate.backtest.run import Block
    from quorate.core.types import IntVec, Vec

_TOLD = 3
_TRADED = frozenset({Reason.NONE, Reason.ENTRY, Reason.REBALANCE, Reason.HOLDING})


class Refused(NamedTuple):
    """Coin-bars by their reason, and what signals at the cost gate had.

    ``edge_bps`` is the stated or fitted edge of the signals that it refused: the median, what 99 in
    100 are below, and the most; ``cost_bps`` the median of what they would have cost, with its
    margin. Empty without any.
    """

    counts: Mapping[str, int]
    edge_bps: tuple[float, ...] = ()
    cost_bps: float = float("nan")

    def told(self) -> str:
        """Return which gates refused most, in words.

        Examples
        --------
        >>> counts = {"NO_QUORUM": 70, "EDGE_BELOW_COST": 20, "ENTRY": 10}
        >>> print(Refused(counts, (0.9, 3.9, 15.2), 26.1).told())
        NO_QUORUM refused 70% of coin-bars, EDGE_BELOW_COST 20%; the 20 signals that reached the \
cost gate had an edge of 0.9 bps at the median and 15.2 at most, and would have cost 26.1
        """
        total = sum(self.counts.values())
        waited = {name: n for name, n in self.counts.items() if n and Reason[name] not in _TRADED}
        if not waited:
            return "no coin-bar was refused"
        most = sorted(waited, key=lambda name: (-waited[name], name))[:_TOLD]
        shares = [f"{name} {percent(waited[name] / total, 0)}" for name in most]
        shares[0] = f"{most[0]} refused {percent(waited[most[0]] / total, 0)} of coin-bars"
        said = ", ".join(shares)
        if not self.edge_bps:
            return f"{said}; no signal was stopped at the cost gate"
        return (
            f"{said}; the {number(waited[Reason.EDGE_BELOW_COST.name], 0)} signals that reached "
            f"the cost gate had an edge of {number(self.edge_bps[0], 1)} bps at the median and "
            f"{number(self.edge_bps[-1], 1)} at most, and would have cost "
            f"{number(self.cost_bps, 1)}"
        )


class Refusals:
    """What one test was refused, block by block."""

    def __init__(self) -> None:
        self.counts: IntVec = np.zeros(max(Reason) + 1, np.int64)
        self.edges: list[Vec] = []
        self.costs: list[Vec] = []

    def add(self, done: Block) -> None:
        """Count the reasons of a block that was decided."""
        reason = done.decisions.code[:, Code.REASON, :]
        self.counts += np.bincount(reason.ravel(), minlength=len(self.counts))
        dear = reason == Reason.EDGE_BELOW_COST
        self.edges.append(np.abs(done.consensus.edge_bps[dear]))
        self.costs.append(done.decisions.number[:, Column.COST_BPS, :][dear])


def together(several: Iterable[Refusals]) -> Refused:
    """Return what tests were refused, all in all.

    Notes
    -----
    Units: coin-bars; bps of a round trip.  Causal: reads what was decided.  Missing: edges of a
    gate that stopped nothing are left out.

    Examples
    --------
    >>> together([Refusals()]).told()
    'no coin-bar was refused'
    """
    some = list(several)
    counts = np.sum([one.counts for one in some], axis=0)
    edges = np.concatenate([part for one in some for part in one.edges] or [np.zeros(0)])
    costs = np.concatenate([part for one in some for part in one.costs] or [np.zeros(0)])
    named = {reason.name: int(counts[reason]) for reason in Reason if counts[reason]}
    if not len(edges):
        return Refused(named)
    low, high, most = (float(each) for each in np.quantile(edges, [0.5, 0.99, 1.0]))
    return Refused(named, (low, high, most), float(np.median(costs)))
