"""Events: appended whole, chained, never changed; the chain names the first broken row."""

import pytest
import sqlalchemy as sa
from tests.unit.store.building import START, some_events, tamper

from quorate.errors import ChainError, DuplicateEventError, StoreError
from quorate.records import GENESIS, canonical_json, digest
from quorate.store import open_store
from quorate.store.connection import writing


def count(store, run_id):
    return sum(1 for _ in store.events.read(run_id))


def test_events_come_back_as_they_were_written(store, run_id):
    written = some_events(run_id, 5)
    store.events.append(run_id, written[:2])
    store.events.append(run_id, written[2:])
    assert list(store.events.read(run_id)) == written


def test_the_head_is_the_chain_over_the_canonical_texts(store, run_id):
    written = some_events(run_id, 3)
    head = GENESIS
    for event in written:
        head = digest(head, canonical_json(event.as_dict()))
    assert store.events.append(run_id, written[:1]) != head
    assert store.events.append(run_id, written[1:]) == head
    assert store.events.verify(run_id) == head


def test_the_chain_does_not_depend_on_the_batches_or_the_database(store, run_id, tmp_path):
    with open_store(tmp_path / "other.db", clock=lambda: START) as other:
        same_id = other.runs.begin(
            {"preset": "balanced"},
            data_hash="d0",
            code_hash="c0",
            recipe="base",
            run_id=run_id,
        )
        assert same_id == run_id
        head = other.events.append(same_id, some_events(run_id, 6))
    for event in some_events(run_id, 6):
        store.events.append(run_id, [event])
    assert store.events.verify(run_id) == head


def test_an_empty_batch_changes_nothing(store, run_id):
    assert store.events.append(run_id, []) == GENESIS
    assert store.events.verify(run_id) == GENESIS


def test_two_runs_have_two_chains(store, run_id):
    second = store.runs.begin({}, data_hash="d", code_hash="c")
    store.events.append(run_id, some_events(run_id, 2))
    store.events.append(second, some_events(second, 2))
    assert count(store, run_id) == count(store, second) == 2
    assert store.events.verify(run_id) != store.events.verify(second)


def test_events_are_found_by_kind_coin_and_decision(store, run_id):
    store.events.append(run_id, some_events(run_id, 4))
    fills = some_events(run_id, 1, first=9, kind="fill", decision_id="e1", order_id="o1")
    store.events.append(run_id, fills)
    assert list(store.events.read(run_id, kind="fill")) == fills
    assert [event.event_id for event in store.events.read(run_id, symbol="BTC")] == ["e0", "e2"]
    assert [event.event_id for event in store.events.explain(run_id, "e1")] == ["e1", "e9"]


@pytest.mark.parametrize("size", [1, 3])
def test_a_duplicate_is_named_and_its_batch_not_written(store, run_id, size):
    head = store.events.append(run_id, some_events(run_id, 4))
    with pytest.raises(DuplicateEventError, match=r"event e3 of run .* is there already"):
        store.events.append(
            run_id, [*some_events(run_id, size, first=10), *some_events(run_id, 1, first=3)]
        )
    assert store.events.verify(run_id) == head
    assert count(store, run_id) == 4


def test_a_duplicate_within_a_batch_is_refused(store, run_id):
    with pytest.raises(DuplicateEventError, match="event e0"):
        store.events.append(run_id, some_events(run_id, 1) * 2)
    assert count(store, run_id) == 0


def test_an_event_of_another_run_is_a_mistake(store, run_id):
    with pytest.raises(ValueError, match="is of run 'other'"):
        store.events.append(run_id, some_events("other", 1))


def test_an_unknown_run_is_refused(store):
    with pytest.raises(StoreError, match="there is no run 'r9'"):
        store.events.append("r9", some_events("r9", 1))
    with pytest.raises(StoreError, match="there is no run 'r9'"):
        store.events.verify("r9")


def test_a_finished_run_takes_no_more_events(store, run_id):
    store.runs.finish(run_id)
    with pytest.raises(StoreError, match="has finished"):
        store.events.append(run_id, some_events(run_id, 1))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET payload = '{}'",
        "DELETE FROM events WHERE seq = 1",
        "UPDATE trials SET recipe = 'never tried'",
        "DELETE FROM trials",
    ],
)
def test_the_database_itself_refuses_to_change_what_was_written(store, run_id, statement):
    store.events.append(run_id, some_events(run_id, 3))
    head = store.events.verify(run_id)
    with (
        pytest.raises((sa.exc.DBAPIError, StoreError), match="append-only"),
        writing(store.engine) as connection,
    ):
        connection.execute(sa.text(statement))
    assert store.events.verify(run_id) == head
    assert len(store.runs.trials()) == 1


def test_a_replacement_is_refused_too(store, run_id):
    store.events.append(run_id, some_events(run_id, 3))
    if store.engine.dialect.name == "sqlite":
        statement = "INSERT OR REPLACE INTO events SELECT * FROM events WHERE seq = 2"
    else:
        statement = (
            "INSERT INTO events SELECT * FROM events WHERE seq = 2 "
            "ON CONFLICT (run_id, seq) DO UPDATE SET payload = '{}'"
        )
    with (
        pytest.raises((sa.exc.DBAPIError, StoreError), match="append-only"),
        writing(store.engine) as connection,
    ):
        connection.execute(sa.text(statement))


def test_postgresql_refuses_to_truncate(store, run_id):
    if store.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    store.events.append(run_id, some_events(run_id, 1))
    with pytest.raises(StoreError, match="append-only"), writing(store.engine) as connection:
        connection.execute(sa.text("TRUNCATE events"))


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "UPDATE events SET payload = replace(payload, '100.1', '999') WHERE seq = 3",
            r"row 3 \(event e2\) does not follow",
        ),
        ("DELETE FROM events WHERE seq = 2", "row 2 is missing, the next is 3"),
        ("UPDATE events SET symbol = 'DOGE' WHERE seq = 4", r"row 4 \(event e3\) is not what"),
        ("UPDATE events SET event_id = 'x' WHERE seq = 1", r"row 1 \(event x\) is not what"),
        ("UPDATE events SET hash = '00' WHERE seq = 5", r"row 5 \(event e4\) does not follow"),
        ("DELETE FROM events WHERE seq > 3", "ended with 5 events and has 3"),
    ],
)
def test_tampering_is_found_and_the_first_row_named(store, run_id, statement, message):
    store.events.append(run_id, some_events(run_id, 5))
    store.runs.finish(run_id)
    tamper(store, statement)
    with pytest.raises(ChainError, match=message):
        store.events.verify(run_id)


def test_two_rows_that_change_places_are_found(store, run_id):
    store.events.append(run_id, some_events(run_id, 4))
    tamper(
        store,
        "UPDATE events SET seq = 99 WHERE seq = 2",
        "UPDATE events SET seq = 2 WHERE seq = 3",
        "UPDATE events SET seq = 3 WHERE seq = 99",
    )
    with pytest.raises(ChainError, match="row 2"):
        store.events.verify(run_id)


def test_a_large_batch_is_one_step(store, run_id):
    """More rows than a driver takes in one statement, and than a read takes in one go."""
    head = store.events.append(run_id, some_events(run_id, 12_000))
    assert store.events.verify(run_id) == head
    assert count(store, run_id) == 12_000
    with pytest.raises(DuplicateEventError, match="event e11999"):
        store.events.append(run_id, some_events(run_id, 7_000, first=11_999))
