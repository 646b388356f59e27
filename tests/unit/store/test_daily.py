"""Daily returns of trials: kept as float32, never changed, there after a migration."""

import numpy as np
import pytest
import sqlalchemy as sa
from tests.unit.store.test_runs import begin

from quorate.errors import StoreError
from quorate.store import migrate, open_store
from quorate.store.connection import connect, reading, writing
from quorate.store.daily import returns_of, text

RETURNS = np.random.default_rng(1).normal(0.0, 0.01, 400)


def test_returns_come_back_and_are_small():
    found = returns_of(text(RETURNS))
    assert found == pytest.approx(RETURNS, rel=1e-7)
    assert len(text(np.resize(RETURNS, 1_024))) < 6_000
    assert len(text(np.zeros(1_024))) < 100
    assert np.isnan(returns_of(text(np.array([np.nan, 1.0])))[0])
    for damaged in ("x", "AAAA", text(RETURNS)[:-8]):
        with pytest.raises(StoreError, match="cannot be read"):
            returns_of(damaged)


def test_a_run_ends_with_its_returns(store):
    ids = [begin(store) for _ in range(3)]
    store.runs.finish(ids[0], daily=(19_000, 1, RETURNS))
    store.runs.finish(ids[1])
    found = store.runs.daily(ids)
    assert list(found) == ids[:1]
    assert found[ids[0]][:2] == (19_000, 1)
    assert found[ids[0]][2] == pytest.approx(RETURNS, rel=1e-7)
    assert store.runs.daily([]) == {}


def test_more_runs_than_one_query_takes(store):
    run_id = begin(store)
    store.runs.finish(run_id, daily=(1, 1, RETURNS[:3]))
    assert list(store.runs.daily([*(f"no-{i}" for i in range(1_200)), run_id])) == [run_id]


@pytest.mark.parametrize("change", ["UPDATE daily SET first = 2", "DELETE FROM daily"])
def test_nobody_changes_them(store, change):
    run_id = begin(store)
    store.runs.finish(run_id, daily=(1, 1, RETURNS[:3]))
    with (
        pytest.raises((StoreError, sa.exc.DBAPIError), match="append-only"),
        writing(store.engine) as connection,
    ):
        connection.execute(sa.text(change))
    assert store.runs.daily([run_id])[run_id][0] == 1


def test_a_store_of_before_gets_the_table_and_keeps_its_trials(where, clock):
    from alembic import command

    config = migrate.configuration()
    engine = connect(where)
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with reading(engine) as connection:
        assert "daily" not in sa.inspect(connection).get_table_names()
    engine.dispose()
    with open_store(where, clock=clock) as store:
        run_id = begin(store)
        store.runs.finish(run_id, daily=(1, 1, RETURNS[:3]))
        assert list(store.runs.daily([run_id])) == [run_id]
