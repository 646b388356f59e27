"""The path of a price after an event: which barrier it meets first, when, and at what price.

In: bars, and events with a side and two barriers each. Out: how each ended. It is entered at the
open of the next bar, for the event is known at its bar's close. The path is that of highs and lows;
of two barriers met in one bar the stop counts, for nobody knows which came first. A stop that the
open jumped over is filled at that open; a profit is never better than what was asked.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from quorate.core.kernel import kernel
from quorate.core.types import Bar, ByteMat, ByteVec, IntVec, Mat, Vec


class Ended(IntEnum):
    """How a label ended; below zero: why an event is no label."""

    TIME = 0  # the horizon is over
    PROFIT = 1
    STOP = 2
    DELISTED = 3  # no price came for a day: out at the last one less a haircut
    NOT_TRADED = -1  # the event's bar, or the one to enter on, is imputed or absent
    GAP = -2  # an imputed or absent bar before any barrier, and a trade within a day
    HORIZON_OPEN = -3  # the data end before the horizon does, or a silence within it
    NO_BARRIER = -4  # the barriers' width is not known
    NO_SIDE = -5  # nothing was bet


class Outcomes(NamedTuple):
    """How each event ended, shape (event,) each; rows of the prices, the rest NaN or -1."""

    ended: ByteVec
    exit_row: IntVec
    end_row: IntVec
    entry: Vec
    exit: Vec


def empty(n: int) -> Outcomes:
    """Return room for the outcomes of n events.

    Examples
    --------
    >>> empty(2).exit_row
    array([-1, -1])
    """
    return Outcomes(
        np.zeros(n, np.int8),
        np.full(n, -1, np.int64),
        np.full(n, -1, np.int64),
        np.full(n, np.nan),
        np.full(n, np.nan),
    )


@kernel
def follow(
    open_: Mat,
    high: Mat,
    low: Mat,
    close: Mat,
    status: ByteMat,
    row: IntVec,
    coin: IntVec,
    side: ByteVec,
    profit_frac: Vec,
    stop_frac: Vec,
    horizon: int,
    haircut: float,
    silent_bars: int,
    out: Outcomes,
) -> None:
    """Follow every event to its end.

    Parameters
    ----------
    open_, high, low, close, status : Mat, ByteMat
        Bars, shape (time, coin).
    row, coin, side : IntVec, IntVec, ByteVec
        The events: row of the bar at whose close they are known, coin, and +1, -1 or 0.
    profit_frac, stop_frac : Vec
        How far the barriers are from the entry, shape (event,); inf: none.
    horizon : int
        Bars held at most.
    haircut : float
        Fraction of the last price that a delisting costs.
    silent_bars : int
        After so many without a price a coin counts as delisted, back later or not.
    out : Outcomes
        Written.

    Notes
    -----
    Units: fractions of the entry price; bars.  Causal: reads bars up to the end of each label,
    and of what follows only whether the horizon is over.  Missing: see ``Ended``.  METHODS 5.1, 12.

    Examples
    --------
    >>> high = np.array([[100.0], [101.0], [103.0]])
    >>> low, flat, ones = high - 2.0, np.full((3, 1), 100.0), np.ones(1, np.int8)
    >>> out, zero, two = empty(1), np.zeros(1, np.int64), np.full(1, 0.02)
    >>> state = np.ones((3, 1), np.int8)
    >>> follow(flat, high, low, flat, state, zero, zero, ones, two, two, 2, 0.0, 288, out)
    >>> Ended(out.ended[0]).name, out.exit_row, out.exit
    ('PROFIT', array([2]), array([102.]))
    """
    n_bars = close.shape[0]
    for i in range(row.shape[0]):
        t, c = row[i], coin[i]
        first, last = t + 1, t + horizon
        if side[i] == 0:
            out.ended[i] = Ended.NO_SIDE.value
        elif profit_frac[i] != profit_frac[i] or stop_frac[i] != stop_frac[i]:
            out.ended[i] = Ended.NO_BARRIER.value
        elif last >= n_bars:
            out.ended[i] = Ended.HORIZON_OPEN.value
        elif (
            status[t, c] != Bar.TRADED.value
            or status[first, c] != Bar.TRADED.value
            or not open_[first, c] > 0.0
        ):
            out.ended[i] = Ended.NOT_TRADED.value
        else:
            _follow(
                open_,
                high,
                low,
                close,
                status,
                i,
                t,
                c,
                side[i],
                profit_frac[i],
                stop_frac[i],
                last,
                haircut,
                silent_bars,
                out,
            )


@kernel
def _follow(
    open_: Mat,
    high: Mat,
    low: Mat,
    close: Mat,
    status: ByteMat,
    i: int,
    t: int,
    c: int,
    side: int,
    profit_frac: float,
    stop_frac: float,
    last: int,
    haircut: float,
    silent_bars: int,
    out: Outcomes,
) -> None:
    """Follow one event that could be entered."""
    entry = open_[t + 1, c]
    profit = entry * (1.0 + side * profit_frac)
    stop = entry * (1.0 - side * stop_frac)
    ended, price, row, end = Ended.TIME.value, close[last, c], last, last
    for j in range(t + 1, last + 1):
        if status[j, c] != Bar.TRADED.value:
            known = _silent_row(status, j, c, silent_bars)
            if known < 0 or known >= close.shape[0]:
                out.ended[i] = Ended.GAP.value if known < 0 else Ended.HORIZON_OPEN.value
                return
            ended, price = Ended.DELISTED.value, close[j - 1, c] * (1.0 - side * haircut)
            row, end = j - 1, max(last, known)
            break
        if low[j, c] <= stop if side > 0 else high[j, c] >= stop:
            ended, row, end = Ended.STOP.value, j, j
            price = min(open_[j, c], stop) if side > 0 else max(open_[j, c], stop)
            break
        if high[j, c] >= profit if side > 0 else low[j, c] <= profit:
            ended, price, row, end = Ended.PROFIT.value, profit, j, j
            break
    out.ended[i] = ended
    out.entry[i], out.exit[i] = entry, price
    out.exit_row[i], out.end_row[i] = row, end


@kernel
def _silent_row(status: ByteMat, first: int, c: int, silent_bars: int) -> int:
    """Return the row on which a coin has lacked a price for so long; -1 if it trades before.

    ``first`` is the row after a trade. Beyond the data where neither is known yet.
    """
    priced = first - 1
    for t in range(first, status.shape[0]):
        if status[t, c] == Bar.TRADED.value:
            return -1
        if status[t, c] != Bar.ABSENT.value:
            priced = t
        if t - priced >= silent_bars:
            return t
    return status.shape[0]
