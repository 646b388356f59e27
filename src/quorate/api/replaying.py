"""The proof that a desk did what it says: its recorded bars of a day, decided again.

In: a desk's folder and its store. Out: how many bars gave the same decisions byte for byte, and
the first that did not.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from quorate.api.commanding import STORE
from quorate.api.desk_plan import kept, machine, minutes
from quorate.api.desks import DAYS, recorded
from quorate.errors import ConfigError, DataError
from quorate.live.cycle import decider
from quorate.live.cycle.inputs import content_hash
from quorate.live.cycle.kept import restore, snapshots
from quorate.store import open_store

if TYPE_CHECKING:
    from quorate.api.desk_plan import Kept, Plan
    from quorate.store.cycles import Cycles

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Proof:
    """What became of a day that was decided again.

    Attributes
    ----------
    day : str
        UTC; a bar is of the day in which it closed, 00:00 closes the day before.
    n_recorded, n_replayed : int
        Recorded of that day, and decided again: from the snapshot before the day on.
    first_k, first_close : int or None, str
        The first bar that came out otherwise; None and "" where none did.
    """

    day: str
    n_recorded: int
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


def replay(
    day: date | str,
    *,
    store: str | Path = STORE,
    folder: str | Path = "desk",
    plan: Plan | None = None,
) -> Proof:
    """Decide the recorded bars of a day again and hold every decision against what was kept.

    Parameters
    ----------
    day : date or str
        UTC.
    store : str or path
        Of the desk's bars.
    folder : path
        Of the desk.
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
    ConfigError
        The day is none, or the plan is not the desk's.
    DataError
        There is no bar of that day, or no snapshot from before it.

    Notes
    -----
    Units: UTC days.  Causal: as recorded.  Missing: none.
    DESIGN 1 (replay).
    """
    found = kept(Path(folder), plan)
    with open_store(store) as opened:
        return _proved(opened.cycles(found.plan.name), Path(folder), found, day)


def _proved(bars: Cycles, folder: Path, found: Kept, day: date | str) -> Proof:
    bars.verify(content_hash)
    step = timedelta(minutes=minutes(found.plan.spec))
    begin = datetime.combine(_date(day), datetime.min.time(), UTC)
    first_k, last_k = (int(at.timestamp()) // step.seconds for at in (begin + step, begin + _DAY))
    n_recorded = sum(1 for _ in bars.after(first_k - 1, last_k))
    if not n_recorded:
        raise DataError(
            f"the desk {found.plan.name} decided on no bar of {day}",
            hint="its bars begin the day it was begun; `quorate jobs` tells when it ran",
        )
    before = [k for k, _ in snapshots(folder / DAYS) if k < first_k]
    start = max(before, default=found.learned_k)
    made, like = machine(found)
    back = restore(folder / DAYS, made, like, found.force, lambda _: (), start)
    done = decider.replay(back.decider, recorded(bars, back.decider.last_k, last_k))
    if done.first_k is None:
        return Proof(str(day), n_recorded, done.n_bars)
    at = datetime.fromtimestamp(done.first_k * step.seconds, UTC)
    return Proof(str(day), n_recorded, done.n_bars, done.first_k, f"{at:%Y-%m-%dT%H:%M}Z")


def _date(day: date | str) -> date:
    try:
        return date.fromisoformat(str(day))
    except ValueError as error:
        raise ConfigError(f"{day!r} is no day", hint="write it as 2026-11-28, UTC") from error
