"""The controls that lean on what is kept ready, by definition: every order is looked at again.

Nothing of the tally is used, nothing is passed over because it cannot matter. Each returns the id
of the control that refuses, with its value, or None.
"""

from decimal import Decimal

from quorate.live.orders.states import AT_VENUE, IN_DOUBT

HOUR_MS = 3_600_000
DAY_MS = 86_400_000


def fills(_order, facts, _limits):
    for each in facts.book.orders.values():
        is_late = each.overfilled_ms is not None and each.overfilled_ms > facts.standing.looked_ms
        if each.traded > each.intent.quantity and is_late:
            return "C15_fills", each.traded
    return None


def places(book):
    """Return where a position is or may come to be, with the largest size it can come to."""
    found = {key: [held, held] for key, held in book.positions.items()}
    for each in book.orders.values():
        if each.reserved:
            it = each.intent
            range_ = found.setdefault((it.venue, it.symbol, it.position_side), [Decimal(0)] * 2)
            if it.side == "buy":
                range_[1] += each.reserved
            else:
                range_[0] -= each.reserved
    return found


def coin(order, facts, limits):
    it = order.intent
    low, high = places(facts.book).get((it.venue, it.symbol, it.position_side), [Decimal(0)] * 2)
    size = high + it.quantity if it.side == "buy" else low - it.quantity
    value = abs(size) * facts.quotes[it.symbol].mark
    is_over = value > limits.max_coin_frac * facts.equity
    return ("C06_coin", value) if is_over and not it.is_reduce_only else None


def gross(order, facts, limits):
    it = order.intent
    if it.is_reduce_only:
        return None
    total = it.quantity * facts.quotes[it.symbol].mark
    for (_, symbol, _), (low, high) in places(facts.book).items():
        if symbol not in facts.quotes:
            return "C24_no_price", symbol
        total += max(abs(low), abs(high)) * facts.quotes[symbol].mark
    if total > limits.max_gross_frac * facts.equity:
        return "C07_gross", total
    return ("C08_leverage", total) if total > limits.max_leverage * facts.equity else None


def open_count(order, facts, limits):
    there = [
        each.intent.symbol
        for each in facts.book.orders.values()
        if each.state in AT_VENUE | IN_DOUBT or each.is_stray
    ]
    own = there.count(order.intent.symbol)
    if own >= limits.n_open_symbol:
        return "C09_open_orders", own
    return ("C09_open_orders", len(there)) if len(there) >= limits.n_open else None


def unknown(order, facts, _limits):
    doubtful = [
        each
        for each in facts.book.orders.values()
        if each.state in IN_DOUBT and each.intent.symbol == order.intent.symbol
    ]
    if order.intent.is_reduce_only or not doubtful:
        return None
    return "C22_unknown", doubtful[0].intent.client_id


def rate(order, facts, limits):
    if order.is_emergency:
        return None
    for span_ms, most in (
        (1000, limits.n_second),
        (60_000, limits.n_minute),
        (HOUR_MS, limits.n_hour),
    ):
        number = sum(each.at_ms > facts.now_ms - span_ms for each in facts.sent)
        if number >= most:
            return "C10_rate", number
    return None


def repeated(order, facts, limits):
    it = order.intent
    if it.is_reduce_only:
        return None
    parents = {
        each.parent_id
        for each in facts.sent
        if each.at_ms > facts.now_ms - HOUR_MS
        and (each.symbol, each.side) == (it.symbol, it.side)
        and each.parent_id != it.parent_id
    }
    if len(parents) >= limits.n_parents_hour:
        return "C11_repeated", len(parents)
    midnight_ms = facts.now_ms // DAY_MS * DAY_MS
    turned = sum(each.notional for each in facts.sent if each.at_ms >= midnight_ms)
    value = turned + it.quantity * it.limit_price
    return ("C12_turnover", value) if value > limits.turnover_day * facts.equity else None


def duplicate(order, facts, limits):
    it = order.intent
    if it.intent_id in facts.book.orders:
        return "C13_duplicate", 1
    for each in facts.sent:
        is_same = (each.symbol, each.side, each.quantity, each.limit_price) == (
            it.symbol,
            it.side,
            it.quantity,
            it.limit_price,
        )
        age_ms = facts.now_ms - each.at_ms
        if is_same and each.parent_id != it.parent_id and age_ms < limits.duplicate_s * 1000:
            return "C13_duplicate", Decimal(age_ms) / 1000
    return None


def ages(order, facts, limits):
    if order.intent.is_reduce_only:
        return None
    quote = facts.quotes[order.intent.symbol]
    for at_ms, most_s in (
        (quote.book_at_ms, limits.book_age_s),
        (quote.mark_at_ms, limits.mark_age_s),
        (quote.bar_at_ms, limits.bar_age_s),
        (quote.funding_at_ms, limits.funding_age_s),
        (facts.balance_at_ms, limits.balance_age_s),
    ):
        if Decimal(facts.now_ms - at_ms) / 1000 > most_s:
            return "C18_stale", Decimal(facts.now_ms - at_ms) / 1000
    return None


CHECKS = (fills, coin, gross, open_count, unknown, rate, repeated, duplicate, ages)
