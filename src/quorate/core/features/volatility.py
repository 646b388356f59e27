"""Volatility: how much the price moves, by five estimators, all as fractions of the price.

In: the tape and, on the hour, the hour bar. Out: the rows of the family ``volatility``. The
recursions of Wilder live in the state here; ``trend`` reads them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quorate.core.features import tape as tapes
from quorate.core.features import wilder
from quorate.core.features.table import index
from quorate.core.kernel import kernel
from quorate.core.rolling import TOTALS, VALUES, clear, push_sum, window
from quorate.core.types import Cube, Mat

_H1, _H24, _D7 = index("vol_1h"), index("vol_24h"), index("vol_7d")
_RATIO, _ATR = index("vol_ratio"), index("atr_frac")
_PARKINSON, _GARMAN, _JUMP = index("parkinson_24h"), index("garman_klass_24h"), index("jump_24h")
_PARKINSON_SCALE = 1.0 / (4.0 * float(np.log(2.0)))


class State(NamedTuple):
    """Wilder's recursions on hours, shape (row, coin), and the sums of r^2 of 168 hours."""

    wilder: Mat
    week: Cube


def init(n_coins: int) -> State:
    """Return the state of coins without a past."""
    return State(wilder.init(n_coins), window(168, 1, n_coins))


@kernel
def restart(state: State, c: int) -> None:
    """Forget coin ``c``."""
    wilder.clear(state.wilder, c)
    clear(state.week, c)


@kernel
def _on_hour(q: int, tape: tapes.State, state: State) -> None:
    """Take in the closed hour ``q``."""
    closed, hour, memory, values = (
        tape.counts[tapes.CLOSED],
        tape.now,
        state.wilder,
        state.week[VALUES],
    )
    for c in range(closed.shape[0]):
        values[0, c] = 0.0
        if closed[c] == 1:
            values[0, c] = hour[tapes.HOUR_SQUARE, c]
    high, low, close = hour[tapes.HOUR_HIGH], hour[tapes.HOUR_LOW], hour[tapes.HOUR_CLOSE]
    wilder.advance(memory, closed, high, low, close)
    push_sum(state.week, q % 168)


@kernel
def step(k: int, bars_per_hour: int, tape: tapes.State, state: State, out: Mat) -> None:
    r"""Write the volatilities of one bar.

    .. math:: \sigma_d = \sqrt{\sum_{24h} r^2}, \qquad
        J = \max(0, 1 - \tfrac{\pi}{2} \sum |r_t r_{t-1}| / \sum r_t^2)

    Parameters
    ----------
    k, bars_per_hour : int
        The bar's counter; bars in an hour.
    tape : tape.State
        After its step on this bar.
    state : State
        Updated in place.
    out : Mat
        The bar's features, shape (feature, coin).

    Notes
    -----
    Units: fractions, not annualised; those named 24h and 7d are daily.  Causal: reads bars <= t;
    ATR and ``vol_7d`` change on the hour.  Missing: NaN before the warm-up.
    METHODS 4.2; Parkinson (1980); Garman and Klass (1980); Barndorff-Nielsen and Shephard (2004).
    """
    hour, day = bars_per_hour, 24 * bars_per_hour
    if k % hour == 0:
        _on_hour(k // hour, tape, state)
    counts, all_hours, closes, memory = (
        tape.counts[tapes.COUNT],
        tape.counts[tapes.HOURS],
        tape.now[tapes.CLOSE],
        state.wilder,
    )
    sums, lasts, weeks = tape.day[TOTALS], tape.hour[TOTALS, tapes.SQUARE_1H], state.week[TOTALS, 0]
    for c in range(counts.shape[0]):
        count, hours = counts[c], all_hours[c]
        last, square = np.sqrt(lasts[c]), sums[tapes.SQUARE, c]
        daily = np.sqrt(square)
        out[_H1, c] = last if count > hour else np.nan
        out[_H24, c] = daily if count > day else np.nan
        out[_D7, c] = np.sqrt(weeks[c] / 7.0) if hours > 168 else np.nan
        ratio = last * np.sqrt(24.0) / daily if square > 0.0 else 0.0
        out[_RATIO, c] = ratio if count > day else np.nan
        atr = memory[wilder.ATR, c] / closes[c]
        out[_ATR, c] = atr if hours > wilder.PERIOD else np.nan
        parkinson = np.sqrt(sums[tapes.PARKINSON, c] * _PARKINSON_SCALE)
        out[_PARKINSON, c] = parkinson if count >= day else np.nan
        garman = np.sqrt(max(sums[tapes.GARMAN, c], 0.0))
        out[_GARMAN, c] = garman if count >= day else np.nan
        smooth = 0.5 * np.pi * sums[tapes.BIPOWER, c]
        jump = max(1.0 - smooth / square, 0.0) if square > 0.0 else 0.0
        out[_JUMP, c] = jump if count > day + 1 else np.nan
