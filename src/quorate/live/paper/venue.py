"""A paper account at a real market: the engine at prices that were heard, behind the usual port.

In: what is listed, touches of a real venue or of a file, a wallet. Out: a ``CcxtVenue``; orders go
through the same client, the same tables of outcomes and the same signing as those of a real one.
Nothing of it reaches a venue.
"""

from __future__ import annotations

import asyncio
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from quorate.errors import ConfigError
from quorate.exchange.access import Request
from quorate.exchange.binance.futures import Futures
from quorate.exchange.binance.signing import Key
from quorate.exchange.matching.exchange import Exchange
from quorate.exchange.matching.flow import POINT_MS, Ladder
from quorate.exchange.matching.instruments import Instrument
from quorate.exchange.session import Session
from quorate.live.paper.followed import Followed, to_ticks
from quorate.live.paper.record import Record
from quorate.venues.account.dialects import BINANCE_FUTURES
from quorate.venues.account.venue import CcxtVenue
from quorate.venues.account.wire import instances
from quorate.venues.base import Touch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from quorate.exchange.binance.streams import Streams
    from quorate.exchange.facade import Reply
    from quorate.exchange.network import Network
    from quorate.venues.base import Grid
    from quorate.venues.port import Venue

# whom the client believes it speaks to; no socket is opened
_HOSTS: Final = ("fapi.binance.com", "api.binance.com", "fstream.binance.com")
_KEY: Final = "paper"
LEVEL_USD: Final = 20_000
"""What rests at each price of the book, on average, where nothing says more."""


def instrument(symbol: str, grid: Grid, fees: tuple[Decimal, Decimal]) -> Instrument:
    """Return a perpetual as the engine has it, from the grid that a real venue tells.

    Parameters
    ----------
    symbol : str
        As ccxt spells it: ``BTC/USDT:USDT``.
    grid : Grid
        Of the real venue.
    fees : (Decimal, Decimal)
        Maker and taker, as fractions.

    Raises
    ------
    ConfigError
        It is no perpetual in USDT: paper knows no other.

    Examples
    --------
    >>> from quorate.venues.base import Grid
    >>> grid = Grid(tick=Decimal("0.1"), lot=Decimal("0.001"), min_quantity=None,
    ...     max_market_quantity=None, min_notional=Decimal(5))
    >>> instrument("BTC/USDT:USDT", grid, (Decimal("0.0002"), Decimal("0.0005"))).symbol
    'BTCUSDT'
    """
    base, _, quote = symbol.partition("/")
    if quote != "USDT:USDT" or not base:
        raise ConfigError(
            f"a paper account cannot trade {symbol}", hint="perpetuals in USDT: BTC/USDT:USDT"
        )
    most = grid.max_market_quantity or grid.lot * 10**6
    return Instrument(
        f"{base}USDT",
        base,
        tick=grid.tick,
        lot=grid.lot,
        min_quantity=grid.min_quantity or grid.lot,
        max_quantity=most * 10,
        max_market_quantity=most,
        min_notional=grid.min_notional or Decimal(5),
        maker_fee=fees[0],
        taker_fee=fees[1],
    )


class Paper:
    """A paper account: its engine and its record; a facade that the client's session speaks to.

    Parameters
    ----------
    listed : mapping
        Instrument by ccxt's symbol (``instrument``), with its first touch.
    wallet : Decimal
        In USDT.
    path : path
        Of the record; an account that is there is found again, whatever ``wallet`` says.
    now_ms : callable
        This machine's clock, or the time of what is replayed.

    Raises
    ------
    ConfigError
        The wallet is not above 0, or the record is of other instruments.
    StoreError
        The record cannot be read or written.

    Notes
    -----
    Units: USDT, milliseconds.  Causal: an order trades at prices that were heard before it.
    Missing: while nothing is heard the last price stands, and nothing trades but at it; no weight
    is counted.  RELIABILITY 7, SPEC 14 (dry run).

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from quorate.venues.base import Grid
    >>> grid = Grid(tick=Decimal("0.1"), lot=Decimal("0.001"), min_quantity=None,
    ...     max_market_quantity=None, min_notional=Decimal(5))
    >>> btc = instrument("BTC/USDT:USDT", grid, (Decimal("0.0002"), Decimal("0.0005")))
    >>> first = Touch(symbol="BTC/USDT:USDT", bid=Decimal("99.9"), ask=Decimal("100.1"),
    ...     mark=Decimal(100), at_ms=0)
    >>> with TemporaryDirectory() as folder:
    ...     paper = Paper({first.symbol: (btc, first)}, Decimal(10_000),
    ...         Path(folder) / "paper.jsonl", lambda: 0)
    ...     paper.hear(first)
    ...     print(paper.exchange.available("paper"))
    10000
    """

    def __init__(
        self,
        listed: Mapping[str, tuple[Instrument, Touch]],
        wallet: Decimal,
        path: Path,
        now_ms: Callable[[], int],
    ) -> None:
        if not wallet.is_finite() or wallet <= 0:
            raise ConfigError(f"a paper wallet of {wallet} USDT", hint="give more than 0")
        self._now_ms = now_ms
        self._record = Record(path)
        self._listed = {symbol: each for symbol, (each, _) in listed.items()}
        lines = self._record.lines()
        first = next(lines, None)
        began = self._begun(listed, wallet) if first is None else first
        told = {symbol: list(_row(each)) for symbol, each in self._listed.items()}
        if began["listed"] != told:
            raise ConfigError(
                f"{path} is a paper account of {', '.join(sorted(began['listed']))}",
                hint="its instruments or their grid have changed: begin another in a new folder",
            )
        self._paths: dict[str, Followed] = {}
        self._exchange = self._built(began)
        key = Key(_KEY, _KEY, _KEY, addresses=("127.0.0.1",))
        self.front = Futures(self._exchange, {_KEY: key})
        # a question is not in the record, and an order must meet the same after a restart
        self.front.meter.limit = sys.maxsize
        if first is None:
            self._record.add(began)
        for line in lines:
            self._again(line)

    def _begun(
        self, listed: Mapping[str, tuple[Instrument, Touch]], wallet: Decimal
    ) -> dict[str, Any]:
        now = self._now_ms()
        prices = {
            symbol: to_ticks(touch.bid, touch.ask, each.tick)
            for symbol, (each, touch) in listed.items()
        }
        return {
            "kind": "began",
            "at_ms": now - now % POINT_MS,
            "wallet": str(wallet),
            "listed": {symbol: list(_row(each)) for symbol, (each, _) in listed.items()},
            "prices": {symbol: list(each) for symbol, each in prices.items()},
        }

    def _built(self, began: Mapping[str, Any]) -> Exchange:
        start, paths, ladders = began["at_ms"], {}, {}
        for symbol, each in self._listed.items():
            ticks, half = began["prices"][symbol]
            paths[each.symbol] = self._paths[symbol] = Followed(start, ticks=ticks)
            ladders[each.symbol] = _ladder(each, ticks, half)
        exchange = Exchange(
            self._listed.values(), seed=1, start_ms=start, paths=paths, ladders=ladders
        )
        exchange.open_account(_KEY, {"USDT": Decimal(began["wallet"])})
        return exchange

    def hear(self, touch: Touch, traded: Decimal = Decimal(0)) -> None:
        """Hear the best prices of a symbol, and what traded there since the last time.

        Raises
        ------
        ConfigError
            The symbol is not listed, or its price is less than a tick.
        StoreError
            It cannot be written down; then it was not heard.
        """
        each = self._listed.get(touch.symbol)
        if each is None:
            raise ConfigError(
                f"{touch.symbol} is not listed here", hint=f"these are: {', '.join(self._listed)}"
            )
        ticks, half = to_ticks(touch.bid, touch.ask, each.tick)
        if ticks < 1 or traded < 0:  # before it is written: what cannot be heard would never replay
            raise ConfigError(
                f"{touch.symbol} at {touch.bid} to {touch.ask}, traded {traded}",
                hint=f"prices of at least a tick, {each.tick}, and no negative volume",
            )
        line = {
            "kind": "heard",
            # by the clock that stamps orders: another's, ahead of it, would make them too old
            "at_ms": max(self._now_ms(), self._exchange.state.now_ms),
            "symbol": touch.symbol,
            "price": [ticks, half],
            "lots": int(traded / each.lot),
        }
        self._record.add(line)
        self._again(line)
        self.go_on(self._exchange.state.now_ms)

    def venue(self, network: Network | None = None) -> CcxtVenue:
        """Return the port of this account, not yet open.

        Parameters
        ----------
        network : Network, optional
            What happens on the way, to rehearse a bad day; nothing when left out.
        """
        made = instances(
            BINANCE_FUTURES,
            {"apiKey": _KEY, "secret": _KEY},
            session=lambda: Session(dict.fromkeys(_HOSTS, self), network, self._now_ms),
        )
        return CcxtVenue("paper", BINANCE_FUTURES, made, self._now_ms)

    @property
    def exchange(self) -> Exchange:
        """The engine, and with it what is true of the account."""
        return self._exchange

    @property
    def streams(self) -> Streams:
        """Its websockets."""
        return self.front.streams

    def go_on(self, at_ms: int) -> None:
        """Let time go on, and tell who listens; what is heard does it too."""
        self.front.go_on(at_ms)

    def answer(self, request: Request, at_ms: int) -> Reply:
        """Answer a request; one that may change something is written down before."""
        at_ms = max(at_ms, self._exchange.state.now_ms)
        if request.method != "GET":
            row = {**request._asdict(), "headers": dict(request.headers)}
            self._record.add({"kind": "asked", "at_ms": at_ms, "request": row})
        return self.front.answer(request, at_ms)

    def _again(self, line: Mapping[str, Any]) -> None:
        """Let a line take effect."""
        if line["kind"] == "asked":
            self.front.answer(Request(**line["request"]), line["at_ms"])
            return
        symbol, (ticks, half) = line["symbol"], line["price"]
        each = self._listed[symbol]
        self._exchange.advance(line["at_ms"])
        self._paths[symbol].hear(line["at_ms"], ticks=ticks, lots=line["lots"])
        self._exchange.state.markets[each.symbol].ladder = _ladder(each, ticks, half)


async def follow(paper: Paper, source: Venue, symbols: Iterable[str], every_s: float) -> None:
    """Let a paper account hear what a real venue says, until cancelled.

    A touch that does not come leaves the last price standing; whoever trades sees its age at the
    source, not here.
    """
    names = tuple(symbols)
    while True:
        for touch in await asyncio.gather(*(source.touch(symbol) for symbol in names)):
            if isinstance(touch, Touch):
                paper.hear(touch)
        await asyncio.sleep(every_s)


def _ladder(each: Instrument, ticks: int, half: int) -> Ladder:
    lots = max(int(LEVEL_USD / (each.tick * ticks) / each.lot), 1)
    return Ladder(half=half, gap=max(half, 1), levels=8, lots=lots)


def _row(each: Instrument) -> tuple[str, ...]:
    grid = (each.tick, each.lot, each.min_quantity, each.max_market_quantity, each.min_notional)
    return (each.symbol, *map(str, (*grid, each.maker_fee, each.taker_fee)))
