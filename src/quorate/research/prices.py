"""What labels and events read of a market: prices, what each bar is worth, and who went away."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.core.types import ByteMat, IntVec, Mat
from quorate.lake.grid import NEVER

if TYPE_CHECKING:
    from quorate.lake.panel import Panel


class Prices(NamedTuple):
    """Bars of the primary venue, shape (time, coin) each, and how they are counted.

    ``k0`` is the counter of the first row's close; ``status`` holds ``core.types.Bar``;
    ``delisted_k`` (coin,) is the counter of a coin's last bar, else ``lake.grid.NEVER``.
    Make it with ``of`` or ``prices``, which check it.
    """

    k0: int
    bar_minutes: int
    open: Mat
    high: Mat
    low: Mat
    close: Mat
    status: ByteMat
    delisted_k: IntVec

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
    Units: quote per coin.  Causal: ``delisted_k`` is what the panel knows at its end.
    Missing: NaN where ``status`` is ABSENT.

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
        delisted_k=panel.delisted_k,
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
    delisted_k: IntVec | None = None,
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
    delisted_k : IntVec, optional
        Counter of each coin's last bar, ``NEVER`` where it goes on; None: all go on.

    Returns
    -------
    Prices
        Views where the arrays were fit for kernels, else copies.

    Raises
    ------
    ValueError
        If shapes differ, or a bar's length does not divide the hour.

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
    gone = np.full(state.shape[1], NEVER) if delisted_k is None else delisted_k
    gone = np.require(gone, np.int64, ["C", "W"])
    if gone.shape != state.shape[1:]:
        raise ValueError(f"delisted_k has the shape {gone.shape}: give one number a coin")
    return Prices(int(k0), int(bar_minutes), begun, top, bottom, last, state, gone)
