"""Many settings over one panel in one pass: what is the same for all is computed once.

In: a panel and settings that differ in consensus, costs, risk, portfolio, routing, exchange or
decision. Out: the metrics of each, the same to the last digit as a run of its own would give.
Features, regimes and votes are looked at once; the consensus once for each of its settings; only
fills and decisions are made for every one. Nothing is kept on disk: the panel streams by, a batch
of settings at a time, and each setting carries its own memory.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from quorate.api import folding, ledger
from quorate.api.choices import checked
from quorate.api.configure import configure
from quorate.api.extensions import named
from quorate.api.gathering import Gathering
from quorate.api.models import fits_of, recipe
from quorate.api.trials import data_of, effective, record, variance_of
from quorate.backtest import run as passes
from quorate.records import canonical_json
from quorate.report.plain import known
from quorate.statistics import currency
from quorate.statistics.accounts import Trials, deflated
from quorate.statistics.benchmark import returns_of
from quorate.statistics.cautions import FEW_TRADES
from quorate.statistics.daily import EQUITY, daily_returns

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from quorate.api.result import Result
    from quorate.core import consensus
    from quorate.core.engines.base import Engine
    from quorate.core.types import IntVec, Mat, Vec
    from quorate.lake import Panel
    from quorate.research.fits import Fits
    from quorate.settings import Settings
    from quorate.statistics.daily import Daily
    from quorate.statistics.selection import Luck

BATCH = 32
"""Settings in one pass over the panel."""
RESULTS = (
    "net_return",
    "sharpe",
    "psr",
    "deflated_sharpe",
    "max_drawdown",
    "n_trades",
    "costs_usd",
    "run_id",
)
"""Columns of the table of a sweep behind those of its settings."""


HELD = {"BTC": "hold_btc", "all coins": "hold_all"}
"""What holding is measured against, by its column in ``benchmark.parquet``."""


@dataclass(frozen=True)
class Sweep:
    """What every setting came to, in the order in which they were given.

    Attributes
    ----------
    table : DataFrame
        One row a setting: the values that differ between them, then ``RESULTS``. The ratio is
        deflated by ``trials``.
    metrics : tuple of dict
        Of each, as ``metrics.json`` of a run has them.
    trials : Trials
        What the best was chosen from: the settings of the sweep and, where it was booked, all
        that was ever tried on these or overlapping data.
    returns : Mat
        Net, of every day and setting, shape (day, setting); ``days`` counts them from 1970.
    held : dict
        What holding made on the same days: of ``BTC`` where the panel has it, and of ``all coins``.
    few : tuple of tuple of int
        What each closed trade of a setting came to, in 1e-8 quote, where they are too few for a
        ratio; empty of the others.
    """

    table: pl.DataFrame
    metrics: tuple[dict[str, Any], ...]
    trials: Trials
    returns: Mat
    days: IntVec
    held: dict[str, Vec]
    few: tuple[tuple[int, ...], ...] = ()

    @cached_property
    def luck(self) -> Luck:
        """Return how likely the best by Sharpe ratio is luck: DSR, PBO, SPA, its neighbours."""
        from quorate.api.choosing import luck_of  # it reads sweeps

        return luck_of(self)


def sweep(
    panel: Panel,
    settings: Sequence[Settings],
    *,
    engines: Sequence[Engine] | None = None,
    models: str | Path | Fits | None = None,
    out: str | Path | None = None,
    threads: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Sweep:
    """Run many settings over a panel in one pass.

    Parameters
    ----------
    panel : Panel
        From ``quorate.load`` or ``quorate.synthetic``.
    settings : sequence of Settings
        At least one; their sections ``features``, ``engines`` and ``regime`` are the same.
    engines : sequence of Engine, optional
        The engines that vote; those the settings name when left out.
    models : str, Path or Fits, optional
        As of ``quorate.run``; all settings share it.
    out : str or Path, optional
        Folder of runs: every setting is booked in its store as a trial, without a folder. Without
        it, of a real market, in the ledger of trials alone.
    threads : int
        How many settings are worked on at a time; the bytes are those of one.
    progress : callable, optional
        Called with bars done and bars in all.

    Returns
    -------
    Sweep
        A table to sort, and the metrics of each.

    Raises
    ------
    ConfigError
        No setting, one that changes what is shared, or one out of its bounds.
    ModelFileError, EngineError
        The model set is refused, or does not fit the engines.

    Notes
    -----
    Units: USD, fractions.  Causal: as ``quorate.run``: no setting sees another.  Missing: None.
    The best of many is good by luck: booked settings are trials, and every later run on the same
    days is judged by how many there were.
    DESIGN 1, METHODS 5.5.

    Examples
    --------
    >>> import quorate
    >>> panel = quorate.synthetic(n_coins=2, days=1)
    >>> choices = quorate.grid({"consensus.k": ["0.5", "1"]})
    >>> chosen = [quorate.read_settings(overrides=each) for each in choices]
    >>> sweep(panel, chosen).table.select("consensus.k", "n_trades").rows()
    [(0.5, 0), (1.0, 0)]
    """
    chosen = checked(settings)
    for setting in chosen:  # a value out of bounds is no trial
        configure(setting, panel.bar_minutes)
    first = chosen[0]
    voters = named(first) if engines is None else tuple(engines)
    fits = fits_of(models, first)
    if fits is not None:
        voters = fits.voters(voters)
    given = _Given(panel, voters, fits, threads)
    if out is None and panel.is_synthetic:
        found = _batches(given, chosen, progress, ["unwritten"] * len(chosen))
        return _swept(chosen, found, _own_trials(chosen, found))
    data, told = data_of(panel), recipe(voters, fits)
    with ledger.opened(first, None if out is None else Path(out)) as book:
        run_ids = [book.begin(each.values, data, told, "sweep") for each in chosen]
        try:
            found = _batches(given, chosen, progress, run_ids)
        except BaseException as error:
            for run_id in run_ids:
                book.fail(run_id, error)
            raise
        for each in found:
            book.finish(each.run_id, each.metrics, record(each.daily))
        return _swept(chosen, found, book.trials(data))


class _Given(NamedTuple):
    """What all settings of a sweep share."""

    panel: Panel
    engines: tuple[Engine, ...]
    fits: Fits | None
    threads: int


class _Found(NamedTuple):
    """What is kept of one setting."""

    run_id: str
    metrics: dict[str, Any]
    net_return: float
    n_trades: int
    daily: Daily
    benchmark: pl.DataFrame
    few: tuple[int, ...]


def _batches(
    given: _Given,
    settings: Sequence[Settings],
    progress: Callable[[int, int], None] | None,
    run_ids: Sequence[str],
) -> list[_Found]:
    """Stream the panel by a batch of settings at a time: what they remember is bounded by it."""
    found: list[_Found] = []
    starts = range(0, len(settings), BATCH)
    for n, i in enumerate(starts):

        def told(done: int, bars: int, n: int = n) -> None:
            if progress is not None:
                progress(n * bars + done, len(starts) * bars)

        part = slice(i, i + BATCH)
        found += _fold(given, settings[part], told, run_ids[part])
    return found


def _fold(
    given: _Given,
    settings: Sequence[Settings],
    progress: Callable[[int, int], None],
    run_ids: Sequence[str],
) -> list[_Found]:
    """Stream the panel by some settings at once."""
    begun = time.perf_counter()
    panel, engines, fits, threads = given
    folds = [folding.begin(panel, each, engines, fits) for each in settings]
    leaders: dict[Hashable, folding.Fold] = {}
    for fold in folds:
        leaders.setdefault(weighed_by(fold.made), fold)
    gathered = [
        Gathering(panel, each, engines, fold, refusals=False, fits=fits)
        for each, fold in zip(settings, folds, strict=True)
    ]
    with ThreadPoolExecutor(max(1, threads), "sweep") as pool:
        for t, seen in folding.looks(panel, folds[0], threads=threads):
            weigh = partial(_weigh, seen)
            said = dict(zip(leaders, pool.map(weigh, leaders.values()), strict=True))
            trade = partial(_trade, seen, said)
            for _ in pool.map(trade, folds, gathered):
                pass
            progress(t + len(seen.inputs.bars.close), panel.n_bars)
    seconds = {"simulate": time.perf_counter() - begun}
    return [
        _kept(each.result(run_id, seconds, None))
        for each, run_id in zip(gathered, run_ids, strict=True)
    ]


def _kept(result: Result) -> _Found:
    """Keep of a result what a sweep tells; its tables go."""
    daily = daily_returns(currency.in_usd(result.equity).select(list(EQUITY)))
    n_trades = result.trades.height
    net_return, held = result.net_return, result.benchmark
    scarce = few(result.trades["net_pnl"].to_list())
    return _Found(result.run_id, result.metrics, net_return, n_trades, daily, held, scarce)


def few(pnl: Sequence[int]) -> tuple[int, ...]:
    """Return what closed trades came to where they are too few for a ratio, else nothing.

    Notes
    -----
    Units: integer 1e-8 quote.  Causal: reads finished trades.  Missing: empty.

    Examples
    --------
    >>> few([5, -3]), few([1] * 30)
    ((5, -3), ())
    """
    return tuple(int(each) for each in pnl) if len(pnl) < FEW_TRADES else ()


def weighed_by(made: passes.Machine) -> Hashable:
    """Return all by which votes are weighed: what two settings must share to share a consensus.

    Beside the settings of the consensus, what was fitted (its cells, its edge map) and where
    engines may vote.

    Notes
    -----
    Units: none.  Causal: fixed before the run.  Missing: none.  docs/decisions 0014, 0024.
    """
    edges = None if made.edges is None else tuple(array.tobytes() for array in made.edges)
    return made.params.consensus, made.cells.tobytes(), edges, made.approved.tobytes()


def _weigh(seen: passes.Seen, fold: folding.Fold) -> consensus.Out:
    return passes.weigh(fold.made, fold.memory, seen)


def _trade(
    seen: passes.Seen,
    said: Mapping[Hashable, consensus.Out],
    fold: folding.Fold,
    gathered: Gathering,
) -> None:
    """Fill and decide a block under one setting, and keep what it leaves."""
    done = passes.trade(fold.made, fold.memory, seen, said[weighed_by(fold.made)])
    folding.balanced(done)
    gathered.add(done)


def _own_trials(settings: Sequence[Settings], found: Sequence[_Found]) -> Trials:
    """Return the trials of a sweep that is not booked: its own different settings."""
    own = {canonical_json(each.values): kept for each, kept in zip(settings, found, strict=True)}
    sharpes = [kept.metrics["net"]["sharpe"] for kept in own.values()]
    records = [returns for kept in own.values() if (returns := record(kept.daily)) is not None]
    n = len(own)
    return Trials(float(n), variance_of(sharpes), effective(records, n - len(records)))


def _swept(settings: Sequence[Settings], found: Sequence[_Found], trials: Trials) -> Sweep:
    """Return what differs between the settings, and what each came to."""
    first = settings[0]
    names = [
        (section, name)
        for section in first.values
        for name in first[section]
        if any(each[section][name] != first[section][name] for each in settings)
    ]
    rows: list[dict[str, Any]] = [
        {f"{section}.{name}": each[section][name] for section, name in names}
        | dict(zip(RESULTS, _results(kept, trials), strict=True))
        for each, kept in zip(settings, found, strict=True)
    ]
    table = pl.DataFrame(rows, infer_schema_length=None)
    daily, benchmark = found[0].daily, found[0].benchmark
    at = benchmark["day"].to_physical().to_numpy()
    return Sweep(
        table,
        tuple(kept.metrics for kept in found),
        trials,
        returns=np.column_stack([kept.daily.net for kept in found]),
        days=daily.day,
        held={
            name: returns_of(benchmark[column].to_numpy(), at, daily.day)
            for name, column in HELD.items()
            if benchmark.height and not benchmark[column].has_nulls()
        },
        few=tuple(kept.few for kept in found),
    )


def _results(kept: _Found, trials: Trials) -> tuple[float | int | str | None, ...]:
    net, lines = kept.metrics["net"], kept.metrics["lines_usd"]
    paid = sum(Decimal(usd) for line, usd in lines.items() if line != "GROSS")
    return (
        kept.net_return,
        net.get("sharpe"),
        net.get("psr"),
        known(deflated(kept.daily.net, trials)),
        net.get("max_drawdown"),
        kept.n_trades,
        float(paid),
        kept.run_id,
    )
