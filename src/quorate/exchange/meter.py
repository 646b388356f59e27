"""What a client may ask of a venue in a minute, and what happens to one who asks for more.

In: the weight of each request and the time. Out: the weight used so far, and whether to refuse: 429
until the minute is over, and 418, a ban, for who goes on asking meanwhile.
"""

from __future__ import annotations

import math
from typing import NamedTuple


class Verdict(NamedTuple):
    """What the meter says of a request: its status, the weight used, seconds to wait."""

    status: int
    used: int
    wait_s: int = 0


class Meter:
    """Weight within fixed windows, as Binance counts it.

    Parameters
    ----------
    limit : int
        Weight of a window.
    window_s : float
        Length of a window.
    ignored : int
        Requests that a client may send against a 429 before it is banned.
    ban_s : float
        Length of the first ban; it doubles with each.

    Notes
    -----
    ``is_banned`` stays once a client was.
    Units: seconds of any clock that does not go back.  Causal: yes.  Missing: none.

    Examples
    --------
    >>> meter = Meter(limit=3)
    >>> [meter.count(2, at) for at in (0.0, 1.0, 60.0)]
    [Verdict(status=200, used=2, wait_s=0), Verdict(status=429, used=4, wait_s=59), \
Verdict(status=200, used=2, wait_s=0)]
    """

    def __init__(
        self, limit: int, window_s: float = 60.0, ignored: int = 5, ban_s: float = 120.0
    ) -> None:
        self.limit = limit
        self.window_s = window_s
        self.ignored = ignored
        self.ban_s = ban_s
        self.used = 0
        self.is_banned = False
        self._window = -1
        self._n_refused = 0
        self._banned_until = -math.inf

    def count(self, weight: int, at_s: float) -> Verdict:
        """Count a request and say what becomes of it."""
        if at_s < self._banned_until:
            return Verdict(418, self.used, math.ceil(self._banned_until - at_s))
        window = math.floor(at_s / self.window_s)
        if window != self._window:
            self._window, self.used, self._n_refused = window, 0, 0
        self.used += weight
        if self.used <= self.limit:
            return Verdict(200, self.used)
        self._n_refused += 1
        if self._n_refused > self.ignored:
            self._banned_until = at_s + self.ban_s
            self.is_banned = True
            self.ban_s *= 2.0
            return Verdict(418, self.used, math.ceil(self._banned_until - at_s))
        return Verdict(429, self.used, max(math.ceil((window + 1) * self.window_s - at_s), 1))
