"""What spread a bar is traded at where no quote says it.

In: quotes, estimates from bars, the last spread known of each coin. Out: a spread for every bar.
"""

from __future__ import annotations

import numpy as np

from quorate.backtest.fold import carry
from quorate.core.types import Market, Mat, Vec


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
