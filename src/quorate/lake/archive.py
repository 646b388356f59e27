"""Pull the public bulk archive into the lake: only what is new, or what the vendor corrected.

1. What is published is listed, a few requests a symbol (``venues.archive.listing``); where no list
   is to be had, files are asked for one by one.
2. The span is planned (``venues.archive.plan``): a month's own file, else its days.
3. A file taken before is left alone, by its tags in the list or by its checksum (``taken``).
4. The others are brought side by side (``venues.archive.taking``), and stored month by month,
   one at a time (``storing``).

A kill at any moment loses nothing: rows are stored in one step, files are noted after their rows,
and half a file is gone on with. No clock is read here; the day and the time are arguments.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from quorate.errors import (
    ConfigError,
    DataError,
    RateLimitError,
    StorageError,
    VenueError,
    VenueUnavailableError,
)
from quorate.lake import asking, layout, taken
from quorate.lake.published import Look
from quorate.lake.pulled import Count, Failure, Progress, Pulled, Tally
from quorate.lake.storing import Brought, present, store
from quorate.venues.archive import listing, taking
from quorate.venues.archive.names import VENDORS, Series, is_symbol
from quorate.venues.archive.plan import MonthPlan, months
from quorate.venues.running import run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import date
    from pathlib import Path

    from quorate.venues.archive.listing import Listed
    from quorate.venues.archive.names import File
    from quorate.venues.http import Limits, Session

_Got = Brought | Literal["known", "failed"] | None
"""What came of a file; None if it is not published."""

T = TypeVar("T")
R = TypeVar("R")

_GIVEN_UP = 3
"""Files given up one after the other, none taken between, after which a pull ends."""


class Wanted(NamedTuple):
    """What to pull: days ``[start, end)`` of some symbols, or of all that are usual.

    ``listing`` is the address that lists ``url``'s files.
    """

    series: Series
    start: date
    end: date
    symbols: tuple[str, ...] | None
    url: str
    listing: str


def pull(
    root: Path,
    wanted: Wanted,
    *,
    today: date,
    at: str,
    limits: Limits | None,
    told: Callable[[Progress], None],
) -> Pulled:
    """Pull files of the archive into the lake.

    Parameters
    ----------
    root : Path
        The lake's folder; made if missing.
    wanted : Wanted
        What, of whom, from where.
    today : date
        The day it is, UTC.
    at : str
        The time it is, for the record of what was taken.
    limits : Limits or None
        How much at once, how patiently; the defaults if None.
    told : callable
        Called with a ``Progress`` as bytes and files come.

    Returns
    -------
    Pulled
        A file that cannot be had does not keep the others from coming; it is a failure there.

    Raises
    ------
    VenueUnavailableError
        The archive does not answer.
    RateLimitError
        It wants to be left alone for long.
    DataError
        The disk refuses.
    VenueError
        It lists no symbols, and none were named.

    Notes
    -----
    Units: as ``venues.archive.rows``.  Causal: nothing is asked for before its day is over.
    Missing: what is not published is told, not filled.  Spec 13.
    """

    async def all_of_it() -> Pulled:
        try:
            from quorate.venues.http import Limits, Session
        except ImportError as error:
            raise ConfigError(
                "pulling needs the package httpx, which is not installed",
                hint='install it: pip install "quorate[data]"',
            ) from error
        async with Session(limits or Limits()) as session:
            return await _Pull(root, wanted, today, at, session, Tally(told)).all()

    return run(all_of_it)


class _Pull:
    """One pull under way."""

    def __init__(
        self, root: Path, wanted: Wanted, today: date, at: str, session: Session, tally: Tally
    ) -> None:
        self.root, self.wanted, self.today, self.at = root, wanted, today, at
        self.session, self.tally = session, tally
        series = wanted.series
        self.key = layout.Key(VENDORS[series.market], series.kind, series.interval or "event")
        self.present = present(root, self.key)
        self.writing = asyncio.Lock()
        self.n_given_up = 0
        self.has_list = True

    async def all(self) -> Pulled:
        """Do it all."""
        wanted, tally = self.wanted, self.tally
        found = wanted.symbols or await self._symbols()
        tally.counts = {symbol: Count(symbol) for symbol in found}
        with ExitStack() as locks:
            await self._bring_all([each for each in found if self._is_free(each, locks)])
        if wanted.end > self.today:
            tally.notes.append(f"from {self.today} on nothing can be published yet")
        return tally.pulled(str(layout.folder(self.root, self.key)))

    def _is_free(self, symbol: str, locks: ExitStack) -> bool:
        """Return whether nobody else pulls a symbol, and keep others out; else note a failure."""
        where = taken.lock(self.root, self.key, self.wanted.series.named(symbol))
        try:
            locks.enter_context(asking.alone(where, symbol))
        except DataError as error:
            if isinstance(error, StorageError) or isinstance(error.__cause__, OSError):
                raise  # the disk would refuse the others too
            self.tally.fail(symbol, symbol, error)
            return False
        return True

    async def _bring_all(self, symbols: Sequence[str]) -> None:
        """Bring all files of some symbols."""
        wanted, tally = self.wanted, self.tally
        looks = await self._each(symbols, self._look)
        for look in looks:
            files = [file for month in look.months for file in look.likely(month)]
            tally.step(of_files=len(files), of_bytes=sum(look.size(file) for file in files))
        works = [(look, month) for look in looks for month in look.months]
        await self._each(works, self._month)
        failed = {each.symbol for each in tally.failures}
        taken.clear(
            self.root,
            self.key,
            {wanted.series.named(each) for each in symbols if each not in failed},
        )
        if wanted.symbols:
            self._fail_empty(looks)

    async def _symbols(self) -> tuple[str, ...]:
        """Return all usual symbols that the archive has or had."""
        series, found = self.wanted.series, set[str]()
        for monthly in (True, False) if series.has_days else (True,):
            folder = series.folder(monthly=monthly)
            got = await listing.listed(self.session, self.wanted.listing, folder)
            if got is None:
                raise VenueError(
                    f"{self.wanted.listing} does not list the symbols of the archive",
                    hint="name them: --symbols BTCUSDT ETHUSDT",
                )
            found |= {each.removeprefix(folder).rstrip("/") for each in got[1]}
        usual = {each for each in found if series.is_usual(each)}
        odd = sorted(each for each in usual if not is_symbol(each))
        if odd:
            self.tally.notes.append(f"left out, no name for a folder: {', '.join(odd)}")
        return tuple(sorted(usual - set(odd)))

    async def _look(self, symbol: str) -> Look:
        """Plan a symbol, and list what is published of it."""
        wanted = self.wanted
        plan = months(wanted.series, symbol, wanted.start, wanted.end, self.today)
        known = taken.read(self.root, self.key, symbol)
        stored = self.present.get(symbol, set())
        look = Look(symbol, plan, await self._list(symbol, monthly=True), known, stored)
        lacking = look.lacks()
        if look.listed is not None and lacking:
            after = lacking[0].days[0].key.rpartition("-")[0]
            days = await self._list(symbol, monthly=False, after=after)
            look = look._replace(listed=None if days is None else look.listed | days)
        return look

    async def _list(
        self, symbol: str, *, monthly: bool, after: str = ""
    ) -> dict[str, Listed] | None:
        """Return what is listed of a symbol, None if no list is to be had."""
        folder = self.wanted.series.folder(monthly=monthly, symbol=symbol)
        found = None
        if self.has_list:
            try:
                found = await listing.listed(self.session, self.wanted.listing, folder, after)
            except VenueUnavailableError:
                self.has_list = False
        self.has_list &= found is not None
        return None if found is None else found[0]

    async def _month(self, work: tuple[Look, MonthPlan]) -> None:
        """Bring a month of a symbol and store it."""
        look, month = work
        got = [] if month.whole is None else [await self._bring(look, month.whole)]
        if not got or got[0] is None:
            was_listed = month.whole is not None and look.may_be_had(month.whole)
            # A list that named a file which is not there is not believed about the days either.
            got = await self._days(look._replace(listed=None) if was_listed else look, month)
        count = self.tally.counts[look.symbol]
        count.n_known += sum(one == "known" for one in got)
        brought = [one for one in got if isinstance(one, Brought)]
        if brought:
            async with self.writing:
                await self._store(look.symbol, brought)
        n_files = sum(one is not None for one in got)
        self.tally.step(n_files=n_files, of_files=n_files - len(look.likely(month)))

    async def _days(self, look: Look, month: MonthPlan) -> list[_Got]:
        """Bring the days of a month that has no file of its own."""
        got = list(await asyncio.gather(*(self._bring(look, day) for day in month.days)))
        if not month.days:
            self.tally.miss(look.symbol, month.start, month.end)
        for day, one in zip(month.days, got, strict=True):
            if one is None:
                self.tally.miss(look.symbol, day.period.first, day.period.end)
        return got

    async def _store(self, symbol: str, brought: list[Brought]) -> None:
        """Put files into the lake, in a thread: the others go on coming."""
        tally = self.tally
        try:
            done = await asyncio.to_thread(store, self.root, self.key, symbol, brought, self.at)
        except DataError as error:
            if isinstance(error, StorageError) or isinstance(error.__cause__, OSError):
                raise  # the disk or the bucket would refuse the others too
            for each in brought:
                tally.fail(symbol, f"{each.file.name}.zip", error)
            return
        count = tally.counts[symbol]
        count.n_taken += len(done.files)
        count.n_rows += sum(each.n_rows for each in done.files)
        count.n_bytes += sum(each.size for each in done.files)
        count.n_doubled += done.n_doubled
        tally.corrections += done.corrections
        tally.failures += done.failures

    async def _bring(self, look: Look, file: File) -> _Got:
        """Bring one file, if it is published and new; a failure is noted."""
        if not look.may_be_had(file):
            return None
        if look.is_taken(file):
            return "known"
        try:
            return await self._fetch(look, file)
        except RateLimitError:
            raise
        except VenueUnavailableError as error:
            self.n_given_up += 1
            if self.n_given_up >= _GIVEN_UP:
                raise
            self.tally.fail(look.symbol, f"{file.name}.zip", error)
        except (DataError, VenueError) as error:
            if isinstance(error, StorageError) or isinstance(error.__cause__, OSError):
                raise  # the disk or the bucket would refuse the others too
            self.tally.fail(look.symbol, f"{file.name}.zip", error)
        return "failed"

    async def _fetch(self, look: Look, file: File) -> _Got:
        """Bring one file into the cache, unless its checksum is that of the one taken before."""
        sha256 = await taking.checksum(self.session, self.wanted.url, file)
        if sha256 is None:
            return None
        if look.is_taken(file, sha256):
            return "known"
        folder = taken.cache(self.root, self.key)
        came = await taking.take(
            self.session,
            self.wanted.url,
            file,
            sha256,
            folder,
            lambda n: self.tally.step(n_bytes=n),
        )
        if came is None:
            return None
        self.n_given_up = 0
        path, sha256 = came
        before = look.taken.get(file.key)
        was = "" if before is None else before.sha256
        return Brought(file, path, sha256, path.stat().st_size, look.tags(file), was)

    def _fail_empty(self, looks: list[Look]) -> None:
        """Fail symbols that were named and of which nothing is published."""
        failed = {each.symbol for each in self.tally.failures}
        for look in looks:
            count = self.tally.counts[look.symbol]
            if look.months and not (count.n_taken + count.n_known) and look.symbol not in failed:
                where = self.wanted.series.folder(monthly=True, symbol=look.symbol)
                span = f"{look.months[0].start} to {look.months[-1].end}"
                why = f"nothing is published under {where} from {span}"
                hint = "check the symbol's spelling, the market and the span"
                self.tally.failures.append(Failure(look.symbol, look.symbol, why, hint))

    async def _each(self, items: Sequence[T], work: Callable[[T], Awaitable[R]]) -> list[R]:
        """Work through items, some at once, results in their order; the first error ends all."""
        found: dict[int, R] = {}
        queue = iter(enumerate(items))

        async def worker() -> None:
            for n, item in queue:
                found[n] = await work(item)

        workers = [asyncio.create_task(worker()) for _ in range(self.session.limits.n_jobs)]
        try:
            await asyncio.gather(*workers)
        finally:
            for each in workers:
                each.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return [found[n] for n in range(len(items))]
