"""Fills as episodes: where they begin and end, whose they are, whose votes opened them."""

import polars as pl
import pytest
from tests.unit.report.books import VOTES, Books, vote

from quorate.report.episodes import UNKNOWN, number, openings, owners, shares


def opened(made):
    return openings(number(made.fills), made.decisions)


def owned(made):
    numbered = number(made.fills)
    return owners(numbered, openings(numbered, made.decisions))["owner"].to_list()


def test_an_episode_ends_where_the_coin_is_flat_on_every_venue():
    made = Books()
    made.fill(2, "BTC", 5, 100, "ENTRY")
    made.fill(3, "BTC", 2, 100, "REBALANCE", venue="beta")
    made.fill(4, "BTC", -5, 100, "EXIT_TIME")
    made.fill(5, "ETH", 1, 10, "ENTRY")
    made.fill(6, "BTC", -2, 100, "EXIT_TIME", venue="beta")
    made.fill(7, "BTC", -3, 100, "ENTRY", regime="panic")
    assert number(made.fills)["episode"].to_list() == [0, 0, 0, 0, 0, 1]
    rows = opened(made).filter(pl.col("symbol") == "BTC")
    assert rows["first_k"].to_list() == [2, 7]
    assert rows["side"].to_list() == [1, -1]
    assert rows["regime"].to_list() == ["trend", "panic"]


def test_the_entry_is_the_last_one_decided_before_the_first_fill():
    made = Books()
    made.enter(1, "BTC", votes=[vote("early")])
    made.enter(3, "BTC", size=50, price=10, votes=[vote("mine")])
    made.enter(4, "ETH", votes=[vote("another coin")])
    made.enter(5, "BTC", votes=[vote("of the bar of the fill: its close comes after")])
    made.fill(5, "BTC", 5, 100, "ENTRY")
    assert opened(made).select("votes", "decided_coins").rows() == [([vote("mine")], 5.0)]


def test_an_entry_opens_one_episode_only():
    made = Books()
    made.enter(1, "BTC")
    made.fill(2, "BTC", 5, 100, "ENTRY")
    made.fill(3, "BTC", -5, 100, "EXIT_STOP")
    made.fill(9, "BTC", 5, 100, "REBALANCE")
    assert opened(made)["votes"].to_list() == [VOTES, None]


def test_an_entry_decided_as_the_last_position_closed_is_fresh():
    made = Books()
    made.enter(1, "BTC", votes=[vote("long")])
    made.fill(2, "BTC", 5, 100, "ENTRY")
    made.enter(4, "BTC", votes=[vote("short")])
    made.fill(4, "BTC", -5, 100, "REVERSAL")
    made.fill(5, "BTC", -5, 100, "ENTRY")
    assert opened(made)["votes"].to_list() == [[vote("long")], [vote("short")]]


def test_without_decisions_no_entry_is_known():
    made = Books()
    made.fill(2, "BTC", 5, 100, "ENTRY")
    assert openings(number(made.fills), pl.DataFrame())["votes"].to_list() == [None]


@pytest.mark.parametrize(
    ("reason", "owner"),
    [
        ("ENTRY", "engines"),
        ("EXIT_TIME", "engines"),
        ("EXIT_STOP", "engines"),
        ("EXIT_SIGNAL", "engines"),
        ("REVERSAL", "engines"),
        ("CARRY_TURNED", "engines"),
        ("REBALANCE", "allocator"),
        ("PORTFOLIO_ZERO", "allocator"),
        ("CUT_OPEN_RISK", "risk_overlay"),
        ("CUT_CAP", "risk_overlay"),
        ("EXIT_CONTROL", "risk_overlay"),
        ("EXIT_UNIVERSE", "risk_overlay"),
        ("EXIT_LIQUIDATION", "risk_overlay"),
        ("EXIT_DELISTED", "risk_overlay"),
        ("CAP_COIN", "risk_overlay"),
        ("BREAKER_DAILY", "risk_overlay"),
        ("KILLED", "risk_overlay"),
        ("NONE", "unknown"),
    ],
)
def test_a_reason_says_whose_a_fill_is(reason, owner):
    made = Books()
    made.enter(1, "BTC", size=5, price=1)
    made.fill(2, "BTC", 5, 100, "ENTRY")
    made.fill(3, "BTC", -2, 100, reason)
    assert owned(made) == ["engines", owner]


def test_a_resizing_completes_an_entry_up_to_what_it_decided():
    made = Books()
    made.enter(1, "BTC", size=1_000, price=100)  # ten coins
    made.fill(2, "BTC", 4, 100, "ENTRY")
    made.fill(3, "BTC", 4, 90, "REBALANCE")  # to eight: completes
    made.fill(4, "BTC", 3, 90, "REBALANCE")  # to eleven: two of three within
    made.fill(5, "BTC", 2, 90, "REBALANCE")  # beyond
    made.fill(6, "BTC", -9, 90, "REBALANCE")  # takes away
    made.fill(7, "BTC", 3, 90, "REBALANCE")  # gives back what was taken away
    assert owned(made) == ["engines", "engines", "engines", "allocator", "allocator", "allocator"]


def test_without_an_entry_no_resizing_completes_one():
    made = Books()
    made.fill(2, "BTC", 4, 100, "ENTRY")
    made.fill(3, "BTC", 4, 90, "REBALANCE")
    assert owned(made) == ["engines", "allocator"]


def test_g3_engine_shares():
    """METHODS 14: the shares of the consensus of golden vector G3 are (168, -35, 75)/208."""
    votes = [vote("a", 1, 0.62, 112), vote("b", -1, 0.55, 56), vote("c", 1, 0.58, 75)]
    found = shares(votes, 1)
    assert found == {"a": 168, "b": -35, "c": 75}
    assert sum(found.values()) == 208


def test_a_short_is_shared_like_a_long():
    turned = [{**each, "side": -each["side"]} for each in VOTES]
    assert shares(turned, -1) == shares(VOTES, 1)


@pytest.mark.parametrize(
    ("votes", "side"),
    [
        (None, 1),
        ([], 1),
        (VOTES, -1),  # they voted for the other side
        ([vote("a", 1, 0.5, 1.0)], 1),
        ([vote("a", 1, float("nan"), 1.0)], 1),
    ],
)
def test_votes_that_do_not_make_the_side_are_not_known(votes, side):
    assert shares(votes, side) == {UNKNOWN: 1}


def test_an_engine_without_weight_or_a_probability_has_no_share():
    votes = [
        vote("a", 1, 0.6, 1e-06),
        vote("b", 1, 0.6, 0.0),
        vote("c", -1, 0.5, 1),
        vote("d", -1, float("nan"), 1),
    ]
    assert shares(votes, 1) == {"a": 1}
