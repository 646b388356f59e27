"""Returns: how far the price has come over an hour, a day, a week.

In: the tape. Out: the rows of the family ``returns``, their tails clipped.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quorate.core.features import tails
from quorate.core.features import tape as tapes
from quorate.core.features.table import index
from quorate.core.kernel import kernel
from quorate.core.rolling import TOTALS
from quorate.core.types import Mat, Vec

WEEK_HOURS = 168

_ROW = index("ret_bar")
_H1, _H4, _H24, _D7 = index("ret_1h"), index("ret_4h"), index("ret_24h"), index("ret_7d")
_Z1, _Z24 = index("ret_z_1h"), index("ret_z_24h")


class State(NamedTuple):
    """Log closes of the last 168 full hours, shape (hour, coin), and the one 7 days back."""

    closes: Mat
    week_ago: Vec


def init(n_coins: int) -> State:
    """Return the state of coins without a past."""
    return State(np.zeros((WEEK_HOURS, n_coins)), np.zeros(n_coins))


@kernel
def step(k: int, bars_per_hour: int, tape: tapes.State, state: State, out: Mat) -> None:
    r"""Write the returns of one bar.

    .. math:: r_h = \ln C_t / C_{t-h}, \qquad z_{1h} = r_{1h} / (\sigma_d \sqrt{1/24})

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
    Units: log returns; z in standard deviations, 0 where nothing moved for 24 h.
    Clipped: ``tails.clip``, each over its own horizon, so that one bar cannot be all that is seen.
    Causal: reads bars <= t; ``ret_7d`` starts at the full hour 168 hours before the last one.
    Missing: NaN before the warm-up of the table. METHODS 4.2.
    """
    hour, day = bars_per_hour, 24 * bars_per_hour
    ring, week_ago = state.closes[(k // hour) % WEEK_HOURS], state.week_ago
    closed, counts, hours, rets = (
        tape.counts[tapes.CLOSED],
        tape.counts[tapes.COUNT],
        tape.counts[tapes.HOURS],
        tape.now[tapes.RET],
    )
    now, squares = tape.now, tape.day[TOTALS, tapes.SQUARE]
    middle, reach, root = tape.tails.middle, tape.tails.reach, np.sqrt(float(WEEK_HOURS))
    for c in range(counts.shape[0]):
        if closed[c] == 1:
            week_ago[c] = ring[c]
            ring[c] = now[tapes.LOG_CLOSE, c]
        count, square = counts[c], squares[c]
        out[_ROW, c] = rets[c] if count > 1 else np.nan
        out[_H1, c] = now[tapes.RET_1H, c] if count > hour else np.nan
        out[_H4, c] = now[tapes.RET_4H, c] if count > 4 * hour else np.nan
        out[_H24, c] = now[tapes.RET_24H, c] if count > day else np.nan
        week = now[tapes.LOG_CLOSE, c] - week_ago[c]
        clipped = tails.clip(week, middle[c], reach[c], float(WEEK_HOURS), root)
        out[_D7, c] = clipped if hours[c] > WEEK_HOURS else np.nan
        scale = 1.0 / np.sqrt(square) if square > 0.0 else 0.0
        out[_Z1, c] = now[tapes.RET_1H, c] * scale * np.sqrt(24.0) if count > day else np.nan
        out[_Z24, c] = now[tapes.RET_24H, c] * scale if count > day else np.nan
