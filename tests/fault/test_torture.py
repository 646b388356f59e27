"""The harness finds nothing in our desk, and finds every bug that is planted in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest
from tests.fault.harsh import copied, harsh
from tests.fault.planted import BUGS, NAMES, sent_again_on_timeout
from tests.fault.planted_answers import ANSWERS, FRAMES, VERDICTS
from tests.fault.planted_books import BOOKS
from tests.fault.planted_told import HEARD, TOLD
from tests.fault.planted_worked import WORKED

from quorate.harness.hostile import hostile
from quorate.harness.life import play
from quorate.harness.lost import lost_replies
from quorate.harness.pushed import hostile_frames
from quorate.harness.schedule import SPOILT, drawn, is_heard, is_worked
from quorate.store.opening import open_store

pytest.importorskip("ccxt")
LENGTH_MS = 8_640_000
MOST_SEEDS = 30
MESSAGES = int(os.environ.get("QUORATE_MESSAGES", "100000"))
PLAYS = int(os.environ.get("QUORATE_PLAYS", "1000"))
HOURS = float(os.environ.get("QUORATE_HOURS", "2.4"))
REPLIES = int(os.environ.get("QUORATE_REPLIES", "10000"))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, PLAYS + 1, 40))
def test_forty_lives_under_faults_break_nothing(first: int) -> None:
    for seed in range(first, min(first + 40, PLAYS + 1)):
        assert play(drawn(seed, int(HOURS * 3_600_000))).violations == (), seed


@pytest.mark.slow
def test_lives_that_work_parents_and_rest_stops_break_nothing() -> None:
    for seed in filter(is_worked, range(41, 101)):
        assert play(drawn(seed, LENGTH_MS)).violations == (), seed


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 22))
def test_lives_at_bybit_break_nothing(seed: int) -> None:
    assert play(drawn(seed, LENGTH_MS), "bybit").violations == ()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 22))
def test_lives_at_a_spot_venue_break_nothing(seed: int) -> None:
    assert play(drawn(seed, LENGTH_MS), "spot").violations == ()


@pytest.mark.slow
def test_lives_in_which_everything_goes_wrong_break_nothing() -> None:
    for seed in range(1, 7):
        played = play(harsh(seed))
        assert played.violations == (), seed
        assert played.n_lives == 4


def test_an_order_that_is_sent_again_is_seen_among_copies_of_the_network() -> None:
    clean = play(copied(2))
    assert clean.violations == ()
    assert clean.met["copy"] > 2
    with sent_again_on_timeout():
        assert "I1" in {each.invariant for each in play(copied(2)).violations}


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: NAMES[id(bug)])
def test_a_planted_bug_is_caught(bug: Any) -> None:
    for seed in range(1, MOST_SEEDS):
        for schedule in (harsh(seed), drawn(seed, LENGTH_MS)):
            with bug():
                if play(schedule).violations:
                    return
    pytest.fail(f"not caught in {MOST_SEEDS} seeds")


@pytest.mark.slow
@pytest.mark.parametrize("bug", BOOKS)
def test_a_planted_bug_of_the_books_is_caught(bug: str) -> None:
    for seed in range(1, MOST_SEEDS):
        with BOOKS[bug]():
            if play(harsh(seed)).violations:
                return
    pytest.fail(f"not caught in {MOST_SEEDS} seeds")


@pytest.mark.slow
@pytest.mark.parametrize("bug", WORKED)
def test_a_planted_bug_of_parents_and_stops_is_caught(bug: str) -> None:
    for seed in filter(is_worked, range(1, 3 * MOST_SEEDS)):
        for schedule in (harsh(seed), drawn(seed, LENGTH_MS)):
            with WORKED[bug]():
                if play(schedule).violations:
                    return
    pytest.fail(f"not caught in {3 * MOST_SEEDS} seeds")


@pytest.mark.slow
@pytest.mark.parametrize("bug", HEARD)
def test_a_planted_bug_of_listening_is_caught(bug: str) -> None:
    for seed in filter(is_heard, range(1, 3 * MOST_SEEDS)):
        with HEARD[bug]():
            if play(drawn(seed, LENGTH_MS)).violations:
                return
    pytest.fail(f"not caught in {3 * MOST_SEEDS} seeds")


@pytest.mark.slow
@pytest.mark.parametrize("bug", TOLD)
def test_a_planted_bug_of_what_is_known_and_told_is_caught(bug: str) -> None:
    seeds = filter(is_worked, range(1, 3 * MOST_SEEDS)) if "bare" in bug else range(1, MOST_SEEDS)
    for seed in seeds:
        for schedule in (drawn(seed, LENGTH_MS), harsh(seed)):
            with TOLD[bug]():
                if play(schedule).violations:
                    return
    pytest.fail(f"not caught in {3 * MOST_SEEDS} seeds")


@pytest.mark.slow
def test_desks_that_listen_break_nothing_at_any_venue() -> None:
    met: Counter[str] = Counter()
    for seed in filter(is_heard, range(41, 81)):
        for venue in ("binance", "bybit", "spot"):
            played = play(drawn(seed, LENGTH_MS), venue)
            assert played.violations == (), (seed, venue)
            met += played.met
    assert all(met[kind] for kind in SPOILT)


@pytest.mark.slow
@pytest.mark.parametrize("bug", VERDICTS)
def test_a_planted_bug_of_the_resolver_is_caught(bug: str) -> None:
    with VERDICTS[bug]():
        assert lost_replies(200).wrong


@pytest.mark.slow
@pytest.mark.parametrize("bug", ANSWERS)
def test_a_planted_bug_of_reading_is_caught(bug: str) -> None:
    with ANSWERS[bug]():
        try:
            found = hostile(6_000).violations
        except ArithmeticError:
            return  # it raised where it must not
        assert found


def test_spoilt_answers_are_read_rightly_or_not_at_all() -> None:
    found = hostile(400, first_seed=1)
    assert found.violations == ()
    assert found.believed > 50
    assert found.outcomes["Uncertain"] > 50


@pytest.mark.slow
def test_many_spoilt_answers_are_read_rightly_or_not_at_all() -> None:
    assert hostile(MESSAGES, first_seed=1_000).violations == ()


@pytest.mark.slow
@pytest.mark.parametrize("bug", FRAMES)
def test_a_planted_bug_of_what_is_pushed_is_caught(bug: str) -> None:
    with FRAMES[bug]():
        try:
            found = hostile_frames(3_000).violations
        except ArithmeticError:
            return  # it raised where it must not
        assert found


def test_spoilt_frames_are_read_rightly_or_not_at_all() -> None:
    found = hostile_frames(300)
    assert found.violations == ()
    assert found.believed > 100
    assert found.outcomes["Trade"] > 10
    assert found.outcomes["Unanswered"] > 50


@pytest.mark.slow
def test_many_spoilt_frames_are_read_rightly_or_not_at_all() -> None:
    assert hostile_frames(MESSAGES, first_seed=1_000).violations == ()


def test_every_lost_reply_finds_its_verdict() -> None:
    found = lost_replies(150)
    assert found.wrong == ()
    assert min(found.n_present, found.n_absent) > 30


@pytest.mark.slow
def test_many_lost_replies_find_their_verdicts() -> None:
    found = lost_replies(REPLIES, first_seed=1_000)
    assert found.wrong == ()
    assert found.p99_present_ms <= 45_000
    assert found.p99_absent_ms <= 65_000


@pytest.mark.slow
def test_a_seed_leaves_one_trace_whatever_the_hashes_of_its_process() -> None:
    script = (
        "import json\n"
        "from quorate.harness.life import play\n"
        "from quorate.harness.schedule import drawn\n"
        "print(json.dumps([play(drawn(seed, 3_600_000)).trace for seed in (3, 6, 8, 15)]))"
    )
    traces = set()
    for hashes in ("0", "1", "4242"):
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": hashes},
            capture_output=True,
            text=True,
            check=True,
        )
        traces.add(tuple(json.loads(done.stdout)))
    assert len(traces) == 1


@pytest.mark.slow
def test_a_play_leaves_one_trace_in_memory_and_on_a_disk(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contextlib import contextmanager

    from quorate.harness import scene

    schedule = next(
        drawn(seed, 3_600_000)
        for seed in range(1, 50)
        if all(each.kind != "crash" for each in drawn(seed, 3_600_000).events)
    )
    in_memory = play(schedule)

    @contextmanager
    def on_disk(_: object) -> Any:
        with open_store(tmp_path / "store.db") as store:
            yield store.journal("desk")

    monkeypatch.setattr(scene, "_journal", on_disk)
    assert play(schedule) == in_memory
