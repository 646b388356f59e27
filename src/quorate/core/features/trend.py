"""Trend: whether the price goes somewhere, and whether it has gone too far.

In: the tape, Wilder's recursions, the hourly closes. Out: the rows of the family ``trend``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quorate.core.features import tape as tapes
from quorate.core.features import wilder
from quorate.core.features.table import index
from quorate.core.kernel import kernel
from quorate.core.rolling import TOTALS, VALUES, clear, mean_std, push_sum, window
from quorate.core.types import Cube, IntVec, Mat, Vec

_EMA_4H, _EMA_24H, _CROSS = index("ema_4h_gap"), index("ema_24h_gap"), index("ema_cross")
_MACD, _ADX, _DI = index("macd_hist"), index("adx"), index("di_diff")
_EFFICIENCY, _CHANNEL = index("efficiency_24h"), index("channel_pos_24h")
_BREAKOUT, _RSI, _BOLLINGER = index("breakout_24h"), index("rsi_14"), index("bollinger_z")

ADX_HOURS = 150
BOLLINGER_HOURS = 20
# rows of ``State.held``: values that change on the hour
_KAUFMAN, _MEAN, _STD = range(3)


class State(NamedTuple):
    """Averages of 4 and 24 h, shape (2, coin); 24 hourly closes and their moves; what is held."""

    ema: Mat
    closes: Mat
    moves: Cube
    held: Mat


def init(n_coins: int) -> State:
    """Return the state of coins without a past."""
    return State(
        np.zeros((2, n_coins)),
        np.zeros((24, n_coins)),
        window(24, 1, n_coins),
        np.zeros((3, n_coins)),
    )


@kernel
def restart(state: State, c: int) -> None:
    """Forget coin ``c``."""
    clear(state.moves, c)


@kernel
def _on_hour(q: int, tape: tapes.State, state: State) -> None:
    """Take in the closed hour ``q``: Kaufman's ratio and the band of 20 hours."""
    closed, hours, now = (
        tape.counts[tapes.CLOSED],
        tape.counts[tapes.HOURS],
        tape.now[tapes.HOUR_CLOSE],
    )
    ring, held = state.closes, state.held
    moves, totals = state.moves[VALUES, 0], state.moves[TOTALS, 0]
    slot, before = q % 24, ring[(q - 1) % 24]
    for c in range(closed.shape[0]):
        moves[c] = abs(now[c] - before[c]) if closed[c] == 1 and hours[c] > 1 else 0.0
    push_sum(state.moves, slot)
    for c in range(closed.shape[0]):
        if closed[c] == 0:
            continue
        path, way = totals[c], abs(now[c] - ring[slot, c])
        # rounding of the sum may put the ratio a hair above 1
        held[_KAUFMAN, c] = min(way / path, 1.0) if path > 0.0 else 0.0
        ring[slot, c] = now[c]
        held[_MEAN, c], held[_STD, c] = mean_std(ring, slot, BOLLINGER_HOURS, c)


@kernel
def _averages(close: Vec, count: IntVec, bars_per_hour: int, ema: Mat, out: Mat) -> None:
    """Advance the two exponential averages, which the first bar starts, and write the gaps."""
    day = 24 * bars_per_hour
    for c in range(count.shape[0]):
        if count[c] == 1:
            ema[0, c] = ema[1, c] = close[c]
        elif count[c] > 1:
            ema[0, c] += 2.0 / (4 * bars_per_hour + 1) * (close[c] - ema[0, c])
            ema[1, c] += 2.0 / (day + 1) * (close[c] - ema[1, c])
        known = count[c] >= 2 * day
        out[_EMA_4H, c] = close[c] / ema[0, c] - 1.0 if 2 * count[c] >= day else np.nan
        out[_EMA_24H, c] = close[c] / ema[1, c] - 1.0 if known else np.nan
        out[_CROSS, c] = ema[0, c] / ema[1, c] - 1.0 if known else np.nan


@kernel
def _held(close: Vec, all_hours: IntVec, memory: Mat, held: Mat, out: Mat) -> None:
    """Write what changes on the hour: Wilder's recursions, Kaufman's ratio, the band."""
    for c in range(close.shape[0]):
        hours, atr = all_hours[c], memory[wilder.ATR, c]
        macd = memory[wilder.HISTOGRAM, c] / atr if atr > 0.0 else 0.0
        out[_MACD, c] = macd if hours >= wilder.SLOW + wilder.SIGNAL - 1 else np.nan
        out[_ADX, c] = memory[wilder.ADX, c] if hours >= ADX_HOURS else np.nan
        gap = 0.01 * (memory[wilder.PLUS_DI, c] - memory[wilder.MINUS_DI, c])
        out[_DI, c] = gap if hours >= ADX_HOURS else np.nan
        out[_RSI, c] = memory[wilder.RSI, c] if hours > wilder.PERIOD else np.nan
        out[_EFFICIENCY, c] = held[_KAUFMAN, c] if hours > 24 else np.nan
        # a deviation that is only rounding is no deviation
        far = held[_STD, c] > 1e-12 * close[c]
        band = (close[c] - held[_MEAN, c]) / held[_STD, c] if far else 0.0
        out[_BOLLINGER, c] = band if hours >= BOLLINGER_HOURS else np.nan


@kernel
def _channel(closes: Vec, day: int, tape: tapes.State, out: Mat) -> None:
    """Write the place in the channel of 24 h, and how far the bar broke out of the earlier one."""
    counts, totals, now = tape.counts[tapes.COUNT], tape.day_range[TOTALS], tape.now
    squares = tape.day[TOTALS, tapes.SQUARE]
    for c in range(closes.shape[0]):
        count, close = counts[c], closes[c]
        high, low = totals[tapes.TOP, c], -totals[tapes.NEGATIVE_BOTTOM, c]
        place = (close - low) / (high - low) if high > low else 0.5
        out[_CHANNEL, c] = place if count >= day else np.nan
        high, low = now[tapes.CEILING, c], now[tapes.GROUND, c]
        beyond = 0.0
        if count > day and (close > high or close < low):
            edge = high if close > high else low
            beyond = np.log(close / edge) / np.sqrt(squares[c])
        out[_BREAKOUT, c] = beyond if count > day else np.nan


@kernel
def step(
    k: int,
    bars_per_hour: int,
    tape: tapes.State,
    memory: Mat,
    state: State,
    out: Mat,
) -> None:
    r"""Write the trends of one bar.

    .. math:: E = |C_t - C_{t-24}| / \sum |C_i - C_{i-1}|, \qquad
        B = \ln(C_t / H_{t-1}) / \sigma_d \ \text{above the channel}

    Parameters
    ----------
    k, bars_per_hour : int
        The bar's counter; bars in an hour.
    tape : tape.State
        After its step on this bar.
    memory : Mat
        Wilder's recursions after the volatility step, shape (row, coin).
    state : State
        Updated in place.
    out : Mat
        The bar's features, shape (feature, coin); ``vol_24h`` is known through the tape.

    Notes
    -----
    Units: see the table.  Causal: reads bars <= t; the breakout compares with the channel that
    ended one bar earlier; ADX, MACD, RSI, efficiency and the band change on the hour.
    Missing: NaN before the warm-up; ADX after 150 hours. METHODS 4.1, 4.2.
    """
    if k % bars_per_hour == 0:
        _on_hour(k // bars_per_hour, tape, state)
    close = tape.now[tapes.CLOSE]
    _averages(close, tape.counts[tapes.COUNT], bars_per_hour, state.ema, out)
    _held(close, tape.counts[tapes.HOURS], memory, state.held, out)
    _channel(close, 24 * bars_per_hour, tape, out)
