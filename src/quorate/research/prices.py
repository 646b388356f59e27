"""What labels and events read of a market: prices, and what each bar is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.core.types import ByteMat, Mat
from quorate.lake import silence

if TYPE_CHECKING:
    from quorate.lake.panel import Panel


class Prices(NamedTuple):
    """Bars of the primary venue, shape (time, coin) each, and how they are counted.

    ``k0`` is the counter of the first row's close; ``status`` holds ``core.types.Bar``; after
    ``silent_bars`` without a price a coin counts as delisted (``lake.silence``).
    Make it with ``of`` or ``prices``, which check it.
    """

    k0: int
    bar_minutes: int
    open: Mat
    high: Mat
    low: Mat
    close: Mat
    status: ByteMat
    silent_bars: int

    @property
    def n_bars(self) -> int:
        """Return the number of bars."""
        return int(self.close.shape[0])

    @property
    def n_coins(self) -> int:
        """Return the number of coins."""
        return int(self.close.shape[1])


def of(panel: Panel) -> Prices:
    """Return the prices of a panel, without copying them.

    Parameters
    ----------
    panel : Panel
        The market.

    Returns
    -------
    Prices
        Its primary bars.

    Notes
    -----
    Units: quote per coin.  Causal: nothing is computed.  Missing: NaN where ``status`` is ABSENT.

    Examples
    --------
    >>> from quorate.lake.synthetic import synthetic
    >>> of(synthetic(n_coins=2, days=1)).close.shape
    (288, 2)
    """
    b = panel.bars
    return prices(
        b.open,
        b.high,
        b.low,
        b.close,
        b.status,
        k0=panel.k0,
        bar_minutes=panel.bar_minutes,
    )


def prices(
    open_: Mat,
    high: Mat,
    low: Mat,
    close: Mat,
    status: ByteMat,
    *,
    k0: int,
    bar_minutes: int = 5,
    silent_hours: float = silence.SILENT_HOURS,
) -> Prices:
    """Return prices that kernels can read, after checking that they fit together.

    Parameters
    ----------
    open_, high, low, close : Mat
        Quote per coin, shape (time, coin).
    status : ByteMat
        ``core.types.Bar``, shape (time, coin).
    k0 : int
        Counter of the first row's close: its stamp over the length of a bar, since 1970.
    bar_minutes : int
        Length of a bar; a divisor of 60.
    silent_hours : float
        Without a price for so long a coin counts as delisted.

    Returns
    -------
    Prices
        Views where the arrays were fit for kernels, else copies.

    Raises
    ------
    ValueError
        If shapes differ, a bar's length does not divide the hour, or the silence is none.

    Notes
    -----
    Units: quote per coin.  Causal: nothing is computed.  Missing: NaN where ABSENT.

    Examples
    --------
    >>> flat = np.full((3, 1), 100.0)
    >>> prices(flat, flat, flat, flat, np.ones((3, 1), np.int8), k0=12).n_bars
    3
    """
    if bar_minutes < 1 or 60 % bar_minutes:
        raise ValueError(f"bar_minutes is {bar_minutes}, it must divide 60: give 1, 5, 15, 60 ...")
    begun, top, bottom, last = (
        np.require(x, np.float64, ["C", "W"]) for x in (open_, high, low, close)
    )
    state = np.require(status, np.int8, ["C", "W"])
    shapes = {x.shape for x in (begun, top, bottom, last, state)}
    if len(shapes) != 1 or state.ndim != 2:
        raise ValueError(f"prices and status have the shapes {shapes}: give one, (time, coin)")
    silent_bars = silence.limit(bar_minutes, silent_hours)
    if silent_bars < 1:
        raise ValueError(f"silent_hours is {silent_hours}, it must be above 0: such as 24")
    return Prices(int(k0), int(bar_minutes), begun, top, bottom, last, state, silent_bars)
