"""Carry: what it costs or earns to hold.

In: the funding and basis columns of the bars. Out: the rows of the family ``carry``. The weekly
mean survives gaps: an hour in which the rate is unknown is missing from it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quorate.core.features import tape as tapes
from quorate.core.features.table import index
from quorate.core.kernel import kernel
from quorate.core.rolling import TOTALS, VALUES, push_sum, window
from quorate.core.types import Bars, Cube, Mat

_RATE, _MEAN, _BASIS = index("funding_bps_8h"), index("funding_mean_7d_bps"), index("basis_bps")
MIN_HOURS = 24


class State(NamedTuple):
    """Sums over 168 hours of the rate and of how often it was known, shape (2, coin)."""

    week: Cube


def init(n_coins: int) -> State:
    """Return the state of coins without a past."""
    return State(window(168, 2, n_coins))


@kernel
def step(
    bars: Bars, t: int, k: int, bars_per_hour: int, tape: tapes.State, state: State, out: Mat
) -> None:
    """Write the carry of one bar: the last rate as basis points per 8 hours, and its mean.

    Parameters
    ----------
    bars, t, k, bars_per_hour : Bars, int, int, int
        The bars, the row, its counter, bars in an hour.
    tape : tape.State
        After its step on this bar.
    state : State
        Updated in place.
    out : Mat
        The bar's features, shape (feature, coin).

    Notes
    -----
    Units: bps per 8 h; bps.  Causal: reads bars <= t, the mean changes on the hour.
    Missing: NaN where the rate or its interval is; the mean needs 24 known hours. Spec 4.
    """
    on_hour = k % bars_per_hour == 0
    rates, intervals, basis = bars.funding_rate[t], bars.funding_hours[t], bars.basis_bps[t]
    count, values, totals = tape.counts[tapes.COUNT], state.week[VALUES], state.week[TOTALS]
    for c in range(count.shape[0]):
        held = count[c] > 0 and intervals[c] > 0.0
        value = rates[c] * 8e4 / intervals[c] if held else np.nan
        out[_RATE, c] = value
        out[_BASIS, c] = basis[c] if count[c] > 0 else np.nan
        if on_hour:
            known = abs(value) < np.inf
            values[0, c] = value if known else 0.0
            values[1, c] = 1.0 if known else 0.0
    if on_hour:
        push_sum(state.week, (k // bars_per_hour) % 168)
    for c in range(count.shape[0]):
        known = count[c] > 0 and totals[1, c] >= MIN_HOURS
        out[_MEAN, c] = totals[0, c] / totals[1, c] if known else np.nan
