"""What a breach leaves behind, and how a desk is armed again: deliberately, never by itself."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from quorate.live.controls.facts import Action, Control, Refusal
from quorate.live.controls.standing import (
    DAY_MS,
    DELAY_MS,
    HELD,
    Armed,
    NotArmed,
    Standing,
    Trading,
    arm,
    expire,
    from_text,
    halt,
    react,
    relist,
    start,
    to_text,
)

FINE = {"n_differences": 0, "key_troubles": ()}
ACTIVE = Standing(trading=Trading.ACTIVE, why="armed")


def refusal(action: Action, control: Control = Control.COIN) -> Refusal:
    return Refusal(control, "tried", Decimal(2), Decimal(1), action)


def test_a_breach_makes_a_desk_stricter_and_never_laxer() -> None:
    order = [Trading.ACTIVE, Trading.REDUCING, Trading.SAFE, Trading.HALTED]
    for before in order:
        for action in Action:
            after = react(Standing(trading=before), refusal(action), "BTC", 5)
            assert order.index(after.trading) >= order.index(before)
    assert react(ACTIVE, refusal(Action.REJECT), "BTC", 5) == ACTIVE
    assert dict(react(ACTIVE, refusal(Action.BLOCK), "BTC", 5).blocked) == {
        "BTC": "C06_coin: tried"
    }
    assert react(ACTIVE, refusal(Action.KILL), "BTC", 5).is_killed


def test_a_day_s_loss_is_over_the_next_day_and_a_halt_is_not() -> None:
    reduced = react(ACTIVE, refusal(Action.REDUCE), "BTC", 3 * DAY_MS + 7)
    assert (reduced.trading, reduced.until_ms) == (Trading.REDUCING, 4 * DAY_MS)
    assert expire(reduced, 4 * DAY_MS - 1) == reduced
    assert expire(reduced, 4 * DAY_MS).trading is Trading.ACTIVE
    stopped = halt(ACTIVE, "drawdown", 5)
    assert expire(stopped, 10 * DAY_MS) == stopped
    assert halt(stopped, "later", 9).why == "drawdown", "the first reason stays"


@pytest.mark.parametrize(
    "way", ["arm", "start, arm", "start, start, arm", "halt, arm", "halt, start, arm"]
)
def test_who_may_only_close_does_no_more_that_day_whoever_starts_or_arms_it(way: str) -> None:
    now_ms, until_ms = 3 * DAY_MS + 7, 4 * DAY_MS
    held = react(ACTIVE, refusal(Action.REDUCE), "BTC", now_ms)
    for step in way.split(", "):
        if step == "start":
            held = start(from_text(to_text(held)), now_ms)
            assert held.trading in {Trading.SAFE, Trading.HALTED}
        elif step == "halt":
            held = halt(held, "drawdown", now_ms)
        else:
            asked = arm(held, operator="ann", reason="r", **FINE, now_ms=now_ms).standing
            found = arm(asked, operator="bob", reason="r", **FINE, now_ms=until_ms - 1)
            late = arm(asked, operator="bob", reason="r", **FINE, now_ms=until_ms)
            assert isinstance(found, Armed)
            assert (found.standing.trading, found.standing.until_ms) == (Trading.REDUCING, until_ms)
            assert found.standing.why.endswith(HELD)
            assert late.standing.trading is Trading.ACTIVE
            held = found.standing
    assert expire(held, until_ms - 1) == held
    assert (expire(held, until_ms).trading, expire(held, until_ms).until_ms) == (
        Trading.ACTIVE,
        None,
    )


def test_a_new_day_leaves_who_is_safe_or_halted_so() -> None:
    held = react(ACTIVE, refusal(Action.REDUCE), "BTC", 7)
    for before in (start(held, 8), halt(held, "drawdown", 8)):
        assert expire(before, DAY_MS - 1) == before
        after = expire(before, DAY_MS)
        assert (after.trading, after.until_ms) == (before.trading, None)
    assert start(held, DAY_MS).until_ms is None


def test_a_start_is_safe_whatever_was_before_and_a_halt_survives_it() -> None:
    assert start(ACTIVE, 9).trading is Trading.SAFE
    blocked = Standing(trading=Trading.ACTIVE, blocked={"BTC": "by hand"}, breaches=(1,))
    assert start(blocked, 9).blocked == {"BTC": "by hand"}
    asked = arm(halt(ACTIVE, "x", 1), operator="ann", reason="r", **FINE, now_ms=2)
    assert isinstance(asked, NotArmed)
    again = start(asked.standing, 9)
    assert (again.trading, again.asked_ms) == (Trading.HALTED, None)


def test_after_a_halt_one_operator_waits_and_two_do_not() -> None:
    halted = halt(ACTIVE, "drawdown", 0)
    first = arm(halted, operator="ann", reason="seen", **FINE, now_ms=1_000)
    assert isinstance(first, NotArmed)
    early = arm(
        first.standing,
        operator="ann",
        reason="seen",
        **FINE,
        now_ms=DELAY_MS + 999,
    )
    assert isinstance(early, NotArmed)
    assert early.hint == "again in 1 s, or another operator now"
    late = arm(
        first.standing,
        operator="ann",
        reason="seen",
        **FINE,
        now_ms=DELAY_MS + 1_000,
    )
    second = arm(
        first.standing,
        operator="bob",
        reason="seen",
        **FINE,
        now_ms=1_001,
    )
    assert isinstance(late, Armed)
    assert isinstance(second, Armed)
    assert second.standing.trading is Trading.ACTIVE
    assert not second.standing.is_killed


@pytest.mark.parametrize(
    "name", ["ann ", " Ann", "ANN", "\uff41nn", "ann\u200b", "a\u00adnn", "\tann\n"]
)
def test_the_same_name_written_otherwise_is_no_second_operator(name: str) -> None:
    asked = arm(halt(ACTIVE, "drawdown", 0), operator="ann", reason="seen", **FINE, now_ms=1_000)
    again = arm(asked.standing, operator=name, reason="seen", **FINE, now_ms=1_001)
    assert isinstance(again, NotArmed)
    late = arm(asked.standing, operator=name, reason="seen", **FINE, now_ms=DELAY_MS + 1_000)
    assert isinstance(late, Armed)


@pytest.mark.parametrize(
    ("operator", "reason", "n_differences", "text"),
    [
        ("", "why", 0, "who arms and why"),
        ("\u200b", "why", 0, "who arms and why"),
        ("ann", " ", 0, "who arms and why"),
        ("ann", "why", 2, "2 differences"),
    ],
)
def test_an_arming_needs_a_name_a_reason_and_a_reconciled_account(
    operator: str, reason: str, n_differences: int, text: str
) -> None:
    found = arm(
        Standing(),
        operator=operator,
        reason=reason,
        **FINE | {"n_differences": n_differences},
        now_ms=5,
    )
    assert isinstance(found, NotArmed)
    assert text in found.text
    assert found.standing == Standing()


def test_a_fresh_start_is_armed_at_once() -> None:
    found = arm(Standing(), operator="ann", reason="morning", **FINE, now_ms=5)
    assert isinstance(found, Armed)
    assert found.standing.why == "armed by ann: morning"


def test_breaches_of_the_rate_are_remembered_for_an_hour() -> None:
    once = react(ACTIVE, refusal(Action.REJECT, Control.RATE), "BTC", 1)
    twice = react(once, refusal(Action.REJECT, Control.RATE), "BTC", 2)
    assert twice.breaches == (1, 2)
    later = react(twice, refusal(Action.REJECT, Control.RATE), "BTC", 3_600_002)
    assert later.breaches == (3_600_002,)


def test_a_standing_of_before_there_were_names_is_read_and_names_are_kept() -> None:
    named = relist(Standing(why="drill"), {"X": "X COIN 1"})
    assert from_text(to_text(named)) == named
    row = json.loads(to_text(named))
    del row["listed"]
    assert from_text(json.dumps(row)) == Standing(why="drill")
    assert start(named, 5).listed == {"X": "X COIN 1"}
    assert relist(named, {"X": "X COIN 1", "Y": "Y Y 1"}).listed == {"X": "X COIN 1", "Y": "Y Y 1"}
    assert relist(named, {}) is named, "who is listed no more keeps his name"
