"""Controls of size: one order, one coin, the whole account, with everything open at full size."""

from __future__ import annotations

from decimal import Decimal
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from quorate.live.controls.facts import Action, Control, Refusal
from quorate.live.orders.book import NONE, exposure
from quorate.live.orders.states import IN_DOUBT

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.live.controls.facts import Facts, Proposal
    from quorate.live.controls.limits import Limits
    from quorate.live.controls.standing import Standing
    from quorate.live.orders.book import Book, Order

_ZERO: Final = Decimal(0)
_OVERFILLED: Final = attrgetter("overfilled")
_ACCOUNT: Final[tuple[tuple[Control, Callable[[Limits], Decimal]], ...]] = (
    (Control.GROSS, attrgetter("max_gross_frac")),
    (Control.LEVERAGE, attrgetter("max_leverage")),
)


def child_notional(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:
    """Bound one order by a share of equity, an amount, and a share of the market's volume."""
    if not order.is_entry:
        return None
    quote = facts.quotes[order.intent.symbol]
    value = order.intent.quantity * (order.price or quote.mark)
    bound = min(
        limits.max_child_frac * facts.equity,
        limits.max_child_usd,
        limits.max_child_volume_frac * quote.volume_usd,
    )
    if value <= bound:
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
    if intent.side.sign > 0:
        worst = abs(held.highest + intent.quantity)
    else:
        worst = abs(held.lowest - intent.quantity)
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
    quotes = facts.quotes
    total = order.intent.quantity * quotes[order.intent.symbol].mark
    for (_, symbol, _), worst in facts.book.tally.worst.items():
        quote = quotes.get(symbol)
        if quote is None:
            return _unpriced(facts)
        # to 28 digits, as the sum: this is a bound in USD
        total += worst * quote.mark
    for control, share in _ACCOUNT:
        bound = share(limits) * facts.equity
        if total > bound:
            return Refusal(
                control, f"all positions could come to {total:.2f} USD of {bound:.2f}", total, bound
            )
    return None


def _unpriced(facts: Facts) -> Refusal:
    """Name the first place that has no price: of positions, then of orders, by their age."""
    book = facts.book
    symbols = [symbol for _, symbol, _ in (*book.positions, *book.tally.reserved)]
    symbol = next(each for each in symbols if each not in facts.quotes)
    return Refusal(Control.NO_PRICE, f"{symbol} is held and has no price", _ZERO, _ZERO)


def open_count(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:
    """Bound how many orders are open, of a symbol and of all."""
    symbol, tally = order.intent.symbol, facts.book.tally
    own = tally.counts.get(symbol, NONE).alive
    count = len(tally.lively)  # as many as are alive, or more
    if count >= limits.n_open:
        count = sum(each.alive for each in tally.counts.values())
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


def overfilled(book: Book, standing: Standing) -> Order | None:
    """Return an order that traded more than it asked for since the last halt was ended.

    Examples
    --------
    >>> from quorate.live.controls.standing import Standing
    >>> from quorate.live.orders.book import Book
    >>> overfilled(Book(), Standing()) is None
    True
    """
    if not any(map(_OVERFILLED, book.tally.counts.values())):
        return None
    late = (
        each
        for each in book.tally.lively.values()
        if each.overfilled_ms is not None and each.overfilled_ms > standing.looked_ms
    )
    return next(late, None)


def fills(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:  # noqa: ARG001
    """Stop everything where an order traded more than it asked for."""
    each = overfilled(facts.book, facts.standing)
    if each is None:
        return None
    return Refusal(
        Control.FILLS,
        f"{each.intent.client_id} traded {each.traded} of {each.intent.quantity}",
        each.traded,
        each.intent.quantity,
        Action.KILL,
    )


def unknown(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:  # noqa: ARG001
    """Enter no symbol of which an order may or may not be at the venue."""
    if not order.is_entry:
        return None
    symbol, tally = order.intent.symbol, facts.book.tally
    n_doubtful = tally.counts.get(symbol, NONE).in_doubt
    if not n_doubtful:
        return None
    first = next(
        (
            f"{each.intent.client_id} of {symbol} is {each.state}"
            for each in tally.lively.values()
            if each.intent.symbol == symbol and each.state in IN_DOUBT
        ),
        f"an order of {symbol} is in doubt",
    )
    return Refusal(
        Control.UNKNOWN,
        first,
        Decimal(n_doubtful),
        _ZERO,
    )
