"""The gate: the one place that every order passes, through every control, in one order.

In: an order that would be sent and what is known. Out: it may leave, or the first control that says
no, with its value, its bound and what else follows. The mildest orders pass in the hardest times:
what only closes is not asked for limits of entries, what the kill switch sends not for collars.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from quorate.live.controls import health, pace, prices, sizes
from quorate.live.controls.facts import Action, Control, Refusal
from quorate.live.controls.standing import Trading

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.live.controls.facts import Facts, Proposal, Quote
    from quorate.live.controls.limits import Limits

    Check = Callable[[Proposal, Facts, Limits], Refusal | None]

CHECKS: Final[tuple[Check, ...]] = (
    sizes.fills,
    sizes.child_sum,
    pace.duplicate,
    health.losses,
    health.clock,
    health.machine,
    health.ages,
    prices.two_sources,
    prices.collar,
    prices.taker_slip,
    sizes.unknown,
    sizes.child_notional,
    sizes.quantity,
    sizes.coin,
    sizes.gross,
    health.liquidation,
    sizes.open_count,
    pace.rate,
    pace.repeated,
    pace.rejects,
)
"""After the state of the desk; what stops everything comes first."""


@dataclass(frozen=True, slots=True)
class Passed:
    """The order may leave."""


def judge(order: Proposal, facts: Facts, limits: Limits) -> Passed | Refusal:
    """Say whether an order may leave now.

    Parameters
    ----------
    order : Proposal
        Complete and quantised.
    facts : Facts
        What is known at this moment.
    limits : Limits
        The bounds in force.

    Returns
    -------
    Passed or Refusal
        The first control that says no.

    Notes
    -----
    Units: as ``Facts``.  Causal: reads nothing else.  Missing: a symbol without a quote is refused,
    and whatever a control cannot be reckoned of, such as a NaN.
    RELIABILITY 4.
    """
    refusal = _state(order, facts)
    if refusal is not None:
        return refusal
    quote = facts.quotes.get(order.intent.symbol)
    if quote is None or not _is_priced(quote):
        return Refusal(
            Control.NO_PRICE, f"{order.intent.symbol} has no price", Decimal(0), Decimal(0)
        )
    for check in CHECKS:
        try:
            refusal = check(order, facts, limits)
        except ArithmeticError as error:  # a NaN or a 0 among the facts: nobody knows, so it stays
            text = f"{check.__name__} cannot be reckoned: {type(error).__name__} in the facts"
            refusal = Refusal(Control.UNREADABLE, text, _NAN, _NAN)
        if refusal is not None:
            return refusal
    return Passed()


def _is_priced(quote: Quote) -> bool:
    """Say whether a symbol has a bid, an ask and a mark: above 0, and numbers."""
    for each in (quote.bid, quote.ask, quote.mark):
        if not each.is_finite() or each <= 0:
            return False
    return True


_NAN: Final = Decimal("NaN")


def _state(order: Proposal, facts: Facts) -> Refusal | None:
    """Refuse what the state of the desk does not let out."""
    standing, symbol = facts.standing, order.intent.symbol
    if order.is_entry:
        allowed = standing.trading is _ACTIVE
    else:
        allowed = order.is_emergency or standing.trading in _MAY_CLOSE
    if not allowed:
        why = f"the desk is {standing.trading}: {standing.why}"
    elif order.is_entry and symbol in standing.blocked:
        why = f"{symbol} is blocked: {standing.blocked[symbol]}"
    else:
        return None
    return Refusal(Control.STATE, why, Decimal(0), Decimal(0), Action.REJECT)


_ACTIVE: Final = Trading.ACTIVE
_MAY_CLOSE: Final = frozenset({Trading.ACTIVE, Trading.REDUCING})
"""Where what only closes may leave without being the kill switch's."""
