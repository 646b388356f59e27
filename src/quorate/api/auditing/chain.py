"""Features, regimes, votes, consensus, decisions and fills: none may wait for a later bar.

In: the panel and engines. Out: findings by field. The whole history is run once. Where a cut falls
into a block, what was remembered at the block's begin is copied, and the block is run again twice:
ended at the cut, and with noise from there on; every row before the cut must be the same bytes.
At some cuts a run of its own starts at the first bar, in blocks of other sizes, on a panel that
ends there. Features are built once more with the coins in another order.
"""

from __future__ import annotations

import copy
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from quorate.api import folding
from quorate.api.auditing import future
from quorate.api.auditing.finding import Test
from quorate.api.auditing.sheet import Array, Meaning, Place, Sheet
from quorate.api.auditing.voters import NAMES
from quorate.backtest import run as passes
from quorate.backtest.fills import COLUMNS, Column
from quorate.core.account import Code, Gauge
from quorate.core.account import Column as Number
from quorate.core.features.table import FEATURES
from quorate.core.types import Regime
from quorate.lake import blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from quorate.core.engines.base import Engine
    from quorate.lake import Panel
    from quorate.settings import Settings

_BUG = "no setting does this: please report it with this page, it is a bug of Quorate"
_MEANINGS = {
    Test.CUT: Meaning("What was known then is not what the whole history says of it.", _BUG),
    Test.NOISE: Meaning("What comes later changes what was known before it.", _BUG),
    Test.BLOCKS: Meaning("The bytes depend on how the history is cut into blocks.", _BUG),
    Test.COINS: Meaning("A feature of a coin depends on its place among the coins.", _BUG),
}
CLOSE = 1e-9
"""Relative tolerance of features over coins in another order: their sums round otherwise."""


class Cuts(NamedTuple):
    """Where to cut: ``forks`` from the memory of the run, ``starts`` from the first bar on."""

    forks: Sequence[int]
    starts: Sequence[int]
    seed: int


def audit(
    panel: Panel,
    settings: Settings,
    engines: Sequence[Engine],
    plan: Cuts,
    sheet: Sheet,
    tick: Callable[[], None],
) -> None:
    """Run the history and hold every cut of it against it.

    Parameters
    ----------
    panel, settings, engines
        As ``folding.begin``.
    plan : Cuts
        Where to cut.
    sheet : Sheet
        Where findings go.
    tick : callable
        Called after every block, and after every run of its own.
    """
    fold = folding.begin(panel, settings, engines)
    held = _Held(panel, _axes(panel, engines), sheet)
    hashes, marks = _Hashes(), {}
    for t, piece in folding.pieces(panel, panel.n_bars, ()):
        end = t + len(piece.controls.quote_usd)
        here = [cut for cut in plan.forks if t < cut < end]
        before = copy.deepcopy(fold.memory) if here else fold.memory
        found = rows(passes.advance(fold.made, fold.memory, piece))
        for cut in here:
            _fork(fold.made, before, piece, found, (t, cut, plan.seed), held)
        last = t
        for cut in [cut for cut in plan.starts if t < cut <= end]:
            hashes.add(found, panel.k0, t, last, cut)
            marks[cut] = hashes.marks()
            last = cut
        hashes.add(found, panel.k0, t, last, end)
        tick()
    sheet.n_times += len(plan.forks) + len(plan.starts)
    for i, cut in enumerate(plan.starts):
        _alone(panel, settings, engines, (cut, plan.seed + i), marks[cut], sheet)
        tick()
    _reordered(panel, settings, engines, sheet)
    tick()
    sheet.not_covered.append(
        "decisions: with the coins in another order; sums over coins round otherwise, and ties "
        "between coins go to the first (features are compared)"
    )


class _Held(NamedTuple):
    """Where a comparison stands: the panel, the names of axes by array, and the sheet."""

    panel: Panel
    axes: dict[str, tuple[Sequence[str], Sequence[str] | None]]
    sheet: Sheet


def _axes(
    panel: Panel, engines: Sequence[Engine]
) -> dict[str, tuple[Sequence[str], Sequence[str] | None]]:
    """Return the names of the middle and of the last axis, where the last are not coins."""
    voters = [engine.name for engine in engines]
    return {
        "features": (NAMES, None),
        "votes.side": (voters, None),
        "votes.strength": (voters, None),
        "consensus.prob": (voters, None),
        "consensus.weights": ([regime.name for regime in Regime], voters),
        "consensus.reliability": ((), voters),
        "decisions.number": ([each.name for each in Number], None),
        "decisions.code": ([each.name for each in Code], None),
        "decisions.gauge": ((), [each.name for each in Gauge]),
        "decisions.lots": (panel.venue_names, None),
        "fills.whole": ((), COLUMNS[: len(Column)]),
        "fills.real": ((), COLUMNS[len(Column) :]),
    }


def _fork(
    made: passes.Machine,
    before: passes.Memory,
    piece: passes.Slice,
    whole: dict[str, Array],
    at: tuple[int, int, int],
    held: _Held,
) -> None:
    """Run a block again, ended at a cut and with another future; compare what was before it."""
    t, cut, seed = at
    k0 = held.panel.k0
    for test, other in (
        (Test.CUT, future.cut(piece, cut - t)),
        (Test.NOISE, future.noised(piece, cut - t, seed)),
    ):
        then = rows(passes.advance(made, copy.deepcopy(before), other))
        _hold(test, _span(then, k0, t, t, cut), _span(whole, k0, t, t, cut), t, held)


def _hold(
    test: Test, then: dict[str, Array], later: dict[str, Array], first: int, held: _Held
) -> bool:
    """Compare all arrays of some rows; return whether they are the same."""
    found = True
    for name, array in later.items():
        names, coins = held.axes.get(name, ((), None))
        at = None
        if name.startswith("fills."):
            at = later["fills.whole"][:, Column.K] - held.panel.k0
        place = Place(held.panel, first, names, coins, at)
        found &= held.sheet.hold(test, name, then[name], array, place, _MEANINGS[test])
    return found


def rows(block: passes.Block) -> dict[str, Array]:
    """Return everything that a block left, by name; time is the first axis of all but fills."""
    found: dict[str, Array] = {"features": block.features}
    for name in ("readings", "votes", "consensus", "decisions", "tally"):
        part = getattr(block, name)
        found |= {f"{name}.{each}": getattr(part, each) for each in part._fields}
    n = block.fills.n.item()
    return found | {"fills.whole": block.fills.whole[:n], "fills.real": block.fills.real[:n]}


def _span(found: dict[str, Array], k0: int, t: int, low: int, high: int) -> dict[str, Array]:
    """Return the rows ``[low, high)`` of a block that begins at row t; fills by their bar."""
    k = found["fills.whole"][:, Column.K] - k0
    filled = (k >= low) & (k < high)
    return {
        name: array[filled] if name.startswith("fills.") else array[low - t : high - t]
        for name, array in found.items()
    }


class _Hashes:
    """A hash of every array over all rows so far, whatever the blocks they came in."""

    def __init__(self) -> None:
        self.by_name: dict[str, Any] = {}
        self.n_values = 0

    def add(self, found: dict[str, Array], k0: int, t: int, low: int, high: int) -> None:
        """Add the rows ``[low, high)`` of a block that begins at row t."""
        for name, array in _span(found, k0, t, low, high).items():
            digest = self.by_name.setdefault(name, hashlib.blake2b(digest_size=16))
            digest.update(np.ascontiguousarray(array).tobytes())
            self.n_values += array.size

    def marks(self) -> dict[str, str]:
        """Return the hashes as they are now."""
        return {name: digest.hexdigest() for name, digest in self.by_name.items()}


def _alone(
    panel: Panel,
    settings: Settings,
    engines: Sequence[Engine],
    at: tuple[int, int],
    marks: dict[str, str],
    sheet: Sheet,
) -> None:
    """Run the panel that ends at a cut from its first bar on, in blocks of other sizes."""
    cut, seed = at
    known = future.cut_panel(panel, cut)
    fold = folding.begin(known, settings, engines)
    hashes = _Hashes()
    for t, piece in _pieces(known, seed):
        found = rows(passes.advance(fold.made, fold.memory, piece))
        hashes.add(found, panel.k0, t, t, t + len(piece.controls.quote_usd))
    sheet.count(Test.BLOCKS, hashes.n_values)
    differs = [name for name, mark in hashes.marks().items() if mark != marks[name]]
    if differs:
        _find(panel, known, settings, engines, _Held(panel, _axes(panel, engines), sheet))


def _pieces(panel: Panel, seed: int) -> Iterator[tuple[int, passes.Slice]]:
    """Cut a panel into blocks of sizes that are drawn, some of one bar."""
    rng = np.random.default_rng(seed)
    usual = max(2, passes.BLOCK_CELLS // panel.n_coins)
    edges, t = [], 0
    while t < panel.n_bars:
        t += 1 if rng.random() < 0.3 else int(rng.integers(1, 2 * usual))
        edges.append(t)
    (whole,) = blocks(panel, panel.n_bars)
    low = 0
    for edge in edges:
        high = min(edge, panel.n_bars)
        part = passes.Slice(
            panel.k0 + low,
            type(whole.bars)._make(array[low:high] for array in whole.bars),
            type(whole.market)._make(array[low:high] for array in whole.market),
            folding.asked_of(panel, low, whole.member[low:high], whole.quote_usd[low:high]),
        )
        yield low, part
        low = high


def _find(
    panel: Panel, known: Panel, settings: Settings, engines: Sequence[Engine], held: _Held
) -> None:
    """Run a panel that ends beside the whole one until the first block that differs."""
    one, other = (folding.begin(each, settings, engines) for each in (known, panel))
    # blocks of the whole history, which go on behind the cut
    pair = zip(
        folding.pieces(known, known.n_bars, ()),
        folding.pieces(panel, panel.n_bars, ()),
        strict=False,
    )
    for (t, early), (_, piece) in pair:
        then = rows(passes.advance(one.made, one.memory, early))
        later = rows(passes.advance(other.made, other.memory, piece))
        end = t + len(early.controls.quote_usd)
        if not _hold(Test.CUT, then, _span(later, panel.k0, t, t, end), t, held):
            return
    held.sheet.note(Test.BLOCKS, "decisions", _MEANINGS[Test.BLOCKS])


def _reordered(panel: Panel, settings: Settings, engines: Sequence[Engine], sheet: Sheet) -> None:
    """Build the first features with the coins turned round, and turn them back."""
    if panel.n_coins < 2:
        sheet.not_covered.append("features: the order of the coins; the panel has one")
        return
    n_bars = min(panel.n_bars, MOST_CELLS // panel.n_coins)
    order = np.arange(panel.n_coins)[::-1]
    some = future.cut_panel(panel, n_bars)
    turned = _turned(some, order)
    pair = [
        folding.looks(each, folding.begin(each, settings, engines), threads=1)
        for each in (some, turned)
    ]
    for (t, seen), (_, mixed) in zip(*pair, strict=True):
        then = np.ascontiguousarray(mixed.features[:, :, order])
        for f, feature in enumerate(FEATURES):
            early, later = then[:, f], np.ascontiguousarray(seen.features[:, f])
            if feature.family == "crosssection":
                # what adds over coins rounds with their order; it must not do more
                early = np.where(
                    np.isclose(early, later, CLOSE, 1e-12, equal_nan=True), later, early
                )
            what = f"features {feature.name}"
            sheet.hold(Test.COINS, what, early, later, Place(panel, t), _MEANINGS[Test.COINS])
        back = np.ascontiguousarray(mixed.readings.regime[:, order])
        sheet.hold(
            Test.COINS, "regime", back, seen.readings.regime, Place(panel, t), _MEANINGS[Test.COINS]
        )


MOST_CELLS = 4_000_000
"""Coin-bars of which features are built with the coins in another order."""


def _turned(panel: Panel, order: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Panel:
    """Return a panel with its coins in another order."""

    def mixed(array: Any) -> Any:  # noqa: ANN401  (an array with the coins last)
        return np.ascontiguousarray(array[..., order])

    def each(values: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(values[int(c)] for c in order)

    by_venue = {"maker_bps", "taker_bps", "latency_ms", "reliability"}
    return replace(
        panel,
        symbols=each(panel.symbols),
        bars=type(panel.bars)(*map(mixed, panel.bars)),
        market=type(panel.market)(*map(mixed, panel.market)),
        venues=type(panel.venues)(
            **{
                name: array if name in by_venue else mixed(array)
                for name, array in panel.venues._asdict().items()
            }
        ),
        kinds=each(panel.kinds),
        funding=each(panel.funding),
        member=mixed(panel.member),
        delisted_k=mixed(panel.delisted_k),
    )
