"""The record of a night: what is done stays done, what was given something else is done again."""

from __future__ import annotations

import json

import pytest

from quorate.api.nights.record import Outcome, Record, State, digest_of
from quorate.errors import DataError


def counting():
    done = []

    def work():
        done.append(1)
        return Outcome(f"the {len(done)}. time", {"n": len(done)})

    return work, done


def test_a_step_that_is_done_is_not_done_again(tmp_path):
    work, done = counting()
    first = Record(tmp_path).run("check", "a", work)
    again = Record(tmp_path).run("check", "a", work)
    assert (again, len(done)) == (first, 1)
    assert Record(tmp_path).run("check", "b", work).told == {"n": 2}


def test_a_step_whose_files_are_gone_is_done_again(tmp_path):
    def work():
        (tmp_path / "made").write_text("x")
        return Outcome("made it", files=("made",))

    Record(tmp_path).run("train", "a", work)
    (tmp_path / "made").unlink()
    Record(tmp_path).run("train", "a", work)
    assert (tmp_path / "made").exists()


def test_a_failure_is_recorded_and_stops_the_night_and_is_tried_again(tmp_path):
    def fails():
        raise DataError("the disk is full", hint="make room")

    work, done = counting()
    record = Record(tmp_path)
    step = record.run("check", "a", fails)
    assert (step.state, step.said) == (State.FAILED, "the disk is full; next: make room")
    step = record.run("train", "b", work)
    assert (step.state, step.said) == (State.NOT_REACHED, "check failed")
    assert record.skipped("train", "b") == "not reached, check failed"
    assert record.is_stopped
    assert not done
    later = Record(tmp_path)
    assert later.skipped("check", "a") == ""
    assert later.run("check", "a", work).state is State.DONE
    assert later.skipped("check", "a") == "done before, given the same"
    assert later.skipped("check", "b") == ""
    assert later.run("train", "b", work).state is State.DONE


def test_a_bug_is_no_outcome_and_leaves_the_step_begun(tmp_path):
    def bug():
        raise KeyError("x")

    with pytest.raises(KeyError):
        Record(tmp_path).run("check", "a", bug)
    told = json.loads((tmp_path / "steps" / "check.json").read_text())
    assert (told["state"], told["given"]) == ("begun", "a")
    work, done = counting()
    assert Record(tmp_path).run("check", "a", work).state is State.DONE
    assert len(done) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda whole: whole[:20],
        lambda whole: whole[:-3],
        lambda whole: b"\0" * len(whole),
        lambda whole: b"\xff" + whole,
        lambda _: b"{}",
        lambda _: b"[]",
        lambda _: b"null",
        lambda _: b"[" * 100_000,
        lambda whole: whole.replace(b"done", b"half"),
        lambda whole: whole.replace(b"said", b""),
        lambda whole: whole.replace(b'"n": 1', b'"m": 1'),
        lambda whole: whole.replace(b'"n": 1', b'"n": NaN'),
    ],
)
def test_a_step_whose_record_is_damaged_is_done_again_and_told(tmp_path, damage):
    work, done = counting()
    Record(tmp_path).run("check", "a", work)
    path = tmp_path / "steps" / "check.json"
    whole = path.read_bytes()
    assert damage(whole) != whole
    path.write_bytes(damage(whole))
    record = Record(tmp_path)
    assert record.skipped("check", "a") == ""
    step = record.run("check", "a", work)
    assert (step.state, step.told, len(done)) == (State.DONE, {"n": 2}, 2)
    assert list(record.damaged) == ["check"]
    later = Record(tmp_path)
    assert (later.run("check", "a", work), later.damaged, len(done)) == (step, {}, 2)


def test_what_a_damaged_step_rests_on_stays(tmp_path):
    work, done = counting()
    record = Record(tmp_path)
    record.run("ingest", "a", work)
    record.run("check", "a", work)
    (tmp_path / "steps" / "check.json").write_text("garbage")
    record = Record(tmp_path)
    record.forget("ingest", unless_done="check")
    assert record.skipped("ingest", "a")
    assert len(done) == 2


def test_a_record_that_the_disk_withholds_says_what_to_do(tmp_path):
    (tmp_path / "steps" / "check.json").mkdir(parents=True)
    with pytest.raises(DataError, match="check who may read it, and the disk"):
        Record(tmp_path).run("check", "a", counting()[0])


def test_what_is_recorded_can_be_read_by_people(tmp_path):
    work, _ = counting()
    Record(tmp_path).run("check", "a", work)
    told = json.loads((tmp_path / "steps" / "check.json").read_text())
    assert (told["state"], told["said"], told["given"]) == ("done", "the 1. time", "a")


def test_a_digest_knows_the_order():
    assert digest_of("a", "b") != digest_of("b", "a")
