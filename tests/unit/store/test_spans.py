"""Where and when a trial traded is booked with it, and finds those on the same market."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from quorate.errors import StoreError
from quorate.store import migrate, open_store
from quorate.store.connection import connect, writing
from quorate.store.spans import NAMES, Span
from quorate.store.tables import runs, trials

OURS = Span(
    frozenset({"okx_swap", "binance_usdm"}),
    datetime(2024, 3, 1, tzinfo=UTC),
    datetime(2024, 6, 1, 12, tzinfo=UTC),
    is_synthetic=False,
)


def begin(store, span=None, data_hash="d", **said):
    return store.runs.begin({}, data_hash=data_hash, code_hash="c", span=span, **said)


def test_a_trial_says_where_and_when_it_trades_as_soon_as_it_is_booked(where, clock):
    with open_store(where, clock=clock) as store:
        for span in (OURS, OURS._replace(is_synthetic=True), None):
            begin(store, span)
    with open_store(where, clock=clock) as store:
        said = [trial.span for trial in store.runs.trials()]
    assert said == [OURS, OURS._replace(is_synthetic=True), None]


def test_those_that_may_meet_are_found_whatever_the_clock_of_who_asks(store):
    zone = timezone(timedelta(hours=9))
    minute = timedelta(minutes=1)
    spans = {
        "before": OURS._replace(start=OURS.start - 9 * minute, end=OURS.start - minute),
        "touches": OURS._replace(start=OURS.end.astimezone(zone), end=OURS.end + minute),
        "after": OURS._replace(start=OURS.end + minute, end=OURS.end + 2 * minute),
        "made": OURS._replace(is_synthetic=True),
        "unsaid": None,
        "the same": OURS._replace(start=OURS.end + minute, end=OURS.end + 2 * minute),
    }
    names = {
        begin(store, span, "ours" if name == "the same" else "other"): name
        for name, span in spans.items()
    }
    store.runs.finish(next(iter(names)), metrics={"net": {"sharpe": 1.0}})
    found = store.runs.tried("ours", OURS)
    assert [names[one.run_id] for one in found] == ["touches", "unsaid", "the same"]
    assert [one.metrics for one in found] == [None] * 3
    made = store.runs.tried("ours", OURS._replace(is_synthetic=True))
    assert [names[one.run_id] for one in made] == ["the same"]
    (first,) = store.runs.tried("none", spans["before"])[:1]
    assert first.metrics == {"net": {"sharpe": 1.0}}


@pytest.mark.parametrize("name", NAMES)
def test_nobody_changes_it(store, name):
    begin(store, OURS)
    with (
        pytest.raises((StoreError, sa.exc.DBAPIError), match="append-only"),
        writing(store.engine) as connection,
    ):
        connection.execute(trials.update().values({name: None}))
    assert store.runs.trials()[0].span == OURS


def test_a_trial_of_before_says_none_and_stays(where, clock):
    from alembic import command

    config, engine = migrate.configuration(), connect(where)
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        for table, more in (
            (
                runs,
                dict.fromkeys(("kind", "started_at", "message"), "")
                | {"settings_json": "{}", "status": "running"},
            ),
            (trials, {"number": 1, "booked_at": ""}),
        ):
            row = {"run_id": "old", "recipe": "r", "settings_hash": "s", "data_hash": "d"} | more
            connection.execute(table.insert(), row | {"code_hash": "c"})
    engine.dispose()
    with open_store(where, clock=clock) as store:
        begin(store, OURS)
        assert [trial.span for trial in store.runs.trials()] == [None, OURS]
        assert store.runs.tried("d", OURS)[0].run_id == "old"


def test_a_run_has_the_id_that_another_store_gave_it(where, clock, tmp_path):
    with open_store(where, clock=clock) as store, open_store(tmp_path / "more.db") as other:
        run_id = begin(store)
        assert begin(other, run_id=run_id) == run_id
        assert other.runs.trials()[0].run_id == run_id


def test_two_stores_that_begin_the_same_in_the_same_second_give_two_ids(tmp_path, clock):
    now = clock()
    found = set()
    for name in ("a", "b"):
        with open_store(tmp_path / name, clock=lambda: now) as store:
            found.add(begin(store))
    assert len(found) == 2
