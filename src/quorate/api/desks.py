"""A desk in dry run: it decides on live bars as they close, and no order leaves it.

In: a lake that is brought up to date, settings, engines. Out: a decision a bar, recorded before
anything could be done with it; a virtual book that the bar-level exchange fills, as in a backtest.
Start and recovery are one path: what is on the disk says where the desk stands.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from quorate.api import folding
from quorate.api.auditing.binding import engine_hash
from quorate.backtest.axes import Axes
from quorate.core.account import Code
from quorate.core.types import MONEY_SCALE, Venues
from quorate.core.types import Bar as Status
from quorate.errors import ConfigError
from quorate.hands import Word
from quorate.lake import disk, load
from quorate.lake.by_hand import by_hand
from quorate.live.cycle.decider import Decider
from quorate.live.cycle.inputs import InForce, Inputs, content_hash, pack, unpack
from quorate.live.cycle.kept import restore, save
from quorate.records import canonical_json, stable_id
from quorate.store.cycles import Cycle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from quorate.backtest.run import Memory
    from quorate.core.engines.base import Engine
    from quorate.lake import Panel, PanelSpec
    from quorate.research.fits import Fits
    from quorate.settings import Settings
    from quorate.store.opening import Store

WINDOW: Final = timedelta(days=3)
"""How far back bars are read again: every rule of data looks back less than that."""
LEARN: Final = timedelta(days=30)
"""How much history a new desk learns from before its first bar."""
HOURLY: Final = 3_600_000
"""How often its memory is written, in ms of bars."""
_FILE: Final = "desk.json"


class Bar(NamedTuple):
    """What became of a bar.

    ``equity`` and ``cash`` are of the virtual book, in quote currency; ``n_held`` coins are held,
    ``n_sent`` parents were sent on this bar; ``n_known`` coins traded in it.

    Notes
    -----
    Units: quote currency, ms since 1970.  Causal: at the close.  Missing: none.
    """

    k: int
    close_ms: int
    equity: float
    cash: float
    n_held: int
    n_sent: int
    n_known: int


@dataclass(frozen=True)
class Plan:
    """What a desk decides on, and how.

    Parameters
    ----------
    name : str
        Of the desk: its bars and words are kept under it.
    spec : PanelSpec
        Its coins by name and the folders of the lake; start and end are the desk's own.
    settings : Settings
        In force.
    engines : sequence of Engine
        They vote.
    fits : Fits, optional
        Fitted out of sample.
    """

    name: str
    spec: PanelSpec
    settings: Settings
    engines: Sequence[Engine]
    fits: Fits | None = None

    def __post_init__(self) -> None:
        """Refuse a plan that leaves the coins to whatever the lake holds that day."""
        if not self.spec.symbols:
            raise ConfigError("a desk has its coins by name", hint="name them: --coins BTC ETH")

    @property
    def params(self) -> str:
        """Return a hash of settings and engines; of the code a replay of the bars tells."""
        voices = (engine_hash(each) for each in self.engines)
        return stable_id(canonical_json(self.settings.values), *voices)


class Desk:
    """A desk between two bars; ``open_desk`` makes one.

    Notes
    -----
    Units: as ``Bar``.  Causal: a bar is recorded before it is acted on.  Missing: a coin without a
    bar is decided on without it, and says so in its reason.
    DESIGN 1, SPEC 15.
    """

    def __init__(self, plan: Plan, store: Store, folder: Path, decider: Decider) -> None:
        self.plan = plan
        self._store = store
        self._folder = folder
        self._decider = decider

    @property
    def last_k(self) -> int:
        """Return the bar that was decided on last."""
        return self._decider.last_k

    @property
    def memory(self) -> Memory:
        """Return all that the decision remembers."""
        return self._decider.memory

    def cycle(self, now: datetime) -> tuple[Bar, ...]:
        """Decide on every bar that has closed since the last one, in order.

        Parameters
        ----------
        now : datetime
            UTC; bars that close later are not looked at.

        Returns
        -------
        tuple of Bar
            None where none has closed.

        Raises
        ------
        DataError, StoreError
            The lake cannot be read, or the store refuses: nothing of the bar was acted on, and the
            next cycle begins with it.
        """
        return tuple(self._cycle(now))

    def _cycle(self, now: datetime) -> Iterator[Bar]:
        minutes = _minutes(self.plan.spec)
        step_ms = minutes * 60_000
        k = int(now.timestamp() * 1e3) // step_ms
        if k <= self.last_k:
            return
        first = _instant((self.last_k + 1) * step_ms) - WINDOW
        spec = replace(self.plan.spec, start=first, end=_instant(k * step_ms), to_end=True)
        panel = by_hand(load(spec), self._words(k * step_ms))
        begin = self.last_k + 1 - panel.k0
        rows = range(begin, panel.n_bars)
        for t, piece in folding.pieces(panel, panel.n_bars, rows):
            if t >= begin:
                yield self._decide(Inputs(panel.close_ms(t), self._decider.force, piece))

    def _decide(self, inputs: Inputs) -> Bar:
        """Decide on a bar, and write it down before anybody hears of it."""
        packed = pack(inputs)
        found = self._decider.decide(inputs)
        kept = Cycle(found.k, inputs.close_ms, packed, content_hash(packed), found.digest)
        self._store.cycles(self.plan.name).append(kept)
        if inputs.close_ms % HOURLY == 0:
            save(self._decider, self._folder)
        decisions = found.block.decisions
        return Bar(
            found.k,
            inputs.close_ms,
            int(decisions.equity[0]) / MONEY_SCALE,
            int(decisions.cash[0]) / MONEY_SCALE,
            int(np.count_nonzero(self._decider.memory.chain.account.ledger.lots.any(axis=0))),
            int(np.count_nonzero(decisions.code[0, Code.ACTION])),
            int(np.count_nonzero(inputs.piece.bars.status[0] == Status.TRADED)),
        )

    def _words(self, until_ms: int) -> tuple[Word, ...]:
        """Return what people asked of the desk, as far as this bar may know."""
        said = (Word.of(row.said) for row in self._store.words(self.plan.name).read())
        return tuple(word for word in said if word.at_ms <= until_ms)


def open_desk(
    plan: Plan,
    store: Store,
    folder: Path,
    now: datetime,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Desk:
    """Return a desk where it stood; a new one learns from history first and holds nothing.

    Parameters
    ----------
    plan : Plan
        What it decides on; a desk that is there goes on only with what it began with.
    store : Store
        Its bars and words.
    folder : Path
        Its snapshots, and what was fixed when it began.
    now : datetime
        UTC: a new desk learns from the bars that closed by then.
    progress : callable, optional
        Called with bars learned from, and in all.

    Raises
    ------
    ConfigError
        The desk began with other coins, settings, engines or code.
    DataError
        The lake has no history of a coin, or a recorded bar gives another decision now.

    Notes
    -----
    Units: UTC.  Causal: bars that closed before ``now``.  Missing: as ``lake.load``.
    DESIGN 1.
    """
    path = folder / _FILE
    if path.is_file():
        return _again(plan, store, folder, json.loads(path.read_text("utf-8")))
    if store.cycles(plan.name).last() is not None:
        raise ConfigError(
            f"the store has bars of a desk {plan.name}, and {folder} has nothing of it",
            hint="give the folder it was begun in, or the new desk another name",
        )
    end = _closed(now, _minutes(plan.spec))
    panel = load(replace(plan.spec, start=end - LEARN, end=end, to_end=True))
    fold = folding.begin(panel, plan.settings, plan.engines, plan.fits, first=panel.n_bars - 1)
    for t, block in folding.advance(panel, fold, may_enter=False):
        if progress is not None:
            progress(t + block.decisions.equity.size, panel.n_bars)
    last_k = panel.k0 + panel.n_bars - 1
    decider = Decider(fold.made, fold.memory, _in_force(plan, panel), last_k)
    save(decider, folder)
    disk.replace(path, canonical_json(_fixed(decider)).encode())
    return Desk(plan, store, folder, decider)


def _again(plan: Plan, store: Store, folder: Path, kept: dict[str, Any]) -> Desk:
    """Return the desk that a folder holds."""
    bars = store.cycles(plan.name)
    at = _instant(kept["learned_k"] * _minutes(plan.spec) * 60_000)
    panel = load(replace(plan.spec, start=at - WINDOW, end=at, to_end=True))
    fold = folding.begin(panel, plan.settings, plan.engines, plan.fits)
    made = replace(fold.made, setup=fold.made.setup._replace(venues=_venues(kept["venues"])))
    force = _in_force(plan, panel)
    axes = Axes(**{name: tuple(names) for name, names in kept["axes"].items()})
    began = InForce(axes, kept["params"], kept["fits"])
    for name, was, asked in zip(force._fields, began, force, strict=True):
        if was != asked:
            raise ConfigError(
                f"the desk {plan.name} began with {name} {was}, and is given {asked}",
                hint="give it what it began with, or begin another desk",
            )

    def recorded(k: int) -> Iterator[tuple[Inputs, str]]:
        for row in bars.after(k):
            yield unpack(row.inputs), row.decided_hash

    found = restore(folder, made, fold.memory, force, recorded, bars.last() or kept["learned_k"])
    return Desk(plan, store, folder, found.decider)


def _fixed(decider: Decider) -> dict[str, Any]:
    """Return what is fixed when a desk begins: names, hashes, and the instruments as they were."""
    venues = decider.made.setup.venues
    return {
        "learned_k": decider.last_k,
        "axes": {name: list(names) for name, names in decider.force.axes._asdict().items()},
        "params": decider.force.params,
        "fits": decider.force.fits,
        "venues": {
            name: {"type": array.dtype.str, "values": array.tolist()}
            for name, array in venues._asdict().items()
        },
    }


def _venues(kept: dict[str, Any]) -> Venues:
    arrays = {name: np.array(each["values"], each["type"]) for name, each in kept.items()}
    return Venues(**arrays)


def _in_force(plan: Plan, panel: Panel) -> InForce:
    fits = plan.fits
    voters = tuple(plan.engines) if fits is None else fits.voters(plan.engines)
    names = tuple(each.name for each in voters)
    digest = "" if fits is None else fits.digest
    return InForce(Axes(panel.symbols, names, panel.venue_names), plan.params, digest)


def _minutes(spec: PanelSpec) -> int:
    return 5 if spec.bar_minutes is None else spec.bar_minutes


def _closed(now: datetime, minutes: int) -> datetime:
    step_ms = minutes * 60_000
    return _instant(int(now.timestamp() * 1e3) // step_ms * step_ms)


def _instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1e3, UTC)
