"""How long a server wants to be left alone, as its reply says it.

In: the status and headers of a reply. Out: seconds, or None where it says nothing.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMITED: Final = frozenset({418, 429})
"""Too many requests: refused, or banned for going on."""

_BAN: Final = 418
_SHORTEST_BAN_S: Final = 120.0
"""Who is banned for an unknown time and asks on is banned longer: Binance's begin here."""


def asked_wait(status: int, headers: Mapping[str, str]) -> float | None:
    """Return the seconds of ``Retry-After``: a number, or a date by the server's own clock.

    Parameters
    ----------
    status : int
        A ban (418) that does not say its length counts as the shortest there is.
    headers : mapping
        Of the reply; names in any spelling.

    Returns
    -------
    float or None
        Never negative; None if nothing is asked, or nothing that can be read.

    Notes
    -----
    Units: seconds.  Causal: this machine's clock is not read.  Missing: None.

    Examples
    --------
    >>> asked_wait(429, {"retry-after": "7"}), asked_wait(418, {}), asked_wait(429, {})
    (7.0, 120.0, None)
    >>> asked_wait(503, {"Retry-After": "Fri, 01 Jan 2038 10:00:09 GMT",
    ...                  "Date": "Fri, 01 Jan 2038 10:00:00 GMT"})
    9.0
    """
    named = {name.lower(): text.strip() for name, text in headers.items()}
    asked = _seconds(named.get("retry-after", ""), named.get("date", ""))
    return _SHORTEST_BAN_S if asked is None and status == _BAN else asked


def _seconds(asked: str, date: str) -> float | None:
    if asked.isascii() and asked.replace(".", "", 1).isdecimal():
        return float(asked)
    try:
        wait = parsedate_to_datetime(asked) - parsedate_to_datetime(date)
    except (ValueError, TypeError):  # one is no date, or one has a zone and one has none
        return None
    return max(wait.total_seconds(), 0.0)
