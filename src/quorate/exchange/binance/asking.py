"""Parameters as Binance reads them: which there must be, what may stand in them, its errors."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from quorate.exchange.listing import Span

if TYPE_CHECKING:
    from collections.abc import Mapping

_WHOLE: Final = re.compile(r"[0-9]{1,20}")
_DECIMAL: Final = re.compile(r"([0-9]{1,20})(\.[0-9]{1,20})?")


class RefusedError(Exception):
    """A request that Binance answers with an error of its own.

    Parameters
    ----------
    code : int
        Binance's, below 0.
    message : str
        Binance's words.
    status : int
        Of HTTP.
    """

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def only(query: Mapping[str, str], *known: str) -> None:
    """Refuse parameters that the endpoint does not have."""
    read = sum(name in known for name in query)
    if read < len(query):
        raise RefusedError(
            -1104,
            f"Not all sent parameters were read; read '{read}' parameter(s) "
            f"but was sent '{len(query)}'.",
        )


def given(query: Mapping[str, str], name: str) -> str:
    """Return a parameter that there must be."""
    if not query.get(name):
        raise RefusedError(
            -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        )
    return query[name]


def whole(query: Mapping[str, str], name: str) -> int | None:
    """Return a whole number, None where it was not sent.

    Examples
    --------
    >>> whole({"limit": "5"}, "limit"), whole({}, "limit")
    (5, None)
    """
    if name not in query:
        return None
    if not _WHOLE.fullmatch(query[name]):
        raise RefusedError(
            -1100,
            f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'.",
        )
    return int(query[name])


def amount(query: Mapping[str, str], name: str) -> Decimal | None:
    """Return a decimal number, None where it was not sent.

    Examples
    --------
    >>> amount({"price": "0.10"}, "price")
    Decimal('0.10')
    """
    if name not in query:
        return None
    if not _DECIMAL.fullmatch(query[name]):
        raise RefusedError(
            -1100,
            f"Illegal characters found in parameter '{name}'; legal range is "
            "'^([0-9]{1,20})(\\.[0-9]{1,20})?$'.",
        )
    try:
        return Decimal(query[name])
    except InvalidOperation as error:  # digits of another alphabet match no pattern above
        raise RefusedError(-1100, f"Illegal characters found in parameter '{name}'.") from error


def flag(query: Mapping[str, str], name: str) -> bool:
    """Return a yes or no; what was not sent is a no."""
    value = query.get(name, "false").lower()
    if value not in {"true", "false"}:
        raise RefusedError(-1102, f"Mandatory parameter '{name}' was malformed.")
    return value == "true"


def chosen(query: Mapping[str, str], name: str, words: Mapping[str, str], usual: str) -> str:
    """Return one of a few words, in ours; ``usual`` where it was not sent."""
    word = query.get(name, usual)
    if word not in words:
        raise RefusedError(-1116 if name == "type" else -1115, f"Invalid {name}.")
    return words[word]


def span(query: Mapping[str, str], usual: int, most: int, *, is_clamped: bool = False) -> Span:
    """Return the times and the limit of a page."""
    limit = whole(query, "limit") if "limit" in query else usual
    limit = usual if limit is None else limit
    if limit == 0 or (limit > most and not is_clamped):
        raise RefusedError(-1130, "Data sent for parameter 'limit' is not valid.")
    return Span(whole(query, "startTime"), whole(query, "endTime"), min(limit, most))
