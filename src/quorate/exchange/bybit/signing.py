r"""Who asks Bybit: the key, its signature over the raw text, its rights, and the age of a request.

.. math:: s = \mathrm{HMAC}_{SHA256}(t \Vert k \Vert w \Vert x)

with the time t and the window w of the headers, the key k, and x the raw query of a GET or the raw
body of a POST. A request is refused where its time lies a second ahead, or further back than its
window: what has been refused so can never be executed later.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final

from quorate.exchange.bybit.asking import whole
from quorate.exchange.bybit.codes import RetCodeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.exchange.access import Key, Request

_AHEAD_MS: Final = 1000
_MOST_WINDOW_MS: Final = 60_000


def allowed(request: Request, keys: Mapping[str, Key], *, to_trade: bool) -> Key:
    """Return the key of a request, whose rights it must have.

    Raises
    ------
    RetCodeError
        10003 for one that is unknown or revoked, 10010 from another address, 10005 without the
        right.
    """
    key = keys.get(request.headers.get("X-BAPI-API-KEY", ""))
    if key is None or key.is_revoked:
        raise RetCodeError(10003, "API key is invalid.")
    if key.addresses is not None and request.address not in key.addresses:
        raise RetCodeError(10010, "Unmatched IP, please check your API key's bound IP addresses.")
    if to_trade and not key.may_trade:
        raise RetCodeError(10005, "Permission denied, please check your API key permissions.")
    return key


def authenticate(request: Request, key: Key, now_ms: int) -> None:
    """Refuse a request whose signature does not hold or whose time has passed.

    Raises
    ------
    RetCodeError
        10002 outside its window, 10004 wrongly signed, 10001 without its time.
    """
    sent_ms = whole(request.headers, "X-BAPI-TIMESTAMP")
    if sent_ms is None:
        raise RetCodeError(10001, "params error: X-BAPI-TIMESTAMP is required")
    window_ms = whole(request.headers, "X-BAPI-RECV-WINDOW")
    window_ms = 5000 if window_ms is None else window_ms
    window = request.headers.get("X-BAPI-RECV-WINDOW", "")
    text = request.body if request.method == "POST" else request.query
    signed = f"{sent_ms}{key.name}{window}{text}"
    if not holds(key, signed, request.headers.get("X-BAPI-SIGN", "")):
        raise RetCodeError(10004, "error sign! please check your signature generation algorithm.")
    is_late = now_ms - sent_ms > min(window_ms, _MOST_WINDOW_MS)
    if is_late or sent_ms >= now_ms + _AHEAD_MS:
        raise RetCodeError(
            10002,
            "invalid request, please check your server timestamp or recv_window param. "
            f"req_timestamp[{sent_ms}],server_timestamp[{now_ms}],recv_window[{window_ms}]",
        )


def holds(key: Key, text: str, signature: str) -> bool:
    """Whether a signature is a key's of a text."""
    wanted = hmac.new(key.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted, signature.lower())
