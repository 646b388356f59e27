"""Events: what cannot be meant is refused, and what is sent is what was intended."""

from decimal import Decimal

import pytest
from tests.unit.live.orders.building import filled, intended, seen

from quorate.live.orders.events import Adjusted
from quorate.venues.base import OrderKind


def test_what_is_sent_is_the_intent_to_the_last_digit():
    intent = intended(quantity="0.001000", is_reduce_only=True)
    placement = intent.placement(sent_at_ms=7, window_ms=5000)
    assert (placement.sent_at_ms, placement.window_ms) == (7, 5000)
    assert placement.kind is intent.order_kind
    for name in ("client_id", "symbol", "side", "quantity", "limit_price", "trigger_price"):
        assert getattr(placement, name) is getattr(intent, name)
    for name in ("time_in_force", "is_reduce_only", "position_side"):
        assert getattr(placement, name) is getattr(intent, name)


def test_an_intent_that_is_no_order_is_not_sent():
    with pytest.raises(ValueError, match="a limit order with the limit price None"):
        intended(limit_price=None).placement(sent_at_ms=1, window_ms=1)
    with pytest.raises(ValueError, match="a stop order"):
        intended(order_kind=OrderKind.STOP).placement(sent_at_ms=1, window_ms=1)


@pytest.mark.parametrize("name", ["intent_id", "client_id", "venue", "symbol"])
def test_an_intent_needs_its_names(name):
    with pytest.raises(ValueError, match="an intent needs its id"):
        intended(**{"client_id": "q", name: ""})


def test_amounts_are_decimals_and_make_sense():
    with pytest.raises(ValueError, match=r"Intended\.quantity is 0"):
        intended(quantity=0)
    with pytest.raises(ValueError, match="the quantity of a trade is -1"):
        filled(quantity=-1)
    with pytest.raises(ValueError, match="the price of a trade is 0"):
        filled(price=Decimal(0))
    with pytest.raises(ValueError, match=r"StatusSeen\.filled is -1"):
        seen(filled=-1)
    with pytest.raises(ValueError, match=r"Adjusted\.delta is a float"):
        Adjusted(at_ms=1, venue="v", symbol="s", delta=0.1, cause="c")
