"""One venue behind ccxt: asked within its limits, with bounded patience, and always closed.

In: the name of a venue and a method of ccxt's unified interface. Out: what ccxt parsed, or a
``VenueError``. Limits and failures of the server are read from the HTTP reply itself, before ccxt
sees it: ccxt picks its classes by the address it asks, so that the same reply means different
things on different addresses.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from quorate.errors import ConfigError, RateLimitError, VenueUnavailableError
from quorate.venues import faults, pauses
from quorate.venues.budget import Budget
from quorate.venues.pace import Pace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

_UNREADABLE: Final = (TypeError, KeyError, IndexError, ValueError, AttributeError, ArithmeticError)
_SHARE: Final = 0.8
"""Of the pace that a venue allows: others ask from this address too, and minutes have edges."""

_TOO_FREQUENT_S: Final = 600.0
"""What Bybit's documentation asks of whom it answers 403 for asking too often."""
_EXTRA: Final = ("linear", "inverse", "swap", "future")


class Patience(NamedTuple):
    """How long a venue is waited for, and how often it is asked again.

    Notes
    -----
    Units: seconds. The wait doubles from ``first_wait_s`` with every try and has no random part.
    A limit that asks for more than ``longest_wait_s`` is a ban: it is told, not slept through.
    ``timeout_s`` is that of one request, the time in the queue for it apart. ``pace_ms`` is the
    time between two requests of weight 1; when None, four fifths of the pace that ccxt knows.
    """

    tries: int = 6
    first_wait_s: float = 0.5
    longest_wait_s: float = 300.0
    timeout_s: float = 30.0
    pace_ms: float | None = None


class Client:
    """One venue's connection; made by ``connected``."""

    def __init__(self, exchange: Any, patience: Patience) -> None:
        self.exchange = exchange
        self.patience = patience
        self._closed_until = 0.0

    @property
    def name(self) -> str:
        """The venue, as ccxt spells it."""
        return str(self.exchange.id)

    def offers(self, capability: str) -> bool:
        """Return whether the venue has a method, such as ``fetchMarkOHLCV``."""
        return bool(self.exchange.has.get(capability))

    async def call(self, method: str, *given: Any) -> Any:
        """Return what a method of ccxt answers, asking again where that can help.

        Parameters
        ----------
        method : str
            Such as ``fetch_ohlcv``.
        *given
            Its arguments.

        Raises
        ------
        VenueError
            What the venue said, when it is not retryable, or after the last try.

        Notes
        -----
        Units: none.  Causal: none.  Missing: as ccxt.
        A limit that one call runs into holds back all calls of this client.
        """
        tries = self.patience.tries
        for turn in range(tries):
            try:
                return await self._once(method, *given)
            except (RateLimitError, VenueUnavailableError) as error:
                wait_s = self._wait_s(turn, error)
                if isinstance(error, RateLimitError):
                    self._close_for(wait_s)
                if turn == tries - 1 or wait_s > self.patience.longest_wait_s:
                    raise
                await asyncio.sleep(wait_s)
        raise AssertionError("the last try returns or raises")

    def gated(self, fetch: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """Return ccxt's way to send a request, held back while the venue wants to be left alone.

        The gate stands behind ccxt's queue: what waits there when a limit is met waits on.
        """

        async def sent(*given: Any) -> Any:
            await self._wait_until_open()
            try:
                async with asyncio.timeout(self.patience.timeout_s):
                    return await fetch(*given)
            except RateLimitError as error:
                self._close_for(error.wait_s or 0.0)
                raise

        return sent

    def rest(self, rest_s: float) -> None:
        """Ask nothing for a while: the venue has answered, and says that its limit is near."""
        self._close_for(min(rest_s, self.patience.longest_wait_s))

    async def _once(self, method: str, *given: Any) -> Any:
        import ccxt

        doing = f"{self.name}: {method}({', '.join(map(str, given))})"
        try:
            return await getattr(self.exchange, method)(*given)
        except TimeoutError as error:
            raise VenueUnavailableError(
                f"{doing}: no answer within {self.patience.timeout_s:g} s",
                hint="try again later; what was fetched is kept",
            ) from error
        except ccxt.BaseError as error:
            raise faults.ours(error, doing) from error
        except _UNREADABLE as error:
            raise faults.unreadable(doing, error) from error

    def _wait_s(self, turn: int, error: RateLimitError | VenueUnavailableError) -> float:
        """Return what the venue asks for, else a wait that doubles."""
        asked = error.wait_s
        backoff: float = self.patience.first_wait_s * 2**turn
        return min(backoff, self.patience.longest_wait_s) if asked is None else asked

    def _close_for(self, wait_s: float) -> None:
        until = asyncio.get_running_loop().time() + wait_s
        self._closed_until = max(self._closed_until, until)

    async def _wait_until_open(self) -> None:
        clock = asyncio.get_running_loop().time
        while (left := self._closed_until - clock()) > 0.0:
            if left > self.patience.longest_wait_s:
                raise RateLimitError(
                    f"{self.name}: wants to be left alone for {left:.0f} s more",
                    hint="run the same command again after that; what was fetched is kept",
                    wait_s=left,
                )
            await asyncio.sleep(left)


@asynccontextmanager
async def connected(
    venue: str,
    *,
    symbols: Iterable[str] = (),
    url: str | None = None,
    patience: Patience | None = None,
) -> AsyncIterator[Client]:
    """Connect to a venue, load its markets, and close it at the end whatever happens.

    Parameters
    ----------
    venue : str
        As ccxt spells it: ``binance``, ``binanceusdm``, ``bybit``, ``okx``, ``kraken`` ...
    symbols : iterable of str
        Only the kinds of markets that these need are loaded; all but options if there are none.
    url : str, optional
        Another server that speaks the venue's API, such as a simulated exchange on loopback.
    patience : Patience, optional
        How long to wait.

    Yields
    ------
    Client
        With ``exchange.markets`` loaded, whose ticks, lots and fees are exact decimal text.

    Raises
    ------
    ConfigError
        If ccxt knows no such venue, or is not installed.
    VenueError
        If the markets cannot be loaded.
    """
    exchange = _made(venue, Patience() if patience is None else patience)
    client = Client(exchange, Patience() if patience is None else patience)
    try:
        exchange.on_rest_response = _judged(exchange.id, client.rest)
        exchange.fetch = client.gated(exchange.fetch)
        if url is not None:
            _point(exchange, url.rstrip("/"))
        _narrow(exchange, tuple(symbols))
        exchange.number = str
        await client.call("load_markets")
        exchange.number = float  # candles are measurements, not amounts to trade
        yield client
    finally:
        await asyncio.wait_for(exchange.close(), client.patience.timeout_s)


def known() -> tuple[str, ...]:
    """Return the venues that ccxt knows, in the order of the alphabet."""
    return tuple(_ccxt().exchanges)


def _ccxt() -> Any:
    try:
        import ccxt.async_support as ccxt
    except ImportError as error:
        raise ConfigError(
            "ccxt is not installed, and it is what speaks to venues",
            hint='pip install "quorate[data]"',
        ) from error
    return ccxt


def _made(venue: str, patience: Patience) -> Any:
    ccxt = _ccxt()
    if venue not in ccxt.exchanges:
        from difflib import get_close_matches

        near = get_close_matches(venue, ccxt.exchanges, n=3) or ["binance", "binanceusdm", "bybit"]
        raise ConfigError(f"ccxt knows no venue {venue!r}", hint=f"near: {', '.join(near)}")
    given: dict[str, object] = {
        "enableRateLimit": True,
        "timeout": int(min(patience.timeout_s, 10.0) * 1e3),
    }
    exchange = getattr(ccxt, venue)(given)
    pace_ms = patience.pace_ms
    exchange.rateLimit = exchange.rateLimit / _SHARE if pace_ms is None else pace_ms
    exchange.throttle = Pace(exchange)
    exchange.options["fetchCurrencies"] = False
    exchange.options["maxRetriesOnFailure"] = 0
    return exchange


def _judged(venue: str, pause: Callable[[float], None] = lambda _: None) -> Any:
    """Return the hook that reads limits, failures and broken bodies off the HTTP reply."""
    budget = Budget()

    def judge(code: int, reason: str, url: str, *rest: Any) -> str:
        _, headers, body = rest[0], rest[1], str(rest[2]).strip()
        pause(budget.rest_s(url, headers, body))
        doing = f"{venue}: {urlsplit(url).path}: HTTP {code} {reason}"
        wait_s = pauses.asked_wait(code, headers)
        is_frequent = code == 403 and ("10018" in body or "too frequent" in body.lower())
        if is_frequent and wait_s is None:
            wait_s = _TOO_FREQUENT_S
        if is_frequent or code in pauses.LIMITED:
            said = "" if wait_s is None else f", to wait {wait_s:g} s"
            raise RateLimitError(
                f"{doing}{said}", hint="ask for fewer symbols at once, or later", wait_s=wait_s
            )
        if code >= 500 or (code < 300 and _is_broken(body)):
            what = "" if code >= 500 else ", a body that is no whole JSON"
            raise VenueUnavailableError(
                f"{doing}{what}", hint="try again later; what was fetched is kept", wait_s=wait_s
            )
        return body

    return judge


def _is_broken(body: str) -> bool:
    """Return whether a body is a page for people, or JSON that ends too soon."""
    if body[:1] in {"{", "["}:
        return body[-1] != {"{": "}", "[": "]"}[body[0]]
    return body[:1] == "<"


def _point(exchange: Any, url: str) -> None:
    """Send every request to another server, and judge replies as if they came from the real one."""
    genuine: dict[str, str] = {}

    def pointed(place: Any) -> Any:
        if isinstance(place, dict):
            return {name: pointed(inner) for name, inner in place.items()}
        if not isinstance(place, str) or not place.startswith("http"):
            return place
        there = url + urlsplit(exchange.implode_hostname(place)).path
        genuine[there] = exchange.implode_hostname(place)
        return there

    exchange.urls["api"] = pointed(exchange.urls["api"])
    judged = exchange.handle_errors

    def handle_errors(code: int, reason: str, asked: str, *rest: Any) -> Any:
        longest = max((p for p in genuine if asked.startswith(p)), key=len, default="")
        return judged(code, reason, genuine.get(longest, "") + asked[len(longest) :], *rest)

    exchange.handle_errors = handle_errors


def _narrow(exchange: Any, symbols: Sequence[str]) -> None:
    """Have only those kinds of markets loaded that the symbols need; never options."""
    chosen = exchange.options.get("fetchMarkets")
    if not isinstance(chosen, dict) or not isinstance(chosen.get("types"), list):
        return
    wanted = {kind for symbol in symbols for kind in _kinds(symbol)} or {"spot", *_EXTRA}
    kept = [kind for kind in chosen["types"] if kind in wanted or kind not in {"spot", *_EXTRA}]
    kept = [kind for kind in kept if kind != "option"]
    exchange.options["fetchMarkets"] = {**chosen, "types": kept or chosen["types"]}


def _kinds(symbol: str) -> tuple[str, ...]:
    """Return what venues call the kind of market of a symbol.

    Examples
    --------
    >>> _kinds("BTC/USDT"), _kinds("BTC/USDT:USDT"), _kinds("BTC/USD:BTC-250328")
    (('spot',), ('linear', 'swap', 'future'), ('inverse', 'swap', 'future'))
    """
    pair, _, settled = symbol.partition(":")
    if not settled:
        return ("spot",)
    side = "linear" if settled.split("-")[0] == pair.partition("/")[2] else "inverse"
    return (side, "swap", "future")
