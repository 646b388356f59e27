"""What the blocks beside a test teach: calibrations and an edge map for every split.

In: a panel, settings ready to run, blocks of days. Out: of every consensus and split the
calibration of each engine and regime, and the edge map. The panel is streamed once.

The streaming consensus remembers outcomes, so the scores an edge map learns from must not be those
of a memory that has lived through the test (METHODS 5.4). Beside the memory that has seen all, one
begins anew after each test and its embargo; a split learns from whichever has seen none of its
tests. Features, regimes and votes look back over bars as they do anywhere: they read no outcome.
"""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.api import folding
from quorate.api.crossed import Looked, without
from quorate.backtest import run as passes
from quorate.errors import TooLittleHistoryError
from quorate.lake.panel import part
from quorate.research import prices, training
from quorate.research.histories import Histories, embargo_ms, may_teach
from quorate.research.learned import Learned, labelled
from quorate.research.past import Hours, Past
from quorate.research.splits import DAY_MS

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from quorate.core.consensus.edge_map import EdgeMap
    from quorate.core.types import IntVec, Mat, Vec
    from quorate.lake import Panel

    Taught = list[tuple[Mat, EdgeMap | None]]


class Course(NamedTuple):
    """What is taught on: a market, its blocks, and how long nothing is learned after a test.

    ``edge`` is how the edge map is fitted (``training.EDGES``).
    """

    panel: Panel
    cut: Histories
    embargo_days: float
    edge: str

    def begins(self, split: int) -> list[int]:
        """Return the rows from which a split's memories begin anew, one a test.

        A walk is taught by what lies before its test alone, so one memory serves all of it.
        """
        if self.cut.train_days:
            return []
        bar_ms = self.panel.bar_minutes * 60_000
        wait = embargo_ms(self.cut, self.embargo_days)
        after = [int(self.cut.days[b, 1]) * DAY_MS + wait for b in self.cut.tests[split]]
        rows = [-(-ms // bar_ms) - self.panel.k0 for ms in after]
        return [row for row in rows if row < self.panel.n_bars]


def taught(
    course: Course,
    seer: folding.Fold,
    leaders: Mapping[Hashable, tuple[str, folding.Fold]],
    *,
    threads: int = 2,
) -> dict[Hashable, Taught]:
    """Watch the whole panel, and learn for every split what the blocks beside its tests say.

    Parameters
    ----------
    course : Course
        The market and its blocks.
    seer : Fold
        Looks for all: it has seen nothing yet, and every engine.
    leaders : mapping
        Of each consensus: the engine that is absent from it ("" for none), and a fold.
    threads : int
        The bytes are those of one.

    Returns
    -------
    dict
        Of each consensus, for every split: calibrations, shape (engine, cell), and the edge map.

    Raises
    ------
    TooLittleHistoryError, ResearchError
        There is too little to learn from.

    Notes
    -----
    Units: as ``training.learn``.  Causal: no: a split learns from what came after its tests too,
    purged, by a memory that has seen none of them.  Missing: what is too little known is NaN or
    None, and stays the streaming one.  METHODS 3.4, 5.3, 5.4.
    """
    panel = course.panel
    anew = {row for split in range(len(course.cut.tests)) for row in course.begins(split)}
    pupils = {key: _Pupil(panel, *of, sorted(anew)) for key, of in leaders.items()}
    names = tuple(engine.name for engine in seer.made.engines)
    with ThreadPoolExecutor(max(1, threads), "watch") as pool:
        for t, seen in folding.looks(panel, seer, alone=anew, threads=threads):
            # nobody learns from features here
            bare = Looked(dataclasses.replace(seen, features=seen.features[:, :0]), names)
            who = [(each, row) for each in pupils.values() for row in each.begun(t)]
            for _ in pool.map(partial(_hear, bare), who):
                pass
    known: dict[int, list[Mat]] = {}
    return {key: _fitted(course, seer, pupil, known) for key, pupil in pupils.items()}


class _Pupil:
    """One consensus, and what it would have said by each memory: the whole one's row is 0."""

    def __init__(self, panel: Panel, absent: str, fold: folding.Fold, anew: list[int]) -> None:
        self.absent, self.fold = absent, fold
        self.past = Past(panel.bars_per_hour)
        self._per_hour, self._first_hour = panel.bars_per_hour, panel.k0 // panel.bars_per_hour
        self._k0 = panel.k0
        shape = panel.n_bars // panel.bars_per_hour + 2, panel.n_coins
        self._scores = {row: np.full(shape, np.nan) for row in anew}
        self._memories = {0: fold.memory} | {row: _anew(panel, fold) for row in anew}

    def begun(self, t: int) -> list[int]:
        """Return the memories that see the block that begins at a row."""
        return [row for row in self._memories if row <= t]

    def hear(self, seen: Looked, row: int) -> None:
        """Weigh the next block by one memory, and keep what it said on full hours."""
        block = without(seen, self.absent)
        score = passes.weigh(self.fold.made, self._memories[row], block).score
        if row == 0:
            self.past.take(seen.block, score)
            return
        k0 = seen.block.inputs.k0
        first = -k0 % self._per_hour
        some = score[first :: self._per_hour]
        hour = (k0 + first) // self._per_hour - self._first_hour
        self._scores[row][hour : hour + len(some)] = some

    def scores(self, hours: Hours, begins: list[int]) -> Vec:
        """Return the scores by the memory that began last before each hour, for one split."""
        found = hours.score.copy()
        hour = hours.k // self._per_hour - self._first_hour
        for row in sorted(begins):
            later = hours.k - self._k0 >= row
            found[later] = self._scores[row][hour[later], hours.coin[later]]
        return found


def _anew(panel: Panel, fold: folding.Fold) -> passes.Memory:
    """Return a memory whose consensus has seen nothing; the rest of it is not read."""
    venues = len(panel.venue_names)
    made = passes.begin(fold.made, venues, panel.n_coins, fold.start_quote)
    return fold.memory._replace(consensus=made.consensus)


def _hear(seen: Looked, who: tuple[_Pupil, int]) -> None:
    pupil, row = who
    pupil.hear(seen, row)


def _fitted(
    course: Course, seer: folding.Fold, pupil: _Pupil, known: dict[int, list[Mat]]
) -> Taught:
    """Return the fits of every split; calibrations are shared by all of one horizon."""
    panel, engines = course.panel, seer.made.engines
    horizon = pupil.fold.made.params.consensus.horizon_bars
    last_k = panel.k0 + panel.n_bars - 1
    market = prices.of(part(panel, 0, panel.n_bars))
    learned = labelled(pupil.past.between(panel.k0, last_k), market, last_k, horizon)
    rows = [_teaching(course, learned, split) for split in range(len(course.cut.tests))]
    if horizon not in known:
        known[horizon] = [
            training.learn(
                learned.only(some), engines, (), horizon_bars=horizon, edge=training.STATED
            ).cells
            for some in rows
        ]
    edges = []
    for split, some in enumerate(rows):
        score = pupil.scores(learned.hours, course.begins(split))
        own = learned._replace(hours=learned.hours._replace(score=score)).only(some)
        fit = training.learn(
            own, engines, (), horizon_bars=horizon, calibrated=False, edge=course.edge
        )
        edges.append(fit.edges)
    others = [e for e, engine in enumerate(engines) if engine.name != pupil.absent]
    cells = [np.ascontiguousarray(each[others]) for each in known[horizon]]
    return list(zip(cells, edges, strict=True))


def _teaching(course: Course, learned: Learned, split: int) -> IntVec:
    labels, cut = learned.labels, course.cut
    found = may_teach(cut, split, labels.start_ms, labels.end_ms, course.embargo_days).nonzero()[0]
    if not len(found):
        raise TooLittleHistoryError(
            f"nothing is left to learn from beside the blocks {cut.tests[split]} of {cut.n_blocks}",
            hint="give fewer blocks or a shorter embargo, or load a longer history",
        )
    return found
