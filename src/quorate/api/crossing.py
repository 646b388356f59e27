"""Settings on whole histories, with costs: each test traded by what the other blocks taught.

In: a panel, settings, how they are tested. Out: what each came to on every path, and where it was
stopped for having fallen behind. The panel is streamed twice: once to learn from (the calibration
of every engine and regime, the edge map of every consensus), once to trade. Features, regimes and
votes are looked at once for all settings that share them, votes are weighed once for all that
share a consensus and its fits; only fills and decisions are made for each.

A test begins anew: an account of its own, and a memory that has watched ``warm_days`` before it.
No position or book is carried from one block to another, and no memory that has lived through a
test weighs what teaches beside it (``api.teaching``; METHODS 5.4).
"""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from quorate.api import folding
from quorate.api.choices import SHARED
from quorate.api.crossed import (
    Cross,
    Crossed,
    Looked,
    Unit,
    objective,
    outcome,
    sharpes_of,
)
from quorate.api.extensions import named
from quorate.api.sweeping import weighed_by
from quorate.api.teaching import Course, taught
from quorate.errors import ConfigError
from quorate.records import canonical_json
from quorate.research import training
from quorate.research.histories import Histories, histories
from quorate.research.parallel import together

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from quorate.api.teaching import Taught
    from quorate.core import consensus
    from quorate.core.engines.base import Engine
    from quorate.lake import Panel
    from quorate.settings import Settings

_MOST_BLOCKS = 12


class Work(NamedTuple):
    """Settings that one process tries: ``bars`` are what they must reach after each block.

    ``absent`` names an engine for each that has no vote, or nobody ("").  ``tells`` counts what
    each was refused.
    """

    panel: Panel
    settings: tuple[Settings, ...]
    cross: Cross
    cut: Histories
    bars: tuple[float, ...]
    threads: int = 2
    absent: tuple[str, ...] = ()
    tells: bool = False


def histories_of(panel: Panel, cross: Cross) -> Histories:
    """Return the blocks of whole days that a panel is tested on; the warm-up lies before them.

    Raises
    ------
    TooLittleHistoryError
        There are too few days.
    ConfigError
        A number is out of its bounds.

    Notes
    -----
    Units: days.  Causal: reads no value.  Missing: none.
    """
    if not 1 <= cross.n_test < cross.n_blocks <= _MOST_BLOCKS:
        raise ConfigError(
            f"{cross.n_test} of {cross.n_blocks} blocks are to be tested at once",
            hint=f"give 2 to {_MOST_BLOCKS} blocks, of which at least one tests and one teaches",
        )
    if cross.warm_days < 1 or not (cross.embargo_days >= 0.0 and cross.penalty >= 0.0):
        raise ConfigError(
            f"warm_days is {cross.warm_days}, embargo_days {cross.embargo_days:g}, penalty "
            f"{cross.penalty:g}",
            hint="give at least 1 day of warm-up, and the others not below 0",
        )
    if cross.edge not in training.EDGES:
        raise ConfigError(
            f"edge is {cross.edge!r}", hint=f"use one of: {', '.join(training.EDGES)}"
        )
    per_day = 24 * panel.bars_per_hour
    first = -(-(panel.k0 - 1) // per_day) + cross.warm_days
    after = (panel.k0 + panel.n_bars - 1) // per_day
    return histories(first, after - first, n_blocks=cross.n_blocks, n_test=cross.n_test)


def crossed_together(works: Sequence[Work], workers: int) -> list[Crossed]:
    """Return what the settings of several works came to, in order; each work is one process's."""
    with together(workers) as each:
        return [one for some in each(_crossed, None, works) for one in some]


def _crossed(_: None, work: Work) -> list[Crossed]:
    return crossed(work)


def crossed(work: Work) -> list[Crossed]:
    """Return what settings came to on every path.

    Parameters
    ----------
    work : Work
        What is tried, and by which bars it is stopped.

    Returns
    -------
    list of Crossed
        In the order of the settings; each depends on itself and the bars alone, not on what is
        tried beside it.

    Raises
    ------
    TooLittleHistoryError, ResearchError
        There is too little to test on, or to learn from.
    ConfigError
        A setting is out of its bounds.

    Notes
    -----
    Units: fractions.  Causal: no: what a test is traded by was learned from its future too,
    purged. It chooses settings; what would have been earned is told by ``quorate.walkforward``.
    Missing: an engine, regime or edge of which too little is known keeps its streaming one.
    Spec 3, METHODS 5.4.
    """
    alike: dict[str, list[int]] = {}
    for i, settings in enumerate(work.settings):
        shared = canonical_json({section: settings[section] for section in SHARED})
        alike.setdefault(shared, []).append(i)
    found: dict[int, Crossed] = {}
    absent = work.absent or ("",) * len(work.settings)
    for rows in alike.values():
        some = _Crossing(work, [(work.settings[i], absent[i]) for i in rows])
        found |= dict(zip(rows, some.run(), strict=True))
    return [found[i] for i in range(len(work.settings))]


class _Crossing:
    """Settings that share features, engines and regimes, over one panel."""

    def __init__(self, work: Work, chosen: Sequence[tuple[Settings, str]]) -> None:
        self._panel, self._cross, self._bars = work.panel, work.cross, work.bars
        self._threads = work.threads
        self._cut, self._tells = work.cut, work.tells
        self._per_day = 24 * work.panel.bars_per_hour
        self._first = chosen[0][0]
        self._engines = named(self._first)
        self._names = tuple(engine.name for engine in self._engines)
        self._absent = [absent for _, absent in chosen]
        self._folds = [
            folding.begin(self._panel, settings, self._voters(absent))
            for settings, absent in chosen
        ]
        self._edges = [(self._row(int(a)), self._row(int(b))) for a, b in self._cut.days]

    def run(self) -> list[Crossed]:
        """Learn, then trade block by block; who has fallen behind after one is stopped."""
        units = self._units(self._taught())
        values: list[list[float]] = [[] for _ in self._folds]
        alive = set(range(len(self._folds)))
        seer = folding.begin(self._panel, self._first, self._engines)
        marks = {row for edge in self._edges for row in (*edge, self._warm(edge[0]))}
        ends = {after: b for b, (_, after) in enumerate(self._edges)}
        with ThreadPoolExecutor(max(1, self._threads), "cross") as pool:
            for t, seen in folding.looks(
                self._panel, seer, self._edges[-1][1], marks, threads=self._threads
            ):
                active = {
                    id(unit): unit
                    for i in sorted(alive)
                    for block in units[i]
                    for unit in block
                    if unit.warm <= t < unit.after
                }
                _traded(pool, Looked(seen, self._names), list(active.values()))
                b = ends.get(t + len(seen.inputs.bars.close))
                if b is not None:
                    alive -= self._ended(b, units, values, alive)
                if not alive:
                    break
        least = self._cross.min_trades
        return [
            outcome(of[: len(said)], said, least) for of, said in zip(units, values, strict=True)
        ]

    def _voters(self, absent: str) -> list[Engine]:
        return [engine for engine in self._engines if engine.name != absent]

    def _keys(self) -> list[Hashable]:
        """Return of each setting what it shares a consensus by, before anything is fitted."""
        each = zip(self._absent, self._folds, strict=True)
        return [(absent, weighed_by(fold.made)) for absent, fold in each]

    def _ended(
        self,
        b: int,
        units: list[list[list[Unit]]],
        values: list[list[float]],
        alive: set[int],
    ) -> set[int]:
        """Close the accounts of a block, and return which settings have fallen behind."""
        behind = set()
        for i in alive:
            for unit in {id(unit): unit for unit in units[i][b]}.values():
                unit.end()
            ratios = sharpes_of(units[i][: b + 1], self._cross.min_trades)
            values[i].append(objective(ratios, self._cross.penalty))
            if b + 1 < self._cut.n_blocks and values[i][-1] < self._bars[b]:
                behind.add(i)
        return behind

    def _row(self, day: int) -> int:
        """Return the row of the first bar of a day."""
        return day * self._per_day + 1 - self._panel.k0

    def _warm(self, first: int) -> int:
        return max(0, first - self._cross.warm_days * self._per_day)

    def _units(self, taught: dict[Hashable, Taught]) -> list[list[list[Unit]]]:
        """Return a test for every setting, block and path; paths of the same fits share it."""
        found = []
        common: dict[Hashable, consensus.State] = {}
        for key, absent, fold in zip(self._keys(), self._absent, self._folds, strict=True):
            fits = taught[key]
            blocks = []
            for b, (first, after) in enumerate(self._edges):
                same: dict[Hashable, Unit] = {}
                row = []
                for split in self._cut.paths[:, b].tolist():
                    cells, edges = fits[split]
                    made = dataclasses.replace(fold.made, cells=cells, edges=edges)
                    its = dataclasses.replace(fold, made=made)
                    rows = self._warm(first), first, after
                    unit = Unit(its, self._panel, rows, common, absent, tells=self._tells)
                    row.append(same.setdefault(unit.key, unit))
                blocks.append(row)
            found.append(blocks)
        return found

    def _taught(self) -> dict[Hashable, Taught]:
        """Learn for every consensus and split what the blocks beside its tests say."""
        leaders: dict[Hashable, tuple[str, folding.Fold]] = {}
        for key, absent, fold in zip(self._keys(), self._absent, self._folds, strict=True):
            leaders.setdefault(key, (absent, fold))
        course = Course(self._panel, self._cut, self._cross.embargo_days, self._cross.edge)
        seer = folding.begin(self._panel, self._first, self._engines)
        return taught(course, seer, leaders, threads=self._threads)


def _traded(pool: ThreadPoolExecutor, seen: Looked, units: Sequence[Unit]) -> None:
    """Weigh once for all that share a consensus and its fits, and trade under each."""
    leaders: dict[Hashable, Unit] = {}
    for unit in units:
        leaders.setdefault(unit.key, unit)
    weighed = pool.map(lambda unit: unit.weigh(seen), leaders.values())
    said = dict(zip(leaders, weighed, strict=True))
    for _ in pool.map(lambda unit: unit.trade(seen, said[unit.key]), units):
        pass
