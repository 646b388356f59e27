"""Public market data of any venue that ccxt knows: read-only, page by page, within its limits.

In: a venue, a symbol, a span. Out: frames with the columns of the lake, handed over page by page,
so that whoever stores them loses at most a page. The bar that is still forming is never handed
over; what time it is, the venue says, or the caller.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

from quorate.errors import NotOfferedError
from quorate.venues import frames
from quorate.venues.client import connected
from quorate.venues.numbered import NUMBERED, Pages, refuse_newest
from quorate.venues.paging import Walk, pages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

    import polars as pl

    from quorate.venues.client import Client, Patience
    from quorate.venues.paging import Row

Kind = Literal["ohlcv", "mark", "index", "funding", "open_interest"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS
_FEW: Final = 2
_OPEN_ENDED: Final = frozenset({"binance", "binanceusdm", "binancecoinm", "binanceus"})
"""Their pages begin at the first row from a time on, however late, so an empty one is the last."""


class _Method(NamedTuple):
    """How a kind is asked for: its capability and method in ccxt, and a page's usual length."""

    capability: str
    name: str
    limit: int
    takes_interval: bool = True


_METHODS: Final = {
    "ohlcv": _Method("fetchOHLCV", "fetch_ohlcv", 500),
    "mark": _Method("fetchMarkOHLCV", "fetch_mark_ohlcv", 200),
    "index": _Method("fetchIndexOHLCV", "fetch_index_ohlcv", 200),
    "funding": _Method("fetchFundingRateHistory", "fetch_funding_rate_history", 100, False),  # noqa: FBT003  (a table)
    "open_interest": _Method("fetchOpenInterestHistory", "fetch_open_interest_history", 100),
}
_LONGER: Final = {
    ("binanceusdm", "mark"): 1000,
    ("binanceusdm", "index"): 1000,
    ("binanceusdm", "ohlcv"): 1000,
    ("binanceusdm", "funding"): 1000,
    ("binanceusdm", "open_interest"): 500,
    ("bybit", "funding"): 200,
    ("okx", "ohlcv"): 100,  # of what is older than the last 1440 bars
    ("okx", "mark"): 100,
    ("okx", "index"): 100,
}
"""Pages longer or shorter than ccxt's tables or the usual length say."""

_UNTIL: Final = {"bybit": "until", "gate": "until", "gateio": "until", "okx": "after"}
"""How the end of a page of settlements is said; ccxt takes them to be 8 hours apart, and then the
newest of a longer span come."""


class MarketData:
    """A venue's public data; made by ``opened``.

    Parameters
    ----------
    client : Client
        A connection with its markets loaded.
    now_ms : int
        What time it is at the venue; bars that close later are still forming.
    page_rows : int, optional
        Rows of a page, where the venue's own length is not wanted.
    """

    def __init__(self, client: Client, now_ms: int, page_rows: int | None = None) -> None:
        self.client = client
        self.now_ms = now_ms
        self.page_rows = page_rows

    def instruments(self) -> pl.DataFrame:
        """Return every instrument: tick, lot, smallest order, fees, listing, end.

        Notes
        -----
        Units: see ``frames.instruments``.  Causal: as of now.  Missing: null.
        """
        exchange = self.client.exchange
        return frames.instruments(exchange.markets.values(), int(exchange.precisionMode))

    def market(self, symbol: str) -> dict[str, Any]:
        """Return what ccxt knows of a symbol, such as ``BTC/USDT`` or ``BTC/USDT:USDT``.

        Raises
        ------
        NotOfferedError
            If the venue does not list it.
        """
        markets = self.client.exchange.markets
        if symbol not in markets:
            from difflib import get_close_matches

            near = get_close_matches(symbol, markets, n=3, cutoff=0.5) or list(markets)[:3]
            raise NotOfferedError(
                f"{self.client.name} lists no {symbol!r}; it has {len(markets)} symbols",
                hint=f"near: {', '.join(near)}; perpetuals are written BTC/USDT:USDT",
            )
        found: dict[str, Any] = markets[symbol]
        return found

    async def history(
        self,
        kind: Kind,
        symbol: str,
        interval: str,
        start_ms: int,
        end_ms: int,
        *,
        may_be_empty: bool = False,
    ) -> AsyncIterator[pl.DataFrame]:
        """Yield a series page by page, oldest first.

        Parameters
        ----------
        kind : str
            ``ohlcv``, ``mark``, ``index``, ``funding`` or ``open_interest``.
        symbol : str
            As ccxt spells it.
        interval : str
            A bar's length, such as ``5m`` or ``1d``; funding has none and takes any text.
        start_ms, end_ms : int
            UTC; the first included, the second not.
        may_be_empty : bool
            It is known that rows follow the end, so a market that has none before has a hole.

        Yields
        ------
        polars.DataFrame
            ``ts`` and the columns of the kind. A page may begin with the last row of the page
            before, if the venue has changed it meanwhile.

        Raises
        ------
        NotOfferedError
            If the venue has no such series, symbol or interval.
        VenueError
            If the venue refuses, or does not answer for longer than the client's patience.
        DataError
            If its pages never hold what was asked for, or a market that trades ends too early.

        Notes
        -----
        Units: as the venue gives them; volume in base or contracts.  Causal: only closed bars.
        Missing: a hole that the venue confirms stays a hole.
        """
        market, method = self.market(symbol), _METHODS[kind]
        self._require(kind, method, interval)
        walk = self._walk(kind, market, interval)
        walk = walk._replace(reach_ms=None) if may_be_empty else walk
        ask = self._asker(kind, method, market, interval)
        name = f"{self.client.name} {symbol} {kind} {interval}".strip()
        stop_ms = min(end_ms, self._forming_ms(kind, interval))
        doubt = None if walk.open_ended else self._doubter(kind, method, market, interval)
        async for rows in pages(ask, start_ms, stop_ms, walk, name, doubt):
            yield frames.series(rows, kind)

    def _forming_ms(self, kind: Kind, interval: str) -> int:
        """Return the first open time of which a row may still change."""
        if kind not in {"ohlcv", "mark", "index"}:
            return self.now_ms + 1
        if not interval.endswith("M"):
            return self.now_ms - self.step_ms(kind, interval) + 1
        now = datetime.fromtimestamp(self.now_ms / 1e3, UTC)
        n_months = int(interval[:-1])
        month = (now.year * 12 + now.month - 1) // n_months * n_months
        return int(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp() * 1e3)

    def step_ms(self, kind: Kind, interval: str) -> int:
        """Return how far rows lie apart, 0 where they come as events do."""
        if not _METHODS[kind].takes_interval:
            return 0
        return int(self.client.exchange.parse_timeframe(interval)) * 1000

    def _require(self, kind: Kind, method: _Method, interval: str) -> None:
        if not self.client.offers(method.capability):
            raise NotOfferedError(
                f"{self.client.name} offers no history of {kind} (ccxt: {method.capability})",
                hint="take it from another venue, or leave it out",
            )
        known = self.client.exchange.timeframes or {}
        if method.takes_interval and interval not in known:
            raise NotOfferedError(
                f"{self.client.name} has no bars of {interval!r}", hint=f"it has {', '.join(known)}"
            )

    def _limit(self, kind: Kind, market: dict[str, Any]) -> int:
        if self.page_rows is not None:
            return self.page_rows
        venue, usual = self.client.name, _METHODS[kind].limit
        if (venue, kind) in _LONGER or kind != "ohlcv":
            return _LONGER.get((venue, kind), usual)
        said = self.client.exchange.feature_value(market["symbol"], "fetchOHLCV", "limit")
        return int(said) if said else usual

    def _walk(self, kind: Kind, market: dict[str, Any], interval: str) -> Walk:
        step_ms, limit = self.step_ms(kind, interval), self._limit(kind, market)
        open_ended = self.client.name in _OPEN_ENDED and kind != "open_interest"
        window_ms = (step_ms or _HOUR_MS) * max(limit - 1, 1)  # some count the last row out
        room_ms = 2 * (step_ms or _DAY_MS) if open_ended else window_ms + _DAY_MS
        longest_ms = step_ms + _DAY_MS * 3 if interval.endswith("M") and step_ms else step_ms
        return Walk(longest_ms, window_ms, open_ended, room_ms if market.get("active") else None)

    def _until(self, kind: Kind) -> str | None:
        """Return how the end of a page is said, where it is."""
        return {"open_interest": "until", "funding": _UNTIL.get(self.client.name)}.get(kind)

    def _doubter(
        self, kind: Kind, method: _Method, market: dict[str, Any], interval: str
    ) -> Callable[[int, Sequence[int]], Awaitable[None]] | None:
        """Return what refuses a venue that gives its newest rows alone."""
        if (self.client.name, kind) in NUMBERED:
            return None
        between, name = (interval,) if method.takes_interval else (), self._until(kind)

        async def doubt(since: int, page: Sequence[int]) -> None:
            until = ({name: min(page) - 1},) if name else ()
            rows = await self.client.call(
                method.name, market["symbol"], *between, since, _FEW, *until
            )
            few = [int(row[0]) for row in (_row(kind, row) for row in rows or ()) if row[0]]
            refuse_newest(f"{self.client.name} {market['symbol']} {kind}", page, few)

        return doubt

    def _asker(
        self, kind: Kind, method: _Method, market: dict[str, Any], interval: str
    ) -> Callable[[int, int], Any]:
        limit, step_ms = self._limit(kind, market), self.step_ms(kind, interval)
        between = (interval,) if method.takes_interval else ()
        is_whole = self.client.name in _OPEN_ENDED or not step_ms
        name = self._until(kind)
        numbering = NUMBERED.get((self.client.name, kind))

        async def turn(page: int) -> Sequence[Row]:
            assert numbering is not None  # noqa: S101  (else nobody turns pages)
            number = {numbering.parameter: page}
            rows = await self.client.call(
                method.name, market["symbol"], None, self.page_rows or numbering.limit, number
            )
            return [_row(kind, row) for row in rows or ()]

        numbered = Pages(turn)

        async def ask(since: int, span_ms: int) -> Sequence[Row]:
            if numbering is not None:
                return await numbered.since(since)
            # Of a span longer than a page venues give the newest rows, and ccxt asks for one more.
            until = ({name: since + span_ms},) if name else ()
            n_rows = limit if is_whole else min(span_ms // step_ms + 1, limit)
            rows = await self.client.call(
                method.name, market["symbol"], *between, since, n_rows, *until
            )
            return [_row(kind, row) for row in rows or ()]

        return ask


@asynccontextmanager
async def opened(
    venue: str,
    *,
    symbols: Iterable[str] = (),
    url: str | None = None,
    patience: Patience | None = None,
    now: datetime | None = None,
    page_rows: int | None = None,
) -> AsyncIterator[MarketData]:
    """Open a venue's public data and close it at the end.

    Parameters
    ----------
    venue, symbols, url, patience
        As ``client.connected``.
    now : datetime, optional
        What time it is, UTC; the venue's own clock when left out.
    page_rows : int, optional
        Rows of a page.

    Raises
    ------
    NotOfferedError
        If ``now`` is left out and the venue tells no time.
    VenueError
        If the venue cannot be reached.
    """
    async with connected(venue, symbols=symbols, url=url, patience=patience) as client:
        if now is not None:
            now_ms = int((now if now.tzinfo else now.replace(tzinfo=UTC)).timestamp() * 1e3)
        elif client.offers("fetchTime"):
            now_ms = int(await client.call("fetch_time"))
        else:
            raise NotOfferedError(
                f"{venue} does not tell its time, so its last bar may still be forming",
                hint="say what time it is (`now`)",
            )
        yield MarketData(client, now_ms, page_rows)


def _row(kind: str, row: Any) -> Row:
    """Return a row of ccxt as a time and its numbers."""
    if kind in {"ohlcv", "mark", "index"}:
        return tuple(row[: 1 + len(frames.COLUMNS[kind])])
    field = "fundingRate" if kind == "funding" else "openInterestAmount"
    return (row["timestamp"], row[field])
