"""Words for the desk: a kill halts it, arming takes agreement, a reason, and two people or time."""

from __future__ import annotations

import pytest

from quorate.hands import Verb, Word, in_force
from quorate.live.controls.standing import (
    DELAY_MS,
    Standing,
    Trading,
    from_text,
    halt,
    to_text,
)
from quorate.live.heed import heed

FINE = {"n_differences": 0, "key_troubles": ()}


def word(verb: str, by: str = "ann", coin: str = "") -> Word:
    """Say something."""
    return Word(verb=Verb(verb), by=by, why="looked at it", coin=coin, at_ms=0)


def test_a_kill_halts_and_one_person_cannot_arm_at_once() -> None:
    after = heed(Standing(), [word("kill")], **FINE, now_ms=0)
    assert (after.standing.trading, after.standing.is_killed) == (Trading.HALTED, True)
    first = heed(after.standing, [word("arm"), word("arm")], **FINE, now_ms=1)
    assert first.standing.trading is Trading.HALTED
    assert [each.is_done for each in first.answers] == [False, False]
    assert "another operator now" in first.answers[1].hint
    second = heed(first.standing, [word("arm", "bob")], **FINE, now_ms=2)
    assert second.standing.trading is Trading.ACTIVE
    assert second.standing.why == "armed by bob, asked by ann: looked at it"
    said = second.answers[0].said
    assert said is not None
    assert in_force([word("kill"), word("arm")]).killed is not None
    assert in_force([word("kill"), word("arm"), said]).killed is None
    alone = heed(first.standing, [word("arm")], **FINE, now_ms=1 + DELAY_MS)
    assert alone.standing.trading is Trading.ACTIVE


def test_nothing_arms_while_books_differ() -> None:
    found = heed(Standing(), [word("arm")], **FINE | {"n_differences": 3}, now_ms=0)
    assert found.standing == Standing()
    assert found.answers[0].hint == "reconcile first: quorate status shows them"


def test_what_is_the_decision_s_changes_nothing_here() -> None:
    said = [word("pause"), word("resume"), word("block", coin="A"), word("flatten", coin="A")]
    assert heed(Standing(), said, **FINE, now_ms=0) == (Standing(), ())


@pytest.mark.parametrize("text", ["{}", "[]", '{"trading":"wild"}', "nonsense"])
def test_a_standing_that_cannot_be_read_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="no standing"):
        from_text(text)
    asked = halt(Standing(breaches=(1, 2)), "drawdown", 5)
    assert from_text(to_text(asked)) == asked
