"""What every facade has in common: a path and its parameters in, a reply out, no socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quorate.exchange.script import Fault


class Reply(NamedTuple):
    """A status, a body that is sent as JSON, and headers."""

    status: int
    body: object
    headers: Mapping[str, str] = {}


class Facade(Protocol):
    """A venue's API over a listing."""

    def reply(
        self, path: str, query: Mapping[str, str], at_s: float, faults: Sequence[Fault]
    ) -> Reply:
        """Answer one request.

        Parameters
        ----------
        path : str
            Such as ``/api/v3/klines``.
        query : mapping
            Its parameters, decoded.
        at_s : float
            Seconds of a clock that does not go back: limits count by it.
        faults : sequence of Fault
            What this request meets; only those of rows matter here.
        """
        ...
