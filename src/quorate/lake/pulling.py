"""A venue's history goes into the lake page by page, and on from where the lake ends.

In: a venue, what of it, which symbols and span. Out: rows in the lake, and what was new, what the
venue had changed since, and what failed. A kill loses the page that was under way and no more: the
next call asks on from the last row stored.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from quorate.errors import DataError, VenueError
from quorate.lake import layout, manifest
from quorate.lake.layout import Key
from quorate.venues.market import opened
from quorate.venues.running import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from quorate.venues.client import Patience
    from quorate.venues.market import Kind, MarketData

_SETTLEMENT_MS: Final = 8 * 3_600_000
_INSTANT: Final = pl.Datetime("ms", "UTC")
_EVENT: Final = "event"
"""The interval of what has none."""

_HOUSES: Final = {"binanceusdm": "binance", "binancecoinm": "binance", "krakenfutures": "kraken"}
_LINEAR: Final = {"binance": "usdm", "bybit": "linear", "okx": "swap"}
_INVERSE: Final = {"binance": "coinm"}

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
    """What became of one symbol; ``changed`` has the columns of ``CHANGES``."""

    symbol: str
    key: Key
    name: str
    n_new: int
    n_asked: int
    changed: pl.DataFrame
    first: datetime | None
    last: datetime | None
    problem: VenueError | DataError | None = None


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
        If there is no such venue.

    Notes
    -----
    Units: as the venue gives them.  Causal: only closed bars.  Missing: holes stay holes.
    Rows that the venue gives as stored add nothing; of a row that it has changed, the new values
    are stored beside the old ones, known from the venue's present time on, and the change is told.
    One writer per symbol at a time, as for ``layout.store``.
    Spec 13.
    """

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


def vendor(venue: str, market: dict[str, Any]) -> str:
    """Return the lake's name for a venue's kind of market.

    Examples
    --------
    >>> vendor("binanceusdm", {"type": "swap", "linear": True})
    'binance_usdm'
    >>> vendor("kraken", {"type": "spot"}), vendor("hyperliquid", {"type": "swap", "linear": True})
    ('kraken_spot', 'hyperliquid_perp')
    """
    house = _HOUSES.get(venue, venue)
    if market["type"] == "spot":
        return f"{house}_spot"
    if market.get("inverse"):
        return f"{house}_{_INVERSE.get(house, 'inverse')}"
    return f"{house}_{_LINEAR.get(house, 'perp')}"


def name_of(market: dict[str, Any]) -> str:
    """Return the lake's name for a symbol, the same for all venues.

    Examples
    --------
    >>> name_of({"base": "BTC", "quote": "USDT", "symbol": "BTC/USDT:USDT"})
    'BTCUSDT'
    >>> name_of({"base": "BTC", "quote": "USDT", "symbol": "BTC/USDT:USDT-250328"})
    'BTCUSDT-250328'
    """
    _, _, settled = str(market["symbol"]).partition(":")
    _, dash, delivered = settled.partition("-")
    return f"{market['base']}{market['quote']}{dash}{delivered}"


class _Meter:
    """Rows done of rows in all, over all symbols."""

    def __init__(self, tell: Callable[[int, int], None] | None) -> None:
        self.tell = tell
        self.done = 0
        self.total = 0

    def add(self, done: int = 0, total: int = 0) -> None:
        self.done += done
        self.total += total
        if self.tell is not None:
            self.tell(min(self.done, self.total), self.total)


async def _all(
    data: MarketData,
    wanted: Wanted,
    root: Path,
    progress: Callable[[int, int], None] | None,
) -> tuple[Pulled, ...]:
    markets = [data.market(symbol) for symbol in wanted.symbols]  # all are known, or none is asked
    meter, slots = _Meter(progress), asyncio.Semaphore(wanted.n_at_once)

    async def one(market: dict[str, Any]) -> Pulled:
        async with slots:
            return await _Series(data, wanted, root, market, meter).pull()

    return tuple(await asyncio.gather(*(one(market) for market in markets)))


class _Series:
    """One symbol's way into the lake."""

    def __init__(
        self, data: MarketData, wanted: Wanted, root: Path, market: dict[str, Any], meter: _Meter
    ) -> None:
        self.data = data
        self.wanted = wanted
        self.root = root
        self.symbol = str(market["symbol"])
        self.name = name_of(market)
        interval = _EVENT if wanted.kind == "funding" else wanted.interval
        self.key = Key(wanted.vendor or vendor(wanted.venue, market), wanted.kind, interval)
        self.place = layout.folder(root, self.key) / f"symbol={self.name}"
        self.meter = meter
        self.n_new = self.n_asked = 0
        self.changes = [pl.DataFrame(schema=CHANGES)]

    async def pull(self) -> Pulled:
        problem = None
        try:
            await self._pages()
        except (VenueError, DataError) as error:
            problem = error
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
        )

    async def _pages(self) -> None:
        wanted, step_ms = self.wanted, self.data.step_ms(self.wanted.kind, self.wanted.interval)
        start_ms, end_ms = self._start_ms(), _ms(wanted.end)
        row_ms = step_ms or _SETTLEMENT_MS
        expected = max(min(end_ms, self.data.now_ms) - start_ms, 0) // row_ms
        self.meter.add(total=expected)
        done = 0
        async for page in self.data.history(
            wanted.kind, self.symbol, wanted.interval, start_ms, end_ms
        ):
            # In a thread: a slow disk must not hold back the other symbols.
            await asyncio.to_thread(self._store, page)
            passed = min(max((_ms(page["ts"][-1]) - start_ms) // row_ms + 1, done), expected)
            self.meter.add(done=passed - done)
            done = passed
        self.meter.add(done=expected - done)

    def _start_ms(self) -> int:
        """Return where to ask on: the rows stored last come again, to be compared."""
        start_ms = _ms(self.wanted.start)
        if self.wanted.again:
            return start_ms
        known = manifest.load(self.place) or {}
        tail: list[int] = []
        for month in sorted(known, reverse=True):
            rows = layout.read(self.root, self.key, [self.name], _instant(known[month].first_ms))
            tail = rows["ts"].dt.epoch("ms").to_list()[-self.wanted.overlap :]
            if len(tail) >= self.wanted.overlap:
                break
        return max(start_ms, tail[0]) if tail else start_ms

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
        if not manifest.load(self.place):
            return None
        first, last = page["ts"][0], page["ts"][-1]
        return layout.read(
            self.root, self.key, [self.name], first, last + timedelta(milliseconds=1)
        )

    def _ends(self) -> tuple[datetime | None, datetime | None]:
        known = manifest.load(self.place) or {}
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
