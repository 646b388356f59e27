"""The tape: what several families read of a coin's own past.

In: one row of bars. Out: the logs of the bar, its return, sums and extremes over 1, 4 and 24 h,
and the hour bars built from it. Every window is exact (``core.rolling``). A bar that is absent,
or whose numbers cannot be a bar, restarts the coin. Returns are clipped (``tails``); prices and
sums of squares, which volatility and stops are made of, are not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quorate.core.features import tails
from quorate.core.kernel import kernel
from quorate.core.rolling import TOTALS, VALUES, clear, push_max, push_sum, window
from quorate.core.types import Bar, Bars, Cube, IntMat, Mat, Vec

# rows of ``State.counts``
PRESENT, COUNT, HOURS, CLOSED, HOUR_BARS = range(5)
# rows of ``State.now``: the bar, logs of its prices, of those before, clipped returns
OPEN, HIGH, LOW, CLOSE = range(4)
LOG_OPEN, LOG_HIGH, LOG_LOW, LOG_CLOSE = range(4, 8)
BEFORE_HIGH, BEFORE_LOW, BEFORE_CLOSE = range(8, 11)
RET, RET_1H, RET_4H, RET_24H = range(11, 15)
# the hour in progress, or the one that just closed, and the log close it started from
HOUR_HIGH, HOUR_LOW, HOUR_CLOSE, HOUR_SQUARE, HOUR_VOLUME, HOUR_LOG, HOUR_RET = range(15, 22)
# the channel of 24 h as it was one bar ago
CEILING, GROUND = range(22, 24)
N_NOW = 24
# values of ``State.day`` (sums over 24 h), ``State.four`` and ``State.hour``
SQUARE, BIPOWER, ABSOLUTE, VOLUME, QUOTE, PARKINSON, GARMAN = range(7)
SIGNED, VOLUME_4H = range(2)
SQUARE_1H, VOLUME_1H, TAKER_1H = range(3)
# values of the extremes
TOP, NEGATIVE_BOTTOM = range(2)

_GARMAN_CLOSE = 2.0 * float(np.log(2.0)) - 1.0


class State(NamedTuple):
    """The shared past of every coin.

    Attributes
    ----------
    counts : IntMat
        1 where the bar can be used, bars and full hours since the coin (re)started, 1 where the
        bar completes an hour that has all its bars, bars of that hour so far, shape (5, coin).
    now : Mat
        What is known of the bar: see the constants, shape (24, coin).
    log_close : Mat
        Ring of log closes, shape (bars_per_day, coin).
    day, four, hour : Cube
        Windows of sums over 24, 4 and 1 h.
    day_range, hour_range : Cube
        Windows of the maxima of the high and of the negated low over 24 and 1 h.
    tails : tails.State
        What an hour's return was like over seven days.
    """

    counts: IntMat
    now: Mat
    log_close: Mat
    day: Cube
    four: Cube
    hour: Cube
    day_range: Cube
    hour_range: Cube
    tails: tails.State


def init(n_coins: int, bars_per_hour: int) -> State:
    """Return the past of coins that have none."""
    day = 24 * bars_per_hour
    return State(
        counts=np.zeros((5, n_coins), np.int64),
        now=np.zeros((N_NOW, n_coins)),
        log_close=np.zeros((day, n_coins)),
        day=window(day, 7, n_coins),
        four=window(4 * bars_per_hour, 2, n_coins),
        hour=window(bars_per_hour, 3, n_coins),
        day_range=window(day, 2, n_coins, -np.inf),
        hour_range=window(bars_per_hour, 2, n_coins, -np.inf),
        tails=tails.init(n_coins),
    )


@kernel
def look(bars: Bars, t: int, counts: IntMat) -> None:
    """Mark the bars that can be used: not absent, prices positive and ordered, volume known."""
    status, volume = bars.status[t], bars.volume[t]
    opened, high, low, close = bars.open[t], bars.high[t], bars.low[t], bars.close[t]
    for c in range(counts.shape[1]):
        # a comparison with NaN is false, so a missing number is never present; & does not branch
        ordered = (low[c] > 0.0) & (low[c] <= close[c]) & (close[c] <= high[c])
        ordered = ordered & (low[c] <= opened[c]) & (opened[c] <= high[c]) & (high[c] < np.inf)
        known = ordered & (volume[c] >= 0.0) & (volume[c] < np.inf)
        counts[PRESENT, c] = 1 if known & (status[c] != Bar.ABSENT) else 0


@kernel
def restart(state: State, c: int) -> None:
    """Forget coin ``c``."""
    for i in range(COUNT, HOUR_BARS + 1):
        state.counts[i, c] = 0
    state.now[RET, c] = 0.0
    clear(state.day, c)
    clear(state.four, c)
    clear(state.hour, c)
    clear(state.day_range, c)
    clear(state.hour_range, c)
    tails.restart(state.tails, c)


@kernel
def _prices(bars: Bars, t: int, counts: IntMat, now: Mat) -> None:
    """Take the prices of the bars that are present, their logs, and their returns."""
    opens, highs, lows, closes = bars.open[t], bars.high[t], bars.low[t], bars.close[t]
    for c in range(counts.shape[1]):
        opened, high, low, close = opens[c], highs[c], lows[c], closes[c]
        now[OPEN, c], now[HIGH, c], now[LOW, c], now[CLOSE, c] = opened, high, low, close
        if counts[PRESENT, c] == 0:
            continue
        now[BEFORE_HIGH, c], now[BEFORE_LOW, c] = now[LOG_HIGH, c], now[LOG_LOW, c]
        now[BEFORE_CLOSE, c] = now[LOG_CLOSE, c]
        log_close = np.log(close)
        # equal prices have equal logs: taking one saves a logarithm
        log_open = log_close if opened == close else np.log(opened)
        log_high = log_close if high == close else (log_open if high == opened else np.log(high))
        log_low = log_close if low == close else (log_open if low == opened else np.log(low))
        now[LOG_OPEN, c], now[LOG_HIGH, c] = log_open, log_high
        now[LOG_LOW, c], now[LOG_CLOSE, c] = log_low, log_close


@kernel
def _sums(
    volumes: Vec,
    takers: Vec,
    bar_hours: float,
    known: tails.State,
    counts: IntMat,
    now: Mat,
    day: Mat,
    four: Mat,
    hour: Mat,
) -> None:
    """Write what enters the sums; the values of absent coins stay zero."""
    middle, reach, root = known.middle, known.reach, np.sqrt(bar_hours)
    for c in range(counts.shape[1]):
        if counts[PRESENT, c] == 0:
            continue
        volume, earlier = volumes[c], abs(now[RET, c])
        ret = now[LOG_CLOSE, c] - now[BEFORE_CLOSE, c] if counts[COUNT, c] > 0 else 0.0
        counts[COUNT, c] += 1
        clipped = tails.clip(ret, middle[c], reach[c], bar_hours, root)
        now[RET, c] = clipped
        span = now[LOG_HIGH, c] - now[LOG_LOW, c]
        body = now[LOG_CLOSE, c] - now[LOG_OPEN, c]
        day[SQUARE, c] = ret * ret
        day[BIPOWER, c] = abs(clipped) * earlier
        day[ABSOLUTE, c] = abs(clipped)
        day[VOLUME, c] = volume
        day[QUOTE, c] = volume * (now[HIGH, c] + now[LOW, c] + now[CLOSE, c]) / 3.0
        day[PARKINSON, c] = span * span
        day[GARMAN, c] = 0.5 * span * span - _GARMAN_CLOSE * body * body
        four[SIGNED, c] = volume if ret > 0.0 else (-volume if ret < 0.0 else 0.0)
        four[VOLUME_4H, c] = volume
        hour[SQUARE_1H, c] = ret * ret
        hour[VOLUME_1H, c] = volume
        hour[TAKER_1H, c] = takers[c] if volume > 0.0 else 0.0


@kernel
def _extremes(counts: IntMat, now: Mat, day: Cube, hour: Cube) -> None:
    """Write what enters the extremes, and keep the channel as it was one bar ago."""
    for c in range(counts.shape[1]):
        now[CEILING, c], now[GROUND, c] = day[TOTALS, TOP, c], -day[TOTALS, NEGATIVE_BOTTOM, c]
        if counts[PRESENT, c] == 1:
            day[VALUES, TOP, c] = hour[VALUES, TOP, c] = now[HIGH, c]
            day[VALUES, NEGATIVE_BOTTOM, c] = hour[VALUES, NEGATIVE_BOTTOM, c] = -now[LOW, c]


@kernel
def _lag(k: int, bars_per_hour: int, known: tails.State, ring: Mat, now: Mat) -> None:
    """Set the returns over 1, 4 and 24 h and store the close."""
    n_day, middle, reach, root = ring.shape[0], known.middle, known.reach, np.sqrt(24.0)
    h1, h4 = ring[(k - bars_per_hour) % n_day], ring[(k - 4 * bars_per_hour) % n_day]
    h24 = ring[k % n_day]
    for c in range(now.shape[1]):
        last = now[LOG_CLOSE, c]
        now[RET_1H, c] = tails.clip(last - h1[c], middle[c], reach[c], 1.0, 1.0)
        now[RET_4H, c] = tails.clip(last - h4[c], middle[c], reach[c], 4.0, 2.0)
        # the slot of 24 h ago is the slot of now: read, then write
        now[RET_24H, c] = tails.clip(last - h24[c], middle[c], reach[c], 24.0, root)
        h24[c] = last


@kernel
def _hour(
    k: int,
    bars_per_hour: int,
    clip_z: float,
    values: Mat,
    counts: IntMat,
    now: Mat,
    known: tails.State,
) -> None:
    """Add the bar to the hour in progress, and close the hour on the hour."""
    first, last = k % bars_per_hour == 1 % bars_per_hour, k % bars_per_hour == 0
    squares, volumes, slot = (
        values[SQUARE_1H],
        values[VOLUME_1H],
        k // bars_per_hour % tails.WEEK_HOURS,
    )
    for c in range(counts.shape[1]):
        counts[CLOSED, c] = 0
        if first:
            counts[HOUR_BARS, c] = 0
        if counts[COUNT, c] == 0:
            continue
        if counts[HOUR_BARS, c] == 0:
            now[HOUR_HIGH, c], now[HOUR_LOW, c] = now[HIGH, c], now[LOW, c]
            now[HOUR_SQUARE, c] = now[HOUR_VOLUME, c] = 0.0
        counts[HOUR_BARS, c] += 1
        now[HOUR_HIGH, c] = max(now[HOUR_HIGH, c], now[HIGH, c])
        now[HOUR_LOW, c] = min(now[HOUR_LOW, c], now[LOW, c])
        now[HOUR_CLOSE, c] = now[CLOSE, c]
        now[HOUR_SQUARE, c] += squares[c]
        now[HOUR_VOLUME, c] += volumes[c]
        if last and counts[HOUR_BARS, c] == bars_per_hour:
            counts[CLOSED, c] = 1
            ret = now[LOG_CLOSE, c] - now[HOUR_LOG, c]
            now[HOUR_RET, c] = tails.clip(ret, known.middle[c], known.reach[c], 1.0, 1.0)
            now[HOUR_LOG, c] = now[LOG_CLOSE, c]
            counts[HOURS, c] += 1
            if counts[HOURS, c] > 1:  # the first hour has no close before it
                tails.learn(known, c, slot, ret, clip_z)


@kernel
def step(bars: Bars, t: int, k: int, bars_per_hour: int, clip_z: float, state: State) -> None:
    """Read row ``t`` of the bars, whose counter is ``k``, after ``look``.

    Notes
    -----
    Units: logs and fractions; volume in coins.  Causal: reads bars <= t.
    Missing: an absent coin has count 0 and its windows are empty.
    """
    counts, now, n_day, known = state.counts, state.now, 24 * bars_per_hour, state.tails
    day, four, hour, bar_hours = state.day, state.four, state.hour, 1.0 / bars_per_hour
    volumes, takers = bars.volume[t], bars.taker_buy[t]
    _prices(bars, t, counts, now)
    # a bar that is carried over a gap is flat and has volume 0 by its definition
    sums, fours, hours = day[VALUES], four[VALUES], hour[VALUES]
    _sums(volumes, takers, bar_hours, known, counts, now, sums, fours, hours)
    _extremes(counts, now, state.day_range, state.hour_range)
    _lag(k, bars_per_hour, known, state.log_close, now)
    push_sum(day, k % n_day)
    push_sum(four, k % (4 * bars_per_hour))
    push_sum(hour, k % bars_per_hour)
    push_max(state.day_range, k % n_day)
    push_max(state.hour_range, k % bars_per_hour)
    _hour(k, bars_per_hour, clip_z, hours, counts, now, known)
