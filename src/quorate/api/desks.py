"""A desk in dry run: it decides on live bars as they close, and no order leaves it.

In: a lake that is brought up to date, settings, engines. Out: a decision a bar, recorded before
anything could be done with it; a virtual book that the bar-level exchange fills, as in a backtest.
Start and recovery are one path: what is on the disk says where the desk stands.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from quorate.api import folding
from quorate.api.desk_plan import FILE, WINDOW, in_force, instant, keep, kept, machine, minutes
from quorate.core.account import Code
from quorate.core.types import MONEY_SCALE
from quorate.core.types import Bar as Status
from quorate.errors import ConfigError, DataError
from quorate.hands import Word
from quorate.lake import load
from quorate.lake.by_hand import by_hand
from quorate.live.cycle.decider import Decider
from quorate.live.cycle.inputs import Inputs, content_hash, pack, unpack
from quorate.live.cycle.kept import restore, save
from quorate.store.cycles import Cycle, Cycles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from quorate.api.desk_plan import Kept, Plan
    from quorate.backtest.run import Memory
    from quorate.lake import Panel
    from quorate.store.opening import Store

LEARN: Final = timedelta(days=30)
"""How much history a new desk learns from before its first bar."""
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000
"""How often its memory is written: hourly to go on from, daily to decide that day again from."""
DAYS: Final = "days"
N_DAYS: Final = 35


class Bar(NamedTuple):
    """What became of a bar.

    ``equity`` and ``cash`` are of the virtual book, in quote currency; ``n_held`` coins are held,
    ``n_sent`` parents were sent on this bar; ``n_known`` coins traded in it. ``barred`` names the
    coins that nothing is opened in, since their rows of the last days fail a rule of data.

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
    barred: str = ""


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
        self._is_ahead = False  # the memory has seen a bar that may not be on the disk

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
        step_ms = minutes(self.plan.spec) * 60_000
        k = int(now.timestamp() * 1e3) // step_ms
        if k <= self.last_k and not self._is_ahead:
            return
        if self._is_ahead:
            found = kept(self._folder, self.plan)
            self._decider = _restored(self._store, self._folder, found)
            self._is_ahead = False
        first = instant((self.last_k + 1) * step_ms) - WINDOW
        spec = replace(
            self.plan.spec, start=first, end=instant(k * step_ms), to_end=True, accept_failed=True
        )
        panel = by_hand(load(spec), self._words(k * step_ms))
        axes = self._decider.force.axes
        if panel.symbols != axes.symbols:
            raise DataError(
                f"the lake has {', '.join(panel.symbols)}, the desk began with "
                f"{', '.join(axes.symbols)}",
                hint="a symbol that means another coin since is told by quorate data check; begin "
                "another desk with the coins that there are",
            )
        begin = self.last_k + 1 - panel.k0
        rows = range(begin, panel.n_bars)
        barred = _failing(panel)
        for t, piece in folding.pieces(panel, panel.n_bars, rows):
            if t >= begin:
                asked = piece.controls
                block = asked.block | np.array([[s in barred for s in panel.symbols]], np.int8)
                known = piece._replace(controls=asked._replace(block=block))
                inputs = Inputs(panel.close_ms(t), self._decider.force, known)
                yield self._decide(inputs, ", ".join(barred))

    def _decide(self, inputs: Inputs, barred: str) -> Bar:
        """Decide on a bar, and write it down before anybody hears of it."""
        packed = pack(inputs)
        self._is_ahead = True
        found = self._decider.decide(inputs)
        row = Cycle(found.k, inputs.close_ms, packed, content_hash(packed), found.digest)
        self._store.cycles(self.plan.name).append(row)
        self._is_ahead = False
        if inputs.close_ms % HOUR_MS == 0:
            save(self._decider, self._folder)
        if inputs.close_ms % DAY_MS == 0:
            save(self._decider, self._folder / DAYS, N_DAYS)
        decisions = found.block.decisions
        return Bar(
            found.k,
            inputs.close_ms,
            int(decisions.equity[0]) / MONEY_SCALE,
            int(decisions.cash[0]) / MONEY_SCALE,
            int(np.count_nonzero(self._decider.memory.chain.account.ledger.lots.any(axis=0))),
            int(np.count_nonzero(decisions.code[0, Code.ACTION])),
            int(np.count_nonzero(inputs.piece.bars.status[0] == Status.TRADED)),
            barred,
        )

    def _words(self, until_ms: int) -> tuple[Word, ...]:
        """Return what people asked of the desk and its coins, as far as this bar may know.

        A word of a coin that the desk does not have would do nothing, and stops nothing.
        """
        said = (Word.of(row.said) for row in self._store.words(self.plan.name).read())
        coins = {"", *self._decider.force.axes.symbols}
        return tuple(word for word in said if word.at_ms <= until_ms and word.coin in coins)


def _failing(panel: Panel) -> tuple[str, ...]:
    """Return the coins of which a rule of data fails rows of the last days."""
    if panel.certificate is None:
        return ()
    named = set(panel.certificate.failed["symbol"])
    return tuple(symbol for symbol in panel.symbols if symbol in named)


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
    if (folder / FILE).is_file():
        found = kept(folder, plan)
        return Desk(found.plan, store, folder, _restored(store, folder, found))
    if store.cycles(plan.name).last() is not None:
        raise ConfigError(
            f"the store has bars of a desk {plan.name}, and {folder} has nothing of it",
            hint="give the folder it was begun in, or the new desk another name",
        )
    step_ms = minutes(plan.spec) * 60_000
    end = instant(int(now.timestamp() * 1e3) // step_ms * step_ms)
    panel = load(replace(plan.spec, start=end - LEARN, end=end, to_end=True))
    fold = folding.begin(panel, plan.settings, plan.engines, plan.fits, first=panel.n_bars - 1)
    for t, block in folding.advance(panel, fold, may_enter=False):
        if progress is not None:
            progress(t + block.decisions.equity.size, panel.n_bars)
    last_k = panel.k0 + panel.n_bars - 1
    decider = Decider(fold.made, fold.memory, in_force(plan, panel), last_k)
    for place in (folder, folder / DAYS):
        save(decider, place)
    keep(folder, plan, decider)
    return Desk(plan, store, folder, decider)


def _restored(store: Store, folder: Path, found: Kept) -> Decider:
    """Return the decision of the desk that a folder holds, where it stood."""
    made, like = machine(found)
    bars = store.cycles(found.plan.name)
    last_k = bars.last() or found.learned_k
    back = restore(folder, made, like, found.force, lambda k: recorded(bars, k), last_k)
    return back.decider


def recorded(bars: Cycles, after: int, until: int | None = None) -> Iterator[tuple[Inputs, str]]:
    """Give recorded bars as a replay wants them."""
    for row in bars.after(after, until):
        yield unpack(row.inputs), row.decided_hash
