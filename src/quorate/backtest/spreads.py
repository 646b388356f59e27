"""What spread a bar is traded at where no quote says it.

In: quotes, estimates from bars, the last spread known of each coin. Out: a spread for every bar.
A run reads the estimates off its features; who needs no other feature has ``estimate``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quorate.backtest.fold import carry
from quorate.core.features import spread, tape
from quorate.core.features.table import N_FEATURES, index
from quorate.core.kernel import kernel
from quorate.core.types import Bars, Market, Mat, Vec

UNKNOWN_BPS = 20.0
"""What a coin is assumed to have before anything says it."""

_SPREAD = index("spread_bps")


class State(NamedTuple):
    """What the estimate remembers, and the last spread known of each coin."""

    tape: tape.State
    spread: spread.State
    row: Mat  # scratch, (feature, coin)
    last: Vec


def init(n_coins: int, bars_per_hour: int) -> State:
    """Return the state of coins without a past.

    Examples
    --------
    >>> init(2, 12).last.tolist()
    [20.0, 20.0]
    """
    return State(
        tape=tape.init(n_coins, bars_per_hour),
        spread=spread.init(n_coins),
        row=np.zeros((N_FEATURES, n_coins)),
        last=np.full(n_coins, UNKNOWN_BPS),
    )


@kernel
def estimate(bars: Bars, k0: int, bars_per_hour: int, state: State, out: Mat) -> None:
    """Write the feature ``spread_bps`` of a block of bars, and none of the others.

    Parameters
    ----------
    bars : Bars
        Of the primary venue, shape (time, coin) each.
    k0, bars_per_hour : int
        Counter of the first row, which follows on the block before; bars in an hour.
    state : State
        From ``init``; updated in place.
    out : Mat
        Shape (time, coin).

    Notes
    -----
    Units: bps.  Causal: row t reads bars <= t.  Missing: NaN before 24 full hours of a coin that
    is not quoted.  Spec 2.

    Examples
    --------
    >>> from quorate.lake.synthetic import synthetic
    >>> bars = synthetic(n_coins=2, days=3).bars
    >>> bars.spread_bps[:] = np.nan
    >>> out = np.zeros(bars.close.shape)
    >>> estimate(bars, 0, 12, init(2, 12), out)
    >>> bool(np.isnan(out[0]).any()), bool(np.isnan(out[-1]).any())
    (True, False)
    """
    counts, row = state.tape.counts, state.row
    for t in range(out.shape[0]):
        tape.look(bars, t, counts)
        for c in range(out.shape[1]):
            if counts[tape.COUNT, c] > 0 and counts[tape.PRESENT, c] == 0:
                tape.restart(state.tape, c)
                spread.restart(state.spread, c)
        tape.step(bars, t, k0 + t, bars_per_hour, np.inf, state.tape)
        spread.step(bars.spread_bps[t], k0 + t, bars_per_hour, state.tape, state.spread, row)
        for c in range(out.shape[1]):
            out[t, c] = row[_SPREAD, c]


def fill(
    market: Market,
    tick: Mat,
    estimate: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    last: Vec,
) -> np.ndarray[tuple[int, int, int], np.dtype[np.float64]]:
    """Return the spreads of a block: quoted, else estimated, else the last one known.

    What no quote says is at least one price step of the venue: nothing can be quoted inside it.

    Parameters
    ----------
    market : Market
        The block; ``spread_bps`` is NaN where no quote is known, shape (time, venue, coin).
    tick : Mat
        Price steps in quote currency, shape (venue, coin).
    estimate : ndarray
        Spreads read off bars, shape (time, coin).
    last : Vec
        The last spread known, shape (coin,); moved on to the end of the block.

    Notes
    -----
    Units: bps of the price.  Causal: row t reads bars <= t; a price step is known before anything
    is traded (docs/decisions 0020).  Missing: a bar without a price has no step.  Spec 4.
    """
    carried = np.empty_like(estimate)
    carry(estimate, last, carried)
    quoted = market.spread_bps
    step = 1e4 * tick[None, :, :] / market.close
    least = np.fmax(carried[:, None, :], step)
    return np.ascontiguousarray(np.where(np.isnan(quoted), least, quoted))
