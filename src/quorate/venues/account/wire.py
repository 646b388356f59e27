"""ccxt's instances, and every reply of a venue as it was before ccxt judged it.

Three instances a venue: one for market data, one for orders, one for emergencies, so that a cancel
never waits behind a candle. None retries, none rounds, each stamps a request with the time that the
journal has written down.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager
from contextvars import ContextVar
from email.utils import parsedate_to_datetime
from functools import lru_cache
from types import MethodType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quorate.errors import ConfigError
from quorate.venues.base import Unanswered

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from quorate.venues.account.dialect import Dialect

TIMEOUT_S: Final = 5.0
WINDOW_MS: Final = 5_000
_GRACE_S: Final = 1.0
_UNREADABLE: Final = (
    TypeError,
    KeyError,
    IndexError,
    ValueError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
"""What ccxt raises over an answer or a frame that is not what it expects."""
_stamp: ContextVar[int | None] = ContextVar("stamp", default=None)
_window: ContextVar[int | None] = ContextVar("window", default=None)
_talk: ContextVar[Talk | None] = ContextVar("talk", default=None)


class Reply(NamedTuple):
    """What a venue answered: its status, its code ("" where it names none), its time.

    ``at_ms`` is from the header of the reply, whole seconds, 0 where it has none; the second has
    begun by then, so that it is never later than the venue's time.  ``is_by_key``: it does not take
    the key.
    """

    status: int
    code: str
    text: str
    at_ms: int
    is_by_key: bool = False


class Talk:
    """What has passed between a task and a venue: whether anything was sent, what was answered."""

    def __init__(self) -> None:
        self.has_left = False
        self.heard: list[Reply] = []

    @property
    def at_ms(self) -> int:
        """The venue's latest time, 0 where it told none."""
        return max((each.at_ms for each in self.heard), default=0)

    def said(self, error: Exception) -> str:
        """Return an error with the last answer before it, which may say why."""
        last = self.heard[-1] if self.heard else None
        return f"{error} ({last.status} {last.text[:80]})" if last else str(error)

    def silence(self, error: Exception) -> Unanswered:
        """Return that nothing was answered that can be used, and whether it was for the key."""
        if isinstance(error, AnsweredError):
            return Unanswered(str(error), error.reply.is_by_key)
        return Unanswered(self.said(error))


class AnsweredError(Exception):
    """The venue answered with something other than 200, or with an error under it."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"{reply.status} {reply.code}: {reply.text[:200]}")
        self.reply = reply


class SilentError(Exception):
    """No answer came, or none that can be read."""


class Instances(NamedTuple):
    """The three instances of a venue."""

    data: Any
    trade: Any
    emergency: Any

    async def close(self) -> None:
        """Close all three."""
        for each in self:
            await each.close()


def instances(
    dialect: Dialect,
    credentials: Mapping[str, str],
    *,
    session: Callable[[], Any] | None = None,
    url: str = "",
) -> Instances:
    """Build ccxt's three instances of a venue, set up as orders need it.

    Parameters
    ----------
    dialect : Dialect
        Which venue.
    credentials : mapping
        ``apiKey`` and ``secret``, and ``password`` where the venue has one.
    session : callable, optional
        Makes what stands in for an HTTP session, for each instance one.
    url : str
        Of a simulated exchange on this machine; "" for the venue's own address.

    Returns
    -------
    Instances
        Not yet connected.

    Raises
    ------
    ConfigError
        If this version of ccxt has settings that would send an order twice.
    """
    made = []
    for _ in Instances._fields:
        client = _client(dialect.ccxt)(
            {
                **credentials,
                "enableRateLimit": False,
                "timeout": int(TIMEOUT_S * 1e3),
                "options": {**dialect.options, "recvWindow": WINDOW_MS, "maxRetriesOnFailure": 0},
            }
        )
        client.number = str
        # a key that may only trade must not be asked what can be paid out
        client.has["fetchCurrencies"] = False
        if session is not None:
            client.session = session()
            client.ssl_context = False  # ccxt would read all certificates, and meet none
        if url:
            client.urls["api"] = _pointed(client.urls["api"], url)
        _listen(client, dialect)
        _outlive(client)
        require_single_sends(client)
        made.append(client)
    return Instances(*made)


@lru_cache(maxsize=16)
def _client(name: str) -> Any:
    """Return ccxt's class of a venue, which describes itself once and not for every instance."""
    import ccxt.pro

    venue: Any = getattr(ccxt.pro, name)
    described: list[Any] = []

    def describe(client: Any) -> Any:
        if not described:
            described.append(venue.describe(client))
        return _copied(described[0], client)

    return type(name, (venue,), {"describe": describe})


def _copied(value: Any, client: Any) -> Any:
    """Return a value whose dicts and lists are its own, and whose methods are a client's.

    Examples
    --------
    >>> one = {"a": [{"b": 1}]}
    >>> other = _copied(one, None)
    >>> other == one, other["a"][0] is one["a"][0]
    (True, False)
    """
    kind = type(value)
    if kind is dict:
        return {name: _copied(each, client) for name, each in value.items()}
    if kind is list:
        return [_copied(each, client) for each in value]
    if kind is MethodType:
        return MethodType(value.__func__, client)
    return value


def _pointed(urls: Any, url: str) -> Any:
    """Return addresses with the host of each replaced by one on this machine, paths as they were.

    Examples
    --------
    >>> _pointed({"a": "https://fapi.binance.com/fapi/v1"}, "http://127.0.0.1:1")
    {'a': 'http://127.0.0.1:1/fapi/v1'}
    """
    if isinstance(urls, dict):
        return {name: _pointed(each, url) for name, each in urls.items()}
    if not isinstance(urls, str):
        return urls
    scheme, _, rest = urls.partition("://")
    _, slash, path = rest.partition("/")
    return f"{url.replace('http', 'ws') if scheme.startswith('ws') else url}{slash}{path}"


def require_single_sends(client: Any) -> None:
    """Refuse a client that would send a request again by itself."""
    retries = client.options.get("maxRetriesOnFailure", 0)
    if retries:
        raise ConfigError(
            f"ccxt would send an order up to {1 + int(retries)} times: "
            f"maxRetriesOnFailure is {retries}, must be 0",
            hint="leave this option out",
        )


def _listen(client: Any, dialect: Dialect) -> None:
    """Read each reply before ccxt does, and stamp requests with the journal's time and window."""
    of_the_clock, sign = client.nonce, client.sign

    def hear(
        status: int,
        reason: str,
        url: str,  # noqa: ARG001
        method: str,  # noqa: ARG001
        headers: Mapping[str, str],
        body: str,
        asked_headers: object,  # noqa: ARG001
        asked_body: object,  # noqa: ARG001
    ) -> str:
        code = dialect.code(status, body)
        said = body.strip() or reason or ""
        reply = Reply(status, code, said, _time(headers), code in dialect.key)
        talk = _talk.get()
        if talk is not None:
            talk.heard.append(reply)
        if status != 200 or reply.code:
            raise AnsweredError(reply)
        return reply.text

    fetch = client.fetch

    async def send(*given: Any, **named: Any) -> Any:
        talk = _talk.get()
        if talk is not None:
            talk.has_left = True
        return await fetch(*given, **named)

    def signed(*given: Any, **named: Any) -> Any:
        usual = client.options["recvWindow"]
        client.options["recvWindow"] = _window.get() or usual
        try:
            return sign(*given, **named)
        finally:
            client.options["recvWindow"] = usual

    client.fetch = send
    client.sign = signed
    client.on_rest_response = hear
    client.nonce = lambda: _stamp.get() or of_the_clock()


def _outlive(client: Any) -> None:
    """Let a websocket outlive a frame that ccxt cannot take, and tell who waits for it.

    ccxt reads in a callback: what it raises there ends the reading of that connection for good,
    without a word to whoever waits and with pings still answered.
    """
    import ccxt

    connected = client.client

    def connecting(url: str) -> Any:
        is_there = url in (client.clients or {})
        found = connected(url)
        if not is_there:
            take = found.handle_text_or_binary_message

            def taking(data: str | bytes) -> None:
                try:
                    take(data)
                except (ccxt.BaseError, *_UNREADABLE) as error:
                    said = f"a frame cannot be read: {type(error).__name__}: {str(error)[:200]}"
                    found.reject(ccxt.BadResponse(said))

            found.handle_text_or_binary_message = taking
            awaited = found.future

            def future(name: str) -> Any:
                made = awaited(name)
                made.remove_done_callback(_heeded)
                made.add_done_callback(_heeded)
                return made

            found.future = future
        return found

    client.client = connecting


def _heeded(future: asyncio.Future[Any]) -> None:
    """Take what a future failed with: ccxt rejects some that nobody waits for, as at spot."""
    if not future.cancelled():
        future.exception()


@contextmanager
def talking(sent_at_ms: int | None = None, window_ms: int | None = None) -> Iterator[Talk]:
    """Let requests of this task bear a time and a window, and gather what passes meanwhile."""
    talk = Talk()
    stamp, window = _stamp.set(sent_at_ms), _window.set(window_ms)
    listening = _talk.set(talk)
    try:
        yield talk
    finally:
        _stamp.reset(stamp)
        _window.reset(window)
        _talk.reset(listening)


async def answered(call: Awaitable[Any], within_s: float | None = TIMEOUT_S + _GRACE_S) -> Any:
    """Return what ccxt made of an answer of 200; None waits for ever, as for what is pushed.

    Raises
    ------
    AnsweredError
        The venue answered otherwise: see its status and code.
    SilentError
        Nothing came in time, nothing that can be read, or the connection ended.
    """
    import aiohttp
    import ccxt

    try:
        async with asyncio.timeout(within_s):
            return await call
    except (TimeoutError, socket.gaierror, aiohttp.ClientError, OSError) as error:
        raise SilentError(f"{type(error).__name__}: {error}") from error
    except ccxt.BaseError as error:
        raise SilentError(f"{type(error).__name__}: {str(error)[:200]}") from error
    except _UNREADABLE as error:
        raise SilentError(f"the answer cannot be read: {error}") from error


async def asked(call: Callable[..., Awaitable[Any]], *given: object) -> Any:
    """Ask once begun: what is cancelled before has left no question that nobody awaits."""
    return await answered(call(*given))


async def listed(client: Any) -> None:
    """Load what a venue lists, anew; a list with nothing in it is no answer.

    Raises
    ------
    AnsweredError, SilentError
        As ``answered``; ccxt takes an empty body for a venue that lists nothing, and keeps that.
    """
    if not await answered(client.load_markets(True)):  # noqa: FBT003  (ccxt's own order)
        raise SilentError("its list is empty")


def _time(headers: Mapping[str, str]) -> int:
    """Return the time in a reply's header, 0 where there is none that can be read.

    Examples
    --------
    >>> _time({"Date": "Thu, 01 Jan 1970 00:01:40 GMT"}), _time({"Date": "soon"})
    (100000, 0)
    """
    return _dated(headers.get("Date") or headers.get("date") or "")


@lru_cache(maxsize=64)
def _dated(text: str) -> int:
    try:
        return int(parsedate_to_datetime(text).timestamp() * 1e3)
    except (ValueError, TypeError, OverflowError):
        return 0
