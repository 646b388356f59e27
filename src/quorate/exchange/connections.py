"""A websocket as a venue sees it, and what a venue's websockets can be told. No socket here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Connection:
    """One websocket as the exchange sees it.

    ``outbox`` holds what is to be sent, in order; ``is_cut`` that the exchange has ended it.
    """

    def __init__(self, account: str, opened_ms: int, path: str = "") -> None:
        self.account = account
        self.opened_ms = opened_ms
        self.path = path
        self.streams: dict[str, int] = {}
        self.outbox: list[str] = []
        self.shown: dict[str, dict[int, dict[int, int]]] = {}
        self.is_cut = False
        self.wake: Callable[[], None] = _nobody

    def send(self, message: object) -> None:
        """Put a message into the outbox and wake who reads it."""
        self.outbox.append(json.dumps(message, separators=(",", ":")))
        self.wake()


def _nobody() -> None:
    """Nobody waits for what is sent."""


class Speaking(Protocol):
    """All websockets of a venue."""

    def connect(self, path: str, query: str) -> Connection | None:
        """Open a connection; None where it is refused."""
        ...

    def drop(self, connection: Connection) -> None:
        """Forget a connection that has ended."""
        ...

    def hear(self, connection: Connection, text: str) -> None:
        """Take what a connection sends."""
        ...

    def spread(self) -> None:
        """Send what the engine has pushed since the last time to whom it concerns."""
        ...
