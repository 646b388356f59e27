"""Runs and trials: booked before they start, ended once, counted for ever."""

import threading

import pytest
import sqlalchemy as sa
from tests.unit.store.building import some_events

from quorate.errors import StoreError
from quorate.records import GENESIS
from quorate.store import open_store
from quorate.store.connection import writing


def begin(store, settings=None, **changes):
    hashes = {"data_hash": "d0", "code_hash": "c0", "recipe": "base"} | changes
    return store.runs.begin(settings or {"b": 2, "a": 1}, **hashes)


def test_a_run_is_booked_when_it_begins_and_ends_once(store):
    run_id = begin(store, kind="search")
    assert run_id.startswith("20260101-000000-")
    run = store.runs.get(run_id)
    assert (run.status, run.kind, run.metrics, run.finished_at) == ("running", "search", None, None)
    assert run.settings == {"a": 1, "b": 2}
    head = store.events.append(run_id, some_events(run_id, 3))
    store.runs.finish(run_id, "finished", {"sharpe": 1.25, "calmar": None})
    run = store.runs.get(run_id)
    assert (run.status, run.metrics) == ("finished", {"sharpe": 1.25, "calmar": None})
    assert (run.n_events, run.events_head) == (3, head)
    assert run.started_at < run.finished_at
    with pytest.raises(StoreError, match="has finished"):
        store.runs.finish(run_id)


def test_a_failed_run_keeps_its_message(store):
    run_id = begin(store)
    store.runs.finish(run_id, "failed", message="no bars after 2026-01-03")
    run = store.runs.get(run_id)
    assert (run.status, run.message) == ("failed", "no bars after 2026-01-03")
    assert (run.n_events, run.events_head) == (0, GENESIS)


def test_a_run_that_crashed_is_told_as_abandoned_and_still_counted(where, clock):
    with open_store(where, clock=clock) as store:
        run_id = begin(store)
        assert store.runs.get(run_id).status == "running"
    with open_store(where, clock=clock) as store:
        assert store.runs.list(status="running") == []
        (run,) = store.runs.list(status="abandoned")
        assert (run.run_id, run.finished_at, run.metrics) == (run_id, None, None)
        assert "its process ended before it did" in run.message
        assert store.runs.get(run_id).status == "abandoned"
        assert [trial.run_id for trial in store.runs.trials()] == [run_id]


def test_a_run_that_another_store_makes_is_running_until_it_ends(where, clock):
    with open_store(where, clock=clock) as store, open_store(where, clock=clock) as other:
        first, second = begin(store), begin(other)
        for one in (store, other):
            assert [run.status for run in one.runs.list()] == ["running", "running"]
        store.runs.finish(first)
        assert other.runs.get(first).status == "finished"
        store.close()
        assert [run.status for run in other.runs.list()] == ["finished", "running"]
        third = begin(other)
    with open_store(where, clock=clock) as store:
        found = {run.run_id: run.status for run in store.runs.list()}
    assert found == {first: "finished", second: "abandoned", third: "abandoned"}


def test_what_a_killed_process_left_beside_a_store_is_removed_by_the_next_run(tmp_path):
    (tmp_path / "store.db.0123.owner").write_text("20260101-000000-aaaaaaaa\n")
    (tmp_path / "other.db.0123.owner").write_text("")
    with open_store(tmp_path / "store.db") as store:
        store.runs.finish(begin(store))
    assert [path.name for path in tmp_path.glob("*.owner")] == ["other.db.0123.owner"]


def test_the_settings_hash_does_not_depend_on_how_they_were_written(store):
    first = begin(store, {"a": 1, "b": {"c": 2}})
    second = begin(store, '{"b": {"c": 2},\n "a": 1}')
    third = begin(store, {"a": 1, "b": {"c": 3}})
    hashes = [store.runs.get(run_id).settings_hash for run_id in (first, second, third)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_the_trial_ledger_keeps_every_try(store):
    begin(store)
    begin(store)
    begin(store, recipe="more engines")
    begin(store, {"a": 2})
    begin(store, data_hash="d1")
    assert [trial.number for trial in store.runs.trials()] == [1, 2, 3, 4, 5]
    assert [trial.number for trial in store.runs.trials(recipe="more engines")] == [3]
    assert [trial.number for trial in store.runs.trials(data_hash="d1")] == [5]


def test_runs_are_listed_in_the_order_they_began(store):
    ids = [begin(store, {"a": number}) for number in range(4)]
    store.runs.finish(ids[1], "failed")
    assert [run.run_id for run in store.runs.list()] == ids
    assert [run.run_id for run in store.runs.list(status="failed")] == [ids[1]]
    assert store.runs.list(kind="live") == []
    assert len(set(ids)) == 4


def test_what_cannot_be_hashed_is_refused(store):
    with pytest.raises(ValueError, match="JSON"):
        begin(store, {"a": float("nan")})
    run_id = begin(store)
    with pytest.raises(ValueError, match="JSON"):
        store.runs.finish(run_id, "finished", {"sharpe": float("nan")})
    with pytest.raises(ValueError, match="not as 'done'"):
        store.runs.finish(run_id, "done")
    assert store.runs.get(run_id).status == "running"


def test_an_unknown_run(store):
    with pytest.raises(StoreError, match="there is no run 'x'"):
        store.runs.get("x")
    with pytest.raises(StoreError, match="there is no run 'x'"):
        store.runs.finish("x")


def test_a_run_cannot_be_removed_while_its_trial_stands(store):
    begin(store)
    with pytest.raises(sa.exc.IntegrityError), writing(store.engine) as connection:
        connection.execute(sa.text("DELETE FROM runs"))
    assert len(store.runs.list()) == 1


def test_runs_that_begin_at_once_get_their_own_numbers(store):
    failures = []

    def work():
        try:
            for _ in range(5):
                begin(store)
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [trial.number for trial in store.runs.trials()] == list(range(1, 21))
