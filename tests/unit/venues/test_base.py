"""The records between order core and venue: complete, exact, and never in doubt in silence."""

import dataclasses
import inspect
from decimal import Decimal

import pytest

from quorate.venues import base
from quorate.venues.base import (
    Absent,
    Liquidity,
    OrderKind,
    OrderStatus,
    OrderView,
    Placement,
    Side,
    Trade,
    Unanswered,
)

LIMIT = {
    "client_id": "qaaa",
    "symbol": "BTCUSDT",
    "side": Side.BUY,
    "kind": OrderKind.LIMIT,
    "quantity": Decimal("0.1"),
    "limit_price": Decimal(50000),
    "sent_at_ms": 1,
    "window_ms": 5000,
}


def test_a_side_has_a_sign():
    assert [side.sign for side in Side] == [1, -1]


def test_only_a_stop_is_kept_in_the_book_of_conditional_orders():
    assert not Placement(**LIMIT).is_conditional
    stop = LIMIT | {"kind": OrderKind.STOP, "limit_price": None, "trigger_price": Decimal(1)}
    assert Placement(**stop).is_conditional
    assert Placement(**stop | {"limit_price": Decimal(2)}).is_conditional


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"limit_price": None}, "a limit order with the limit price None"),
        ({"kind": OrderKind.MARKET}, "a market order with the limit price 50000"),
        ({"kind": OrderKind.STOP}, "a stop order with the trigger price None"),
        ({"trigger_price": Decimal(1)}, "a limit order with the trigger price 1"),
        ({"quantity": Decimal(0)}, "quantity is 0, must be above 0"),
        ({"quantity": Decimal(-1)}, "quantity is -1, must be above 0"),
        ({"quantity": 0.1}, "quantity is a float, money is a Decimal"),
        ({"quantity": Decimal("NaN")}, "quantity is NaN, must be finite"),
        ({"limit_price": Decimal("Infinity")}, "limit_price is Infinity, must be finite"),
    ],
)
def test_an_order_that_cannot_be_meant_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Placement(**LIMIT | changes)


def test_what_a_venue_says_is_exact_too():
    view = {
        "venue_order_id": "1",
        "client_id": "",
        "symbol": "BTCUSDT",
        "side": Side.BUY,
        "kind": OrderKind.LIMIT,
        "status": OrderStatus.NEW,
        "raw_status": "NEW",
        "quantity": Decimal(1),
        "filled": Decimal(0),
        "updated_ms": 1,
    }
    assert OrderView(**view).average_price is None
    with pytest.raises(ValueError, match="filled is -1, must be 0 or above"):
        OrderView(**view | {"filled": Decimal(-1)})
    with pytest.raises(ValueError, match="filled is a int"):
        OrderView(**view | {"filled": 0})


def test_a_fee_may_be_a_rebate_but_not_a_float():
    trade = {
        "trade_id": "7",
        "venue_order_id": "1",
        "symbol": "BTCUSDT",
        "side": Side.SELL,
        "price": Decimal(5),
        "quantity": Decimal(1),
        "fee": Decimal("-0.1"),
        "fee_asset": "BNB",
        "liquidity": Liquidity.MAKER,
        "at_ms": 1,
    }
    assert Trade(**trade).client_id is None
    with pytest.raises(ValueError, match="fee is a float"):
        Trade(**trade | {"fee": 0.1})


def test_no_answer_is_not_an_answer_of_no():
    assert Unanswered("-2013") != Absent("-2013", 0)
    with pytest.raises(TypeError):
        Absent("-2013")


def test_every_record_is_frozen_and_slotted():
    records = [
        item
        for _, item in inspect.getmembers(base, inspect.isclass)
        if item.__module__ == base.__name__ and dataclasses.is_dataclass(item)
    ]
    assert len(records) == 15
    for record in records:
        assert record.__dataclass_params__.frozen, record
        assert "__slots__" in vars(record), record
