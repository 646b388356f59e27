"""Walk forward: one run that learns as it goes, judged only on what it had not seen.

In: a panel, settings, windows. Out: ``WalkForward``: the run over all test windows together, each
fold of it, and what was learned at each. It is one account and one memory from the first test to
the last, as a desk would have lived through it: at the start of each window the past is fitted anew
and the new engines, calibrations and edge map take over; positions, books and the streaming
statistics go on. Before the first test the system watches and learns, and may not enter.

A fit reads what the blocks before it left behind, and prices cut at its moment: there is nothing
later in its reach (METHODS 5.3).
"""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from quorate.api import folder, folding, recipes, walked_fits
from quorate.api.backtests import checked
from quorate.api.booking import booked, noted
from quorate.api.configure import configure
from quorate.api.extensions import named
from quorate.api.gathering import Gathering
from quorate.api.models import recipe
from quorate.api.plans import Plan
from quorate.lake.panel import part
from quorate.research import prices, training, windows
from quorate.research.leaderboard import board, worth
from quorate.research.learned import judged
from quorate.research.learners import learners, silent
from quorate.research.parallel import Workers, alone, together
from quorate.research.past import Past
from quorate.statistics import currency
from quorate.statistics.cautions import cautions
from quorate.statistics.daily import EQUITY, daily_returns
from quorate.statistics.metrics import tidy
from quorate.statistics.stability import by_fold
from quorate.statistics.trades import TRADES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from quorate.api.result import Result
    from quorate.core.engines.base import Engine
    from quorate.lake import Panel
    from quorate.research.leaderboard import Judged
    from quorate.research.learners import Learner
    from quorate.research.model_set import ModelSet
    from quorate.research.pieces import Each
    from quorate.research.training import Fit
    from quorate.research.windows import Window
    from quorate.settings import Settings
    from quorate.statistics.accounts import Trials
    from quorate.statistics.daily import Daily

KIND = "walkforward"
MONDAY = 4  # days since 1970 of one, of 7


@dataclass(frozen=True)
class WalkForward:
    """What a walk forward came to.

    Attributes
    ----------
    result : Result
        The run over all test windows: metrics, tables, folder; ``metrics["stability"]["fold"]``
        holds each fold and how far they lie apart.
    folds : DataFrame
        One row a fold: when it was fitted, on what, what was learned, what it came to; ``fit`` is
        the digest of the model set that the folder of the run holds of it.
    fits : tuple of Fit
        What was learned, in order.
    leaderboard : DataFrame
        Every week's board below one another, as ``leaderboard.Board.table`` with its ``week``:
        which engine was worth what in which regime, and who was approved. Empty without.
    worth : DataFrame
        What each engine added to the others on the votes of the last week's board
        (``leaderboard.worth``). Empty without.
    """

    result: Result
    folds: pl.DataFrame
    fits: tuple[Fit, ...]
    leaderboard: pl.DataFrame
    worth: pl.DataFrame

    def __repr__(self) -> str:  # type: ignore[explicit-override]
        """Return one line."""
        return f"WalkForward({self.folds.height} folds; {self.result!r})"


def walkforward(
    panel: Panel,
    settings: Settings | None = None,
    plan: Plan | None = None,
    *,
    engines: Sequence[Engine] | None = None,
    workers: int | Workers = 1,
    out: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> WalkForward:
    """Run a panel by windows: learn from what is past, be judged on what follows.

    Parameters
    ----------
    panel : Panel
        At least one window long.
    settings : Settings, optional
        From ``quorate.read_settings``, which is called when left out.
    plan : Plan, optional
        What is learned and when; that of Spec 3 when left out.
    engines : sequence of Engine, optional
        The rule engines; those the settings name when left out.
    workers : int or Workers
        Who fits the models of a window: processes of this machine, or a cluster. The bytes are the
        same.
    out : str or Path, optional
        Folder of runs: booked in its store and written below it. Without it nothing is written
        but, of a real market, that it was tried.
    progress : callable, optional
        Called with bars done and bars in all.

    Returns
    -------
    WalkForward

    Raises
    ------
    TooLittleHistoryError
        There is no room for a window.
    ConfigError
        The gap is shorter than a label; a model is unknown; a setting is out of its bounds; a
        cluster is not to be used.
    ResearchError
        Nothing can be learned in a window.

    Notes
    -----
    Units: USD, fractions.  Causal: a fit reads the blocks before its window, and labels that ended
    before the gap.  Missing: what cannot be learned is told in ``folds``, and the rule that stood
    there stays: an engine abstains, a calibration streams, the edge map is the stated one.
    Spec 3, METHODS 5.

    Examples
    --------
    >>> import quorate
    >>> panel = quorate.synthetic(n_coins=3, days=40)
    >>> plan = Plan(train_days=20, purge_days=1, test_days=10, models=())
    >>> quorate.walkforward(panel, plan=plan).folds.select("fold", "test_days").rows()
    [(1, 10.0), (2, 9.0)]
    """
    chosen, asked = checked(panel, settings), Plan() if plan is None else plan
    rules = tuple(engines) if engines is not None else named(chosen)
    walk = _Walk(panel, chosen, rules, asked, progress)
    with together(workers) as walk.each:
        also, told = {KIND: asdict(asked)}, recipe(walk.voters, None)
        if out is None:

            def alone() -> Result:
                return walk.run("unwritten", None, None)

            return walk.told(noted(walk.judged, chosen, told, KIND, alone, also))

        def make(run_id: str, tried: Callable[[Daily], Trials], place: Path) -> Result:
            return walk.run(run_id, tried, place)

        return walk.told(booked(walk.judged, chosen, told, Path(out), KIND, make, also, walk.write))


class _Walk:
    """One walk over one panel."""

    def __init__(
        self,
        panel: Panel,
        settings: Settings,
        rules: Sequence[Engine],
        plan: Plan,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self._panel, self._settings, self._rules, self._plan = panel, settings, tuple(rules), plan
        self._learners: tuple[Learner, ...] = learners(
            plan.models, per_regime=plan.per_regime, rules=self._rules
        )
        self.voters = (*self._rules, *(silent(each) for each in self._learners))
        self._horizon = configure(settings, panel.bar_minutes).consensus.horizon_bars
        self._windows = windows.windows(
            panel.k0,
            panel.n_bars,
            24 * panel.bars_per_hour,
            train_days=plan.train_days,
            purge_days=plan.purge_days,
            test_days=plan.test_days,
            expanding=plan.expanding,
            horizon_bars=self._horizon,
        )
        first, last = self._windows[0].test_first, self._windows[-1].test_last
        self._fold = folding.begin(panel, settings, self.voters, first=first - panel.k0)
        self.judged = part(panel, first - panel.k0, last + 1 - panel.k0)
        self._past = Past(panel.bars_per_hour)
        self._fits: list[Fit] = []
        self._sets: list[ModelSet] = []
        self._recipe = recipes.recipe(settings, self._rules, plan)
        self._facts: dict[str, Any] = {}
        self._approved = self._fold.made.approved
        self._boards: list[pl.DataFrame] = []
        self._judged: Judged | None = None
        self._worth = pl.DataFrame()
        self._seconds: dict[str, float] = {}
        self._progress = progress
        self.each: Each = alone

    def run(
        self, run_id: str, tried: Callable[[Daily], Trials] | None, place: Path | None
    ) -> Result:
        """Watch up to the first test, then learn and trade window by window."""
        gathered = Gathering(self.judged, self._settings, self.voters, self._fold, place=place)
        first = self._windows[0].test_first
        with self._timed("watch"):
            for _ in self._blocks(self._fold, self._panel.k0, first - 1, may_enter=False):
                pass
        for window in self._windows:
            with self._timed("learn"):
                fold = self._refitted(window)
            for first_k, last_k in self._weeks(window):
                if self._is_monday(first_k) or first_k == first:
                    with self._timed("rank"):
                        fold = self._ranked(fold, first_k)
                with self._timed("trade"):
                    for done in self._blocks(fold, first_k, last_k):
                        gathered.add(done)
        with self._timed("rank"):
            if self._judged is not None:
                names = [engine.name for engine in self.voters]
                self._worth = worth(self._judged, names, self._approved)
        with self._timed("tell"):
            result = gathered.result(run_id, self._seconds, tried)
            self._judge(result)
        result.facts["seconds"] = dict(self._seconds)
        self._facts |= {"plan": asdict(self._plan), "folds": self._learned(), "not_kept": ""}
        result.facts["walk"] = self._facts
        return result

    def told(self, result: Result) -> WalkForward:
        """Return the result with its folds."""
        groups = result.metrics["stability"]["fold"]["groups"]
        rows = [fold | groups[fold["test_from"]] for fold in result.facts["walk"]["folds"]]
        folds = pl.DataFrame(rows, infer_schema_length=None).with_columns(
            pl.col("learned_from", "learned_to").str.to_datetime(time_zone="UTC")
        )
        return WalkForward(result, folds, tuple(self._fits), **self.tables())

    def write(self, place: Path) -> None:
        """Write what the folder of the run holds beside that of any run."""
        for name, table in self.tables().items():
            folder.write_table(place / f"{name}.parquet", table)
        kept = walked_fits.keep(place, self._sets)
        self._facts["not_kept"] = kept.why
        for row, digest in zip(self._facts["folds"], kept.digests, strict=True):
            row["fit"] = digest

    def tables(self) -> dict[str, pl.DataFrame]:
        """Return the leaderboards, and what each engine was worth at the end."""
        boards = pl.concat(self._boards) if self._boards else pl.DataFrame()
        return {"leaderboard": boards, "worth": self._worth}

    def _blocks(
        self, fold: folding.Fold, first_k: int, last_k: int, *, may_enter: bool = True
    ) -> Iterator[Any]:
        """Run the bars of a span, and keep their hours for the fits after them."""
        k0 = self._panel.k0
        if last_k < first_k:
            return
        span = part(self._panel, first_k - k0, last_k + 1 - k0)
        for t, done in folding.advance(span, fold, may_enter=may_enter):
            self._past.add(done)
            if self._progress is not None:
                self._progress(first_k - k0 + t + len(done.decisions.equity), self._panel.n_bars)
            yield done

    def _refitted(self, window: Window) -> folding.Fold:
        """Learn up to the gap before a window, and return the run with what was learned."""
        panel, plan = self._panel, self._plan
        found = training.fit(
            self._past.between(window.train_first, window.train_last),
            prices.of(part(panel, window.train_first - panel.k0, window.train_last + 1 - panel.k0)),
            self._rules,
            self._learners,
            as_of_k=window.train_last,
            horizon_bars=self._horizon,
            calibrated=plan.calibrate,
            edge=plan.edge,
            edge_z=plan.edge_z,
            each=self.each,
        )
        self._fits.append(found)
        self._sets.append(
            walked_fits.of(
                panel, found, self._learners, window.train_last, self._horizon,
                walked_fits.may_vote(self._rules, self._approved), self._recipe,
            )
        )  # fmt: skip
        made = folding.machine(panel, self._settings, (*self._rules, *found.engines))
        return replace(
            self._fold,
            made=replace(made, cells=found.cells, edges=found.edges, approved=self._approved),
        )

    def _weeks(self, window: Window) -> Iterator[tuple[int, int]]:
        """Yield the bars of a test from Monday to Monday, both ends included."""
        per_day = 24 * self._panel.bars_per_hour
        first_day, last_day = ((k - 1) // per_day for k in (window.test_first, window.test_last))
        mondays = [day for day in range(first_day + 1, last_day + 1) if day % 7 == MONDAY]
        starts = [first_day, *mondays]
        for day, after in zip(starts, [*mondays, last_day + 1], strict=True):
            yield day * per_day + 1, min(after * per_day, window.test_last)

    def _is_monday(self, first_k: int) -> bool:
        return (first_k - 1) // (24 * self._panel.bars_per_hour) % 7 == MONDAY

    def _ranked(self, fold: folding.Fold, first_k: int) -> folding.Fold:
        """Judge the engines on what had ended before a week, and return the run with who may."""
        if not self._plan.leaderboard:
            return fold
        as_of = first_k - 1
        length, k0 = self._plan.train_days * 24 * self._panel.bars_per_hour, self._panel.k0
        votes = judged(
            self._past.between(as_of - length + 1, as_of),
            prices.of(part(self._panel, max(0, as_of - length - k0), first_k - k0)),
            as_of_k=as_of,
            horizon_bars=self._horizon,
        )
        names = [engine.name for engine in fold.made.engines]
        found = board(votes, names, self._approved)
        self._judged = votes
        self._approved = found.approved
        week = datetime.fromtimestamp(as_of * self._panel.bar_minutes * 60, tz=UTC)
        self._boards.append(found.table.select(pl.lit(week).alias("week"), pl.all()))
        return replace(fold, made=replace(fold.made, approved=found.approved))

    def _judge(self, result: Result) -> None:
        """Put what each fold came to beside years, coins and regimes."""
        daily = daily_returns(currency.in_usd(result.equity).select(list(EQUITY)))
        per_day = 24 * self._panel.bars_per_hour
        # a test begins with the bar that closes after midnight
        first = np.array([(each.test_first - 1) // per_day for each in self._windows])
        tree = {"fold": by_fold(daily, result.trades.select(list(TRADES)), first)}
        result.metrics["flags"] |= tidy(tree, "stability.")
        result.metrics["stability"] |= tree
        in_usd = currency.in_usd(result.equity).select(list(EQUITY))
        result.metrics["flags"] |= cautions(result.metrics, in_usd)

    def _learned(self) -> list[dict[str, Any]]:
        """Return what each fold was fitted on and to, as plain values."""
        per_day = 24 * self._panel.bars_per_hour
        length = self._panel.bar_minutes * 60_000
        rows = []
        for n, (window, found) in enumerate(zip(self._windows, self._fits, strict=True), 1):
            n_fitted = sum(hasattr(each, "kind") for each in found.calibrations.values())
            rows.append(
                {
                    "fold": n,
                    "learned_from": _instant((window.train_first - 1) * length),
                    "learned_to": _instant(window.train_last * length),
                    "test_from": _instant((window.test_first - 1) * length)[:10],
                    "test_days": (window.test_last - window.test_first + 1) / per_day,
                    "labels": found.n_labels,
                    "own_labels": found.mass,
                    "calibrations": n_fitted,
                    "large_score": _or_none(found.large_score),
                    "large_edge_sigmas": _or_none(found.large_edge[0]),
                    "large_edge_error": _or_none(found.large_edge[1]),
                    "remarks": "; ".join(found.remarks),
                    "fit": None,
                }
            )
        return rows

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self._seconds[what] = self._seconds.get(what, 0.0) + time.perf_counter() - begun


def _instant(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000.0, tz=UTC).isoformat()


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
