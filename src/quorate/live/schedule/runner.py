"""Who does what is due: begins runs, stops those over their limit, writes down how each ended.

In: a schedule, what is to be done of each job, the book of its runs. Out: rows. Nothing is decided
here (``due``): one job that fails, hangs or returns nonsense is a row and stops no other.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quorate.errors import ConfigError, StoreError
from quorate.live.schedule.command import Command, Failed, commanded
from quorate.live.schedule.due import Do, due, wake_ms
from quorate.live.schedule.jobs import check_schedule
from quorate.records import canonical_json
from quorate.store.jobs import JobRun, JobState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from quorate.live.schedule.command import Work
    from quorate.live.schedule.due import Due
    from quorate.live.schedule.jobs import Job
    from quorate.store.jobs import JobBook

ENDED: Final = "the desk ended"
_LOOK_BACK_MS: Final = 8 * 86_400_000
_END_S: Final = 30.0
_STATES: Final = {Do.SKIP: JobState.SKIPPED, Do.MISS: JobState.MISSED}


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _elapsed_ms() -> int:
    return time.monotonic_ns() // 1_000_000


class Clock(NamedTuple):
    """The time that somebody may set, the one that nobody does, in ms, and how to wait."""

    now_ms: Callable[[], int] = _now_ms
    elapsed_ms: Callable[[], int] = _elapsed_ms
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Ended(NamedTuple):
    """How a run ended: its state, why, plain values, when."""

    state: JobState
    reason: str
    detail: Mapping[str, Any]
    at_ms: int


@dataclass
class _Going:
    task: asyncio.Task[Mapping[str, Any] | Failed | None]
    began_ms: int
    said: str
    stopped: str = ""
    ended: Ended | None = None


class Runner:
    """Does a schedule, in one asyncio loop.

    Parameters
    ----------
    schedule : sequence of Job
        In the order in which runs of one time begin.
    work : mapping
        For each job a function of the planned time that returns a coroutine, or a ``Command``.
    book : JobBook
        Of the runs; a life of its own.
    folder : Path
        Of what commands print.
    clock : Clock
        The machine's when left out.
    tell : callable, optional
        Called with what an operator has to know: the store that fails.
    beat_s : float
        So often it is looked at the clock at least: one that was set, or a machine that slept, is
        noticed by then.

    Raises
    ------
    ConfigError
        A job has nothing that does it, or the other way round; two have one name.

    Notes
    -----
    Units: ms since 1970, UTC; limits by a clock that nobody sets.  Causal: real time.  Missing:
    while the store fails nothing is begun, for it could be begun twice; what is going goes on.
    Spec 15.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from quorate.live.schedule.jobs import Job
    >>> from quorate.store import open_store
    >>> async def scan(planned_ms):
    ...     return {"coins": 3}
    >>> async def noon(book):
    ...     clock = Clock(now_ms=lambda: 43_200_000)
    ...     runner = Runner([Job(name="scan", cron="0 * * * *")], {"scan": scan}, book, clock=clock)
    ...     await runner.tick()
    >>> with TemporaryDirectory() as folder, open_store(Path(folder) / "store.db") as store:
    ...     book = store.jobs()
    ...     asyncio.run(noon(book))
    ...     print([str(run.state) for run in book.between(0, 86_400_000)])
    ...     book.close()
    ['skipped']
    """

    def __init__(
        self,
        schedule: Sequence[Job],
        work: Mapping[str, Work | Command],
        book: JobBook,
        *,
        folder: Path = Path("jobs"),
        clock: Clock | None = None,
        tell: Callable[[str], None] | None = None,
        beat_s: float = 15.0,
    ) -> None:
        check_schedule(schedule)
        _check_work([job.name for job in schedule], work)
        self._schedule = tuple(schedule)
        self._work = {name: working(each, name, folder) for name, each in work.items()}
        self._book = book
        self._clock = clock or Clock()
        self._tell = tell or (lambda _text: None)
        self._beat_s = beat_s
        self._going: dict[tuple[str, int], _Going] = {}
        self._wake = asyncio.Event()
        self._is_ending = False
        self._settled_ms: int | None = None
        self._told = ""

    async def run(self) -> None:
        """Do what is due until ``stop``; then stop what is going, which is lost."""
        try:
            while not self._is_ending:
                await self._try()
                await self._pause()
        finally:
            await self._end()

    def stop(self) -> None:
        """Have ``run`` return soon."""
        self._is_ending = True
        self._wake.set()

    async def tick(self) -> None:
        """Do all that is due now.

        Raises
        ------
        StoreError
            The store fails; what ended meanwhile is written down the next time.
        """
        await self._write_ends()
        if self._settled_ms is None:
            await self._lose_gone()
        while found := await self._due():
            records: list[JobRun] = []
            for each in found:
                if each.do in _STATES:
                    key = (each.job, each.planned_ms)
                    records.append(JobRun(*key, _STATES[each.do], each.reason))
                else:
                    await self._flush(records)
                    await self._carry_out(each)
            await self._flush(records)

    async def _try(self) -> None:
        try:
            await self.tick()
        except StoreError as error:
            if str(error) != self._told:
                self._tell(f"nothing is begun while the store fails: {error}")
            self._told = str(error)
        else:
            self._told = ""

    async def _due(self) -> list[Due]:
        """Return what is due and was not done of it yet; an empty list settles all up to now."""
        now_ms = self._clock.now_ms()
        before = self._settled_ms
        since_ms = now_ms - _LOOK_BACK_MS if before is None else min(before, now_ms)
        rows = await asyncio.to_thread(
            self._book.since, dict.fromkeys((job.name for job in self._schedule), since_ms)
        )
        owners = {row.owner for row in rows if row.state is JobState.STARTED}
        living = await asyncio.to_thread(self._book.living, owners)
        elapsed_ms = self._clock.elapsed_ms()
        went = {key: elapsed_ms - each.began_ms for key, each in self._going.items()}
        found = due(self._schedule, rows, now_ms, going=went, living=living)
        found = [
            each
            for each in found
            if each.do is not Do.STOP or not self._going[each.job, each.planned_ms].stopped
        ]
        if not found:
            self._settled_ms = now_ms
        return found

    async def _flush(self, records: list[JobRun]) -> None:
        if records:
            await asyncio.to_thread(self._book.record, tuple(records))
            records.clear()

    async def _carry_out(self, each: Due) -> None:
        key = (each.job, each.planned_ms)
        if each.do is Do.START:
            await self._begin(each)
        elif each.do is Do.STOP:
            going = self._going[key]
            going.stopped = each.reason
            going.task.cancel()
        elif each.do is Do.WITHDRAW:
            await asyncio.to_thread(self._book.withdraw, *key)
        else:
            await self._lose(key, each.reason)

    async def _begin(self, each: Due) -> None:
        key = (each.job, each.planned_ms)
        is_mine = await asyncio.to_thread(
            lambda: self._book.claim(
                *key, self._clock.now_ms(), attempt=each.attempt, reason=each.reason
            )
        )
        if is_mine:
            task = asyncio.create_task(guarded(self._work[each.job], each.planned_ms))
            task.add_done_callback(lambda _task: self._wake.set())
            self._going[key] = _Going(task, self._clock.elapsed_ms(), each.reason)

    async def _lose(self, key: tuple[str, int], reason: str) -> None:
        rows = await asyncio.to_thread(self._book.since, {key[0]: key[1]})
        now_ms = self._clock.now_ms()
        for row in rows:
            if (row.job, row.planned_ms) == key:
                await asyncio.to_thread(self._book.lose, row, now_ms, reason)

    async def _lose_gone(self) -> None:
        """Say of what earlier lives never ended that it is lost, of jobs that are no more too."""
        names = {job.name for job in self._schedule}
        for row in await asyncio.to_thread(self._book.gone):
            if row.job not in names:
                await asyncio.to_thread(self._book.lose, row, self._clock.now_ms(), ENDED)

    async def _write_ends(self) -> None:
        for key, going in list(self._going.items()):
            if not going.task.done():
                continue
            if going.ended is None:
                how = ended(going.task, self._clock.now_ms(), stopped=going.stopped)
                if self._is_ending and going.task.cancelled() and not going.stopped:
                    how = how._replace(state=JobState.LOST, reason=ENDED)
                said = "; ".join(filter(None, (going.said, how.reason)))
                going.ended = how._replace(reason=said)
            how = going.ended
            await asyncio.to_thread(
                self._book.end, *key, how.state, how.at_ms, how.reason, how.detail
            )
            del self._going[key]

    async def _pause(self) -> None:
        """Wait for the next time, for a run that ends, or for one that comes to its limit."""
        now_ms, elapsed_ms = self._clock.now_ms(), self._clock.elapsed_ms()
        waits = [self._beat_s * 1000.0]
        at_ms = wake_ms(self._schedule, now_ms)
        if at_ms is not None:
            waits.append(at_ms - now_ms)
        limits = {job.name: job.deadline_s * 1000 for job in self._schedule}
        for (name, _), going in self._going.items():
            if not going.stopped and not going.task.done():
                waits.append(going.began_ms + limits[name] + 1 - elapsed_ms)
        if not self._is_ending:
            slept = asyncio.ensure_future(self._clock.sleep(max(1.0, min(waits)) / 1000.0))
            woken = asyncio.ensure_future(self._wake.wait())
            try:
                await asyncio.wait({slept, woken}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in (slept, woken):
                    each.cancel()
                await asyncio.gather(slept, woken, return_exceptions=True)
        self._wake.clear()

    async def _end(self) -> None:
        self._is_ending = True
        tasks = [going.task for going in self._going.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_END_S)
        try:
            await self._write_ends()
        except StoreError as error:
            self._tell(f"what ended is not written down, and will be taken as lost: {error}")


def working(each: Work | Command, name: str, folder: Path) -> Work:
    """Return the work of what does a job."""
    return commanded(each, name, folder) if isinstance(each, Command) else each


async def guarded(work: Work, planned_ms: int) -> Mapping[str, Any] | Failed | None:
    """Do the work; what would end the process, were it raised in a task, is a failure."""
    try:
        return await work(planned_ms)
    except SystemExit as stop:
        return Failed(f"it wanted to end the process, with {stop.code}", {})


def ended(
    task: asyncio.Task[Mapping[str, Any] | Failed | None], at_ms: int, *, stopped: str = ""
) -> Ended:
    """Return how a task that is done ended; ``stopped`` says why it was cancelled."""
    if task.cancelled():
        return Ended(JobState.FAILED, stopped or "it was cancelled", {}, at_ms)
    error = task.exception()
    if error is not None:
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return Ended(JobState.FAILED, stopped or text, {}, at_ms)
    found = task.result()
    if isinstance(found, Failed):
        how = Ended(JobState.FAILED, found.reason, found.detail, at_ms)
    else:
        how = Ended(JobState.DONE, "", found or {}, at_ms)
    try:
        canonical_json(dict(how.detail))
    except (TypeError, ValueError) as wrong:
        return Ended(JobState.FAILED, f"what it came to cannot be written: {wrong}", {}, at_ms)
    return how


def _check_work(names: Sequence[str], work: Mapping[str, object]) -> None:
    for name in names:
        if name not in work:
            raise ConfigError(f"nothing does the job {name}", hint="give its work, or leave it out")
    for name in work:
        if name not in names:
            raise ConfigError(
                f"the job {name} is in no schedule", hint=f"there are {', '.join(names)}"
            )
