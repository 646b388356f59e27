"""Torture the order core: many plays by seed, in processes side by side, and what they came to.

In: seeds and days. Out: faults met, invariants broken, and of a seed that fails the least schedule.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from quorate.harness.life import Played
    from quorate.harness.schedule import Schedule

DAY_MS: Final = 86_400_000
INVARIANTS: Final = (
    "I1",
    "I2",
    "I3",
    "I4",
    "I5",
    "I6",
    "I7",
    "I8",
    "I9",
    "I10",
    "I11",
    "I12",
    "PACE",
    "PARENT",
    "STOP",
    "VERDICT",
    "LIVE",
)


class Failure(NamedTuple):
    """A seed that broke something: the first violation, and the least schedule that still does."""

    seed: int
    invariant: str
    text: str
    schedule: str


class Torture(NamedTuple):
    """What a torture came to.

    Notes
    -----
    ``days`` is the simulated time of all plays together; ``faults`` counts what went wrong by kind;
    ``n_resting`` are desks that did not trade in the end, each with a reason that was told.
    """

    seeds: int
    first_seed: int
    days: float
    faults: dict[str, int]
    n_orders: int
    n_lives: int
    n_resting: int
    violations: int
    violations_by_invariant: dict[str, int]
    failures: tuple[Failure, ...]
    trace: str


def torture(
    seeds: int = 20,
    *,
    first_seed: int = 1,
    days: float = 5.0,
    venue: str = "binance",
    workers: int | None = None,
    schedule: str | None = None,
    record: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Torture:
    """Play lives of a desk under faults against the simulated exchange, and check them.

    Parameters
    ----------
    seeds : int
        How many plays.
    first_seed : int
        Of the first.
    days : float
        Simulated days of all plays together.
    venue : str
        At which exchange: a name of ``harness.ground.GROUNDS``.
    workers : int, optional
        Processes; one a core when left out.
    schedule : str, optional
        JSON of one schedule, to play it again at ``venue``; nothing is drawn then.
    record : Path, optional
        File of the whole programme (10,000 days, 2 million spoilt answers, 100,000 lost replies):
        it is taken up where it stood, and the counts are those of all its plays so far. It is
        played at Binance's futures.
    progress : callable, optional
        Called with plays done and plays in all.

    Returns
    -------
    Torture
        Counts, and each seed that failed with its least schedule.

    Raises
    ------
    ConfigError
        If a number is not above 0, a play would be shorter than an hour, or nothing is played at
        ``venue``.

    Notes
    -----
    Units: days.  Causal: the same seeds give the same ``trace`` in every process.  Missing: none.
    RELIABILITY 1, 2, 6.
    """
    from quorate.harness.ground import GROUNDS
    from quorate.harness.schedule import read

    if venue not in GROUNDS:
        raise ConfigError(
            f"nothing is played at {venue!r}", hint=f"a venue is one of: {', '.join(GROUNDS)}"
        )
    if record is not None:
        if venue != "binance":
            raise ConfigError(
                f"the whole programme is played at binance, not at {venue}",
                hint="leave the venue out, or the record",
            )
        return _recorded(record, workers, progress)
    plays = _drawn(seeds, first_seed, days) if schedule is None else [read(schedule)]
    found = _played(plays, venue, min(workers or os.cpu_count() or 1, len(plays)), progress)
    return _told(found, plays, venue)


def _played(
    plays: list[Schedule],
    venue: str,
    n_workers: int,
    progress: Callable[[int, int], None] | None,
) -> list[Played]:
    """Play schedules in so many processes; what came of them is in their own order."""
    from quorate.harness.life import play

    played = partial(play, venue=venue)
    found: list[Played] = []
    with nullcontext() if n_workers == 1 else _pool(n_workers) as pool:
        for one in map(played, plays) if pool is None else pool.map(played, plays):
            found.append(one)
            if progress is not None:
                progress(len(found), len(plays))
    return found


@contextmanager
def _pool(n_workers: int) -> Iterator[ProcessPoolExecutor]:
    """Give processes that are born with everything imported, and end with whoever asked."""
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if context.get_start_method() == "forkserver":
        context.set_forkserver_preload(["ccxt.pro", "quorate.harness.life"])
    others = set(multiprocessing.active_children())
    # an interrupt reaches them too: they say nothing of it
    told = (signal.SIGINT, signal.SIG_DFL)
    pool = ProcessPoolExecutor(n_workers, context, initializer=signal.signal, initargs=told)
    try:
        yield pool
    except BaseException:  # nobody waits for the plays that are under way
        for each in set(multiprocessing.active_children()) - others:
            each.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _drawn(seeds: int, first_seed: int, days: float) -> list[Schedule]:
    """Draw the schedules of so many seeds, all of one length."""
    from quorate.harness.schedule import drawn

    if seeds < 1 or first_seed < 0 or not days > 0:
        raise ConfigError(f"{seeds} seeds from {first_seed} over {days:g} days: give more")
    length_ms = int(days * DAY_MS / seeds)
    if length_ms < 3_600_000:
        raise ConfigError(
            f"{days:g} days over {seeds} seeds are {length_ms / 3.6e6:.2f} hours a play",
            hint="a play is an hour at least: fewer seeds, or more days",
        )
    return [drawn(first_seed + number, length_ms) for number in range(seeds)]


def _recorded(
    path: Path, workers: int | None, progress: Callable[[int, int], None] | None
) -> Torture:
    """Go on with the whole programme to its end, and return its counts."""
    from quorate.api import programme

    def plays(first_seed: int, seeds: int, days: float) -> Torture:
        return torture(seeds, first_seed=first_seed, days=days, workers=workers)

    kept = programme.go_on(path, plays, progress=progress)
    broken = dict(kept["violations_by_invariant"])
    broken["MESSAGES"] = len(kept["messages_wrong"])
    broken["REPLIES"] = len(kept["replies_wrong"])
    return Torture(
        seeds=kept["seeds"],
        first_seed=1,
        days=kept["days"],
        faults=kept["faults"],
        n_orders=kept["n_orders"],
        n_lives=kept["n_lives"],
        n_resting=kept["n_resting"],
        violations=sum(broken.values()),
        violations_by_invariant=broken,
        failures=tuple(Failure(**each) for each in kept["failures"]),
        trace=kept["traces"],
    )


def _told(found: list[Played], plays: Sequence[Schedule], venue: str) -> Torture:
    from quorate.harness.life import play
    from quorate.harness.schedule import written
    from quorate.harness.shrink import shrunk
    from quorate.records import stable_id

    faults: Counter[str] = Counter()
    broken: Counter[str] = Counter(dict.fromkeys(INVARIANTS, 0))
    failures = []
    for schedule, each in zip(plays, found, strict=True):
        faults += each.met
        broken.update(one.invariant for one in each.violations)
        if each.violations:
            first = each.violations[0]
            least = shrunk(
                schedule,
                lambda tried, name=first.invariant: any(  # type: ignore[misc]
                    one.invariant == name for one in play(tried, venue).violations
                ),
            )
            failures.append(Failure(each.seed, first.invariant, first.text, written(least)))
    return Torture(
        seeds=len(found),
        first_seed=plays[0].seed,
        days=sum(each.length_ms for each in found) / DAY_MS,
        faults=dict(sorted(faults.items())),
        n_orders=sum(each.n_orders for each in found),
        n_lives=sum(each.n_lives for each in found),
        n_resting=sum(bool(each.resting) for each in found),
        violations=sum(broken.values()),
        violations_by_invariant=dict(broken),
        failures=tuple(failures),
        trace=stable_id(*(each.trace for each in found)),
    )
