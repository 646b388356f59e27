"""Within the bar, before anything that helps: stops.

In: the stop of a coin, and a bar. Out: whether it was touched, and the child that closes a venue's
position. The primary venue says whether, or where it is silent any venue that holds; every venue
closes. One that did not trade in that bar closes at its next open.
"""

from __future__ import annotations

from quorate.backtest import booking, quotes
from quorate.backtest.quotes import Child
from quorate.backtest.rules import Count, Params, State
from quorate.backtest.views import Tape, Terms, tape
from quorate.core import ledger
from quorate.core.kernel import inlined, kernel
from quorate.core.risk import exits
from quorate.core.types import Market, Reason, Style


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


@inlined
def is_struck(
    primary: Tape, market: Market, t: int, c: int, books: ledger.State, exit_state: exits.State
) -> bool:
    """Say whether a stop is touched: on the primary venue or, where it is silent, on a holder."""
    side = exit_state.side[c]
    stop = exit_state.stop[c]
    if primary.trades:
        return is_touched(side, stop, primary)
    for v in range(1, books.lots.shape[0]):
        if books.lots[v, c] != 0 and is_touched(side, stop, tape(market, t, v, c)):
            return True
    return False


@inlined
def strike(
    primary: Tape,
    market: Market,
    t: int,
    k: int,
    c: int,
    books: ledger.State,
    exit_state: exits.State,
    params: Params,
    state: State,
) -> bool:
    """Say whether the stop is touched in this bar; if so its parents end and its side cools."""
    side = exit_state.side[c]
    stop = exit_state.stop[c]
    if not is_struck(primary, market, t, c, books, exit_state):
        return False
    exits.cool_down(c, side, k, params.exits, exit_state)
    booking.cancel(c, books)
    state.counts[Count.STOPS] += 1
    beyond = 0.0
    for v in range(books.lots.shape[0]):
        held = books.lots[v, c]
        bar = primary if v == 0 else tape(market, t, v, c)
        if held != 0 and bar.trades:
            beyond = max(beyond, abs(base_price(bar.open, stop, held) - stop))
        elif held != 0:
            state.late_stop[c] = stop
    if beyond > 0.0:
        state.counts[Count.STOP_GAPS] += 1
    if beyond > (params.gap_mult - 1.0) * abs(books.entry_price[c] - stop):
        state.counts[Count.EXCEEDANCES] += 1
    if state.late_stop[c] == state.late_stop[c]:
        state.counts[Count.STOPS_DELAYED] += 1
    return True
