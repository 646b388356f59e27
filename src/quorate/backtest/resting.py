"""Within the bar: orders that rest, filled only when the market trades through them.

In: a post-only or limit parent, or a marketable one whose limit the open did not meet. Out: a
child at the limit, as maker where the limit is on the far side of the open. A touch fills
nothing: the queue ahead is not known (METHODS 6.5).
"""

from __future__ import annotations

from quorate.backtest import quotes
from quorate.backtest.children import wanted, within
from quorate.backtest.quotes import Child
from quorate.backtest.rules import Count, Params
from quorate.backtest.views import Parent, Tape, Terms, is_pov
from quorate.core.kernel import kernel
from quorate.core.routing import price
from quorate.core.types import Placement

_CLIPPED = 1 << int(Count.CLIPPED)
_REPRICED = 1 << int(Count.REPRICED)
_WHOLE_TICK = 1.0 - 1e-6
"""A difference of two prices on the grid is a tick only up to rounding."""


@kernel
def _is_repriced(side: int, tape: Tape, parent: Parent) -> bool:
    """Say whether a post-only order has no price, or one that the open is already through."""
    limit = parent.limit_price
    is_passive = limit > 0.0 and side * (limit - tape.open) <= 0.0
    return parent.placement == Placement.POST_ONLY and not is_passive


@kernel
def _takes_too_much(
    lots: int, limit: float, through: float, tape: Tape, terms: Terms, params: Params
) -> bool:
    """Say whether the bar did not come through a limit by the whole cost of taking there."""
    made = quotes.taker(lots, limit, limit, tape.volume, tape, terms, params, 0, 0, 0)
    return through < made.spread + made.impact + made.latency


@kernel
def child(k: int, tape: Tape, terms: Terms, parent: Parent, params: Params) -> Child:
    r"""Return what fills of a resting parent: only if the bar traded through its limit.

    .. math:: p_{limit} - p_{low} \ge \text{tick} \text{ for a buy}, \qquad
              p_{high} - p_{limit} \ge \text{tick} \text{ for a sale}

    Parameters
    ----------
    k : int
        The bar.
    tape, terms, parent : Tape, Terms, Parent
        The bar, the venue's terms and the order, which sent nothing at this open.
    params : Params
        The rules.

    Notes
    -----
    Units: quote per coin, lots. Causal: a bar after the deciding one. SPREAD is the limit against
    the open: negative, earned, for a maker. A post-only order whose limit the open is through
    rests at the open's own touch. A limit on the near side of the open (a collar that costs did
    not meet) takes: it pays the taker fee, and the bar must come through by the whole cost of
    taking, not only by a tick. Missing: a bar that did not trade fills nothing. METHODS 6.5, 9.2.
    """
    if is_pov(parent) or not tape.trades or parent.has_timed_out:
        return quotes.nothing(0)
    asked = wanted(k, parent, params)
    if asked == 0:
        return quotes.nothing(0)
    side = 1 if asked > 0 else -1
    limit = parent.limit_price
    notes = 0
    if _is_repriced(side, tape, parent):
        notes = _REPRICED if limit > 0.0 else 0
        limit = price.resting(tape.open, side, tape.spread_bps, terms.tick)
    through = side * (limit - (tape.low if side > 0 else tape.high))
    if not (limit > 0.0 and through > 0.0 and through >= terms.tick * _WHOLE_TICK):
        return quotes.nothing(notes)
    lots = within(asked, tape.volume, terms.lot, params)
    if lots != asked:
        notes |= _CLIPPED
    is_maker = parent.placement == Placement.POST_ONLY or side * (limit - tape.open) < 0.0
    if lots == 0 or (not is_maker and _takes_too_much(lots, limit, through, tape, terms, params)):
        return quotes.nothing(notes)
    return quotes.resting(
        lots,
        tape.open,
        parent.decision_price,
        limit,
        terms.maker_bps if is_maker else terms.taker_bps,
        parent.reason,
        parent.style,
        1 if is_maker else 0,
        notes,
    )
