"""The private websocket of a play's desk: what goes wrong on it, and when it could be heard.

In: incidents of a stream, and what an exchange sends. Out: frames that come late, in another order,
twice or never, connections that end or say nothing, and from when until when each could be heard.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from typing_extensions import override

from quorate.exchange.binance.futures import Futures
from quorate.exchange.matching.flow import noise, uniform
from quorate.exchange.session import Session
from quorate.live.broker.stream import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quorate.exchange.network import Network
    from quorate.exchange.session import Answering, Socket
    from quorate.harness.ground import Facade
    from quorate.harness.schedule import Event
    from quorate.venues.base import OrderView, Trade, Unanswered
    from quorate.venues.port import Line

PACE: Final = Pace(
    tick_s=10.0, ping_s=20.0, dead_s=50.0, owed_s=30.0, glance_s=90.0, apart_s=20.0, longest_s=60.0
)
"""Ten times slower than a desk's own, in much the same proportions: a play is hours long."""

NOTICED_MS: Final = round(1e3 * (PACE.dead_s + 2 * PACE.ping_s + PACE.tick_s))
"""Within which a connection that has ended, or whose other end is gone, is noticed."""

_WINDOW_MS: Final = 600_000
_FRAMES: Final = frozenset({"frames_late", "frames_twice", "frames_lost"})
_WINDOWS: Final = _FRAMES | {"stream_refused"}


class Span(NamedTuple):
    """From when until when a connection could be heard, None while it can.

    ``is_spoilt`` says that an incident ended it, which the desk has to notice by itself.
    """

    from_ms: int
    until_ms: int | None = None
    is_spoilt: bool = False


class Air:
    """What goes wrong with frames and connections in a play, and when each could be heard.

    Parameters
    ----------
    seed : int
        Of all chance.
    now_ms : callable
        The time of the play.

    Notes
    -----
    Units: ms.  Causal: by the number of frames before.  Missing: what is spoilt of frames, and
    nobody being let in, lasts ten minutes; who is mute or dead stays so until it is hung up.
    RELIABILITY 2.8-2.12.
    """

    def __init__(self, seed: int, now_ms: Callable[[], int]) -> None:
        self.spans: list[Span] = []
        self._seed = seed
        self.now_ms = now_ms
        self._n_frames = 0
        self._spoils: dict[str, tuple[int, int]] = {}
        self._socket: Socket | None = None

    def happen(self, exchange: Facade, account: str, event: Event) -> None:
        """Let an incident of a stream happen to the connection in use, or to its frames."""
        if event.kind in _WINDOWS:
            self._spoils[event.kind] = (self.now_ms() + _WINDOW_MS, event.size)
        socket = self._socket
        is_over = socket is None or socket.closed or self.spans[-1].until_ms is not None
        if socket is None or is_over or event.kind in _FRAMES:
            return
        if event.kind == "stream_mute":
            socket.is_mute = True
        elif event.kind == "stream_dead":
            socket.is_dead = True
            self._end(is_spoilt=True)
        elif event.kind == "stream_expired" and isinstance(exchange, Futures):
            is_told = bool(event.size & 1 and socket.connection.account) and not socket.is_mute
            exchange.streams.expire(account, is_told=is_told)
            is_heard = is_told and self._size("frames_lost") is None
            if is_heard:  # nobody can know it otherwise, until something is owed
                self._end(is_spoilt=True)
        else:  # cut, as it is when nobody is let in any more
            exchange.streams.drop(socket.connection)
            self._end(is_spoilt=not socket.is_mute)

    def quieten(self) -> None:
        """End what goes wrong: who was mute speaks again, who is dead is noticed and hung up."""
        self._spoils.clear()
        if self._socket is not None:
            self._socket.is_mute = False

    def ended(self) -> None:
        """Take that the desk has ended, and its connection with it."""
        if self.spans:
            self._end(is_spoilt=False)

    def is_refused(self) -> bool:
        """Say whether nobody is let in now."""
        return self._size("stream_refused") is not None

    def follow(self, socket: Socket) -> None:
        """Take a connection that was just dialled: what it is sent meets what goes wrong."""
        self.ended()
        self.spans.append(Span(self.now_ms()))
        self._socket = socket
        send = socket.connection.send

        def spoilt(message: object) -> None:
            for late_ms in self._late_ms():
                if late_ms:
                    loop = asyncio.get_running_loop()
                    loop.call_later(late_ms / 1e3, send, message)
                else:
                    send(message)

        socket.connection.send = spoilt  # type: ignore[method-assign]

    def _late_ms(self) -> tuple[int, ...]:
        """Return how late a frame comes, once for every time that it does."""
        if not self._spoils:
            return (0,)
        self._n_frames += 1
        here = self._n_frames
        if self._size("frames_lost") is not None and uniform(self._seed, 90, here) < 0.3:
            return ()
        size, late_ms = self._size("frames_late"), 0
        if size is not None and uniform(self._seed, 91, here) < 0.6:
            late_ms = noise(self._seed, 92, here) % (1 + 20 * size)
        size = self._size("frames_twice")
        if size is not None and uniform(self._seed, 93, here) < 0.6:
            return (late_ms, late_ms + noise(self._seed, 94, here) % (1 + 5 * size))
        return (late_ms,)

    def _size(self, kind: str) -> int | None:
        until_ms, size = self._spoils.get(kind, (0, 0))
        return size if self.now_ms() < until_ms else None

    def _end(self, *, is_spoilt: bool) -> None:
        last = self.spans[-1]
        if last.until_ms is None:
            self.spans[-1] = last._replace(until_ms=self.now_ms(), is_spoilt=is_spoilt)


class AiredSession(Session):
    """A session whose websockets meet what goes wrong with the stream of a play."""

    def __init__(self, hosts: Mapping[str, Answering], network: Network, air: Air) -> None:
        super().__init__(hosts, network)
        self._air = air

    @override
    def dial(self, url: str) -> Socket:
        """Open a websocket, or be refused."""
        import aiohttp

        if self._air.is_refused():
            raise aiohttp.ClientConnectionError("nobody is let in")
        made = super().dial(url)
        self._air.follow(made)
        # its clock goes on though nobody asks: who signs in is held against it
        self._hosts[urlsplit(url).netloc].go_on(self._air.now_ms())
        return made


class Followed:
    """A line that somebody looks after before each wait: whatever was told before is taken in.

    Parameters
    ----------
    line : Line
        Of the venue.
    look : callable
        Called before it is listened on.
    """

    def __init__(self, line: Line, look: Callable[[], None]) -> None:
        self._line = line
        self._look = look

    @property
    def trouble(self) -> str:
        """Why nothing is told any more."""
        return self._line.trouble

    async def dial(self) -> str:
        """Dial anew."""
        return await self._line.dial()

    async def told(self, within_s: float) -> tuple[OrderView | Trade | Unanswered, ...]:
        """Look, and return what is told."""
        self._look()
        return await self._line.told(within_s)

    async def ping(self) -> bool:
        """Send a ping."""
        return await self._line.ping()

    async def renew(self) -> str:
        """Renew the key."""
        return await self._line.renew()

    async def hang_up(self, why: str = "it was hung up") -> None:
        """End the line."""
        await self._line.hang_up(why)
