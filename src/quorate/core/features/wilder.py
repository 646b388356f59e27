"""Wilder's and Appel's recursions on bars of many coins: ADX, ATR, RSI, MACD.

In: the next highs, lows and closes. Out: the state one bar later and the values, with the seeds of
TA-Lib (METHODS 4.1): sums of the first 13 movements for ADX, means of the first 14 for ATR and
RSI, simple means for the averages of MACD. A coin that is still in its seeds is advanced alone;
coins past them side by side, in loops without a branch that run as vectors (docs/decisions 0032).
"""

from __future__ import annotations

import numpy as np

from quorate.core.kernel import inlined, kernel
from quorate.core.types import IntVec, Mat, Vec

PERIOD = 14
FAST, SLOW, SIGNAL = 12, 26, 9
SEEDED = SLOW - 1 + SIGNAL
"""Bars after which no recursion is in its seed any more."""
_KEEP = 1.0 - 1.0 / PERIOD

# rows of the memory
N_SEEN, LAST_HIGH, LAST_LOW, LAST_CLOSE = range(4)
PLUS, MINUS, TRUE_RANGE, SUM_DX = range(4, 8)
ADX, ATR, GAIN, LOSS = range(8, 12)
EMA_FAST, EMA_SLOW, EMA_SIGNAL = range(12, 15)
# rows that hold what a caller reads
PLUS_DI, MINUS_DI, RSI, HISTOGRAM = range(15, 19)
N_ROWS = 19


def init(n_coins: int) -> Mat:
    """Return the memory of coins that have seen nothing, shape (row, coin).

    Examples
    --------
    >>> init(2).shape
    (19, 2)
    """
    return np.zeros((N_ROWS, n_coins))


@kernel
def _direction(memory: Mat, c: int, n: int, high: float, low: float, true_range: float) -> None:
    """Advance +DI, -DI and ADX; ``n`` is the number of bars seen before this one."""
    up, down = high - memory[LAST_HIGH, c], memory[LAST_LOW, c] - low
    plus = up if up > down and up > 0.0 else 0.0
    minus = down if down > up and down > 0.0 else 0.0
    keep = 1.0 if n < PERIOD else _KEEP
    memory[PLUS, c] = memory[PLUS, c] * keep + plus
    memory[MINUS, c] = memory[MINUS, c] * keep + minus
    memory[TRUE_RANGE, c] = memory[TRUE_RANGE, c] * keep + true_range
    if n < PERIOD:
        return
    total = memory[TRUE_RANGE, c]
    plus_di = 100.0 * memory[PLUS, c] / total if total > 0.0 else 0.0
    minus_di = 100.0 * memory[MINUS, c] / total if total > 0.0 else 0.0
    both = plus_di + minus_di
    strength = 100.0 * abs(plus_di - minus_di) / both if both > 0.0 else 0.0
    memory[PLUS_DI, c], memory[MINUS_DI, c] = plus_di, minus_di
    if n < 2 * PERIOD:
        memory[SUM_DX, c] += strength
        memory[ADX, c] = memory[SUM_DX, c] / PERIOD
    else:
        memory[ADX, c] = (memory[ADX, c] * (PERIOD - 1) + strength) / PERIOD


@kernel
def _averages(memory: Mat, c: int, n: int, close: float) -> None:
    """Advance MACD; both averages start from simple means that end on the 26th bar."""
    if n < SLOW:
        memory[EMA_SLOW, c] += close / SLOW
        if n >= SLOW - FAST:
            memory[EMA_FAST, c] += close / FAST
    else:
        memory[EMA_SLOW, c] += 2.0 / (SLOW + 1) * (close - memory[EMA_SLOW, c])
        memory[EMA_FAST, c] += 2.0 / (FAST + 1) * (close - memory[EMA_FAST, c])
    if n < SLOW - 1:
        return
    macd = memory[EMA_FAST, c] - memory[EMA_SLOW, c]
    if n < SLOW - 1 + SIGNAL:
        memory[EMA_SIGNAL, c] += macd / SIGNAL
    else:
        memory[EMA_SIGNAL, c] += 2.0 / (SIGNAL + 1) * (macd - memory[EMA_SIGNAL, c])
    memory[HISTOGRAM, c] = macd - memory[EMA_SIGNAL, c]


@kernel
def _seed(memory: Mat, c: int, high: float, low: float, close: float) -> None:
    """Advance coin ``c``, of any age."""
    n = int(memory[N_SEEN, c])
    if n > 0:
        last = memory[LAST_CLOSE, c]
        true_range = max(high - low, abs(high - last), abs(low - last))
        _direction(memory, c, n, high, low, true_range)
        gain, loss = max(close - last, 0.0), max(last - close, 0.0)
        if n <= PERIOD:
            memory[ATR, c] += true_range / PERIOD
            memory[GAIN, c] += gain / PERIOD
            memory[LOSS, c] += loss / PERIOD
        else:
            memory[ATR, c] = (memory[ATR, c] * (PERIOD - 1) + true_range) / PERIOD
            memory[GAIN, c] = (memory[GAIN, c] * (PERIOD - 1) + gain) / PERIOD
            memory[LOSS, c] = (memory[LOSS, c] * (PERIOD - 1) + loss) / PERIOD
        moved = memory[GAIN, c] + memory[LOSS, c]
        memory[RSI, c] = 100.0 * memory[GAIN, c] / moved if moved > 0.0 else 50.0
    _averages(memory, c, n, close)
    memory[LAST_HIGH, c], memory[LAST_LOW, c], memory[LAST_CLOSE, c] = high, low, close
    memory[N_SEEN, c] = n + 1


# From here on loops over coins past their seeds. A loop becomes vectors only where LLVM can tell
# its rows apart with eight comparisons, so each reads and writes few; what both sides of a choice
# need is computed before it.


@inlined
def _movements(memory: Mat, first: int, last: int, high: Vec, low: Vec) -> None:
    """Advance the sums of upward and downward movements; the high is remembered."""
    plus, minus = memory[PLUS, first:last], memory[MINUS, first:last]
    last_high, last_low = memory[LAST_HIGH, first:last], memory[LAST_LOW, first:last]
    for c in range(high.shape[0]):
        up, down = high[c] - last_high[c], last_low[c] - low[c]
        plus[c] = plus[c] * _KEEP + (up if up > down and up > 0.0 else 0.0)
    for c in range(high.shape[0]):
        up, down = high[c] - last_high[c], last_low[c] - low[c]
        minus[c] = minus[c] * _KEEP + (down if down > up and down > 0.0 else 0.0)
        last_high[c] = high[c]


@inlined
def _ranges(memory: Mat, first: int, last: int, high: Vec, low: Vec) -> None:
    """Advance ATR and the sum of true ranges; the low is remembered, the bar counted."""
    total, atr = memory[TRUE_RANGE, first:last], memory[ATR, first:last]
    last_low, last_close = memory[LAST_LOW, first:last], memory[LAST_CLOSE, first:last]
    seen = memory[N_SEEN, first:last]
    for c in range(high.shape[0]):
        top, bottom, before = high[c], low[c], last_close[c]
        true_range = max(top - bottom, abs(top - before), abs(bottom - before))
        total[c] = total[c] * _KEEP + true_range
        atr[c] = (atr[c] * (PERIOD - 1) + true_range) / PERIOD
    for c in range(high.shape[0]):
        last_low[c] = low[c]
        seen[c] += 1.0


@inlined
def _directions(memory: Mat, first: int, last: int) -> None:
    """Write +DI and -DI and advance ADX, after both sums and that of true ranges."""
    plus, minus = memory[PLUS, first:last], memory[MINUS, first:last]
    total, adx = memory[TRUE_RANGE, first:last], memory[ADX, first:last]
    plus_di, minus_di = memory[PLUS_DI, first:last], memory[MINUS_DI, first:last]
    for c in range(plus.shape[0]):
        reach = total[c]
        up, down = 100.0 * plus[c] / reach, 100.0 * minus[c] / reach
        plus_di[c] = up if reach > 0.0 else 0.0
        minus_di[c] = down if reach > 0.0 else 0.0
    for c in range(plus.shape[0]):
        both = plus_di[c] + minus_di[c]
        strength = 100.0 * abs(plus_di[c] - minus_di[c]) / both
        strength = strength if both > 0.0 else 0.0
        adx[c] = (adx[c] * (PERIOD - 1) + strength) / PERIOD


@inlined
def _strengths(memory: Mat, first: int, last: int, close: Vec) -> None:
    """Advance the mean gain and loss and write RSI; the close is remembered."""
    gain, loss = memory[GAIN, first:last], memory[LOSS, first:last]
    rsi, last_close = memory[RSI, first:last], memory[LAST_CLOSE, first:last]
    for c in range(close.shape[0]):
        up, down = max(close[c] - last_close[c], 0.0), max(last_close[c] - close[c], 0.0)
        gain[c] = (gain[c] * (PERIOD - 1) + up) / PERIOD
        loss[c] = (loss[c] * (PERIOD - 1) + down) / PERIOD
        last_close[c] = close[c]
    for c in range(close.shape[0]):
        moved = gain[c] + loss[c]
        share = 100.0 * gain[c] / moved
        rsi[c] = share if moved > 0.0 else 50.0


@inlined
def _crossings(memory: Mat, first: int, last: int, close: Vec) -> None:
    """Advance both averages of MACD and its signal, and write the histogram."""
    fast, slow = memory[EMA_FAST, first:last], memory[EMA_SLOW, first:last]
    signal, histogram = memory[EMA_SIGNAL, first:last], memory[HISTOGRAM, first:last]
    for c in range(close.shape[0]):
        slow[c] += 2.0 / (SLOW + 1) * (close[c] - slow[c])
        fast[c] += 2.0 / (FAST + 1) * (close[c] - fast[c])
    for c in range(close.shape[0]):
        macd = fast[c] - slow[c]
        signal[c] += 2.0 / (SIGNAL + 1) * (macd - signal[c])
        histogram[c] = macd - signal[c]


@kernel
def _run(memory: Mat, first: int, last: int, highs: Vec, lows: Vec, closes: Vec) -> None:
    """Advance coins ``first`` to ``last - 1``, all of them past their seeds."""
    high, low, close = highs[first:last], lows[first:last], closes[first:last]
    _movements(memory, first, last, high, low)
    _ranges(memory, first, last, high, low)
    _directions(memory, first, last)
    _strengths(memory, first, last, close)
    _crossings(memory, first, last, close)


@kernel
def advance(memory: Mat, closed: IntVec, high: Vec, low: Vec, close: Vec) -> None:
    r"""Advance every recursion of the coins that have a bar by this bar.

    .. math:: A_t = A_{t-1} + (x_t - A_{t-1})/14, \qquad DX = 100\,|DI^+ - DI^-|/(DI^+ + DI^-)

    Parameters
    ----------
    memory : Mat
        From ``init``, updated in place, shape (row, coin); +DI, -DI, ATR and RSI are right from
        the 15th bar, ADX from the 28th, the MACD histogram from the 34th.
    closed : IntVec
        1 where the coin has this bar; the others stay as they are, shape (coin,).
    high, low, close : Vec
        The bar, shape (coin,).

    Notes
    -----
    Units: DI, ADX, RSI 0..100; ATR and MACD in price.  Causal: reads this bar and earlier ones.
    Missing: the caller leaves it out, or starts with ``clear``. DX is 0 where both DI are; RSI is
    50 where nothing moved. A coin's values are the same bytes whatever its neighbours do.
    METHODS 4.1; Wilder (1978); Appel (1979).

    Examples
    --------
    >>> memory, here = init(1), np.ones(1, np.int64)
    >>> for i in range(20):
    ...     advance(memory, here, np.array([11.0 + i]), np.array([10.0 + i]), np.array([11.0 + i]))
    >>> memory[RSI, 0].item(), round(memory[ATR, 0].item(), 9)
    (100.0, 1.0)
    """
    n_coins, n_ready = closed.shape[0], 0
    for c in range(n_coins):
        n_ready += int((closed[c] == 1) & (memory[N_SEEN, c] >= SEEDED))
    if n_ready == n_coins:
        _run(memory, 0, n_coins, high, low, close)
        return
    # coins in their seeds alone, those between them in runs
    first = 0
    for c in range(n_coins):
        if closed[c] == 1 and memory[N_SEEN, c] >= SEEDED:
            continue
        if c > first:
            _run(memory, first, c, high, low, close)
        if closed[c] == 1:
            _seed(memory, c, high[c], low[c], close[c])
        first = c + 1
    if first < n_coins:
        _run(memory, first, n_coins, high, low, close)


@kernel
def clear(memory: Mat, c: int) -> None:
    """Forget coin ``c``."""
    for i in range(N_ROWS):
        memory[i, c] = 0.0
