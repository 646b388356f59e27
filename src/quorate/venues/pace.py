"""Requests are spaced by a clock that nobody sets.

In: what each request weighs, in units of one. Out: a wait before it. ccxt spaces requests by the
time of day: set back by five minutes, as after a pause of the machine, it sends nothing for five.
"""

from __future__ import annotations

import asyncio
from typing import Any


class Pace:
    """Waits before each request of a client until the ones before have had their time.

    Parameters
    ----------
    exchange : ccxt exchange
        ``rateLimit`` is how long a request of weight 1 takes, in ms.

    Notes
    -----
    Units: ms.  Causal: by the loop's own clock, in the order of asking.  Missing: a request without
    a weight weighs 1.  RELIABILITY 2.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> async def three():
    ...     pace, loop = Pace(SimpleNamespace(rateLimit=5)), asyncio.get_running_loop()
    ...     begun = loop.time()
    ...     for _ in range(3):
    ...         await pace(2.0)
    ...     return loop.time() - begun >= 0.02
    >>> asyncio.run(three())
    True
    """

    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange
        self._free_at = 0.0

    async def __call__(self, cost: float | None = None) -> None:
        """Wait for one's turn."""
        now = asyncio.get_running_loop().time()
        turn = max(self._free_at, now)
        weight = 1.0 if cost is None else float(cost)
        self._free_at = turn + weight * float(self._exchange.rateLimit) / 1e3
        await asyncio.sleep(turn - now)
