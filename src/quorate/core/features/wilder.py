"""Wilder's and Appel's recursions on bars of one coin: ADX, ATR, RSI, MACD.

In: the next high, low and close. Out: the state one bar later and the values, with the seeds of
TA-Lib (METHODS 4.1): sums of the first 13 movements for ADX, means of the first 14 for ATR and
RSI, simple means for the averages of MACD.
"""

from __future__ import annotations

import numpy as np

from quorate.core.kernel import kernel
from quorate.core.types import Mat

PERIOD = 14
FAST, SLOW, SIGNAL = 12, 26, 9

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
    keep = 1.0 if n < PERIOD else 1.0 - 1.0 / PERIOD
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
def advance(memory: Mat, c: int, high: float, low: float, close: float) -> None:
    r"""Advance every recursion of coin ``c`` by one bar.

    .. math:: A_t = A_{t-1} + (x_t - A_{t-1})/14, \qquad DX = 100\,|DI^+ - DI^-|/(DI^+ + DI^-)

    Parameters
    ----------
    memory : Mat
        From ``init``, updated in place, shape (row, coin); +DI, -DI, ATR and RSI are right from
        the 15th bar, ADX from the 28th, the MACD histogram from the 34th.
    c : int
        The coin.
    high, low, close : float
        The bar.

    Notes
    -----
    Units: DI, ADX, RSI 0..100; ATR and MACD in price.  Causal: reads this bar and earlier ones.
    Missing: the caller skips, or starts with ``clear``. DX is 0 where both DI are; RSI is 50
    where nothing moved. METHODS 4.1; Wilder (1978); Appel (1979).

    Examples
    --------
    >>> memory = init(1)
    >>> for i in range(20):
    ...     advance(memory, 0, 11.0 + i, 10.0 + i, 11.0 + i)
    >>> memory[RSI, 0].item(), round(memory[ATR, 0].item(), 9)
    (100.0, 1.0)
    """
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


@kernel
def clear(memory: Mat, c: int) -> None:
    """Forget coin ``c``."""
    for i in range(N_ROWS):
        memory[i, c] = 0.0
