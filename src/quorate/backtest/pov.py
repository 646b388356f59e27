r"""Through the bar: children that are a share of what everyone else trades.

In: a parent scheduled as POV. Out: its child at the bar's typical price, ``(high + low + close)
/ 3``, plus costs at that participation. The drift from open to typical price is in DELAY: it is
the market's while the order works, not the order's.
"""

from __future__ import annotations

from math import floor

from quorate.backtest import quotes
from quorate.backtest.children import wanted
from quorate.backtest.quotes import Child
from quorate.backtest.rules import Params
from quorate.backtest.views import Parent, Tape, Terms, is_pov
from quorate.core.kernel import kernel
from quorate.core.routing.schedule import pov_child


@kernel
def child(k: int, tape: Tape, terms: Terms, parent: Parent, params: Params) -> Child:
    r"""Return what a POV parent trades in a bar.

    .. math:: q = \frac{\rho}{1 - \rho}\,V_{others}, \qquad
              p = \tfrac13 (H + L + C)\,\bigl(1 + \text{side}\,(h + I(\rho) + \ell) / 10^4\bigr)

    Parameters
    ----------
    k : int
        The bar.
    tape, terms, parent : Tape, Terms, Parent
        The bar, whose volume is the others'; the venue's terms; the order.
    params : Params
        The rules.

    Notes
    -----
    Units: quote per coin, lots. Causal: a bar after the deciding one; the volume is what trades
    while it executes. It always takes, whatever its placement: paying more than a patient order
    would is the safe side. A price beyond the limit sends nothing. The position meets the stop of
    this same bar. Missing: a bar that did not trade fills nothing. METHODS 9.3.
    """
    if not is_pov(parent) or not tape.trades:
        return quotes.nothing(0)
    asked = wanted(k, parent, params)
    side = 1 if asked > 0 else -1
    share: float = min(parent.participation, params.costs.max_participation)
    size: int = min(abs(asked), floor(pov_child(share, tape.volume) / terms.lot))
    if size <= 0:
        return quotes.nothing(0)
    made = quotes.taker(
        side * size,
        (tape.high + tape.low + tape.close) / 3.0,
        parent.decision_price,
        tape.volume + size * terms.lot,
        tape,
        terms,
        params,
        parent.reason,
        parent.style,
        0,
    )
    if parent.limit_price > 0.0 and side * (made.price - parent.limit_price) > 0.0:
        return quotes.nothing(0)
    return made
