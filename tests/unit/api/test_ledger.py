"""One ledger of trials, wherever runs are written: nothing that was tried is forgotten."""

from __future__ import annotations

import math
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

import quorate
from quorate.api import ledger
from quorate.api.trials import Data, Own
from quorate.errors import ConfigError, MigrationError, StoreError
from quorate.settings import Settings
from quorate.statistics.accounts import deflated
from quorate.statistics.effective import in_steps
from quorate.store import open_store
from quorate.store.connection import writing

OURS = Data(
    "ours",
    datetime(2024, 3, 1, tzinfo=UTC),
    datetime(2024, 6, 1, tzinfo=UTC),
    frozenset({"binance_usdm"}),
    is_synthetic=False,
)


def settings(store=""):
    return Settings({"account": {"store": str(store)}}, {}, None)


def returns(seed):
    return np.random.default_rng(seed).normal(0.001, 0.01, 90)


def tried(out, k, data=OURS, *, store=""):
    """Book a run of 90 days in a folder."""
    with ledger.opened(settings(store), out) as book:
        run_id = book.begin({"a": {"k": k}}, data, "r", "backtest")
        book.finish(run_id, {"net": {"sharpe": 1.0 + k}}, in_steps(19_800, returns(k)))
    return run_id


def judged(out, k, data=OURS, *, store=""):
    """Return the trials that a run is told of before it ends, and its deflated ratio."""
    own = returns(k)
    with ledger.opened(settings(store), out) as book:
        run_id = book.begin({"a": {"k": k}}, data, "r", "backtest")
        sharpe = float(own.mean() / own.std(ddof=1))
        found = book.trials(data, Own(run_id, sharpe, in_steps(19_800, own)))
        book.finish(run_id, {"net": {"sharpe": sharpe * math.sqrt(365.0)}}, in_steps(19_800, own))
    return found, deflated(own, found)


def test_the_deflated_ratio_is_the_same_wherever_a_run_is_written(tmp_path):
    alone = judged(tmp_path / "z", 99)[1]
    for k in range(8):
        tried(tmp_path / "a", k)
    here, there = (judged(tmp_path / name, 99) for name in ("a", "b"))
    assert here == there
    assert here[0].n == 9.0
    assert here[1] < alone


def test_other_days_in_another_folder_count_and_days_apart_do_not(tmp_path):
    tried(tmp_path / "a", 1, OURS._replace(digest="a coin less"))
    apart = OURS._replace(
        digest="apart", start=OURS.end.replace(month=7), end=OURS.end.replace(month=8)
    )
    tried(tmp_path / "b", 2, apart)
    assert judged(tmp_path / "c", 3)[0].n == 2.0


def test_a_made_up_market_counts_by_its_digest_alone(tmp_path):
    made = OURS._replace(is_synthetic=True)
    tried(tmp_path / "a", 1, made)
    tried(tmp_path / "b", 2, made._replace(digest="another seed"))
    assert judged(tmp_path / "c", 3, made)[0].n == 2.0
    assert judged(tmp_path / "c", 3)[0].n == 2.0  # as booked: of the same digest


@pytest.mark.parametrize("how", ["killed", "failed"])
def test_a_run_that_never_ended_counts_by_the_days_it_would_have_traded(tmp_path, how):
    with ledger.opened(settings(), tmp_path / "a") as book:
        run_id = book.begin({"a": {"k": 1}}, OURS._replace(digest="a coin less"), "r", "backtest")
        if how == "failed":
            book.fail(run_id, ValueError("no more room"))
    shutil.rmtree(tmp_path / "a")
    found, _ = judged(tmp_path / "b", 2)
    assert (found.n, found.effective) == (2.0, pytest.approx(2.0))


def test_a_folder_that_was_deleted_takes_no_trial_with_it(tmp_path):
    for k in range(5):
        tried(tmp_path / "a", k)
    kept = judged(tmp_path / "a", 9)
    shutil.rmtree(tmp_path / "a")
    assert judged(tmp_path / "a", 9) == kept
    assert kept[0].n == 6.0


def test_a_run_that_both_have_counts_once_and_one_that_the_store_alone_has_counts(tmp_path, where):
    with open_store(where) as store:  # by an older version
        old = store.runs.begin({"a": {"k": 0}}, data_hash="ours", code_hash="c", recipe="r")
        store.runs.finish(old, metrics={"net": {"sharpe": 9.0}})
    tried(tmp_path / "a", 1, store=where)
    assert judged(tmp_path / "a", 2, store=where)[0].n == 3.0
    assert judged(tmp_path / "b", 2)[0].n == 2.0


def test_a_store_of_many_folders_has_its_trials_and_the_ledger_the_others(tmp_path, where):
    """Whatever database the store is: the same as if one folder of files had all of it."""
    tried(tmp_path / "a", 1)
    tried(tmp_path / "b", 2, store=where)
    tried(tmp_path / "d", 4, OURS._replace(digest="a coin less"), store=where)
    found = judged(tmp_path / "c", 3, store=where)
    assert found[0].n == 4.0
    assert found == judged(tmp_path / "c", 3)  # of the ledger alone, and to the last bit


def test_a_team_counts_what_its_store_has_of_other_machines(tmp_path, monkeypatch, where):
    for k, machine in enumerate(("one", "two")):
        monkeypatch.setenv("QUORATE_STATE_DIR", str(tmp_path / machine))
        tried(tmp_path / "runs", k, store=where)
    assert judged(tmp_path / "runs", 2, store=where)[0].n == 3.0
    assert judged(tmp_path / "own", 3)[0].n == 3.0  # of machine two: its own, and k = 2


def test_the_ledger_itself_may_be_the_store(tmp_path):
    run_id = tried(tmp_path / "a", 1, store=_made(ledger.place()))
    with open_store(ledger.place()) as store:
        assert [run.run_id for run in store.runs.list()] == [run_id]
    assert judged(tmp_path / "b", 2)[0].n == 2.0


def _made(path):
    path.parent.mkdir(parents=True)
    return path


def test_the_ledger_keeps_what_counts_and_the_store_all(tmp_path):
    with ledger.opened(settings(), tmp_path / "a") as book:
        run_id = book.begin({"a": {"k": 1}}, OURS, "r", "sweep")
        told = {"net": {"sharpe": 1.0}, "data": {"n_coins": 3}, "stability": {"much": 1}}
        book.finish(run_id, told, in_steps(19_800, returns(1)))
    with open_store(ledger.place()) as kept, open_store(tmp_path / "a" / "quorate.sqlite") as store:
        assert store.runs.get(run_id).metrics == told
        assert set(kept.runs.get(run_id).metrics) == {"net", "data"}
        (one,), (other,) = kept.runs.trials(), store.runs.trials()
        assert one.span == other.span == OURS.span
        assert one.settings_hash == other.settings_hash


def test_where_the_ledger_is(monkeypatch, tmp_path):
    monkeypatch.setenv("QUORATE_STATE_DIR", str(tmp_path))
    assert ledger.place() == tmp_path / "ledger.sqlite"
    monkeypatch.delenv("QUORATE_STATE_DIR")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert ledger.place() == tmp_path / "state" / "quorate" / "ledger.sqlite"
    monkeypatch.setenv("HOME", str(tmp_path))
    usual = tmp_path / ".local" / "state" / "quorate" / "ledger.sqlite"
    for given in ("state", ""):  # one that is not whole is none, as its standard says
        monkeypatch.setenv("XDG_STATE_HOME", given)
        assert ledger.place() == usual
    monkeypatch.setenv("QUORATE_STATE_DIR", "state")
    with pytest.raises(ConfigError, match="another folder in each working folder"):
        ledger.place()


def test_without_a_home_the_ledger_has_no_place(monkeypatch):
    def nowhere():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("QUORATE_STATE_DIR")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nowhere)
    with pytest.raises(StoreError, match=r"has no place.*home") as caught:
        ledger.place()
    assert "QUORATE_STATE_DIR" in caught.value.hint


def test_no_run_is_made_that_no_ledger_could_count(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("QUORATE_STATE_DIR", str(tmp_path / "file" / "state"))
    with pytest.raises(StoreError, match=r"ledger of trials .*file/state/ledger.sqlite") as caught:
        quorate.run(quorate.synthetic(1, 1), out=tmp_path / "runs")
    assert "set QUORATE_STATE_DIR to a folder that can be written" in caught.value.hint
    assert quorate.runs(tmp_path / "runs") == []
    assert [path for path in (tmp_path / "runs").iterdir() if path.is_dir()] == []


def test_a_damaged_ledger_is_refused_by_name(tmp_path):
    _made(ledger.place()).write_text("not a database, but long enough to be taken for one" * 100)
    with pytest.raises(StoreError, match=r"ledger.sqlite cannot be opened: .*not a database"):
        tried(tmp_path / "a", 1)


def test_a_ledger_of_a_newer_version_is_left_alone(tmp_path):
    tried(tmp_path / "a", 1)
    with open_store(ledger.place()) as store, writing(store.engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(MigrationError, match="'9999'"):
        tried(tmp_path / "b", 2)


def test_a_run_that_the_ledger_does_not_take_has_failed(monkeypatch, tmp_path):
    with ledger.opened(settings(), tmp_path / "a") as book:

        def full(*_, **__):
            raise StoreError("the store failed: the disk is full")

        monkeypatch.setattr(book._ledger.runs, "begin", full)
        with pytest.raises(StoreError, match="disk is full"):
            book.begin({"a": {"k": 1}}, OURS, "r", "backtest")
        (run,) = book.store.runs.list()
        assert (run.status, run.message) == ("failed", "the store failed: the disk is full")


def test_runs_of_two_folders_are_trials_of_one_another(tmp_path):
    """As a user makes them: nothing is said of a ledger."""
    panel = quorate.synthetic(1, 1)
    for k, name in (("0.5", "a"), ("1", "b")):
        chosen = quorate.read_settings(overrides={"consensus.k": k})
        last = quorate.run(panel, chosen, out=tmp_path / name)
    assert last.metrics["net"]["n_trials"] == 2


def test_nothing_books_a_run_past_the_ledger():
    """Backtest, walk forward, sweep, search, ablation and night: whoever begins one asks it."""
    source = Path(quorate.__file__).parent
    begin = [
        str(path.relative_to(source))
        for path in source.rglob("*.py")
        if "runs.begin(" in path.read_text() and "store" not in path.parts
    ]
    assert begin == ["api/ledger.py"]
    asked = {path.stem for path in (source / "api").glob("*.py") if ".opened(" in path.read_text()}
    assert {"booking", "sweeping", "searching", "ablating", "figures"} <= asked


def test_every_setting_of_a_sweep_is_a_trial_in_any_folder(tmp_path):
    panel = quorate.synthetic(1, 1)
    quorate.run(panel, out=tmp_path / "a")
    grid = quorate.grid({"consensus.k": ["0.3", "0.6"]})
    found = quorate.sweep(
        panel, [quorate.read_settings(overrides=each) for each in grid], out=tmp_path / "b"
    )
    assert found.trials.n == 3.0


def market():
    """Return a market that says it is real."""
    made = quorate.synthetic(n_coins=2, days=2)
    return made.__class__(**{**made.__dict__, "is_synthetic": False})


def looked(panel):
    quorate.run(panel, engines=quorate.engines()[:2])


def swept(panel):
    quorate.sweep(panel, [quorate.read_settings()])


def failed(panel):
    def stopped(_done, _all):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quorate.run(panel, progress=stopped)


@pytest.mark.parametrize(
    ("look", "kind", "status"),
    [
        (looked, "backtest", "finished"),
        (swept, "sweep", "finished"),
        (failed, "backtest", "failed"),
    ],
)
def test_what_is_written_nowhere_was_tried_all_the_same(look, kind, status):
    look(market())
    with open_store(ledger.place()) as store:
        (run,) = store.runs.list()
    assert (run.kind, run.status) == (kind, status)
    assert run.data_hash == market().source.digest


def test_a_later_run_is_judged_by_what_was_looked_at_in_a_notebook(tmp_path):
    panel = market()
    for slope in ("1", "2"):
        quorate.run(panel, quorate.read_settings(overrides={"consensus.edge_slope": slope}))
    made = quorate.run(panel, out=tmp_path)
    assert made.metrics["net"]["n_trials"] == 3


def test_of_a_made_up_market_nothing_is_booked():
    looked(quorate.synthetic(n_coins=2, days=2))
    assert not ledger.place().exists()
