"""Flow: how much is traded, by whom, and how hard it moves the price.

In: the tape and long records of hourly volume, which survive gaps (an hour that is not complete
is missing from them). Out: the rows of the family ``flow``, the spread apart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quorate.core.features import tape as tapes
from quorate.core.features.table import index
from quorate.core.kernel import kernel
from quorate.core.rolling import TOTALS, VALUES, mean_std, quantile_small
from quorate.core.types import Cube, Mat, Vec

_Z, _SHOCK = index("volume_z"), index("volume_shock")
_RATIO_HOUR, _RATIO_DAY = index("volume_ratio_hour"), index("volume_ratio_24h")
_TAKER, _VWAP, _SIGNED = index("taker_imbalance_1h"), index("vwap_24h_gap"), index("signed_flow_4h")
_WICK, _SWEEP, _AMIHUD = index("wick_ratio"), index("sweep_24h"), index("amihud_24h")
_BAR_VOLUME = index("bar_volume")

MONTH_HOURS = 720
MIN_WEEKS, MIN_DAYS = 2, 5
# rows of ``State.held``: what changes on the hour
_MEDIAN_HOUR, _MEDIAN_DAY, _MEAN, _STD = range(4)


class State(NamedTuple):
    """What flow remembers.

    Attributes
    ----------
    hour_volume, day_volume : Mat
        Volume of full hours, and of 24 h at their ends, 30 days, NaN missing, (720, coin).
    log_volume : Mat
        log1p of the volume of the last 24 full hours, shape (24, coin).
    held : Mat
        Medians for the hour in progress, mean and deviation of log volume, shape (4, coin).
    range_lag : Cube
        The 24 h channel of the last hour's bars, shape (bars_per_hour, 2, coin).
    scratch : Vec
        Room for a median, shape (30,).
    """

    hour_volume: Mat
    day_volume: Mat
    log_volume: Mat
    held: Mat
    range_lag: Cube
    scratch: Vec


def init(n_coins: int, bars_per_hour: int) -> State:
    """Return the state of coins without a past."""
    return State(
        np.full((MONTH_HOURS, n_coins), np.nan),
        np.full((MONTH_HOURS, n_coins), np.nan),
        np.zeros((24, n_coins)),
        np.full((4, n_coins), np.nan),
        np.zeros((bars_per_hour, 2, n_coins)),
        np.zeros(30),
    )


@kernel
def _median(ring: Mat, q: int, every: int, at_least: int, c: int, scratch: Vec) -> float:
    """Return the median of what is known ``every``, 2 ``every``, ... hours before hour ``q``."""
    n = 0
    for i in range(1, MONTH_HOURS // every + 1):
        value = ring[(q - i * every) % MONTH_HOURS, c]
        if value >= 0.0:
            scratch[n] = value
            n += 1
    return quantile_small(scratch, n, 0.5) if n >= at_least else np.nan


@kernel
def _on_hour(q: int, day: int, tape: tapes.State, state: State) -> None:
    """Record the hour ``q`` and prepare what the next one is compared with."""
    held, ring, closed, count = (
        state.held,
        state.log_volume,
        tape.counts[tapes.CLOSED],
        tape.counts[tapes.COUNT],
    )
    hours, days = state.hour_volume[q % MONTH_HOURS], state.day_volume[q % MONTH_HOURS]
    volumes, sums = tape.now[tapes.HOUR_VOLUME], tape.day[TOTALS, tapes.VOLUME]
    for c in range(closed.shape[0]):
        hours[c] = days[c] = np.nan
        if closed[c] == 1:
            hours[c] = volumes[c]
            if count[c] >= day:
                days[c] = sums[c]
            held[_MEAN, c], held[_STD, c] = mean_std(ring, (q - 1) % 24, 24, c)
            ring[q % 24, c] = np.log1p(volumes[c])


@kernel
def _medians(q: int, state: State) -> None:
    """Set the medians that hour ``q`` is compared with, from the hours before it."""
    hour, day, held, scratch = state.hour_volume, state.day_volume, state.held, state.scratch
    for c in range(held.shape[1]):
        week = _median(hour, q, 168, MIN_WEEKS, c, scratch)
        if np.isnan(week):
            week = _median(hour, q, 24, MIN_DAYS, c, scratch)
        held[_MEDIAN_HOUR, c] = week
        held[_MEDIAN_DAY, c] = _median(day, q, 24, MIN_DAYS, c, scratch)


@kernel
def _over(value: float, base: float) -> float:
    """Return a ratio; NaN where the base is zero or unknown."""
    return value / base if base > 0.0 else np.nan


@kernel
def _shape(tape: tapes.State, lag: Mat, out: Mat, hour: int) -> None:
    """Write wicks and sweeps; ``lag`` is the 24 h channel as it was an hour ago."""
    bar = tape.now
    count, now, last = tape.counts[tapes.COUNT], tape.day_range[TOTALS], tape.hour_range[TOTALS]
    squares = tape.day[TOTALS, tapes.SQUARE]
    for c in range(count.shape[0]):
        high, low, close = bar[tapes.HIGH, c], bar[tapes.LOW, c], bar[tapes.CLOSE, c]
        top, bottom = max(bar[tapes.OPEN, c], close), min(bar[tapes.OPEN, c], close)
        wick = ((high - top) - (bottom - low)) / (high - low) if high > low else 0.0
        out[_WICK, c] = wick if count[c] > 0 else np.nan
        depth = 0.0
        if count[c] >= 25 * hour:
            ceiling, ground, peak, trough = lag[0, c], -lag[1, c], last[0, c], -last[1, c]
            if trough < ground < close:
                depth += np.log(ground / trough)
            if peak > ceiling > close:
                depth -= np.log(peak / ceiling)
        # a coin that swept a level has moved: its volatility is not zero
        depth = depth / np.sqrt(squares[c]) if depth != 0.0 and squares[c] > 0.0 else 0.0
        out[_SWEEP, c] = depth if count[c] >= 25 * hour else np.nan
        lag[0, c], lag[1, c] = now[0, c], now[1, c]


@kernel
def _takers(tape: tapes.State, out: Mat, hour: int) -> None:
    """Write who traded: takers over 1 h, the sign of the moves over 4 h."""
    count, last, four = tape.counts[tapes.COUNT], tape.hour[TOTALS], tape.four[TOTALS]
    for c in range(count.shape[0]):
        traded, turned = last[tapes.VOLUME_1H, c], four[tapes.VOLUME_4H, c]
        balance = 2.0 * last[tapes.TAKER_1H, c] / traded - 1.0 if traded > 0.0 else 0.0
        out[_TAKER, c] = balance if count[c] >= hour else np.nan
        signed = four[tapes.SIGNED, c] / turned if turned > 0.0 else 0.0
        out[_SIGNED, c] = signed if count[c] > 4 * hour else np.nan


@kernel
def _volumes(closes: Vec, tape: tapes.State, held: Mat, out: Mat, hour: int) -> None:
    """Write how the volumes of the bar, the hour and the day compare with the usual."""
    counts, hours, sums, day = (
        tape.counts[tapes.COUNT],
        tape.counts[tapes.HOURS],
        tape.day[TOTALS],
        24 * hour,
    )
    lasts, traded = tape.hour[TOTALS, tapes.VOLUME_1H], tape.day[VALUES, tapes.VOLUME]
    for c in range(counts.shape[0]):
        count, volume, last = counts[c], sums[tapes.VOLUME, c], lasts[c]
        unusual = 0.0
        # a deviation that is only rounding is no deviation
        if hours[c] > 24 and held[_STD, c] > 1e-12:
            unusual = (np.log1p(last) - held[_MEAN, c]) / held[_STD, c]
        out[_Z, c] = unusual if hours[c] > 24 else np.nan
        out[_RATIO_HOUR, c] = _over(last, held[_MEDIAN_HOUR, c]) if count >= hour else np.nan
        full, quote, active = count >= day, sums[tapes.QUOTE, c], volume > 0.0
        shock = traded[c] * day / volume if active else 0.0
        gap = closes[c] * volume / quote - 1.0 if active else 0.0
        out[_SHOCK, c] = shock if full else np.nan
        out[_RATIO_DAY, c] = _over(volume, held[_MEDIAN_DAY, c]) if full else np.nan
        out[_BAR_VOLUME, c] = volume / day if full else np.nan
        out[_VWAP, c] = gap if full else np.nan
        moves = 1e10 * sums[tapes.ABSOLUTE, c]
        out[_AMIHUD, c] = _over(moves, quote) if count > day else np.nan


@kernel
def step(k: int, bars_per_hour: int, tape: tapes.State, state: State, out: Mat) -> None:
    r"""Write the flows of one bar.

    .. math:: R = V_{1h} / \mathrm{median}\{V_{1h} \text{ of the same hour of the week}\}, \qquad
        A = 10^{10} \sum |r| / \sum V P

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
    Units: see the table.  Causal: reads bars <= t; medians are of hours before the one in
    progress.  Missing: NaN before the warm-up, where the median volume is 0, and where takers are
    unknown; 0 where nothing was traded in the window. METHODS 4.2; Amihud (2002).
    """
    hour = bars_per_hour
    if k % hour == 1 % hour:
        _medians((k + hour - 1) // hour, state)
    _shape(tape, state.range_lag[k % hour], out, hour)
    _takers(tape, out, hour)
    if k % hour == 0:
        _on_hour(k // hour, 24 * hour, tape, state)
    _volumes(tape.now[tapes.CLOSE], tape, state.held, out, hour)
