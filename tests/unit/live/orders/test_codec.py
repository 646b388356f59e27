"""Events and their texts: one text an event, one event a text, and nothing in between."""

import dataclasses
import json
from decimal import Decimal
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.live.orders.building import filled, intended

from quorate.live.orders.codec import from_text, to_text
from quorate.live.orders.events import KINDS
from quorate.records import canonical_json

AMOUNTS = st.decimals("0.00000001", "1000000000", places=8)
TEXTS = st.text(min_size=1, max_size=9)


def values(kind, texts=TEXTS, amounts=AMOUNTS):
    """Draw an event of a kind from the types of its fields."""
    drawn = {}
    for field in dataclasses.fields(kind):
        options = getattr(field.type, "__args__", (field.type,))
        each = []
        for option in options:
            if option is Decimal:
                each.append(amounts)
            elif option is str:
                each.append(texts)
            elif option is int:
                each.append(st.integers(0, 2**62))
            elif option is bool:
                each.append(st.booleans())
            elif option is type(None):
                each.append(st.none())
            else:
                assert issubclass(option, StrEnum)
                each.append(st.sampled_from(option))
        drawn[field.name] = st.one_of(each)
    return st.builds(kind, **drawn)


EVENTS = st.one_of([values(kind) for kind in KINDS.values()])


@given(EVENTS)
def test_an_event_comes_back_as_it_was_and_so_does_its_text(event):
    text = to_text(event)
    assert from_text(text) == event
    assert to_text(from_text(text)) == text
    assert canonical_json(json.loads(text)) == text


@given(EVENTS, EVENTS)
def test_two_events_have_one_text_only_if_they_are_equal(one, other):
    assert (to_text(one) == to_text(other)) == (one == other)


def test_money_keeps_every_digit_and_no_zeros():
    quantity = Decimal("0.10000000000000000000000000010")
    text = to_text(intended(quantity=quantity))
    assert '"quantity":"0.1000000000000000000000000001"' in text
    assert from_text(text).quantity == quantity


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"quantity": 1}, "quantity of filled is 1, not an amount in quotes"),
        ({"quantity": "one"}, "quantity of filled is 'one', not an amount"),
        ({"quantity": "0"}, "quantity of a trade is 0, must be above 0"),
        ({"quantity": "NaN"}, "must be finite"),
        ({"price": None}, "price of filled is None"),
        ({"side": "hold"}, "side of filled is 'hold', not a Side"),
        ({"side": 1}, "side of filled is 1, not a text"),
        ({"at_ms": "14"}, "at_ms of filled is '14', not an int"),
        ({"at_ms": True}, "at_ms of filled is True, not an int"),
        ({"at_ms": 1.5}, "at_ms of filled is 1.5, not an int"),
        ({"venue": ""}, "needs its venue"),
        ({"more": 1}, "filled with more amiss"),
        ({"kind": "unheard"}, "no event of the journal: KeyError"),
        ({"kind": None}, "no event of the journal: KeyError"),
        ({"kind": ["filled"]}, "no event of the journal: TypeError"),
    ],
)
def test_what_is_not_written_by_us_is_no_event(changes, message):
    found = json.loads(to_text(filled())) | changes
    with pytest.raises(ValueError, match=message):
        from_text(json.dumps(found))


@pytest.mark.parametrize("text", ["", "[]", "1", '"filled"', "{}", '{"kind":"filled"}', "{"])
def test_other_texts_are_no_events(text):
    with pytest.raises(ValueError, match="no event of the journal"):
        from_text(text)


def test_a_field_that_is_missing_is_named():
    found = json.loads(to_text(filled()))
    del found["fee"]
    with pytest.raises(ValueError, match="filled with fee amiss"):
        from_text(json.dumps(found))


def test_no_two_kinds_share_a_name():
    assert len(set(KINDS.values())) == len(KINDS)
