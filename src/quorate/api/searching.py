"""A search over any settings: Optuna proposes, whole histories with costs judge, all is booked.

In: a panel, settings, what may vary. Out: ``Search``: every trial, the whole ones as a sweep with
how likely their best is luck. What is maximised is ``crossed.objective``; a trial that has fallen
behind the earlier ones after a block is stopped (``bars_of``), and is a trial all the same.

Points are asked for in batches of ``study.BATCH``, tried side by side, and told in their order,
so the result depends on neither the processes nor a kill: the file of the search, beside the runs,
goes on where it was left.
"""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from quorate.api import ledger
from quorate.api.auditing.binding import code_hash, engine_hash
from quorate.api.backtests import checked
from quorate.api.configure import configure
from quorate.api.crossed import Cross, Crossed, from_dict
from quorate.api.crossing import Work, crossed_together, histories_of
from quorate.api.extensions import named
from quorate.api.models import recipe
from quorate.api.spaces import Choice, Space, space
from quorate.api.trials import data_of
from quorate.api.whole import metrics_of, swept, tried_alone
from quorate.errors import ConfigError, DataError, ResearchError
from quorate.lake import locking
from quorate.records import canonical_json, stable_id
from quorate.research.study import Axis, Study
from quorate.statistics.effective import in_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl

    from quorate.api.ledger import Book
    from quorate.api.sweeping import Sweep
    from quorate.lake import Panel
    from quorate.research.histories import Histories
    from quorate.research.study import Tried
    from quorate.settings import Settings
    from quorate.statistics.selection import Luck

KIND = "search"
LEAST_BEFORE = 8
"""Earlier trials that a trial must be held against before it is stopped."""
BEHIND = 0.25
"""A trial is stopped below this share of the earlier ones, after the same blocks."""


@dataclass(frozen=True)
class Search:
    """What a search came to.

    Attributes
    ----------
    table : DataFrame
        A row a trial, in order: its settings, ``state`` (``whole``, ``stopped``, ``scarce``: a
        path of too few trades, ``refused``: out of bounds), ``objective``, after how many
        ``blocks``.
    sweep : Sweep
        The whole ones: their path in the middle, and how it is deflated.
    best : int
        The row of ``sweep.table`` with the highest objective.
    luck : Luck
        How likely that one is luck, all trials counted.
    outcomes : tuple of Crossed
        Of the rows of ``sweep.table``: every path.
    space, cross : Space, Cross
        What was varied, and how it was judged.
    path : Path or None
        The file that keeps the search.
    """

    table: pl.DataFrame
    sweep: Sweep
    best: int
    luck: Luck
    outcomes: tuple[Crossed, ...]
    space: Space
    cross: Cross
    path: Path | None

    @property
    def settings(self) -> dict[str, Any]:
        """Return the settings of the best, by name."""
        row = self.sweep.table.row(self.best, named=True)
        return {axis.name: row[axis.name] for axis in self.space.axes}


def search(  # noqa: PLR0913  (what one may say of a search, each with its name)
    panel: Panel,
    over: Mapping[str, str],
    settings: Settings | None = None,
    *,
    n_trials: int = 40,
    cross: Cross | None = None,
    seed: int = 0,
    prune: bool = True,
    workers: int = 1,
    out: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Search:
    """Search settings for the best on whole histories that did not teach their tests.

    Parameters
    ----------
    panel : Panel
        The market.
    over : mapping
        What may vary: ``{"consensus.k": "0.25..2:log", "costs.impact": "spec,volatility"}``.
    settings : Settings, optional
        What all trials have in common; ``quorate.read_settings`` when left out.
    n_trials : int
        How many are tried in all; of a search that was left, those before count.
    cross : Cross, optional
        How they are judged.
    seed : int
        The same seed tries the same settings.
    prune : bool
        Whether trials that fell behind are stopped.
    workers : int
        Processes; the bytes are those of one.
    out : str or Path, optional
        Folder of runs: every trial is booked in its store, and the search can be taken up again.
        Without it, of a real market, in the ledger of trials alone.
    progress : callable, optional
        Called with trials done and trials in all.

    Returns
    -------
    Search

    Raises
    ------
    ConfigError
        A setting is unknown or out of its bounds, a range empty, a number out of its bounds.
    TooLittleHistoryError
        There are too few days to cut into blocks, or to learn from.
    ResearchError
        No trial traded enough to be compared.
    DataError
        Another process is at the same search.

    Notes
    -----
    Units: per square root of a year.  Causal: no: a test is taught by its future too, purged. It
    chooses; what would have been earned is told by ``quorate.walkforward``.  Missing: a trial
    with a path of too few trades has no objective.
    Spec 3, METHODS 5.3 to 5.7.

    Examples
    --------
    >>> import quorate
    >>> panel = quorate.synthetic(n_coins=3, days=45)
    >>> quorate.search(panel, {"consensus.kk": "0.5..2"})
    Traceback (most recent call last):
    quorate.errors.ConfigError: --over: [consensus] has no setting 'kk'
      next: the nearest known name is 'k'
    """
    base = checked(panel, settings)
    if n_trials < 1:
        raise ConfigError(f"n_trials is {n_trials}", hint="try 1 or more settings")
    asked = space(over, base, panel.bar_minutes)
    tests = Cross() if cross is None else cross
    cut = histories_of(panel, tests)
    with ExitStack() as stack:
        book: Book | None = None
        path: Path | None = None
        if out is None and not panel.is_synthetic:
            book = stack.enter_context(ledger.opened(base, None))
        if out is not None:
            place = Path(out)
            book = stack.enter_context(ledger.opened(base, place))
            path = place / f"search-{_name(panel, base, asked, tests, seed, prune=prune)}.sqlite"
            if not stack.enter_context(locking.taking(place, f"{path.stem}.lock")):
                raise DataError(
                    f"another process is at the search {path}",
                    hint="wait until it is done; the same command then tells what it found",
                )
        study = Study(_axes(asked), seed=seed, first=asked.point(base), path=path)
        stack.callback(study.close)
        one = _Trying(panel, base, asked, tests, cut, book)
        while batch := study.ask(n_trials):
            # after a kill some of this very batch may have been told
            before = [each for each in study.tried() if each.batch < batch[0].batch]
            bars = bars_of(before, cut.n_blocks) if prune else (-math.inf,) * cut.n_blocks
            one.tried(study, batch, bars, workers)
            if progress is not None:
                progress(len(study.tried()), n_trials)
        told = study.tried()
        own = _outcomes(told)
        trials = tried_alone(own, cut) if book is None else book.trials(data_of(panel))
    return _found(panel, base, asked, tests, told, cut, trials, path)


class _Trying(NamedTuple):
    """What every batch shares."""

    panel: Panel
    base: Settings
    space: Space
    cross: Cross
    cut: Histories
    book: Book | None

    def tried(
        self, study: Study, batch: Sequence[Tried], bars: tuple[float, ...], workers: int
    ) -> None:
        """Try a batch side by side, book it, and tell it in its order."""
        chosen: dict[int, Settings] = {}
        for point in batch:
            settings = self.space.settings(self.base, point.point)
            try:
                configure(settings, self.panel.bar_minutes)
            except ConfigError as error:  # one value forbids another: a point, not a mistake
                study.tell(point, None, [], {"refused": error.message})
                continue
            chosen[point.number] = settings
        numbers = list(chosen)
        run_ids = [self._begun(chosen[n]) for n in numbers]
        threads = 2 if workers == 1 else 1
        pieces = [part for part in np.array_split(np.arange(len(numbers)), workers) if len(part)]
        works = [
            Work(
                self.panel,
                tuple(chosen[numbers[i]] for i in piece),
                self.cross,
                self.cut,
                bars,
                threads,
            )
            for piece in pieces
        ]
        try:
            found = crossed_together(works, workers)
        except BaseException as error:
            if self.book is not None:
                for run_id in run_ids:
                    self.book.fail(run_id, error)
            raise
        results = dict(zip(numbers, zip(run_ids, found, strict=True), strict=True))
        for point in batch:
            if point.number in results:
                self._told(study, point, *results[point.number])

    def _begun(self, settings: Settings) -> str:
        if self.book is None:
            return "unwritten"
        told = {**settings.values, KIND: self.cross._asdict()}
        return self.book.begin(told, data_of(self.panel), recipe(named(settings), None), KIND)

    def _told(self, study: Study, point: Tried, run_id: str, found: Crossed) -> None:
        if self.book is not None:
            daily = in_steps(int(self.cut.days[0, 0]), np.array(found.returns))
            self.book.finish(run_id, metrics_of(found, self.panel), daily)
        stopped = len(found.values) < self.cut.n_blocks
        value = None if math.isnan(found.values[-1]) else found.values[-1]
        said = {"run_id": run_id, "outcome": found.as_dict()}
        study.tell(point, value, found.values, said, stopped=stopped)


def bars_of(before: Sequence[Tried], n_blocks: int) -> tuple[float, ...]:
    """Return what a trial must reach after each block, or be stopped.

    Parameters
    ----------
    before : sequence of Tried
        What was told before the batch was asked for.
    n_blocks : int
        Blocks of a trial.

    Returns
    -------
    tuple of float
        The lower quartile of what the earlier trials had reached after as many blocks; none
        after the first block, and none while fewer than ``LEAST_BEFORE`` are known.

    Notes
    -----
    Units: of the objective.  Causal: earlier batches alone.  Missing: minus infinity.

    Examples
    --------
    >>> from quorate.research.study import Tried
    >>> values = [{"outcome": {"values": [0.0, float(i), 0.0]}} for i in range(9)]
    >>> bars_of([Tried(i, 0, {}, 0.0, told) for i, told in enumerate(values)], 3)
    (-inf, 2.0, 0.0)
    """
    known = [(one.told or {}).get("outcome", {}).get("values", []) for one in before]
    bars = [-math.inf] * n_blocks
    for b in range(1, n_blocks):
        reached = [values[b] for values in known if len(values) > b and values[b] is not None]
        if len(reached) >= LEAST_BEFORE:
            bars[b] = float(np.quantile(reached, BEHIND))
    return tuple(bars)


def _axes(asked: Space) -> list[Axis]:
    found = []
    for axis in asked.axes:
        if isinstance(axis, Choice):
            found.append(Axis(axis.name, choices=axis.texts))
        else:
            found.append(Axis(axis.name, axis.low, axis.high, axis.step, axis.log, axis.whole))
    return found


def _name(
    panel: Panel, base: Settings, asked: Space, cross: Cross, seed: int, *, prune: bool
) -> str:
    """Return what a search is known by: all that its trials depend on, but how many there are."""
    said = {
        "data": panel.source.digest,
        "code": code_hash(),
        "engines": {engine.name: engine_hash(engine) for engine in named(base)},
        "settings": base.values,
        "over": {axis.name: str(axis) for axis in asked.axes},
        "cross": cross._asdict(),
        "seed": seed,
        "prune": prune,
    }
    return stable_id(canonical_json(said))[:12]


def _outcomes(told: Sequence[Tried]) -> list[Crossed]:
    found = [(one.told or {}).get("outcome") for one in told]
    return [from_dict(each) for each in found if each is not None]


def _found(
    panel: Panel,
    base: Settings,
    asked: Space,
    cross: Cross,
    told: Sequence[Tried],
    cut: Histories,
    trials: Any,  # noqa: ANN401  (Trials)
    path: Path | None,
) -> Search:
    from quorate.api.whole import states

    table = states(told, asked, base)
    whole = [one for one in told if one.value is not None]
    if not whole:
        raise ResearchError(
            f"none of {len(told)} trials closed {cross.min_trades} trades on every path: nothing "
            "can be compared",
            hint="loosen what refuses entries (the report of `quorate backtest` says which gate "
            "does), load a longer history, or ask for fewer trades",
        )
    outcomes = _outcomes(whole)
    made, best, luck = swept(panel, base, asked, whole, outcomes, cut, trials)
    return Search(table, made, best, luck, tuple(outcomes), asked, cross, path)
