"""Controls of size: one order, one coin, the whole account, with everything open at full size."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from quorate.live.controls.facts import Action, Control, Refusal
from quorate.live.orders.book import exposure, is_alive
from quorate.live.orders.states import IN_DOUBT

if TYPE_CHECKING:
    from quorate.live.controls.facts import Facts, Proposal
    from quorate.live.controls.limits import Limits

_ZERO: Final = Decimal(0)


def child_notional(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:
    """Bound one order by a share of equity, an amount, and a share of the market's volume."""
    quote = facts.quotes[order.intent.symbol]
    value = order.intent.quantity * (order.price or quote.mark)
    bound = min(
        limits.max_child_frac * facts.equity,
        limits.max_child_usd,
        limits.max_child_volume_frac * quote.volume_usd,
    )
    if not order.is_entry or value <= bound:
        return None
    return Refusal(
        Control.CHILD_NOTIONAL, f"{value:.2f} USD in one order, at most {bound:.2f}", value, bound
    )


def quantity(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:
    """Bound one order by what the venue takes at once, and by a multiple of our own median."""
    quote = facts.quotes[order.intent.symbol]
    bound = quote.max_market_quantity
    if quote.own_quantity is not None and order.is_entry:
        bound = min(bound, limits.max_own_multiple * quote.own_quantity)
    value = order.intent.quantity
    if value <= bound:
        return None
    return Refusal(Control.QUANTITY, f"{value} coins in one order, at most {bound}", value, bound)


def coin(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:
    """Bound a coin's position as it would be if all that is open or unknown traded."""
    if not order.is_entry:
        return None
    intent = order.intent
    held = exposure(facts.book, (intent.venue, intent.symbol, intent.position_side))
    after = held.highest if intent.side.sign > 0 else held.lowest
    worst = abs(after + intent.side.sign * intent.quantity)
    value = worst * facts.quotes[intent.symbol].mark
    bound = limits.max_coin_frac * facts.equity
    if value <= bound:
        return None
    return Refusal(
        Control.COIN, f"{intent.symbol} could come to {value:.2f} USD of {bound:.2f}", value, bound
    )


def gross(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:
    """Bound the sum of all positions at their worst, in shares of equity and as leverage."""
    if not order.is_entry:
        return None
    total = order.intent.quantity * facts.quotes[order.intent.symbol].mark
    positions, reserved = facts.book.positions, facts.book.tally.reserved
    places = {key: (held, _ZERO, _ZERO) for key, held in positions.items()}
    for key, (buying, selling) in reserved.items():
        places[key] = (positions.get(key, _ZERO), buying, selling)
    for (_, symbol, _), (held, buying, selling) in places.items():
        quote = facts.quotes.get(symbol)
        if quote is None:
            return Refusal(
                Control.NO_PRICE, f"{symbol} is held and has no price", Decimal(0), Decimal(0)
            )
        # to 28 digits, as the sum: exact sums take ten times as long, and this is a bound in USD
        total += max(abs(held + buying), abs(held - selling)) * quote.mark
    for control, share in (
        (Control.GROSS, limits.max_gross_frac),
        (Control.LEVERAGE, limits.max_leverage),
    ):
        bound = share * facts.equity
        if total > bound:
            return Refusal(
                control, f"all positions could come to {total:.2f} USD of {bound:.2f}", total, bound
            )
    return None


def open_count(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:
    """Bound how many orders are open, of a symbol and of all."""
    symbol, lively = order.intent.symbol, facts.book.tally.lively.values()
    own = sum([is_alive(each) for each in lively if each.intent.symbol == symbol])
    count = len(lively)  # as many as are alive, or more
    if count >= limits.n_open:
        count = sum(map(is_alive, lively))
    for value, most, where in (
        (own, limits.n_open_symbol, symbol),
        (count, limits.n_open, "all symbols"),
    ):
        if value >= most:
            return Refusal(
                Control.OPEN_ORDERS,
                f"{value} orders of {where} are open, at most {most}",
                Decimal(value),
                Decimal(most),
            )
    return None


def child_sum(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:  # noqa: ARG001
    """Keep the children of a parent within it; more is an error of ours, and everything stops.

    An order without a parent, or that names itself, is its own; one of a parent that nobody decided
    does not leave.
    """
    intent = order.intent
    parent = facts.parents.get(intent.parent_id)
    if parent is None:
        if intent.parent_id in {"", intent.intent_id}:
            return None
        text = f"nobody decided the parent {intent.parent_id} of {intent.client_id}"
        return Refusal(Control.CHILD_SUM, text, intent.quantity, Decimal(0))
    if (parent.symbol or intent.symbol, parent.side or intent.side) != (intent.symbol, intent.side):
        text = f"{intent.side} {intent.symbol} is no child of {parent.parent_id}"
        return Refusal(Control.CHILD_SUM, text, intent.quantity, Decimal(0), Action.HALT)
    value = parent.sent + intent.quantity
    if value <= parent.quantity:
        return None
    return Refusal(
        Control.CHILD_SUM,
        f"children of {parent.parent_id} would come to {value} of {parent.quantity}",
        value,
        parent.quantity,
        Action.HALT,
    )


def fills(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:  # noqa: ARG001
    """Stop everything where an order traded more than it asked for."""
    for each in facts.book.tally.lively.values():
        if each.traded > each.intent.quantity:
            return Refusal(
                Control.FILLS,
                f"{each.intent.client_id} traded {each.traded} of {each.intent.quantity}",
                each.traded,
                each.intent.quantity,
                Action.KILL,
            )
    return None


def unknown(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:  # noqa: ARG001
    """Enter no symbol of which an order may or may not be at the venue."""
    if not order.is_entry:
        return None
    symbol = order.intent.symbol
    lively = [e for e in facts.book.tally.lively.values() if e.intent.symbol == symbol]
    doubtful = [each for each in lively if each.state in IN_DOUBT]
    if not doubtful:
        return None
    return Refusal(
        Control.UNKNOWN,
        f"{doubtful[0].intent.client_id} of {symbol} is {doubtful[0].state}",
        Decimal(len(doubtful)),
        Decimal(0),
    )
