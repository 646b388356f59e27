"""What a run was chosen from."""

from __future__ import annotations

import math

import pytest

from quorate.api.trials import trials_of
from quorate.store import open_store

DAILY = 1.0 / math.sqrt(365.0)


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "book.sqlite") as found:
        yield found


def book(store, k, sharpe, digest="data"):
    run_id = store.runs.begin({"a": {"k": k}}, data_hash=digest, code_hash="c", recipe="r")
    store.runs.finish(run_id, "finished", metrics={"net": {"sharpe": sharpe}})


def test_different_settings_on_the_same_data_are_trials(store):
    for k, sharpe in ((1, 1.0), (2, 3.0), (3, None)):
        book(store, k, sharpe)
    book(store, 9, 50.0, digest="other")
    found = trials_of(store, "data")
    assert found.n == 3.0
    assert found.variance == pytest.approx(2.0 * DAILY**2)


def test_a_repeat_counts_once_by_its_last_result(store):
    for sharpe in (9.0, 1.0):
        book(store, 1, sharpe)
    book(store, 2, 3.0)
    assert trials_of(store, "data") == (2.0, pytest.approx(2.0 * DAILY**2))


def test_of_one_trial_no_variance_is_known(store):
    book(store, 1, 1.0)
    assert trials_of(store, "data") == (1.0, None)
