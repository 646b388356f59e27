"""Within the bar, before anything that helps: stops.

In: the stop of a coin, and a bar. Out: whether it was touched, and the child that closes a venue's
position. The primary venue says whether, or where it is silent any venue that holds; every venue
closes. One that did not trade in that bar closes at its next open.
"""

from __future__ import annotations

from quorate.backtest import quotes
from quorate.backtest.quotes import Child
from quorate.backtest.rules import Params
from quorate.backtest.views import Tape, Terms
from quorate.core.kernel import kernel
from quorate.core.types import Reason, Style


@kernel
def is_touched(side: int, stop: float, bar: Tape) -> bool:
    """Say whether a venue traded at or beyond the stop of a position.

    Notes
    -----
    Causal: the stop was known before the bar, or since the fill within it. Missing: no touch
    without a side, a stop, or on a bar that did not trade. METHODS 0b.2.
    """
    if side == 0 or stop != stop or not bar.trades:
        return False
    return bar.low <= stop if side > 0 else bar.high >= stop


@kernel
def base_price(open_price: float, stop: float, held: int) -> float:
    r"""Return where a stop executes before costs: the worse of stop and open.

    .. math:: \min(p_{open}, p_{stop}) \text{ for a long}, \qquad
              \max(p_{open}, p_{stop}) \text{ for a short}

    Examples
    --------
    >>> base_price(95.0, 97.0, 10), base_price(99.0, 97.0, 10)
    (95.0, 97.0)
    """
    return min(open_price, stop) if held > 0 else max(open_price, stop)


@kernel
def child(
    stop: float,
    held: int,
    is_late: bool,
    tape: Tape,
    terms: Terms,
    params: Params,
) -> Child:
    """Return the close of a venue's position after a stop.

    Parameters
    ----------
    stop : float
        The stop; also the decision price, so that DELAY is the gap.
    held : int
        Signed lots on the venue.
    is_late : bool
        The stop was touched in an earlier bar: it executes at this open.
    tape, terms, params : Tape, Terms, Params
        The bar, the venue's terms, the rules.

    Notes
    -----
    Units: quote per coin. It fills in full whatever the volume; the impact formula clips its
    participation. Missing: nothing on a bar that did not trade. METHODS 0b.2, 7.5.
    """
    if held == 0 or not tape.trades:
        return quotes.nothing(0)
    base = tape.open if is_late else base_price(tape.open, stop, held)
    return quotes.taker(
        -held,
        base,
        stop,
        tape.volume,
        tape,
        terms,
        params,
        Reason.EXIT_STOP.value,
        Style.MARKET.value,
        0,
    )
