"""What settings came to on whole histories: one account a block, and the objective over paths.

In: blocks of a run under one set of fits. Out: ``Unit``, the daily returns of one test; the number
by which a search compares; ``Crossed``, all that is kept of a trial, in plain values.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from quorate.api import folding, refusals
from quorate.api.sweeping import weighed_by
from quorate.backtest import run as passes
from quorate.backtest.fills import column
from quorate.core.types import MONEY_SCALE, Votes
from quorate.statistics import currency
from quorate.statistics.cautions import FEW_TRADES
from quorate.statistics.daily import EQUITY, daily_returns
from quorate.statistics.ratios import sharpe

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from quorate.core import consensus
    from quorate.core.types import IntVec, Vec
    from quorate.lake import Panel


class Cross(NamedTuple):
    """How settings are tested: N blocks of days, k of which test at once.

    ``warm_days`` are watched before each test; ``edge`` is how the edge map is fitted
    (``training.EDGES``); ``penalty`` how many standard deviations over paths the objective lies
    below their median; a path of fewer than ``min_trades`` closed trades has no ratio.
    """

    n_blocks: int = 6
    n_test: int = 2
    embargo_days: float = 4.0
    warm_days: int = 20
    edge: str = "slope"
    penalty: float = 1.0
    min_trades: int = FEW_TRADES


class Looked(NamedTuple):
    """A block that was looked at, and the names on its axis of engines."""

    block: passes.Seen
    names: tuple[str, ...]


class Crossed(NamedTuple):
    """What is kept of a trial.

    ``values`` is the objective after each block, as far as it came; the rest is of each path:
    Sharpe ratio, net return, closed trades, costs. ``path`` is the one in the middle by its ratio,
    whose daily ``returns`` and closed trades (``pnl``, in 1e-8 quote) are kept, and what it was
    ``refused`` where that was asked for (``Work.tells``).
    """

    values: tuple[float, ...]
    sharpes: tuple[float, ...]
    net_returns: tuple[float, ...]
    n_trades: tuple[int, ...]
    costs_usd: tuple[float, ...]
    path: int
    returns: tuple[float, ...]
    pnl: tuple[int, ...]
    refused: refusals.Refused | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, without what was refused; what is not defined is None."""
        kept = {n: value for n, value in self._asdict().items() if n not in ("path", "refused")}
        found = {name: list(value) for name, value in kept.items()}
        plain = {n: [_or_none(each) for each in value] for n, value in found.items()}
        return plain | {"path": self.path}


def from_dict(said: dict[str, Any]) -> Crossed:
    """Return an outcome from its plain values.

    Examples
    --------
    >>> one = Crossed((math.nan,), (1.5,), (0.1,), (3,), (2.0,), 0, (0.1,), (7,))
    >>> again = from_dict(one.as_dict())
    >>> again.sharpes, math.isnan(again.values[0])
    ((1.5,), True)
    """
    lists = {n: value for n, value in said.items() if n != "path"}
    known = {n: tuple(math.nan if x is None else x for x in value) for n, value in lists.items()}
    return Crossed(path=said["path"], **known)  # type: ignore[arg-type]


class Unit:
    """One test: an account that begins anew, traded by what the other blocks taught.

    Parameters
    ----------
    fold : Fold
        Its machine, fits laid on; the memory is made when the test begins.
    panel : Panel
        The market.
    rows : tuple of int
        The rows from which it watches, from which it trades, and the one after its last.
    common : dict
        What the consensus remembers, by ``key``: shared by all tests that would weigh alike.
    absent : str
        An engine that was looked at for others and has no vote here; "" for none.
    tells : bool
        Whether it counts what was refused.

    Notes
    -----
    Units: integer 1e-8 quote.  Causal: what was decided, as it was decided.  Missing: none.
    """

    def __init__(
        self,
        fold: folding.Fold,
        panel: Panel,
        rows: tuple[int, int, int],
        common: dict[Hashable, consensus.State],
        absent: str = "",
        *,
        tells: bool = False,
    ) -> None:
        self.refused = refusals.Refusals() if tells else None
        self._fold, self._panel, self._common = fold, panel, common
        self._absent = absent
        warm, first, after = rows
        self.warm, self.first, self.after = warm, first, after
        self.key: Hashable = (warm, after, absent, weighed_by(fold.made))
        self._memory: passes.Memory | None = None
        self._equity: list[IntVec] = []
        self._closed: list[IntVec] = []
        self._costs = 0

    @property
    def n_trades(self) -> int:
        """Return how many trades were closed."""
        return sum(map(len, self._closed))

    @property
    def pnl(self) -> tuple[int, ...]:
        """Return the net result of every closed trade, in 1e-8 quote."""
        return tuple(int(each) for part in self._closed for each in part)

    @property
    def costs_usd(self) -> float:
        """Return what was paid, in quote currency."""
        return self._costs / MONEY_SCALE

    def weigh(self, seen: Looked) -> consensus.Out:
        """Weigh the votes of the next block, for all that share the consensus and its fits."""
        return passes.weigh(self._fold.made, self._remembered(), self.as_seen(seen))

    def trade(self, seen: Looked, said: consensus.Out) -> None:
        """Fill and decide the next block; before ``first`` nothing may be entered."""
        mine = self.as_seen(seen)
        done = passes.trade(self._fold.made, self._remembered(), mine, said)
        folding.balanced(done)
        if done.inputs.k0 - self._panel.k0 >= self.first:
            self._equity.append(done.decisions.equity.copy())
            is_closed = column(done.fills, "closed").astype(np.int64) == 1
            self._closed.append(column(done.fills, "realised").astype(np.int64)[is_closed])
            self._costs = int(done.tally.costs[-1])
            if self.refused is not None:
                self.refused.add(done)

    def as_seen(self, seen: Looked) -> passes.Seen:
        """Return the block as this test sees it: before it begins, nothing may be entered."""
        mine = without(seen, self._absent)
        if seen.block.inputs.k0 - self._panel.k0 >= self.first:
            return mine
        return dataclasses.replace(mine, inputs=folding.paused(mine.inputs))

    def end(self) -> None:
        """Turn the equity into daily returns, and forget the rest."""
        rows = slice(self.first, self.after)
        start = round(self._fold.start_quote * MONEY_SCALE)
        equity = np.concatenate(([start], *self._equity))
        ms = self._panel.bar_minutes * 60_000
        stamps = self._panel.close_ms(self.first - 1) + ms * np.arange(len(equity))
        frame = pl.DataFrame({"ts": stamps, "equity": equity, "gross_equity": equity})
        frame = frame.with_columns(
            pl.from_epoch(pl.col("ts"), time_unit="ms").dt.replace_time_zone("UTC"),
            pl.lit(0, pl.Int64).alias("flow"),
        )
        rate = currency.known(self._panel.quote_usd)[rows]
        in_usd = currency.in_usd(currency.convert(frame, rate))
        self.returns: Vec = daily_returns(in_usd.select(list(EQUITY)).cast(EQUITY)).net
        self._memory, self._equity = None, []
        self._common.pop(self.key, None)

    def _remembered(self) -> passes.Memory:
        if self._memory is None:
            n_venues, n_coins = len(self._panel.venue_names), self._panel.n_coins
            mine = passes.begin(self._fold.made, n_venues, n_coins, self._fold.start_quote)
            self._memory = mine._replace(
                features=self._fold.memory.features,  # nobody looks here
                regime=self._fold.memory.regime,
                consensus=self._common.setdefault(self.key, mine.consensus),
            )
        return self._memory


def without(seen: Looked, absent: str) -> passes.Seen:
    """Return a block in which one engine was never asked; the block itself for none.

    Notes
    -----
    Units, Causal, Missing: as ``backtest.run.Seen``; the votes of the others are the same, for no
    engine sees another.
    """
    if not absent:
        return seen.block
    others = [e for e, name in enumerate(seen.names) if name != absent]
    side, strength = seen.block.votes
    votes = Votes(np.ascontiguousarray(side[:, others]), np.ascontiguousarray(strength[:, others]))
    failures = tuple(each for each in seen.block.failures if each.engine != absent)
    return dataclasses.replace(seen.block, votes=votes, failures=failures)


def objective(sharpes: Sequence[float], penalty: float) -> float:
    r"""Return the number that a search maximises: a path worse than the middle one by some spread.

    .. math:: J = \operatorname{med}_p SR_p - \lambda\, \operatorname{std}_p SR_p

    Parameters
    ----------
    sharpes : sequence of float
        Net, of each path.
    penalty : float
        :math:`\lambda`; 1 is about the ratio that five paths of six are above.

    Returns
    -------
    float
        NaN where a path has no ratio.

    Notes
    -----
    Units: per square root of a year.  Causal: pure.  Missing: NaN.  METHODS 5.4.

    Examples
    --------
    >>> round(objective([1.0, 1.5, 2.0], 1.0), 6), objective([1.0], 1.0), objective([], 1.0)
    (1.0, 1.0, nan)
    """
    known = np.asarray(sharpes, np.float64)
    if not len(known) or not np.isfinite(known).all():
        return math.nan
    spread = float(np.std(known, ddof=1)) if len(known) > 1 else 0.0
    return float(np.median(known)) - penalty * spread


def sharpes_of(blocks: Sequence[Sequence[Unit]], min_trades: int) -> list[float]:
    """Return the ratio of every path over some blocks, NaN of one that hardly traded."""
    found = []
    for path in zip(*blocks, strict=True):
        is_scarce = sum(unit.n_trades for unit in path) < min_trades
        days = np.concatenate([unit.returns for unit in path])
        found.append(math.nan if is_scarce else float(sharpe(days)))
    return found


def outcome(blocks: Sequence[Sequence[Unit]], values: Sequence[float], min_trades: int) -> Crossed:
    """Return what is kept of a trial: of its blocks so far, the units by path."""
    paths = list(zip(*blocks, strict=True))
    sharpes = sharpes_of(blocks, min_trades)
    ranked = sorted(range(len(paths)), key=lambda j: (not math.isnan(sharpes[j]), sharpes[j], j))
    middle = ranked[(len(paths) - 1) // 2]
    returns = [np.concatenate([unit.returns for unit in path]) for path in paths]
    return Crossed(
        values=tuple(values),
        sharpes=tuple(sharpes),
        net_returns=tuple(float(np.prod(1.0 + days) - 1.0) for days in returns),
        n_trades=tuple(sum(unit.n_trades for unit in path) for path in paths),
        costs_usd=tuple(math.fsum(unit.costs_usd for unit in path) for path in paths),
        path=middle,
        returns=tuple(returns[middle].tolist()),
        pnl=tuple(each for unit in paths[middle] for each in unit.pnl),
        refused=_refused(paths[middle]),
    )


def _refused(path: Sequence[Unit]) -> refusals.Refused | None:
    counted = [unit.refused for unit in path if unit.refused is not None]
    return refusals.together(counted) if counted else None


def _or_none(value: float) -> float | None:
    return None if isinstance(value, float) and math.isnan(value) else value
