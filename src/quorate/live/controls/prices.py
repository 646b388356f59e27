"""Controls of price: collars around two references, what a taker may give away, a second source."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from quorate.live.controls.facts import Action, Control, Refusal
from quorate.venues.base import OrderKind

if TYPE_CHECKING:
    from quorate.live.controls.facts import Facts, Proposal
    from quorate.live.controls.limits import Limits

_BPS: Final = Decimal(10_000)
_LIMIT: Final = OrderKind.LIMIT  # a member of an enum is dear to look up
_STOP: Final = OrderKind.STOP


def collar(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:
    """Keep a limit price near the middle of the book and near the mark; stops have only the mark.

    An order that wants a worse price for itself than the market has is bounded; one that waits far
    on its own side is bounded too, since it may be a slip of the comma. What a stop that enters
    waits for is bounded as its price is; one that closes may wait far away.
    """
    if order.is_emergency:
        return None
    intent = order.intent
    if intent.limit_price is not None:
        refusal = _collared(intent.limit_price, order, facts, limits)
        if refusal is not None:
            return refusal
    if intent.trigger_price is not None and order.is_entry:
        return _collared(intent.trigger_price, order, facts, limits)
    return None


def _collared(price: Decimal, order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:
    quote = facts.quotes[order.intent.symbol]
    references = (
        ("the middle of the book", quote.mid, limits.collar_mid_bps),
        ("the mark", quote.mark, limits.collar_mark_bps),
    )
    first = 0 if order.intent.order_kind is _LIMIT else 1
    for name, reference, bound in references[first:]:
        away = abs(price / reference - 1) * _BPS
        if away > bound:
            return Refusal(
                Control.COLLAR, f"{price} is {away:.1f} bps from {name}, {reference}", away, bound
            )
    return None


def taker_slip(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:
    """Bound what an order that takes may give away beyond the touch; none goes without a price.

    Only a stop that closes may: it has to close at any price.
    """
    if order.is_emergency:
        return None
    is_stop = order.intent.order_kind is _STOP
    if is_stop and (order.intent.limit_price is not None or not order.is_entry):
        return None
    quote, intent = facts.quotes[order.intent.symbol], order.intent
    touch = quote.ask if intent.side.sign > 0 else quote.bid
    if intent.limit_price is None:
        return Refusal(
            Control.TAKER_SLIP,
            f"a {order.intent.order_kind} order has no worst price: name one, within the collar",
            Decimal("Infinity"),
            limits.taker_slip_bps,
        )
    slip = (intent.limit_price / touch - 1) * intent.side.sign * _BPS
    if slip <= limits.taker_slip_bps:
        return None
    return Refusal(
        Control.TAKER_SLIP,
        f"{intent.limit_price} gives away {slip:.1f} bps beyond {touch}",
        slip,
        limits.taker_slip_bps,
    )


def two_sources(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:
    """Enter only where a second source agrees about the price."""
    quote = facts.quotes[order.intent.symbol]
    if not order.is_entry or quote.second is None:
        return None
    away = abs(quote.mid / quote.second - 1) * _BPS
    if away <= limits.two_sources_bps:
        return None
    return Refusal(
        Control.TWO_SOURCES,
        f"the middle is {quote.mid}, the second source says {quote.second}: {away:.1f} bps",
        away,
        limits.two_sources_bps,
        Action.BLOCK,
    )
