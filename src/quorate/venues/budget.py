"""How much of a minute's weight is used, as Binance says it with every reply.

In: the headers of replies, and the limits that the list of instruments carries. Out: for how long
to ask nothing more. A request costs more or less than was reckoned, and others ask from the same
address: the venue's own count knows both, and who keeps below it is never refused.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

MINUTE_S = 60.0
_SHARE: Final = 0.8
"""Of the limit: what was sent already counts too when it arrives."""
_USED: Final = ("x-mbx-used-weight-1m", "x-mbx-used-weight")
_LIMIT: Final = re.compile(
    r'"rateLimitType":\s*"REQUEST_WEIGHT",\s*"interval":\s*"MINUTE",\s*"intervalNum":\s*1,'
    r'\s*"limit":\s*(\d+)'
)


class Budget:
    """What a venue allows a minute, by the first part of an address: ``api``, ``fapi``, ``dapi``.

    Notes
    -----
    Units: weight a minute, seconds.  Causal: the minute is that of the reply's own date.  Missing:
    where no limit was told, or no weight, nothing is held back.

    Examples
    --------
    >>> budget = Budget()
    >>> told = '"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000'
    >>> budget.rest_s("http://x/api/v3/exchangeInfo", {"X-MBX-USED-WEIGHT-1M": "20"}, told)
    0.0
    >>> date = "Fri, 01 Jan 2038 10:00:45 GMT"
    >>> budget.rest_s("http://x/api/v3/klines", {"X-MBX-USED-WEIGHT-1M": "4800", "Date": date}, "")
    15.0
    """

    def __init__(self) -> None:
        self._limits: dict[str, int] = {}

    def rest_s(self, url: str, headers: Mapping[str, str], body: str) -> float:
        """Return the seconds to the next minute once most of this one's weight is used, else 0.

        Parameters
        ----------
        url : str
            That was asked.
        headers : mapping
            Of the reply; names in any spelling.
        body : str
            Of the reply; read where it lists the instruments.
        """
        path = urlsplit(url).path
        side = path.strip("/").partition("/")[0]
        if path.endswith("exchangeInfo") and (found := _LIMIT.search(body)):
            self._limits[side] = int(found[1])
        named = {name.lower(): text for name, text in headers.items()}
        used = next((named[name] for name in _USED if name in named), "")
        limit = self._limits.get(side)
        if limit is None or not used.isdecimal() or int(used) < _SHARE * limit:
            return 0.0
        try:
            date = parsedate_to_datetime(named.get("date", "")).timestamp()
        except ValueError:
            date = 0.0
        return MINUTE_S - date % MINUTE_S
