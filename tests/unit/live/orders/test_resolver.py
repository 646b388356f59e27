"""The resolver: found at once, absent only when it cannot be otherwise, silent never absent."""

import itertools
import json
from dataclasses import replace

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.unit.live.orders.asking import (
    CASE,
    FOUND,
    PLAIN,
    SENT,
    SILENT,
    answer,
    asked,
    pages,
    position,
    run,
    trade,
    verdict,
    view,
)
from tests.unit.live.orders.building import acknowledged, fold, intended, opened, order, sent

from quorate.live.orders.inquiry import NotPlaced, Present, Question, Ticked, case_of
from quorate.live.orders.resolver import (
    LEAST_ROUNDS,
    LEAST_SPREAD_MS,
    PAGE_AFTER_MS,
    step,
)
from quorate.venues.base import Found, Listed, OrderStatus, PositionSide, Side

FENCE = SENT + 7_000


def venue_ms(now):
    return SENT + 500 + now


def nothing(question, n_round, now):
    return answer(question, n_round, venue_ms(now))


def but(**changes):
    """Give a venue that shows nothing but what is named, question by question."""

    def reply(question, n_round, now):
        given_one = changes.get(question.value)
        if callable(given_one):
            given_one = given_one(n_round, now)
        if isinstance(given_one, dict):
            return answer(question, n_round, venue_ms(now), **given_one)
        return answer(question, n_round, venue_ms(now), given_one)

    return reply


def listed(*items):
    return lambda _n_round, now: Listed(items, venue_ms(now))


def known(now, *items, **more):
    return {"outcome": Listed(items, venue_ms(now))} | more


def changed(**changes):
    """Give the case with something else in it."""
    return replace(CASE, **changes)


def test_an_order_that_never_was_is_found_absent_within_the_goal():
    state, log = run(nothing)
    now, said = verdict(log)
    assert isinstance(said, NotPlaced)
    assert now <= CASE.window_ms + 60_000
    evidence = json.loads(said.evidence)
    first, last = evidence["rounds"][0], evidence["rounds"][-1]
    assert evidence["fence_ms"] == FENCE
    assert len(evidence["rounds"]) >= LEAST_ROUNDS
    assert first[0] > FENCE
    assert last[0] - first[1] >= LEAST_SPREAD_MS
    assert asked(log)[:6] == [500, 1_500, 3_500, 7_500, 15_500, 23_500]
    assert step(state, answer(Question.ORDER, state.n_round, 0, FOUND), now) == (state, ())


@pytest.mark.parametrize("question", [Question.ORDER, Question.CONDITIONAL_ORDER])
@pytest.mark.parametrize("n_round", [1, 4, 6])
def test_an_order_that_is_found_is_found_at_once(question, n_round):
    _, log = run(but(**{question.value: lambda n, _: FOUND if n == n_round else None}))
    now, said = verdict(log)
    assert (said, now) == (Present("i1", FOUND.view), asked(log)[-1])
    assert len(asked(log)) == n_round


@pytest.mark.parametrize("question", [Question.OPEN, Question.CONDITIONAL_OPEN])
def test_an_order_that_is_listed_as_open_is_found(question):
    _, log = run(but(**{question.value: listed(view("other"), view())}))
    assert verdict(log) == (500, Present("i1", view()))


def test_an_order_whose_trades_bear_its_id_is_found_by_them():
    _, log = run(but(trades=listed(trade("other"), trade("q-ours"))))
    assert verdict(log) == (500, Present("i1", None, (trade("q-ours"),)))


@pytest.mark.parametrize("other", [view("other"), view(symbol="ETHUSDT"), view("")])
def test_an_answer_about_another_order_is_no_answer(other):
    _, log = run(but(order=Found(other)))
    assert verdict(log) is None


@pytest.mark.parametrize("question", list(Question))
def test_no_answer_is_never_absence(question):
    """An outage that was counted as not found has cost others a position."""
    _, log = run(but(**{question.value: SILENT}))
    assert verdict(log) is None
    assert pages(log) == [at for at in asked(log) if at >= PAGE_AFTER_MS][:1]


def test_silence_now_and_then_delays_the_verdict_and_no_more():
    quiet = set(range(2, 40, 2))
    _, log = run(but(order=lambda n, _: SILENT if n in quiet else None))
    now, said = verdict(log)
    assert isinstance(said, NotPlaced)
    assert now > verdict(run(nothing)[1])[0]


def test_before_the_fence_nothing_counts():
    _, log = run(nothing, case=changed(window_ms=60_000))
    now, _ = verdict(log)
    assert venue_ms(now) > SENT + 60_000 + 2_000 + LEAST_SPREAD_MS


def test_three_rounds_are_needed_however_far_apart():
    """After two minutes rounds are 30 s apart: two would span the time, and are not enough."""
    _, log = run(lambda q, n, now: answer(q, n, venue_ms(now), SILENT if now < 130_000 else None))
    first = next(at for at in asked(log) if at >= 130_000)
    assert verdict(log)[0] == first + 60_000


def test_the_fence_is_by_the_clock_of_the_venue():
    _, log = run(lambda q, n, now: answer(q, n, SENT - 60_000 + now))
    assert verdict(log)[0] > 67_000 + LEAST_SPREAD_MS


def test_a_venue_clock_that_stands_still_never_passes_the_fence():
    def reply(question, n_round, _now):
        return answer(question, n_round, FENCE)

    _, log = run(reply)
    assert verdict(log) is None


def test_a_venue_clock_that_runs_ahead_is_not_enough():
    def reply(question, n_round, now):
        return answer(question, n_round, SENT + 10**9 + 60 * now)

    _, log = run(reply)
    now, _ = verdict(log)
    assert now >= CASE.window_ms + LEAST_SPREAD_MS


def test_a_clock_of_ours_that_runs_ahead_is_not_enough():
    def reply(question, n_round, now):
        return answer(question, n_round, FENCE + 1 + now // 100)

    _, log = run(reply)
    assert verdict(log) is None


@pytest.mark.parametrize(
    "spoken",
    [
        {"trades": listed(trade())},
        {"position": listed(position())},
        {"position": lambda _n, _now: {"expected": 1}},
        {"position": listed(position(2), position(-1, side=PositionSide.LONG))},
    ],
)
def test_what_only_the_order_explains_forbids_absence(spoken):
    _, log = run(but(**spoken))
    assert verdict(log) is None


@pytest.mark.parametrize(
    "spoken",
    [
        {
            "trades": lambda _n, now: {
                "outcome": Listed((trade(),), venue_ms(now)),
                "explained": ("77",),
            }
        },
        {"trades": listed(trade(side=Side.SELL), trade(symbol="ETHUSDT"))},
        {"trades": listed(trade(at_ms=SENT - 2_001), trade("other"))},
        {
            "position": lambda _n, now: {
                "outcome": Listed((position(),), venue_ms(now)),
                "expected": 1,
            }
        },
        {"position": listed(position(5, "ETHUSDT"), position(5, side=PositionSide.LONG))},
    ],
)
def test_what_others_explain_does_not(spoken):
    _, log = run(but(**spoken))
    assert isinstance(verdict(log)[1], NotPlaced)


def test_a_contradiction_throws_the_evidence_away():
    _, log = run(but(position=lambda n, _: {"expected": 1} if n == 7 else None))
    now, _ = verdict(log)
    eighth = asked(log)[7]
    assert now >= eighth + LEAST_SPREAD_MS


def test_a_stream_that_is_down_forbids_absence_until_it_is_up_to_date():
    _, log = run(nothing, is_current=False)
    assert verdict(log) is None
    _, log = run(nothing, is_current=False, stream=[(100_000, True)])
    assert verdict(log)[0] == 100_000
    _, log = run(nothing, stream=[(10_000, False), (300_000, True)])
    assert verdict(log)[0] == 300_000


def test_an_order_that_was_seen_is_never_absent():
    _, log = run(nothing, case=changed(was_seen=True))
    assert verdict(log) is None
    assert len(pages(log)) == 1


def test_a_late_answer_finds_and_proves_nothing_else():
    def late(question, n_round, now):
        return [(9_000, answer(question, n_round, venue_ms(now)))]

    assert verdict(run(late, until_ms=110_000)[1]) is None

    def found_late(question, n_round, now):
        outcome = FOUND if question is Question.ORDER and n_round == 2 else None
        return [(9_000, answer(question, n_round, venue_ms(now), outcome))]

    assert verdict(run(found_late)[1]) == (10_500, Present("i1", FOUND.view))


def test_a_contradiction_counts_however_late_it_comes():
    def reply(question, n_round, now):
        on_time = (0, answer(question, n_round, venue_ms(now)))
        if question is Question.POSITION and n_round == 4:
            # its round is over when the second answer comes, and five rounds are clean
            return [on_time, (31_500, answer(question, n_round, venue_ms(now), expected=1))]
        return [on_time]

    now, _ = verdict(run(reply)[1])
    assert now >= 7_500 + 31_500 + LEAST_SPREAD_MS


def test_an_answer_that_comes_twice_counts_once():
    def once(question, n_round, now):
        if question is Question.TRADES and n_round > 4:
            return []
        return [(0, answer(question, n_round, venue_ms(now)))] * 2

    assert verdict(run(once)[1]) is None


def test_the_rounds_slow_down_and_a_human_is_told_once():
    state, log = run(but(order=SILENT), until_ms=2_000_000)
    times = asked(log)
    gaps = {b - a for a, b in itertools.pairwise(times) if a > 130_000}
    assert gaps == {30_000}
    assert len(pages(log)) == 1
    assert not state.is_over


def test_a_case_is_read_off_the_book():
    book, _ = fold(*sent())
    case = case_of(order(book))
    assert (case.sent_at_ms, case.window_ms, case.was_seen) == (11, 5_000, False)
    book, _ = fold(*sent(), acknowledged(OrderStatus.UNREADABLE))
    assert case_of(order(book)).was_seen
    book, _ = fold(opened(), intended())
    with pytest.raises(ValueError, match="was never sent"):
        case_of(order(book))


def test_time_alone_asks_and_says_nothing_of_the_order():
    state, log = run(lambda *_: [], until_ms=900_000)
    assert verdict(log) is None
    assert step(state, Ticked(), 900_001)[0].clean == ()


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_whatever_is_lost_or_late_the_verdict_is_true(data):
    """An order that came in by the end of its window is never called absent, one that did not never
    found; each read lags by up to 20 s of its own, answers are late, lost or come twice."""
    arrives = data.draw(st.none() | st.integers(0, CASE.window_ms), label="arrives after")
    fate = data.draw(st.sampled_from(["open", "filled", "canceled"]), label="fate")
    lags = {q: data.draw(st.integers(0, 20_000), label=q.value) for q in Question}
    loss = data.draw(st.sampled_from([0.0, 0.05, 0.2, 0.5]), label="loss")
    conditional = data.draw(st.booleans(), label="conditional")
    chance = data.draw(st.randoms(use_true_random=False))
    word = {"open": "new"}.get(fate, fate)

    def reply(question, n_round, now):
        if chance.random() < loss:
            return [(chance.randrange(7_000), answer(question, n_round, 0, SILENT))]
        read_at = venue_ms(now) - lags[question]
        is_there = arrives is not None and read_at >= SENT + arrives
        outcome = None
        if is_there:
            outcome = there(question, venue_ms(now))
        delay = chance.randrange(7_000)
        found = answer(question, n_round, venue_ms(now), outcome)
        return [(delay, found), (delay + chance.randrange(7_000), found)]

    def there(question, at_ms):
        where = (Question.CONDITIONAL_ORDER, Question.CONDITIONAL_OPEN) if conditional else PLAIN
        if question is where[0]:
            return Found(view(status=OrderStatus(word)))
        if question is where[1] and fate == "open":
            return Listed((view(),), at_ms)
        if question is Question.TRADES and fate == "filled":
            return Listed((trade(),), at_ms)
        if question is Question.POSITION and fate == "filled":
            return Listed((position(),), at_ms)
        return None

    _, log = run(reply, until_ms=400_000)
    found = verdict(log)
    event("none" if found is None else type(found[1]).__name__)
    if found is not None:
        assert isinstance(found[1], NotPlaced) == (arrives is None)
