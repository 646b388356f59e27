"""Who asks: the key, its signature over the raw text, its rights, and how old the request may be.

The text is signed as it was sent, query and body together up to ``&signature=``: to decode it first
would change it (``%5B`` of a batch). A request is refused where its time lies more than a second
ahead, or further back than its window: what has been refused so can never be executed later.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode
from binascii import Error as BadBase64
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl, unquote

from quorate.exchange.binance.asking import RefusedError, whole

if TYPE_CHECKING:
    from collections.abc import Callable

_AHEAD_MS: Final = 1000
_MOST_WINDOW_MS: Final = 60_000


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
    api_key: str = ""
    address: str = "127.0.0.1"
    host: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        """Query and body, decoded."""
        return dict(_pairs(self.query) + _pairs(self.body))


@lru_cache(maxsize=64)
def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(text, keep_blank_values=True)) if text else ()


def allowed(request: Request, keys: dict[str, Key], *, to_trade: bool) -> Key:
    """Return the key of a request, whose rights it must have.

    Raises
    ------
    RefusedError
        -2014 without a key, -2015 for one that is unknown, revoked, not for this address or
        without the right.
    """
    if not request.api_key:
        raise RefusedError(-2014, "API-key format invalid.", 401)
    key = keys.get(request.api_key)
    is_near = key is None or key.addresses is None or request.address in key.addresses
    if key is None or key.is_revoked or not is_near or not (key.may_trade or not to_trade):
        raise RefusedError(-2015, "Invalid API-key, IP, or permissions for action.", 401)
    return key


def authenticate(request: Request, key: Key, now_ms: int) -> None:
    """Refuse a request whose signature does not hold or whose time has passed.

    Raises
    ------
    RefusedError
        -1102 without its time or signature, -1021 outside its window, -1022 wrongly signed.
    """
    parameters = request.parameters
    sent_ms = whole(parameters, "timestamp")
    if sent_ms is None or "signature" not in parameters:
        missing = "timestamp" if sent_ms is None else "signature"
        raise RefusedError(
            -1102, f"Mandatory parameter '{missing}' was not sent, was empty/null, or malformed."
        )
    window_ms = whole(parameters, "recvWindow")
    window_ms = 5000 if window_ms is None else window_ms
    if window_ms > _MOST_WINDOW_MS:
        raise RefusedError(-1131, "recvWindow must be less than 60000")
    text = request.query + request.body
    signed = text.rsplit("&signature=", 1)[0].encode()
    if not _holds(key, parameters["signature"], text, signed):
        raise RefusedError(-1022, "Signature for this request is not valid.")
    if sent_ms >= now_ms + _AHEAD_MS:
        raise RefusedError(
            -1021, "Timestamp for this request was 1000ms ahead of the server's time."
        )
    if now_ms - sent_ms > window_ms:
        raise RefusedError(-1021, "Timestamp for this request is outside of the recvWindow.")


def _holds(key: Key, signature: str, text: str, signed: bytes) -> bool:
    if key.verify is None:
        wanted = hmac.new(key.secret.encode(), signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(wanted, signature.lower())
    raw = text.rsplit("&signature=", 1)[-1]
    try:
        return key.verify(b64decode(unquote(raw), validate=True), signed)
    except BadBase64:
        return False
