"""Who asks a venue: the request as it came over the wire, the key, how old what it is shown may be.

Nothing here belongs to one venue: which header has the key and what is signed is the dialect's.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class Key(NamedTuple):
    """An API key: whose, how it signs and what it may do.

    Notes
    -----
    ``secret`` signs by HMAC-SHA256; ``verify`` instead, given (signature, text), says whether an
    Ed25519 signature holds.  ``addresses`` None: from anywhere.
    """

    name: str
    account: str
    secret: str = ""
    verify: Callable[[bytes, bytes], bool] | None = None
    may_read: bool = True
    may_trade: bool = True
    may_withdraw: bool = False
    may_transfer: bool = False
    is_revoked: bool = False
    addresses: tuple[str, ...] | None = None


class Request(NamedTuple):
    """What came over the wire: ``query`` and ``body`` raw, as they were signed."""

    method: str
    path: str
    query: str = ""
    body: str = ""
    headers: Mapping[str, str] = _NONE
    address: str = "127.0.0.1"
    host: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        """Query and body, decoded as a form."""
        return dict(_pairs(self.query) + _pairs(self.body))


@lru_cache(maxsize=64)
def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(text, keep_blank_values=True)) if text else ()


class Lags(NamedTuple):
    """How far each replica is behind what has happened, in milliseconds."""

    order: int = 0
    open_orders: int = 0
    trades: int = 0
    positions: int = 0
