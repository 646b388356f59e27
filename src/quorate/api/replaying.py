"""The proof that a desk did what it says: its recorded bars of a day, decided again.

In: a desk's folder and its store. Out: how many bars gave the same decisions byte for byte, and
the first that did not.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from quorate.api.desk_plan import kept, machine, minutes
from quorate.api.desks import DAYS, recorded
from quorate.errors import DataError
from quorate.live.cycle.decider import replay
from quorate.live.cycle.inputs import content_hash
from quorate.live.cycle.kept import restore, snapshots

if TYPE_CHECKING:
    from pathlib import Path

    from quorate.api.desk_plan import Plan
    from quorate.store.opening import Store

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Proof:
    """What became of a day that was decided again.

    Attributes
    ----------
    day : str
        UTC; a bar is of the day in which it closed, 00:00 closes the day before.
    n_bars, n_replayed : int
        Recorded of that day, and decided again: from the snapshot before the day on.
    first_k, first_close : int or None, str
        The first bar that came out otherwise; None and "" where none did.
    """

    day: str
    n_bars: int
    n_replayed: int
    first_k: int | None = None
    first_close: str = ""

    @property
    def is_same(self) -> bool:
        """Whether every bar gave the decisions that were kept of it."""
        return self.first_k is None

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return asdict(self) | {"is_same": self.is_same}


def replay_day(store: Store, folder: Path, day: date | str, *, plan: Plan | None = None) -> Proof:
    """Decide the recorded bars of a day again and hold every decision against what was kept.

    Parameters
    ----------
    store : Store
        The desk's bars.
    folder : Path
        Of the desk.
    day : date or str
        UTC.
    plan : Plan, optional
        In place of the one that the folder tells, where engines or fits were made by hand.

    Returns
    -------
    Proof
        Of decisions, parent orders, positions and fills of the virtual book, every digit.

    Raises
    ------
    ChainError
        A recorded bar was changed.
    DataError
        There is no bar of that day, or no snapshot from before it.

    Notes
    -----
    Units: UTC days.  Causal: as recorded.  Missing: none.
    DESIGN 1 (replay).
    """
    found = kept(folder, plan)
    bars = store.cycles(found.plan.name)
    bars.verify(content_hash)
    step = timedelta(minutes=minutes(found.plan.spec))
    begin = datetime.combine(date.fromisoformat(str(day)), datetime.min.time(), UTC)
    first_k, last_k = (int(at.timestamp()) // step.seconds for at in (begin + step, begin + _DAY))
    n_bars = sum(1 for _ in bars.after(first_k - 1, last_k))
    if not n_bars:
        raise DataError(
            f"the desk {found.plan.name} decided on no bar of {day}",
            hint="its bars begin the day it was begun; `quorate jobs` tells when it ran",
        )
    before = [k for k, _ in snapshots(folder / DAYS) if k < first_k]
    start = max(before, default=found.learned_k)
    made, like = machine(found)
    back = restore(folder / DAYS, made, like, found.force, lambda _: (), start)
    done = replay(back.decider, recorded(bars, back.decider.last_k, last_k))
    if done.first_k is None:
        return Proof(str(day), n_bars, done.n_bars)
    at = datetime.fromtimestamp(done.first_k * step.seconds, UTC)
    return Proof(str(day), n_bars, done.n_bars, done.first_k, f"{at:%Y-%m-%dT%H:%M}Z")
