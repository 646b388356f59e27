"""What a run was chosen from."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pytest

from quorate.api.trials import Data, Own, trials_of
from quorate.statistics.effective import in_steps
from quorate.store import open_store

DAILY = 1.0 / math.sqrt(365.0)


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "book.sqlite") as found:
        yield found


OURS = Data(
    "data",
    datetime(2024, 3, 1, tzinfo=UTC),
    datetime(2024, 6, 1, tzinfo=UTC),
    frozenset({"binance_usdm"}),
    is_synthetic=False,
)


def book(store, k, sharpe, digest="data", **said):
    run_id = store.runs.begin({"a": {"k": k}}, data_hash=digest, code_hash="c", recipe="r")
    metrics = {"net": {"sharpe": sharpe}}
    if said:
        usual = {"venues": ["binance_usdm"], "is_synthetic": False}
        metrics["data"] = usual | said
    store.runs.finish(run_id, "finished", metrics=metrics)


def test_different_settings_on_the_same_data_are_trials(store):
    for k, sharpe in ((1, 1.0), (2, 3.0), (3, None)):
        book(store, k, sharpe)
    book(store, 9, 50.0, digest="other")
    found = trials_of([store.runs], OURS)
    assert found.n == 3.0
    assert found.variance == pytest.approx(2.0 * DAILY**2)


def test_a_repeat_counts_once_by_its_last_result(store):
    for sharpe in (9.0, 1.0):
        book(store, 1, sharpe)
    book(store, 2, 3.0)
    assert trials_of([store.runs], OURS) == (2.0, pytest.approx(2.0 * DAILY**2), 2.0)


def test_of_one_trial_no_variance_is_known(store):
    book(store, 1, 1.0)
    assert trials_of([store.runs], OURS) == (1.0, None, 1.0)


SPAN = {"start": "2024-05-31T00:00:00+00:00", "end": "2024-12-31T00:00:00+00:00"}


@pytest.mark.parametrize(
    ("said", "n"),
    [
        (SPAN, 2.0),  # other coins or other days of the same market
        (SPAN | {"venues": ["another_name"]}, 2.0),  # a venue is called what its user calls it
        (SPAN | {"venues": ["okx_swap", "binance_usdm"]}, 2.0),
        (SPAN | {"start": "2024-06-02T00:00:00+00:00"}, 1.0),
        (SPAN | {"is_synthetic": True}, 1.0),
        ({}, 1.0),
    ],
)
def test_overlapping_days_are_trials_too_whatever_the_venue_is_called(store, said, n):
    book(store, 1, 1.0)
    book(store, 1, 3.0, digest="without a coin", **said)
    assert trials_of([store.runs], OURS).n == n


def test_a_made_up_market_is_known_by_its_digest_alone(store):
    book(store, 1, 1.0, digest="elsewhere", **SPAN)
    assert trials_of([store.runs], OURS._replace(is_synthetic=True)).n == 0.0


def test_a_repeat_that_is_being_made_forgets_no_result(store):
    book(store, 1, 1.0)
    book(store, 2, 3.0)
    store.runs.begin({"a": {"k": 1}}, data_hash="data", code_hash="c", recipe="r")
    assert trials_of([store.runs], OURS) == (2.0, pytest.approx(2.0 * DAILY**2), 2.0)


def with_returns(store, k, returns, sharpe=1.0):
    run_id = store.runs.begin({"a": {"k": k}}, data_hash="data", code_hash="c", recipe="r")
    metrics = {"net": {"sharpe": sharpe}}
    store.runs.finish(run_id, "finished", metrics=metrics, daily=in_steps(19_800, returns))


def test_trials_that_are_alike_are_few_and_those_without_returns_count_each(store):
    days = np.random.default_rng(1).normal(0.0, 0.01, (90, 2))
    for k in range(20):
        with_returns(store, k, (1 + k) * days[:, 0])
    assert trials_of([store.runs], OURS)[::2] == (20.0, pytest.approx(1.0))
    with_returns(store, 20, days[:, 1])
    assert 1.1 < trials_of([store.runs], OURS).effective < 2.0
    book(store, 21, 1.0)
    store.runs.begin({"a": {"k": 22}}, data_hash="data", code_hash="c", recipe="r")
    found = trials_of([store.runs], OURS)
    assert found.n == 23.0
    assert 3.1 < found.effective < 4.0


def test_what_never_moved_is_no_trial_beside_others(store):
    with_returns(store, 1, np.zeros(90), sharpe=None)
    assert trials_of([store.runs], OURS).effective == 1.0
    with_returns(store, 2, np.random.default_rng(1).normal(0.0, 0.01, 90))
    assert trials_of([store.runs], OURS)[::2] == (2.0, pytest.approx(1.0))


def test_the_run_that_is_being_made_counts_by_what_it_came_to(store):
    days = np.random.default_rng(1).normal(0.0, 0.01, (90, 2))
    with_returns(store, 1, days[:, 0], sharpe=1.0)
    run_id = store.runs.begin({"a": {"k": 2}}, data_hash="data", code_hash="c", recipe="r")
    alike = trials_of(
        [store.runs], OURS, Own(run_id, 3.0 * DAILY, in_steps(19_800, 2 * days[:, 0]))
    )
    assert alike == (2.0, pytest.approx(2.0 * DAILY**2), pytest.approx(1.0))
    other = trials_of([store.runs], OURS, Own(run_id, math.nan, in_steps(19_800, days[:, 1])))
    assert other == (2.0, None, pytest.approx(2.0, abs=0.1))


def test_a_run_that_an_older_version_booked_is_known_by_its_digest(store):
    run_id = store.runs.begin({"a": {"k": 1}}, data_hash="old", code_hash="c", recipe="r")
    said = {name: SPAN[name] for name in ("start", "end")}
    store.runs.finish(run_id, "finished", metrics={"net": {"sharpe": 1.0}, "data": said})
    assert trials_of([store.runs], OURS).n == 0.0
    assert trials_of([store.runs], OURS._replace(digest="old")).n == 1.0
