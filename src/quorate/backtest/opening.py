"""At the open: children of marketable parents, and resting orders whose time is up.

In: a parent decided at an earlier close. Out: its child at this bar's open plus costs, never at
the price that decided. What the volume or the limit refuses stays working.
"""

from __future__ import annotations

from quorate.backtest import quotes
from quorate.backtest.children import wanted, within
from quorate.backtest.quotes import Child
from quorate.backtest.rules import Count, Params
from quorate.backtest.views import Parent, Tape, Terms, is_pov
from quorate.core.kernel import kernel
from quorate.core.routing.price import collared
from quorate.core.types import Placement

_CLIPPED = 1 << int(Count.CLIPPED)
_COLLARED = 1 << int(Count.COLLARED)
_CROSSED = 1 << int(Count.CROSSED)


@kernel
def _bound(side: int, parent: Parent, tick: float, params: Params) -> float:
    """Return the worst all-in price an order accepts at the open; not above 0 for any.

    What crosses after its time accepts its limit or the collar around the decision price,
    whichever allows more: it never chases a price that ran away.
    """
    limit = parent.limit_price
    if not parent.has_timed_out:
        return limit
    edge: float = collared(parent.decision_price, side, params.cross_collar_bps, tick)
    return limit if side * (limit - edge) > 0.0 else edge


@kernel
def child(k: int, tape: Tape, terms: Terms, parent: Parent, params: Params) -> Child:
    r"""Return what a parent sends at the open, if it takes liquidity and its limit allows.

    .. math:: p = p_{open}\,\bigl(1 + \text{side}\,(h + I(\rho) + \ell) / 10^4\bigr)

    Parameters
    ----------
    k : int
        The bar.
    tape, terms, parent : Tape, Terms, Parent
        The bar, the venue's terms and the order.
    params : Params
        The rules.

    Notes
    -----
    Units: quote per coin, lots. Causal: the open of a bar after the deciding one; participation
    is of the volume of the bar it executes in. Missing: a bar that did not trade fills nothing.
    A post-only order waits for ``cross_k``, then pays up to ``params.cross_collar_bps`` from the
    decision price. METHODS 6.2, 9.2.
    """
    if is_pov(parent) or not tape.trades:
        return quotes.nothing(0)
    if parent.placement == Placement.POST_ONLY and not parent.has_timed_out:
        return quotes.nothing(0)
    asked = wanted(k, parent, params)
    lots = within(asked, tape.volume, terms.lot, params)
    notes = _CLIPPED if lots != asked else 0
    if lots == 0:
        return quotes.nothing(notes)
    made = quotes.taker(
        lots,
        tape.open,
        parent.decision_price,
        tape.volume,
        tape,
        terms,
        params,
        parent.reason,
        parent.style,
        notes | (_CROSSED if parent.has_timed_out else 0),
    )
    side = 1 if lots > 0 else -1
    bound = _bound(side, parent, terms.tick, params)
    if bound > 0.0 and side * (made.price - bound) > 0.0:
        is_collar = parent.has_timed_out or parent.placement == Placement.MARKETABLE
        return quotes.nothing(_COLLARED if is_collar else 0)
    return made
