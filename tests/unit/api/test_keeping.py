"""A panel that was kept on disk runs, explains and simulates as the one in memory does."""

from __future__ import annotations

import dataclasses
import json
import tracemalloc

import numpy as np
import pytest
from tests.unit.lake.builders import bars, store

import quorate
from quorate.cli import run
from quorate.errors import ConfigError, DataError
from quorate.lake import blocks

LOOSE = {"consensus.quorum": "0", "consensus.k": "0.5", "consensus.prior_mass": "20"}


@pytest.fixture(scope="module")
def panel():
    return quorate.synthetic(3, 12, planted_edge=4.0)


@pytest.fixture(scope="module")
def folder(panel, tmp_path_factory):
    place = tmp_path_factory.mktemp("kept")
    quorate.keep(panel, place)
    return place


def test_a_run_of_it_is_the_same_run(panel, folder):
    settings = quorate.read_settings(overrides=LOOSE)
    ours, theirs = quorate.run(panel, settings), quorate.run(quorate.load(folder), settings)
    assert ours.metrics == theirs.metrics
    assert ours.decisions.height > 0
    for table in ("equity", "decisions", "fills", "trades", "scorecard", "benchmark"):
        assert getattr(ours, table).equals(getattr(theirs, table)), table


def test_a_decision_of_it_is_explained_from_the_folder(folder, tmp_path):
    result = quorate.run(quorate.load(folder), quorate.read_settings(overrides=LOOSE), out=tmp_path)
    facts = json.loads((tmp_path / result.run_id / "run.json").read_text(encoding="utf-8"))
    assert facts["data"]["made"] == {"call": "kept", "path": str(folder.absolute())}
    decided = quorate.decisions(result.run_id, out=tmp_path)
    found = quorate.explain(result.run_id, decided["id"][-1], out=tmp_path)
    assert found.source == "recomputed"
    assert "identical" in found.as_dict()["verdict"]


def test_settings_are_swept_over_it(panel, folder):
    chosen = [quorate.read_settings(overrides=LOOSE | {"consensus.k": k}) for k in ("0.5", "1")]
    ours, theirs = (quorate.sweep(each, chosen) for each in (panel, quorate.load(folder)))
    assert ours.table.drop("run_id").equals(theirs.table.drop("run_id"))


def test_weights_are_played_out_over_it(panel, folder):
    weights = np.full((panel.n_bars, panel.n_coins), 0.1)
    ours, theirs = (quorate.simulate(each, weights) for each in (panel, quorate.load(folder)))
    assert ours.equity.tobytes() == theirs.equity.tobytes()
    assert ours.fills.equals(theirs.fills)


def test_pieces_are_kept_as_they_come(panel, folder, tmp_path):
    """The panel gives its facts; the bars come a piece at a time."""
    first = dataclasses.replace(
        panel,
        bars=panel.bars._make(array[:1] for array in panel.bars),
        market=panel.market._make(array[:1] for array in panel.market),
        member=panel.member[:1],
        quote_usd=panel.quote_usd[:1],
    )
    quorate.keep(first, tmp_path, blocks(panel, 100))
    for here, there in zip(
        blocks(quorate.load(folder), 500), blocks(quorate.load(tmp_path), 500), strict=True
    ):
        for one, other in zip(
            (*here.bars, *here.market), (*there.bars, *there.market), strict=True
        ):
            assert one.tobytes() == other.tobytes()


def test_keeping_a_panel_needs_no_second_one_in_memory(tmp_path):
    panel = quorate.synthetic(20, 30)
    whole = sum(array.nbytes for array in panel.bars)
    tracemalloc.start()
    quorate.keep(panel, tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < whole / 10


def test_the_command_keeps_what_backtest_reads(tmp_path, capsys):
    files = store(tmp_path / "bars", BTCUSDT=bars(n=40), ETHUSDT=bars(n=40))
    kept, runs = tmp_path / "kept", tmp_path / "runs"
    said = ["--bars", str(files), "--venue", "kraken_spot", "--kind", "spot"]
    assert run(["keep", *said, "--to", str(kept)]) == 0
    assert f"quorate backtest --bars {kept}" in capsys.readouterr().out
    for words in (said, ["--bars", str(kept)]):
        assert run(["backtest", *words, "--out", str(runs), "--json"]) == 0
    first, second = (
        json.loads(path.read_text(encoding="utf-8"))["data"]
        for path in sorted(runs.glob("*/run.json"))
    )
    assert first | {"made": None} == second | {"made": None}


def test_a_kept_panel_is_as_it_is(folder, tmp_path):
    for more in ({"venue": "synthetic_perp"}, {"start": "2024-01-02"}, {"symbols": ["SYN-BTC"]}):
        with pytest.raises(ConfigError, match="is a panel that was kept"):
            quorate.load(folder, **more)
    with pytest.raises(ConfigError, match="nothing says whose bars"):
        quorate.load(tmp_path)
    assert run(["backtest", "--bars", str(tmp_path)]) == 2


def test_it_is_put_nowhere_but_in_a_folder_of_its_own(panel, folder, tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="holds other things"):
        quorate.keep(panel, tmp_path)
    with pytest.raises(ConfigError, match="holds other things"):
        quorate.keep(panel, tmp_path / "notes.txt")
    assert quorate.keep(panel, folder).n_bars == panel.n_bars


def test_a_folder_that_is_gone_is_said(panel, tmp_path):
    kept = quorate.keep(panel, tmp_path / "kept")
    result = quorate.run(kept, out=tmp_path / "runs")
    (tmp_path / "kept" / "panel.json").unlink()
    with pytest.raises(DataError, match=r"panel\.json"):
        quorate.explain(result.run_id, "SYN-BTC", "2024-01-02", out=tmp_path / "runs")
