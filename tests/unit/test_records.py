"""Records: the fields of Spec 10, one JSON text for each value, and the chain over the texts."""

import hashlib
import json
from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.records import (
    GENESIS,
    Event,
    Fill,
    Order,
    canonical_json,
    digest,
    stable_id,
    utc_text,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SPEC_10 = [
    "timestamp",
    "symbol",
    "features_hash",
    "engine_votes",
    "consensus_score",
    "action",
    "size_usd",
    "price",
    "expected_edge_bps",
    "realized_pnl",
    "regime",
    "costs_bps",
]


def event(**changes):
    given_fields = {
        "event_id": "e1",
        "kind": "decision",
        "run_id": "r1",
        "timestamp": NOON,
        "symbol": "BTC",
        "regime": "trend",
        "features_hash": "ab" * 16,
        "engine_votes": {"momentum": {"side": 1, "prob": 0.56, "reliability": 0.75}},
        "consensus_score": 0.1234567890123456,
        "action": "buy",
        "size_usd": 1234.5,
        "price": 50_000.25,
        "expected_edge_bps": 21.5,
        "costs_bps": 11.25,
    }
    return Event(**(given_fields | changes))


def order(**changes):
    given_fields = {
        "order_id": "o1",
        "run_id": "r1",
        "decision_id": "e1",
        "venue": "sim",
        "symbol": "BTC",
        "side": "buy",
        "quantity": Decimal("0.1"),
        "created_at": NOON,
    }
    return Order(**(given_fields | changes))


def fill(**changes):
    given_fields = {
        "fill_id": "f1",
        "order_id": "o1",
        "run_id": "r1",
        "venue": "sim",
        "symbol": "BTC",
        "side": "sell",
        "quantity": Decimal("0.3"),
        "price": Decimal("0.1"),
        "fee": Decimal("-0.00001"),
        "liquidity": "maker",
        "filled_at": NOON,
    }
    return Fill(**(given_fields | changes))


def test_the_twelve_fields_of_the_spec_are_there():
    assert set(SPEC_10) <= {item.name for item in fields(Event)}
    assert set(SPEC_10) <= set(event().as_dict())


def test_records_are_frozen():
    with pytest.raises(FrozenInstanceError):
        event().price = 1.0


def test_an_event_survives_json():
    written = event(realized_pnl=-12.75, order_id="o1", decision_id="e0")
    assert Event.from_json(canonical_json(written.as_dict())) == written


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "trade"}, "must be one of decision, order"),
        ({"action": "hold"}, "must be one of buy, sell, wait"),
        ({"event_id": ""}, "event_id is empty"),
        ({"run_id": ""}, "run_id is empty"),
        ({"timestamp": NOON.replace(tzinfo=None)}, "without a time zone"),
        ({"price": float("nan")}, "Event.price is nan"),
        ({"realized_pnl": float("inf")}, "Event.realized_pnl is inf"),
    ],
)
def test_an_event_refuses(changes, message):
    with pytest.raises(ValueError, match=message):
        event(**changes)


@pytest.mark.parametrize(
    ("build", "changes", "message"),
    [
        (order, {"quantity": Decimal(0)}, "Order.quantity is 0, must be above 0"),
        (order, {"quantity": 0.1}, "Order.quantity is a float, money is a Decimal"),
        (order, {"limit_price": Decimal("NaN")}, "Order.limit_price is NaN"),
        (order, {"side": "long"}, "must be one of buy, sell"),
        (order, {"created_at": NOON.replace(tzinfo=None)}, "without a time zone"),
        (fill, {"price": Decimal(-1)}, "Fill.price is -1"),
        (fill, {"fee": 0.0}, "Fill.fee is a float"),
        (fill, {"liquidity": "both"}, "must be one of maker, taker"),
        (fill, {"side": ""}, "must be one of buy, sell"),
    ],
)
def test_orders_and_fills_refuse(build, changes, message):
    with pytest.raises(ValueError, match=message):
        build(**changes)


def test_money_is_exact():
    assert fill().notional == Decimal("0.03")
    assert order(limit_price=Decimal("0.1")).limit_price == Decimal("0.1")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1.50"), '"1.5"'),
        (Decimal("1.5"), '"1.5"'),
        (Decimal(100), '"100"'),
        (Decimal("1E+2"), '"100"'),
        (Decimal("1E-8"), '"0.00000001"'),
        (Decimal("-0.00"), '"0"'),
        (Decimal("0.1") + Decimal("0.2"), '"0.3"'),
        (0.1 + 0.2, "0.30000000000000004"),
        ({"b": 1, "a": [None, True, "é"]}, '{"a":[null,true,"é"],"b":1}'),
        (NOON, '"2026-01-01T12:00:00.000000Z"'),
        (NOON.astimezone(timezone(timedelta(hours=5))), '"2026-01-01T12:00:00.000000Z"'),
    ],
)
def test_one_text_for_one_value(value, text):
    assert canonical_json(value) == text


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        [float("inf")],
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1E+999999"),
        {1: "a"},
        {"a": {None: 1}},
        [[{2.0: 1}]],
        b"bytes",
        {"a", "b"},
        NOON.replace(tzinfo=None),
    ],
)
def test_what_has_no_canonical_text_is_refused(value):
    with pytest.raises(ValueError, match=r"."):
        canonical_json(value)


def test_the_order_of_keys_does_not_matter():
    assert canonical_json({"a": 1, "b": {"d": 1, "c": 2}}) == canonical_json(
        {"b": {"c": 2, "d": 1}, "a": 1}
    )


def test_times_sort_as_their_texts():
    times = [NOON + timedelta(microseconds=step) for step in (0, 1, 1_000_000, 10**9)]
    assert sorted(map(utc_text, times)) == [utc_text(time) for time in times]


def test_the_digest_is_blake2b_of_the_head_and_the_text():
    expected = hashlib.blake2b(bytes(32) + b'{"a":1}', digest_size=32).hexdigest()
    assert digest(GENESIS, '{"a":1}') == expected


def test_a_head_that_is_no_hash_is_refused():
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        digest("ab", "{}")


def test_ids_do_not_run_together():
    assert stable_id("ab", "c") != stable_id("a", "bc")
    assert stable_id("a", 1) != stable_id("a", "1")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(alphabet="abc", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(texts=st.lists(json_values, min_size=2, max_size=6), data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_change_changes_the_head(texts, data):
    """A chain differs when a row is changed, dropped, or two different ones swap places."""
    rows = [canonical_json(text) for text in texts]

    def head(of):
        value = GENESIS
        for row in of:
            value = digest(value, row)
        return value

    place = data.draw(st.integers(0, len(rows) - 1))
    assert head(rows[:place] + rows[place + 1 :]) != head(rows)
    changed = [*rows]
    changed[place] += " "
    assert head(changed) != head(rows)
    swapped = rows[1:2] + rows[0:1] + rows[2:]
    assert (head(swapped) == head(rows)) == (rows[0] == rows[1])


@given(value=json_values)
@settings(max_examples=60, deadline=None)
def test_json_gives_the_value_back(value):
    assert json.loads(canonical_json(value)) == value
