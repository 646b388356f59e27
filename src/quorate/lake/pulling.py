"""A venue's history goes into the lake page by page: what the lake lacks, and no more.

In: a venue, what of it, which symbols and span. Out: rows in the lake, and what was new, what the
venue had changed since, what it does not have, and what failed. A kill loses the page that was
under way and no more: the next call asks for what is lacking (``asking``).
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from quorate.errors import ConfigError, DataError, VenueError
from quorate.lake import asking, layout, manifest
from quorate.lake.asking import Span
from quorate.lake.kinds import refuse_months
from quorate.lake.layout import Key
from quorate.lake.spelling import name_of, vendor
from quorate.venues.market import opened
from quorate.venues.running import run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from quorate.venues.client import Patience
    from quorate.venues.market import Kind, MarketData

_SETTLEMENT_MS: Final = 8 * 3_600_000
_INSTANT: Final = pl.Datetime("ms", "UTC")
_EVENT: Final = "event"
"""The interval of what has none."""

CHANGES: Final = pl.Schema(
    {"ts": _INSTANT, "column": pl.String(), "was": pl.Float64(), "now": pl.Float64()}
)


class Wanted(NamedTuple):
    """What is to be pulled.

    Notes
    -----
    Units: ``start`` and ``end`` UTC, the first included, the second not. ``overlap`` is how many
    of the rows stored last are asked for again, to see whether the venue has changed them;
    ``again`` asks for the whole span. ``n_at_once`` symbols are asked for side by side.
    """

    venue: str
    kind: Kind
    interval: str
    symbols: tuple[str, ...]
    start: datetime
    end: datetime
    vendor: str | None = None
    overlap: int = 10
    again: bool = False
    n_at_once: int = 4


class Pulled(NamedTuple):
    """What became of one symbol; ``changed`` has the columns of ``CHANGES``.

    ``empty`` are the spans, ends not included, of which the venue had nothing when it was asked.
    """

    symbol: str
    key: Key
    name: str
    n_new: int
    n_asked: int
    changed: pl.DataFrame
    first: datetime | None
    last: datetime | None
    problem: VenueError | DataError | None = None
    empty: tuple[tuple[datetime, datetime], ...] = ()


def pull(
    wanted: Wanted,
    root: Path,
    *,
    url: str | None = None,
    patience: Patience | None = None,
    now: datetime | None = None,
    page_rows: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Pulled, ...]:
    """Fetch what the lake does not hold yet, and store it page by page.

    Parameters
    ----------
    wanted : Wanted
        Which venue, series, symbols and span.
    root : Path
        The lake's folder; made if missing.
    url, patience, now, page_rows
        As ``venues.market.opened``.
    progress : callable, optional
        Called with rows done and rows in all.

    Returns
    -------
    tuple of Pulled
        One a symbol, in the order they were given. A symbol that failed carries its problem and
        keeps what was fetched before; the others go on.

    Raises
    ------
    VenueError
        If the venue cannot be reached at all.
    ConfigError
        If there is no such venue, or two symbols have one place in the lake.
    DataError
        If the disk refuses.

    Notes
    -----
    Units: as the venue gives them.  Causal: only closed bars.  Missing: holes stay holes.
    Rows that the venue gives as stored add nothing; of a row that it has changed, the new values
    are stored beside the old ones, known from the venue's present time on, and the change is told.
    One pull and one writer per symbol at a time.
    Spec 13.
    """
    refuse_months(wanted.kind, wanted.interval)

    async def gather() -> tuple[Pulled, ...]:
        async with opened(
            wanted.venue,
            symbols=wanted.symbols,
            url=url,
            patience=patience,
            now=now,
            page_rows=page_rows,
        ) as data:
            return await _all(data, wanted, root, progress)

    return run(gather)


class _Meter:
    """Rows done of rows in all, over all symbols."""

    def __init__(self, tell: Callable[[int, int], None] | None) -> None:
        self.tell = tell
        self.done = 0
        self.total = 0

    def add(self, done: int = 0, total: int = 0) -> None:
        self.done += done
        self.total += total
        if self.tell is not None and (done or total):
            self.tell(self.done, self.total)


async def _all(
    data: MarketData,
    wanted: Wanted,
    root: Path,
    progress: Callable[[int, int], None] | None,
) -> tuple[Pulled, ...]:
    markets = [data.market(symbol) for symbol in wanted.symbols]  # all are known, or none is asked
    meter, slots = _Meter(progress), asyncio.Semaphore(wanted.n_at_once)
    every = [_Series(data, wanted, root, market, meter) for market in markets]
    _check_apart(every)
    # All first: a bar that learns of its symbols one by one promises too early an end.
    n_rows = await asyncio.gather(*(asyncio.to_thread(each.expected) for each in every))
    meter.add(total=sum(n_rows))

    async def one(series: _Series) -> Pulled:
        async with slots:
            return await series.pull()

    works = [asyncio.create_task(one(series)) for series in every]
    try:
        return tuple(await asyncio.gather(*works))
    finally:
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)


def _check_apart(every: Sequence[_Series]) -> None:
    """Refuse two symbols that would be written to one place."""
    places: dict[Path, str] = {}
    for each in every:
        other = places.get(each.stored.place)
        places[each.stored.place] = each.symbol
        if other is not None:
            raise ConfigError(
                f"{other} and {each.symbol} are both {each.name} of {each.key.vendor} in the lake",
                hint="name each symbol once; pull two that share a name one by one, as two vendors",
            )


class _Series:
    """One symbol's way into the lake."""

    def __init__(
        self, data: MarketData, wanted: Wanted, root: Path, market: dict[str, Any], meter: _Meter
    ) -> None:
        self.data = data
        self.wanted = wanted
        self.root = root
        self.symbol = str(market["symbol"])
        self.is_active = bool(market.get("active"))
        self.name = name_of(market)
        interval = _EVENT if wanted.kind == "funding" else wanted.interval
        self.key = Key(wanted.vendor or vendor(wanted.venue, market), wanted.kind, interval)
        step_ms = data.step_ms(wanted.kind, wanted.interval)
        self.stored = asking.Stored(root, self.key, self.name, step_ms)
        self.row_ms = step_ms or _SETTLEMENT_MS
        self.span = Span(_ms(wanted.start), min(_ms(wanted.end), data.now_ms + 1))
        self.meter = meter
        self.left = 0
        self.n_new = self.n_asked = 0
        self.changes = [pl.DataFrame(schema=CHANGES)]
        self.empty: list[Span] = []

    def expected(self) -> int:
        """Return how many rows are to come, as far as can be known."""
        try:
            self.left = sum(self._n_rows(*span) for span in self._spans())
        except DataError:
            self.left = 0  # told when its turn comes
        return self.left

    async def pull(self) -> Pulled:
        problem = None
        try:
            with asking.alone(self.stored.notes, self.symbol):
                await asyncio.to_thread(asking.settle, self.stored)
                spans = await asyncio.to_thread(self._spans)
                for span in spans:
                    await self._pages(span)
                await asyncio.to_thread(self._note_empty, spans)
        except (VenueError, DataError) as error:
            if isinstance(error.__cause__, OSError):
                raise  # the disk would refuse the others too
            problem = error
        self._expect(0)
        first, last = self._ends()
        changed = pl.concat(self.changes)
        return Pulled(
            self.symbol,
            self.key,
            self.name,
            self.n_new,
            self.n_asked,
            changed,
            first,
            last,
            problem,
            tuple((_instant(low), _instant(high)) for low, high in self.empty),
        )

    def _spans(self) -> list[Span]:
        """Return what to ask for: what is lacking, and the rows stored last, to be compared."""
        if self.wanted.again:
            return asking.union([self.span])
        spans = asking.lacking(self.stored, self.span, asking.empty(self.stored))
        tail = asking.latest(self.stored, self.wanted.overlap)
        if tail is not None:
            low, high = self.span
            spans.append(Span(max(tail.start_ms, low), min(tail.end_ms, high)))
        return asking.union(spans)

    async def _pages(self, span: Span) -> None:
        wanted, rest = self.wanted, self.left - self._n_rows(*span)
        known = manifest.load(self.stored.place) or {}
        is_within = any(month.last_ms >= span.end_ms for month in known.values())
        async for page in self.data.history(
            wanted.kind, self.symbol, wanted.interval, *span, may_be_empty=is_within
        ):
            # In a thread: a slow disk must not hold back the other symbols.
            await asyncio.to_thread(self._store, page)
            first, last = _ms(page["ts"][0]), _ms(page["ts"][-1])
            if not self.stored.step_ms and page.height > 1:
                self.row_ms = max((last - first) // (page.height - 1), 1)
            left = self._n_rows(last + self.row_ms, span.end_ms)
            self._expect(max(rest, 0) + left, page.height)
        self._expect(max(rest, 0))

    def _n_rows(self, low_ms: int, high_ms: int) -> int:
        return max(high_ms - low_ms, 0) // self.row_ms

    def _expect(self, left: int, done: int = 0) -> None:
        """Tell of rows done, and that so many are left: a hole makes them fewer, not done."""
        self.meter.add(done, done + left - self.left)
        self.left = left

    def _note_empty(self, asked: Sequence[Span]) -> None:
        """Note where the venue has nothing: no row came of it although it was asked to the end."""
        known = manifest.load(self.stored.place) or {}
        # A market that trades may still tell of what lies behind its last row.
        end = max((month.last_ms for month in known.values()), default=0)
        within = [Span(low, min(high, end) if self.is_active else high) for low, high in asked]
        lacking = asking.lacking(self.stored, self.span)
        none = asking.without(lacking, asking.without([self.span], within))
        asking.note_empty(self.stored, none)
        # Settlements have no grid: between them a longer interval is no hole to tell of.
        begin = min((month.first_ms for month in known.values()), default=end)
        self.empty = [each for each in none if self.stored.step_ms or each.end_ms <= begin]

    def _store(self, page: pl.DataFrame) -> None:
        """Write the rows of a page that the lake does not hold as they are."""
        self.n_asked += page.height
        stored = self._stored(page)
        if stored is None:
            self.n_new += page.height
        else:
            self.n_new += int((~page["ts"].is_in(stored["ts"].implode())).sum())
            self.changes.append(differences(stored, page))
        # rows that say what is stored add nothing; what a venue has changed is known from now on
        layout.store(page, self.root, self.key, self.name, corrected_at=self.data.now_ms)

    def _stored(self, page: pl.DataFrame) -> pl.DataFrame | None:
        """Return what is stored of a page's span; None if nothing is stored of the symbol."""
        if not manifest.load(self.stored.place):
            return None
        first, last = page["ts"][0], page["ts"][-1]
        return layout.read(
            self.root, self.key, [self.name], first, last + timedelta(milliseconds=1)
        )

    def _ends(self) -> tuple[datetime | None, datetime | None]:
        known = manifest.load(self.stored.place) or {}
        if not known:
            return None, None
        return (
            _instant(min(month.first_ms for month in known.values())),
            _instant(max(month.last_ms for month in known.values())),
        )


def differences(stored: pl.DataFrame, page: pl.DataFrame) -> pl.DataFrame:
    """Return every value that a page tells otherwise than the stored rows of the same times.

    Returns
    -------
    polars.DataFrame
        Columns of ``CHANGES``, in order of time.
    """
    columns = [name for name in page.columns if name != "ts" and name in stored.columns]
    both = stored.join(page, on="ts", suffix=" now")
    parts = [
        both.filter(pl.col(name).ne_missing(pl.col(f"{name} now"))).select(
            pl.col("ts").cast(_INSTANT),
            pl.lit(name).alias("column"),
            pl.col(name).cast(pl.Float64).alias("was"),
            pl.col(f"{name} now").cast(pl.Float64).alias("now"),
        )
        for name in columns
    ]
    return pl.concat([pl.DataFrame(schema=CHANGES), *parts]).sort("ts", "column")


def _instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1e3, UTC)


def _ms(when: datetime) -> int:
    return round(when.replace(tzinfo=when.tzinfo or UTC).timestamp() * 1e3)
