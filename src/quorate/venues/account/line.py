"""The line on which a venue tells an account what happens to it: dialled, tried, hung up.

In: ccxt's instance that trades. Out: views of orders and trades as they are pushed, and whether the
line still stands. Nothing of it ends without a word: who stops listening, and why, is asked for.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from quorate.venues.account import pushes
from quorate.venues.account.wire import AnsweredError, SilentError, answered
from quorate.venues.base import Unanswered

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quorate.venues.account.dialect import Dialect
    from quorate.venues.base import OrderView, Trade

DIAL_S: Final = 3.0
"""How long a connection may take until both orders and trades are listened to."""

_LOOK_S: Final = 0.01
_NEVER_MS: Final = 10**12
_WATCHED: Final = frozenset({"orders", "myTrades"})
"""What ccxt calls those who wait for either."""


class CcxtLine:
    """The private websocket of an account; see ``venues.port.Line``.

    Parameters
    ----------
    client : ccxt.pro's exchange
        The instance that trades, as ``wire.instances`` makes it, its markets loaded.
    dialect : Dialect
        How the venue names things.

    Notes
    -----
    Units: seconds.  Causal: as the venue tells it.  Missing: ccxt's own renewal of a key is
    switched off: it ends without a word, and ``renew`` says what came of it.
    RELIABILITY 2.8, 2.10, 2.11.
    """

    def __init__(self, client: Any, dialect: Dialect) -> None:
        self._client = client
        self._dialect = dialect
        self._heard: list[OrderView | Trade | Unanswered] = []
        self._woken = asyncio.Event()
        self._followers: tuple[asyncio.Task[None], ...] = ()
        self._why = "it was not dialled"
        self._ponged: object = None
        self._stands = False
        _leave_keys_alone(client)
        take = client.handle_message

        def taking(socket: object, message: Any) -> None:
            said = _event(message)
            if said in dialect.pushed.ends:
                self._end(f"the venue says {said}")
            take(socket, message)

        client.handle_message = taking

    @property
    def trouble(self) -> str:
        """Why nothing is told on this line any more, "" while it stands."""
        if self._why:
            return self._why
        return "" if self._open() else "the connection is gone"

    async def dial(self) -> str:
        """Hang up, dial anew, and wait until orders and trades are listened to.

        Returns
        -------
        str
            Why that failed, "" where it did not.
        """
        await self.hang_up()
        self._why = ""
        self._followers = tuple(
            asyncio.create_task(self._follow(listen), name=f"follow {listen.__name__}")
            for listen in (pushes.orders, pushes.trades)
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(DIAL_S):
                while not (self._why or self._is_listening()):  # noqa: ASYNC110 (ccxt has no event)
                    await asyncio.sleep(_LOOK_S)
        if self._is_listening() and not self._why:
            self._stands = True
            return ""
        why = self._why or f"nobody answered within {DIAL_S:g} s"
        await self.hang_up(why)
        return why

    async def told(self, within_s: float) -> tuple[OrderView | Trade | Unanswered, ...]:
        """Return what was told since the last time; wait so long for it, less where the line ends.

        Parameters
        ----------
        within_s : float
            Seconds, after which nothing was told.
        """
        if not (self._heard or self._why):
            self._woken.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._woken.wait()
        await asyncio.sleep(0)  # an order and its trade are of one frame
        found = tuple(self._heard)
        self._heard.clear()
        return found

    async def ping(self) -> bool:
        """Send a ping, and say whether a pong has come since the one before."""
        has_come = False
        for each in self._open():
            has_come = each.lastPong != self._ponged
            self._ponged = each.lastPong
            with suppress(TimeoutError, OSError, RuntimeError):
                async with asyncio.timeout(1.0):
                    await each.connection.ping()
        return has_come

    async def renew(self) -> str:
        """Renew the key of the line where it has one; say why that failed, "" where it did not."""
        ask = self._dialect.pushed.renew
        if ask is None:
            return ""
        try:
            await answered(ask(self._client))
        except (AnsweredError, SilentError) as error:
            return str(error)
        return ""

    async def hang_up(self, why: str = "it was hung up") -> None:
        """End the line; no task and no connection of it is left."""
        self._why, self._stands = why, False
        for task in self._followers:
            task.cancel()
        await asyncio.gather(*self._followers, return_exceptions=True)
        self._followers = ()
        clients = self._client.clients or {}
        for url, each in list(clients.items()):
            await _closed(each)
            clients.pop(url, None)
        self._client.ws_dial_backoff = {}  # who dials decides how often
        for held in self._client.options.values():
            if isinstance(held, dict) and "listenKey" in held:
                held.update(listenKey=None, lastAuthenticatedTime=0)
        self._ponged = None

    async def _follow(self, listen: Callable[[Any, Dialect], Awaitable[tuple[Any, ...]]]) -> None:
        why = "nobody listens any more"
        try:
            while not self._why:
                try:
                    found = await listen(self._client, self._dialect)
                except AnsweredError as error:  # it lets nobody listen, and says why
                    why = str(error)
                    return
                spoilt = [each for each in found if isinstance(each, Unanswered)]
                # who is refused before he listens would ask again and again at once
                if spoilt and not (self._stands and self._open()):
                    why = spoilt[0].reason
                    return
                self._heard += found
                self._woken.set()
        finally:  # however it ends, a cancelled future of ccxt's included
            self._end(why)

    def _end(self, why: str) -> None:
        self._why = self._why or why
        self._woken.set()

    def _open(self) -> list[Any]:
        """Return the websockets that are connected: one, or none."""
        clients = (self._client.clients or {}).values()
        return [each for each in clients if each.isConnected and not each.closed()]

    def _is_listening(self) -> bool:
        return any(each.futures.keys() >= _WATCHED for each in self._open())


def _event(message: object) -> object:
    """Return the name of an event, which spot wraps into another message.

    Examples
    --------
    >>> _event({"e": "a"}), _event({"event": {"e": "b"}}), _event([])
    ('a', 'b', None)
    """
    if not isinstance(message, dict):
        return None
    inner = message.get("event")
    said = (inner if isinstance(inner, dict) else message).get("e")
    return said if isinstance(said, str) else None


def _leave_keys_alone(client: Any) -> None:
    """Keep ccxt from renewing keys by a timer, and from asking for positions beside."""
    client.options["listenKeyRefreshRate"] = _NEVER_MS
    watching = client.options.get("watchPositions", {})
    client.options["watchPositions"] = {
        **watching,
        "fetchPositionsSnapshot": False,
        "awaitPositionsSnapshot": False,
    }
    later, renewing = client.delay, getattr(client, "keep_alive_listen_key", None)

    def delay(after_ms: float, method: Any, *given: Any) -> Any:
        return None if method == renewing else later(after_ms, method, *given)

    client.delay = delay
    client.streaming = {**client.streaming, "connectionTimeout": int(DIAL_S * 1e3)}


async def _closed(socket: Any) -> None:
    """Close a websocket; one that is being dialled is waited for, or it would come up later."""
    with suppress(TimeoutError):
        async with asyncio.timeout(DIAL_S + 1.0):
            while socket.connecting and socket.error is None:  # noqa: ASYNC110 (as above)
                await asyncio.sleep(_LOOK_S)
    with suppress(TimeoutError, OSError, RuntimeError):
        async with asyncio.timeout(1.0):
            await socket.close()
