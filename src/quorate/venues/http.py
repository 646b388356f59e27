"""Files over HTTP: many at once, taken up again where they broke off, patient but bounded.

In: URLs. Out: a reply, or bytes in a ``.part`` file. A server that fails, stalls, cuts a body short
or asks for a pause is asked again, later and later; 429 and 418 hold back every request, not only
the one they answered. Time is measured by the monotonic clock alone.
"""

from __future__ import annotations

import asyncio
import time
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar

import httpx

from quorate.errors import DataError, RateLimitError, VenueError, VenueUnavailableError
from quorate.venues import pauses
from quorate.venues.parts import Part
from quorate.version import VERSION

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable
    from pathlib import Path
    from types import TracebackType

T = TypeVar("T")

_AT_FIRST = 4
"""Tries as long as the server has never answered: a wrong address is told within seconds."""


class Limits(NamedTuple):
    """How much at once, how long, how often.

    Attributes
    ----------
    n_jobs : int
        Requests under way at once.
    connect_s, read_s : float
        Seconds to connect, and without a byte: a stall.
    patience_s : float
        Seconds since the last byte after which a file is given up.
    n_tries : int
        Requests for one file after which it is given up.
    backoff_s, longest_s : float
        The first wait, doubled at every failure, and the longest.
    max_bytes : int
        A file longer than this is refused.
    """

    n_jobs: int = 8
    connect_s: float = 10.0
    read_s: float = 30.0
    patience_s: float = 180.0
    n_tries: int = 20
    backoff_s: float = 0.5
    longest_s: float = 30.0
    max_bytes: int = 1 << 30


class Reply(NamedTuple):
    """What a server answered for good: 2xx, 3xx or 4xx."""

    status: int
    text: str


class _AgainError(Exception):
    """A request may succeed later; ``wait_s`` is what the server asked for, ``why`` is told."""

    def __init__(self, why: str, wait_s: float | None = None, *, everyone: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.wait_s = wait_s
        self.everyone = everyone


class Session:
    """A client with a pace. Use it as an async context manager.

    Parameters
    ----------
    limits : Limits
        How much at once, how long, how often.

    Notes
    -----
    Units: seconds, bytes.  Causal: no market data are looked at.  Missing: a 404 is a ``Reply``.
    Spec 13.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.n_requests = 0
        self._slots = asyncio.Semaphore(limits.n_jobs)
        self._held_until = 0.0
        self._has_answered = False
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(limits.read_s, connect=limits.connect_s, pool=None),
            limits=httpx.Limits(max_connections=limits.n_jobs),
            headers={"Accept-Encoding": "identity", "User-Agent": f"quorate/{VERSION}"},
            follow_redirects=True,
            verify=_trusted(),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def text(
        self, url: str, params: dict[str, str] | None = None, max_bytes: int = 1 << 22
    ) -> Reply:
        """Return a short text.

        Parameters
        ----------
        url : str
            What to ask for.
        params : dict, optional
            The query.
        max_bytes : int
            A longer text is refused.

        Returns
        -------
        Reply
            Its status is 2xx, or 4xx other than those that ask for patience.

        Raises
        ------
        VenueUnavailableError
            The server does not answer in time, however often it is asked.
        RateLimitError
            It wants to be left alone for longer than ``Limits.patience_s``.
        VenueError
            The text is too long, or no text.
        """

        async def once(_: Callable[[], None]) -> Reply:
            async with self._client.stream("GET", url, params=params) as response:
                self._judge(response)
                content = bytearray()
                async for chunk in response.aiter_raw():
                    content += chunk
                    if len(content) > max_bytes:
                        raise VenueError(
                            f"{url} answered more than {max_bytes} bytes where a short text is due",
                            hint="check the address: is it the archive's, and not a page's?",
                        )
                return Reply(response.status_code, content.decode("utf-8", "replace"))

        return await self._patiently(url, once)

    async def download(
        self, url: str, path: Path, told: Callable[[int], None], *, past_caches: bool = False
    ) -> Reply:
        """Bring a file to ``path``, going on behind the bytes that are there.

        Parameters
        ----------
        url : str
            The file.
        path : Path
            Where its bytes go; what an earlier run left there is gone on with, if the server
            says that the file is still the same one.
        told : callable
            Called with the number of bytes that came; a negative one takes bytes back.
        past_caches : bool
            Ask caches on the way not to answer.

        Returns
        -------
        Reply
            2xx if the file is complete, else the 4xx; the text is empty.

        Raises
        ------
        VenueUnavailableError, RateLimitError
            As ``text``.
        DataError
            The file is longer than ``Limits.max_bytes``, or the disk refuses its bytes.
        """
        part = Part(path)
        told(part.size())
        extra = {"Cache-Control": "no-cache"} if past_caches else {}

        async def once(came: Callable[[], None]) -> Reply:
            headers = {**extra, **part.range_headers()}
            async with self._client.stream("GET", url, headers=headers) as response:
                if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                    told(-part.drop())
                    raise _AgainError("has other bytes than when the download began", 0.0)
                self._judge(response)
                if not response.is_success:
                    return Reply(response.status_code, "")
                if response.status_code == httpx.codes.PARTIAL_CONTENT:
                    if not part.continues(response.headers):
                        told(-part.drop())
                        raise _AgainError("was replaced while it was downloaded", 0.0)
                else:
                    told(-part.drop())
                    part.begin(response.headers)
                with part.appending() as append:
                    # As they come: with a size of chunks, those before a break would be lost.
                    async for chunk in response.aiter_raw():
                        if append(chunk) > self.limits.max_bytes:
                            raise DataError(
                                f"{url} is longer than {self.limits.max_bytes} bytes",
                                hint="no file of the archive is: check the address",
                            )
                        came()
                        told(len(chunk))
                return Reply(response.status_code, "")

        return await self._patiently(url, once)

    def _judge(self, response: httpx.Response) -> None:
        """Raise for what may pass: too many requests, a failing server, a time-out of its own."""
        self._has_answered = True
        status = response.status_code
        asked = pauses.asked_wait(status, response.headers)
        if status in pauses.LIMITED:
            raise _AgainError(f"answered {status}, too many requests", asked, everyone=True)
        if status >= httpx.codes.INTERNAL_SERVER_ERROR or status in {408, 425}:
            raise _AgainError(f"answered {status}", asked)

    async def _patiently(self, url: str, once: Callable[[Callable[[], None]], Awaitable[T]]) -> T:
        """Ask until it works, or until patience is at its end."""
        last_byte = time.monotonic()
        n_tries, n_dry = 0, 0

        def came() -> None:
            nonlocal last_byte, n_dry
            last_byte, n_dry = time.monotonic(), 0

        while True:
            queued = time.monotonic()
            try:
                async with self._slots:
                    await self._hold()  # with the slot: a pause holds back who queued for it too
                    last_byte += time.monotonic() - queued
                    self.n_requests += 1
                    return await once(came)
            except _AgainError as error:
                again, cause = error, error.__cause__
            except httpx.TransportError as error:
                again, cause = _AgainError(_said(error)), error
            except (httpx.TooManyRedirects, httpx.InvalidURL) as error:
                raise VenueError(f"{url}: {error}", hint="check the address") from error
            n_tries, n_dry = n_tries + 1, n_dry + 1
            wait = min(self.limits.backoff_s * 2.0 ** (n_dry - 1), self.limits.longest_s)
            wait = wait if again.wait_s is None else again.wait_s
            if again.everyone and wait > self.limits.patience_s:
                raise RateLimitError(
                    f"{url} {again.why}, and asks to be left alone for {wait:.0f} s",
                    hint="run the same command again after that; what was taken stays",
                    wait_s=wait,
                )
            enough = self.limits.n_tries if self._has_answered else _AT_FIRST
            late = time.monotonic() + wait - last_byte > self.limits.patience_s
            if n_tries >= enough or late:
                raise VenueUnavailableError(
                    f"{url} {again.why}, at the last of {n_tries} tries",
                    hint="check the address and the connection, then run the same command again",
                ) from cause
            if again.everyone:
                self._held_until = max(self._held_until, time.monotonic() + wait)
            else:
                await asyncio.sleep(wait)

    async def _hold(self) -> None:
        """Wait as long as the server wants to be left alone."""
        while (left := self._held_until - time.monotonic()) > 0.0:  # noqa: ASYNC110  (a time)
            await asyncio.sleep(left)


@cache
def _trusted() -> ssl.SSLContext:
    """Return whom to trust; reading the list takes longer than many a request."""
    return httpx.create_ssl_context()


def _said(error: httpx.TransportError) -> str:
    """Return what went wrong on the way, in words."""
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        return f"cannot be reached ({error or type(error).__name__})"
    if isinstance(error, httpx.TimeoutException):
        return "sent nothing for too long"
    return f"broke off ({error or type(error).__name__})"
