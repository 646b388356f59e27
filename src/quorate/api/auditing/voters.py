"""Engines: a vote of a row must be the same whatever other rows, coins and calls there are.

In: engines and rows of the panel's own features. Out: findings by engine. Engines are asked in
the order of time here, not on scattered rows as in a run: whoever looks at the next row is to be
seen doing it. A vote is held against that of the same row with its future cut off, replaced, moved,
or alone. What is compared is the side times the strength.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.api.auditing import watch
from quorate.api.auditing.finding import Test
from quorate.api.auditing.sheet import Meaning, Place, Sheet
from quorate.core.engines.base import Rows
from quorate.core.engines.checks import reads_one_row_at_a_time
from quorate.core.engines.poll import poll
from quorate.core.features.table import FEATURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core.engines.base import Engine
    from quorate.core.types import Cube, Mat
    from quorate.lake import Panel

NAMES = tuple(feature.name for feature in FEATURES)
ROWS = 256
"""Rows that engines are asked about at once."""

_ELEMENTWISE = "vote elementwise on the row's own features; what lies back in time is a feature"
_MEANINGS = {
    Test.CUT: Meaning(
        "Its votes change when later rows are taken away: it reads the future.", _ELEMENTWISE
    ),
    Test.NOISE: Meaning(
        "Its votes change when later rows are replaced: it reads the future.", _ELEMENTWISE
    ),
    Test.ROWS: Meaning(
        "Its votes depend on which rows lie around, before or after.",
        f"{_ELEMENTWISE}; a mean, rank or scale over rows is fitted before, on rows that ended",
    ),
    Test.COINS: Meaning(
        "Its votes depend on the order of the coins.",
        "read no neighbour by its position; ranks over coins are features (rank_ret_24h ...)",
    ),
    Test.BLOCKS: Meaning(
        "Its votes depend on how the history is cut into blocks, or on the order of calls.",
        "keep nothing from row to row or from call to call",
    ),
    Test.AGAIN: Meaning(
        "The same rows gave other votes the second time.",
        "draw no random numbers, read no clock, keep nothing between calls",
    ),
    Test.STATE: Meaning(
        "A call changed what the next one reads.",
        "compute it where the module is imported, or fit it before and pass it as a constant",
    ),
    Test.CLOCK: Meaning(
        "It reached for a clock or a dice while it voted.",
        "a vote may read its row alone: the hour of a bar is data, not the hour of the machine",
    ),
    Test.INPUTS: Meaning(
        "It wrote on the rows it was given, which others read.",
        "copy before you write: values = np.array(rows['ret_24h'])",
    ),
    Test.REFUSED: Meaning(
        "It did not answer with votes, so it cannot be audited.",
        "docs/how-to/write-an-engine.md says what is asked of an engine",
    ),
}

_NOT_COVERED = (
    "engines: a clock that compiled code reads, if votes are the same throughout the audit",
    "engines: what they had learned from this history before; hand what trains them over as fit",
)


class _Asked(NamedTuple):
    """What an engine said: its side times its strength, (time, coin), and its trouble."""

    votes: Mat
    trouble: str
    has_written: bool


class Voters:
    """The engines under audit; ``hear`` is called with one block after another.

    Parameters
    ----------
    engines : sequence of Engine
        Asked in this order.
    sheet : Sheet
        Where findings go.
    panel : Panel
        Names the places.
    seed : int
        Which rows, and which order of them.
    """

    def __init__(self, engines: Sequence[Engine], sheet: Sheet, panel: Panel, seed: int) -> None:
        self.engines = tuple(engines)
        self.sheet = sheet
        self.panel = panel
        self.seed = seed
        self.out: set[str] = set()  # with a finding
        self.mute: set[str] = set()  # not asked again: every test would find the same
        self.marks = {engine.name: watch.reachable(engine.vote) for engine in self.engines}

    def hear(self, first: int, values: Cube) -> None:
        """Ask every engine about some rows.

        Parameters
        ----------
        first : int
            The first of them, a row of the panel.
        values : Cube
            Their features, some ``ROWS``.
        """
        rng = np.random.default_rng([self.seed, first])
        block = _Block(np.ascontiguousarray(values), first, rng)
        self.sheet.n_times += len(block.cuts)
        for engine in self.engines:
            if engine.name not in self.mute:
                self._audit(engine, block)

    def close(self) -> tuple[Engine, ...]:
        """Look at what engines remember; return those without a finding."""
        for engine in self.engines:
            self._remember(engine)
            # made-up rows, of which some are rarer than any history has
            complaint = "" if engine.name in self.mute else reads_one_row_at_a_time(engine)
            self.sheet.count(Test.ROWS, 1)
            if complaint.startswith("shuffled"):
                self._note(engine, Test.ROWS, f"on rows that were made up: {complaint}")
        self.sheet.not_covered += _NOT_COVERED
        return tuple(engine for engine in self.engines if engine.name not in self.out)

    def _audit(self, engine: Engine, block: _Block) -> None:
        """Run the tests of one engine on one block; the first that speaks of the call ends it."""
        with watch.watched() as seen:
            whole = self._ask(engine, block.values)
        self.sheet.count(Test.CLOCK, 1)
        self.sheet.count(Test.INPUTS, block.values.size)
        if whole.has_written or "read-only" in whole.trouble:
            self._note(engine, Test.INPUTS, whole.trouble)
            self.mute.add(engine.name)
            return
        if seen:
            self._note(engine, Test.CLOCK, ", ".join(sorted(seen)))
        if whole.trouble:
            self._note(engine, Test.REFUSED, whole.trouble)
            self.mute.add(engine.name)
            return
        if not self._hold(engine, Test.AGAIN, self._ask(engine, block.values), whole, block):
            self.mute.add(engine.name)
            return
        if not self._remember(engine):  # else every other test finds the same
            return
        for t in block.cuts:
            early = self._ask(engine, np.ascontiguousarray(block.values[:t]))
            self._hold(engine, Test.CUT, early, _first(whole, t), block)
            other = self._ask(engine, block.noised(t))
            self._hold(engine, Test.NOISE, _first(other, t), _first(whole, t), block)
        rows, coins = block.rows, block.coins
        mixed = self._ask(engine, np.ascontiguousarray(block.values[rows]))
        self._hold(engine, Test.ROWS, _back(mixed, rows, axis=0), whole, block)
        mixed = self._ask(engine, np.ascontiguousarray(block.values[:, :, coins]))
        self._hold(engine, Test.COINS, _back(mixed, coins, axis=1), whole, block)
        parts = [self._ask(engine, np.ascontiguousarray(block.values[p])) for p in block.parts]
        joined = np.concatenate([part.votes for part in reversed(parts)])
        self._hold(engine, Test.BLOCKS, whole._replace(votes=joined), whole, block)

    def _remember(self, engine: Engine) -> bool:
        """See whether what an engine can reach is as it was; return whether it is."""
        before, after = self.marks[engine.name], watch.reachable(engine.vote)
        changed = [name for name, mark in after.items() if before.get(name) != mark]
        self.sheet.count(Test.STATE, len(after))
        if changed:
            self.marks[engine.name] = after
            self.mute.add(engine.name)
            self._note(engine, Test.STATE, f"{', '.join(changed)} changed")
        return not changed

    def _ask(self, engine: Engine, values: Cube) -> _Asked:
        """Ask on a copy, and see whether it was written on."""
        given = np.array(values)
        votes, failures = poll((engine,), Rows(given, NAMES))
        said = votes.side[:, 0] * votes.strength[:, 0]
        wrote = given.view(np.uint64) != values.view(np.uint64)
        return _Asked(said, _trouble(failures), bool(wrote.any()))

    def _hold(self, engine: Engine, test: Test, then: _Asked, later: _Asked, block: _Block) -> bool:
        place = Place(self.panel, block.first)
        same = self.sheet.hold(test, engine.name, then.votes, later.votes, place, _MEANINGS[test])
        if not same:
            self.out.add(engine.name)
        return same

    def _note(self, engine: Engine, test: Test, later: str) -> None:
        self.out.add(engine.name)
        self.sheet.note(test, engine.name, _MEANINGS[test], later=later)


class _Block:
    """Some rows of features, and what is done to them."""

    def __init__(self, values: Cube, first: int, rng: np.random.Generator) -> None:
        self.values, self.first, self.rng = values, first, rng
        n = len(values)
        drawn = rng.integers(1, n, 2).tolist() if n > 2 else []
        self.cuts = sorted({int(t) for t in (*drawn, n - 1) if 0 < t < n})
        self.rows = rng.permutation(n)
        self.coins = rng.permutation(values.shape[2])
        half = n // 2
        # the later ones first: what is kept from a call would come from the future
        alone = min(4, n - half)
        self.parts = [
            slice(half + alone, n),
            *(slice(half + i, half + i + 1) for i in reversed(range(alone))),
            slice(0, half),
        ]
        self.parts = [part for part in self.parts if part.start < part.stop]

    def noised(self, t: int) -> Cube:
        """Return the rows with others of theirs, stretched, from t on."""
        found = np.array(self.values)
        after = self.rng.permutation(found[t:].ravel())
        found[t:] = after.reshape(found[t:].shape) * -3.0
        return found


def _first(asked: _Asked, n: int) -> _Asked:
    return asked._replace(votes=asked.votes[:n])


def _back(asked: _Asked, order: np.ndarray[tuple[int], np.dtype[np.int64]], axis: int) -> _Asked:
    """Put votes back into the order that their rows had."""
    return asked._replace(votes=np.take(asked.votes, np.argsort(order), axis=axis))


def _trouble(failures: Sequence[object]) -> str:
    """Return what the poll remarked of votes that were lost; clipped ones stand."""
    lost = [each for each in failures if getattr(each, "reason", 0)]
    return str(getattr(lost[0], "message", "")) if lost else ""
