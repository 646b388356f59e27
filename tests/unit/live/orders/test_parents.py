"""Parent orders in the book: opened once, closed once, kept while their children matter."""

from dataclasses import replace

import pytest
from tests.unit.live.execution.building import parent
from tests.unit.live.orders.building import acknowledged, fold, intended, opened, sending

from quorate.live.execution.progress import progress
from quorate.live.orders.effects import Trouble
from quorate.live.orders.events import Retired
from quorate.live.orders.parents import ParentClosed
from quorate.venues.base import OrderStatus

P = parent(at_ms=5)
CLOSED = ParentClosed(at_ms=20, parent_id="p1", reason="filled")
CHILD = [intended(parent_id="p1"), sending(), acknowledged(OrderStatus.FILLED, 1)]


def troubles(effects):
    return [each.trouble for each in effects]


def test_a_parent_is_opened_once_and_closed_once():
    book, effects = fold(opened(), P, P)
    assert (list(book.parents), effects) == (["p1"], ())
    _, effects = fold(opened(), P, replace(P, cycle="other"))
    assert troubles(effects) == [Trouble.DUPLICATE_PARENT]
    book, effects = fold(opened(), P, CLOSED, replace(CLOSED, at_ms=21, reason="again"))
    assert (book.parents["p1"].reason, book.parents["p1"].is_open, effects) == ("filled", False, ())
    _, effects = fold(opened(), CLOSED)
    assert troubles(effects) == [Trouble.UNKNOWN_PARENT]


def test_children_of_an_open_parent_are_kept_and_those_of_a_closed_one_are_not():
    # a status told of the trade, and nothing booked it yet: what is reserved is never forgotten
    retired = Retired(at_ms=50, before_ms=40)
    ended = [*CHILD[:2], acknowledged(OrderStatus.CANCELED, 0)]
    book, _ = fold(opened(), P, *ended, retired)
    assert list(book.orders) == ["i1"]
    assert progress(book.orders.values(), "p1").next_leg == 1
    book, _ = fold(opened(), P, *ended, CLOSED, retired)
    assert (book.orders, book.parents) == ({}, {})
    book, _ = fold(opened(), P, *CHILD, CLOSED, retired)
    assert (list(book.orders), list(book.parents)) == (["i1"], ["p1"])


def test_the_control_of_children_reads_what_is_committed():
    book, _ = fold(opened(), P, *CHILD[:2])
    assert progress(book.orders.values(), "p1").committed == 1
    book, _ = fold(opened(), P, *CHILD[:2], acknowledged(OrderStatus.CANCELED, 0))
    assert progress(book.orders.values(), "p1").committed == 0
    book, _ = fold(opened(), P, *CHILD[:2], CLOSED)
    assert not book.parents["p1"].is_open


@pytest.mark.parametrize("name", ["quantity", "worst_price", "decision_price", "arrival_mid"])
def test_a_parent_without_an_amount_is_none(name):
    with pytest.raises(ValueError, match=name):
        replace(P, **{name: 0})
