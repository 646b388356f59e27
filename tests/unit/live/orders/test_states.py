"""States: the table of the protocol, and that no end is ever left."""

from quorate.live.orders.states import (
    ALLOWED,
    AS_STATE,
    END_RANK,
    IN_DOUBT,
    NEVER_LIVED,
    RANK,
    TERMINAL,
    State,
    may_follow,
)
from quorate.venues.base import OrderStatus

STEPS = [
    ("planned", "intent"),
    ("intent", "sending"),
    ("intent", "not_placed"),
    ("sending", "acked"),
    ("sending", "unknown"),
    ("sending", "rejected"),
    ("acked", "partial"),
    ("acked", "filled"),
    ("acked", "canceling"),
    ("acked", "expired"),
    ("acked", "canceled"),
    ("canceling", "canceled"),
    ("canceling", "filled"),
    ("canceling", "unknown_cancel"),
    ("unknown", "acked"),
    ("unknown", "filled"),
    ("unknown", "canceled"),
    ("unknown", "not_placed"),
    ("unknown_cancel", "partial"),
]


def test_every_state_has_its_row():
    assert set(ALLOWED) == set(State)


def test_an_end_is_never_left():
    assert all(not ALLOWED[state] for state in TERMINAL)
    assert {s.value for s in TERMINAL} == {
        "rejected",
        "not_placed",
        "filled",
        "canceled",
        "expired",
    }
    assert NEVER_LIVED < TERMINAL


def test_the_steps_that_the_protocol_names_are_allowed():
    for before, after in STEPS:
        assert may_follow(State(before), State(after)), (before, after)


def test_what_the_venue_has_had_can_no_longer_be_absent():
    for state in State:
        if state not in (State.INTENT, State.UNKNOWN):
            assert not may_follow(state, State.NOT_PLACED), state


def test_a_doubt_can_always_end():
    for state in IN_DOUBT:
        assert ALLOWED[state] & TERMINAL
        assert ALLOWED[state] - TERMINAL


def test_every_state_but_the_first_is_reached():
    assert set().union(*ALLOWED.values()) == set(State) - {State.PLANNED}


def test_every_word_of_a_venue_has_a_rank_and_all_but_the_unknown_one_a_state():
    assert set(RANK) == set(OrderStatus)
    assert set(AS_STATE) == set(OrderStatus) - {OrderStatus.UNREADABLE}
    assert RANK[OrderStatus.UNREADABLE] < RANK[OrderStatus.NEW] < RANK[OrderStatus.PARTIAL]
    ends = {RANK[word] for word, state in AS_STATE.items() if state in TERMINAL}
    assert ends == {END_RANK}
    assert RANK[OrderStatus.PARTIAL] < END_RANK
