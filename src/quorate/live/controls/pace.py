"""Controls of pace: how many orders in how long, again and again, twice the same, refused ones."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from quorate.live.controls.facts import Action, Control, Refusal, sent_after

if TYPE_CHECKING:
    from quorate.live.controls.facts import Facts, Proposal
    from quorate.live.controls.limits import Limits

_HOUR_S = 3_600


def rate(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:
    """Bound orders a second, a minute and an hour; the third breach in ten minutes halts."""
    if order.is_emergency:
        return None
    sent = facts.sent
    for span_s, most in ((1, limits.n_second), (60, limits.n_minute), (_HOUR_S, limits.n_hour)):
        from_ms = facts.now_ms - span_s * 1000
        if len(sent) >= most and sent[-most].at_ms > from_ms:  # the oldest of so many is of it
            count = len(sent_after(sent, from_ms))
            since_ms = facts.now_ms - limits.breach_window_s * 1000
            before = sum(at_ms > since_ms for at_ms in facts.standing.breaches)
            action = Action.HALT if before + 1 >= limits.n_breaches_halt else Action.REJECT
            return Refusal(
                Control.RATE,
                f"{count} orders in {span_s} s, at most {most}",
                Decimal(count),
                Decimal(most),
                action,
            )
    return None


def repeated(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:
    """Halt where one symbol is traded one way by parent after parent, or the account turns over.

    Turnover of a day is bounded for entries only: a position must always be possible to close. It
    is what orders of the day have traded and may still trade, so that a child that is repriced
    again and again counts once.
    """
    if not order.is_entry:
        return None
    intent = order.intent
    symbol, side = intent.symbol, intent.side
    since_ms = facts.now_ms - _HOUR_S * 1000
    parents = {
        each.parent_id
        for each in sent_after(facts.sent, since_ms)
        if each.symbol == symbol and each.side is side
    }
    parents.discard(intent.parent_id)
    if len(parents) >= limits.n_parents_hour:
        return Refusal(
            Control.REPEATED,
            f"{len(parents)} parent orders to {intent.side} {intent.symbol} within an hour",
            Decimal(len(parents)),
            Decimal(limits.n_parents_hour),
            Action.HALT,
        )
    today_ms = facts.now_ms - facts.now_ms % 86_400_000
    turned = facts.turned
    if turned is None:
        turned = sum([each.notional for each in sent_after(facts.sent, today_ms - 1)], Decimal(0))
    value = turned + intent.quantity * (order.price or facts.quotes[intent.symbol].mark)
    bound = limits.turnover_day * facts.equity
    if value > bound:
        return Refusal(
            Control.TURNOVER,
            f"{value:.2f} USD traded and open today, at most {bound:.2f}",
            value,
            bound,
            Action.HALT,
        )
    return None


def duplicate(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:
    """Refuse what was sent already: the same intent, or the same order of another parent."""
    intent = order.intent
    if intent.intent_id in facts.book.orders:
        return Refusal(
            Control.DUPLICATE, f"intent {intent.intent_id} is in the book", Decimal(1), Decimal(0)
        )
    since_ms = facts.now_ms - limits.duplicate_s * 1000
    for each in sent_after(facts.sent, since_ms):
        if each.parent_id == intent.parent_id or each.symbol != intent.symbol:
            continue
        what = (intent.side, intent.quantity, intent.limit_price)
        if (each.side, each.quantity, each.limit_price) == what:
            age_s = Decimal(facts.now_ms - each.at_ms) / 1000
            return Refusal(
                Control.DUPLICATE,
                f"the same order left {age_s} s ago for {each.parent_id}",
                age_s,
                Decimal(limits.duplicate_s),
            )
    return None


def rejects(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:
    """Stop asking where the venue goes on refusing: of one symbol, then of all.

    What closes in an emergency goes out all the same, at a pace of its own (``execution.stops``).
    """
    if order.is_emergency and not order.is_entry:
        return None
    since_ms = facts.now_ms - limits.reject_window_s * 1000
    recent = [each for each in facts.rejected if each.at_ms > since_ms]
    if not recent:
        return None
    own = sum(each.symbol == order.intent.symbol for each in recent)
    if len(recent) >= limits.n_rejects:
        return Refusal(
            Control.REJECTS,
            f"the venue refused {len(recent)} orders in {limits.reject_window_s} s",
            Decimal(len(recent)),
            Decimal(limits.n_rejects),
            Action.HALT,
        )
    if order.is_entry and own >= limits.n_rejects_symbol:
        return Refusal(
            Control.REJECTS,
            f"the venue refused {own} orders of {order.intent.symbol}",
            Decimal(own),
            Decimal(limits.n_rejects_symbol),
            Action.BLOCK,
        )
    return None
