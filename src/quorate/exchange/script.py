"""Which request meets which fault: written beforehand, so that a test is the same every time.

In: the endpoint of each request, in order. Out: the faults that this one meets, and rows bent as
they say.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.exchange.listing import Row, Series

Trouble = Literal[
    "status", "stall", "cut", "refuse", "garble", "skip", "hole", "overlap", "repeat", "empty"
]


class Fault(NamedTuple):
    """A fault of some requests to an endpoint.

    Parameters
    ----------
    endpoint : str
        The last part of the path: ``klines``.
    trouble : str
        On the wire: ``status`` (an HTTP status ``size``), ``stall`` (``size`` seconds without a
        word), ``cut`` (the connection ends within the body), ``refuse`` (it ends before a word),
        ``garble`` (half of the JSON). In the rows: ``skip`` (the first ``size`` rows are left out),
        ``hole`` (``size`` rows from the middle), ``overlap`` (it begins ``size`` rows early),
        ``repeat`` (the first rows of the series, whatever was asked), ``empty``.
    first : int
        The first request to meet it, counted from 1 within the endpoint.
    times : int
        How many requests in a row meet it.
    size : float
        See ``trouble``.
    wait_s : float, optional
        A Retry-After for ``status``; with ``is_date`` as a date.
    """

    endpoint: str
    trouble: Trouble
    first: int = 1
    times: int = 1
    size: float = 0.0
    wait_s: float | None = None
    is_date: bool = False


class Script:
    """Faults, and how many requests each endpoint has had.

    Examples
    --------
    >>> script = Script(Fault("klines", "empty", first=2))
    >>> [len(script.met("klines")) for _ in range(3)]
    [0, 1, 0]
    """

    def __init__(self, *faults: Fault) -> None:
        self.faults = list(faults)
        self.counts: Counter[str] = Counter()

    def met(self, endpoint: str) -> tuple[Fault, ...]:
        """Count a request and return the faults that it meets."""
        self.counts[endpoint] += 1
        nth = self.counts[endpoint]
        return tuple(
            fault
            for fault in self.faults
            if fault.endpoint == endpoint and fault.first <= nth < fault.first + fault.times
        )


def bent(rows: Sequence[Row], series: Series, faults: Sequence[Fault]) -> list[Row]:
    """Return a page's rows as its faults leave them.

    Parameters
    ----------
    rows : sequence of tuple
        The right page.
    series : Series
        Everything there is.
    faults : sequence of Fault
        Those on the wire are not of interest here.

    Returns
    -------
    list of tuple
        The page that is sent.
    """
    page = list(rows)
    for fault in faults:
        size = int(fault.size)
        if fault.trouble == "skip":
            page = page[size:]
        elif fault.trouble == "hole":
            middle = max((len(page) - size) // 2, 0)
            page = page[:middle] + page[middle + size :]
        elif fault.trouble == "overlap" and page:
            begin = series.rows.index(page[0])
            page = series.rows[max(begin - size, 0) : begin] + page
        elif fault.trouble == "repeat":
            page = series.rows[: len(page)]
        elif fault.trouble == "empty":
            page = []
    return page
