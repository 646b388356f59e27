"""A run speaks for a recipe where its settings are the recipe's and the ledger booked it so."""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import polars as pl
import pytest
from benchmarks.digest import LIVELY

import quorate
from quorate.api.folder import store_place
from quorate.api.recipes import settings_told
from quorate.api.vouching import first_other, require_booked, require_settings
from quorate.errors import RegistryError, StoreError
from quorate.report.reading import read
from quorate.store import open_store


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("vouching")
    panel = quorate.synthetic(n_coins=4, days=24, planted_edge=2.0)
    return quorate.run(panel, quorate.read_settings(overrides=dict(LIVELY)), out=out).folder


def booked(made, folder):
    with open_store(store_place("", made.parent)) as store:
        return require_booked(read(folder), store)


def test_a_run_as_it_was_made_is_booked(made):
    assert booked(made, made).run_id == made.name


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told["data"].update(digest="0" * 32),
        lambda told: told["settings"]["consensus"].update(k=9.0),
        lambda told: told.update(models={"digest": "0" * 64}),
    ],
)
def test_facts_that_were_not_booked_are_refused(made, change, tmp_path):
    shutil.copytree(made, tmp_path / "run")
    told = json.loads((made / "run.json").read_text())
    change(told)
    (tmp_path / "run" / "run.json").write_text(json.dumps(told))
    with pytest.raises(RegistryError, match="is not what the ledger booked"):
        booked(made, tmp_path / "run")


def test_equity_that_was_not_booked_is_refused(made, tmp_path):
    shutil.copytree(made, tmp_path / "run")
    equity = pl.read_parquet(made / "equity.parquet")
    grown = pl.col("^equity(_usd)?$") + pl.int_range(pl.len()) * 10**7
    equity.with_columns(grown).write_parquet(tmp_path / "run" / "equity.parquet")
    with pytest.raises(RegistryError, match="is not what the ledger booked"):
        booked(made, tmp_path / "run")


def test_trades_that_were_not_booked_are_refused(made, tmp_path):
    shutil.copytree(made, tmp_path / "run")
    trades = pl.read_parquet(made / "trades.parquet")
    assert trades.height > 1
    trades[1:].write_parquet(tmp_path / "run" / "trades.parquet")
    with pytest.raises(RegistryError, match="is not what the ledger booked"):
        booked(made, tmp_path / "run")


@pytest.mark.parametrize("name", ["fills.parquet", "benchmark.parquet", "funding.parquet"])
def test_a_table_that_was_not_booked_is_refused_by_name(made, name, tmp_path):
    shutil.copytree(made, tmp_path / "run")
    table = pl.read_parquet(made / name)
    whole = table.with_columns(pl.col(pl.Float64, pl.Int64) * 2) if table.height else table
    whole.write_parquet(tmp_path / "run" / name, compression="uncompressed")
    with pytest.raises(RegistryError, match=f"booked: {name} changed since it was made"):
        booked(made, tmp_path / "run")


def test_a_table_that_is_gone_is_refused(made, tmp_path):
    shutil.copytree(made, tmp_path / "run")
    (tmp_path / "run" / "benchmark.parquet").unlink()
    with pytest.raises(RegistryError, match=r"benchmark\.parquet changed since it was made"):
        booked(made, tmp_path / "run")


def test_when_its_models_were_fitted_is_as_it_was_booked(made, tmp_path):
    shutil.copytree(made, tmp_path / "run")
    told = json.loads((made / "run.json").read_text())
    told["models"] = {"digest": "", "until": "2020-01-01T00:00:00+00:00"}
    (tmp_path / "run" / "run.json").write_text(json.dumps(told))
    with pytest.raises(RegistryError, match=r"run\.json changed since it was made"):
        booked(made, tmp_path / "run")


def test_a_run_of_another_ledger_is_refused(made, tmp_path):
    with open_store(tmp_path / "other.sqlite") as store, pytest.raises(StoreError):
        require_booked(read(made), store)


def test_the_first_setting_that_differs_is_named_with_both_values(made):
    run = read(made)
    recipe = {"settings": settings_told(run.about["settings"])}
    version = SimpleNamespace(name="v0007", recipe=recipe)
    require_settings(run, version)
    recipe["settings"]["consensus"]["k"] = 0.25
    k = run.about["settings"]["consensus"]["k"]
    said = f"the recipe of v0007: consensus.k is {k}, the recipe has 0.25"
    with pytest.raises(RegistryError, match=said):
        require_settings(run, version)


def test_a_setting_that_one_lacks_differs():
    assert first_other({"costs": {"a": 1}}, {}) == "costs.a is 1, the recipe has None"
