"""A fill names the order it came of: the last one of its coin before it."""

from __future__ import annotations

from quorate.api.events import events


def test_each_fill_names_the_last_order_of_its_coin_before_it(traded):
    result, _ = traded
    found = list(events(result.run_id, result.kept, result.fills, result.incidents))
    orders = [event for event in found if event.kind == "order"]
    fills = [event for event in found if event.kind == "fill"]
    assert len(orders) > len({order.symbol for order in orders})  # a coin has several
    assert len(fills) > 10
    for fill in fills:
        before = [
            order
            for order in orders
            if order.symbol == fill.symbol and order.timestamp < fill.timestamp
        ]
        assert (fill.order_id, fill.decision_id) == (before[-1].event_id, before[-1].decision_id)


def test_what_the_exchange_did_by_itself_names_no_order(traded):
    result, _ = traded
    found = list(events(result.run_id, result.kept, result.fills, result.incidents))
    stops = [event for event in found if event.kind == "risk" and not event.note]
    assert stops
    assert all(event.order_id is None and event.decision_id is None for event in stops)
