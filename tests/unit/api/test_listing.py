"""The list of runs, from whichever store the settings name."""

from __future__ import annotations

import shutil

import pytest

import quorate
from quorate.errors import StoreError
from quorate.store import open_store


def test_a_run_is_listed_with_what_it_came_to(traded):
    result, out = traded
    (row,) = quorate.runs(out)
    assert (row.run_id, row.kind, row.status) == (result.run_id, "backtest", "finished")
    assert (row.n_coins, row.is_synthetic) == (5, True)
    assert row.n_trades == result.trades.height
    assert row.net_return == pytest.approx(result.net_return)
    assert (row.sharpe, row.psr) == (result.metrics["net"]["sharpe"], result.metrics["net"]["psr"])
    net = result.metrics["net"]
    assert (row.min_track_record_days, row.n_days) == (net["min_track_record_days"], net["n_days"])
    assert (row.start, row.end) == (result.facts["data"]["start"], result.facts["data"]["end"])
    assert row.folder == str(result.folder)
    assert len(row.settings) == 8
    assert row.venue == "synthetic_perp"


def test_another_store_is_read_where_the_settings_name_it(tmp_path):
    place = tmp_path / "elsewhere" / "book.sqlite"
    place.parent.mkdir()
    settings = quorate.read_settings(overrides={"account.store": str(place)})
    result = quorate.run(quorate.synthetic(1, 1), settings, out=tmp_path / "runs")
    assert quorate.runs(tmp_path / "runs") == []
    (row,) = quorate.runs(tmp_path / "runs", settings)
    assert row.run_id == result.run_id
    url = quorate.read_settings(overrides={"account.store": f"sqlite:///{place}"})
    assert quorate.runs(tmp_path / "nowhere", url)[0].folder is None
    assert not (tmp_path / "nowhere").exists()


def test_the_environment_may_name_the_store(tmp_path, monkeypatch):
    place = tmp_path / "book.sqlite"
    monkeypatch.setenv("QUORATE_ACCOUNT__STORE", str(place))
    quorate.run(quorate.synthetic(1, 1), out=tmp_path / "runs")
    assert len(quorate.runs(tmp_path / "runs")) == 1
    assert place.is_file()


def test_runs_whose_folder_is_gone_are_still_listed(tmp_path):
    result = quorate.run(quorate.synthetic(1, 1), out=tmp_path)
    shutil.rmtree(result.folder)
    (row,) = quorate.runs(tmp_path)
    assert (row.folder, row.n_coins) == (None, 1)


def test_failed_and_crashed_runs_are_listed(tmp_path):
    with open_store(tmp_path / "quorate.sqlite") as store:
        lost = store.runs.begin({"a": 1}, data_hash="d", code_hash="c")
        bad = store.runs.begin({"a": 2}, data_hash="d", code_hash="c")
        store.runs.finish(bad, "failed", message="the disk is full")
    found = {row.run_id: row for row in quorate.runs(tmp_path)}
    assert (found[lost].status, found[bad].status) == ("abandoned", "failed")
    assert found[bad].message == "the disk is full"
    assert found[bad].net_return is None
    assert found[lost].settings != found[bad].settings


def test_looking_makes_no_store(tmp_path):
    assert quorate.runs(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_cannot_be_is_an_error(tmp_path):
    settings = quorate.read_settings(overrides={"account.store": "mysql://host/name"})
    with pytest.raises(StoreError, match="mysql"):
        quorate.runs(tmp_path, settings)


def test_rows_are_plain_for_json(traded):
    row = quorate.runs(traded[1])[0].as_dict()
    assert row["status"] == "finished"
    assert set(row) >= {"run_id", "settings", "psr", "sharpe", "n_trades", "start", "end"}
