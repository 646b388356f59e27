"""The whole system from Python: what a run leaves, and what a wrong one says."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import quorate
from quorate.core.engines.base import from_function
from quorate.core.types import MONEY_SCALE, Regime
from quorate.errors import ConfigError, DataError, EngineError, StoreError
from quorate.store import open_store

LIVELY = {
    # every probability a little surer and every cost a little smaller, so that it trades early
    "consensus.edge_slope": "4",
    "consensus.prior_mass": "20",
    "consensus.k": "0.5",
    "consensus.quorum": "0",
    "costs.safety_margin_bps": "0",
    "risk.horizon_hours": "2",
    "risk.stop_sigmas": "0.7",
    "risk.base_multiplier": "1",
}


@pytest.fixture(scope="module")
def lively(tmp_path_factory):
    """A run that trades, booked and written."""
    out = tmp_path_factory.mktemp("runs")
    panel = quorate.synthetic(n_coins=5, days=18, planted_edge=4.0)
    return quorate.run(panel, quorate.read_settings(overrides=LIVELY), out=out), out


def test_a_run_leaves_its_whole_folder(lively):
    result, _ = lively
    names = {path.name for path in result.folder.iterdir()}
    assert names == {
        "run.json",
        "metrics.json",
        "equity.parquet",
        "trades.parquet",
        "decisions.parquet",
        "fills.parquet",
        "funding.parquet",
        "positions.parquet",
        "incidents.parquet",
        "attribution.parquet",
        "scorecard.parquet",
        "benchmark.parquet",
        "report.html",
    }
    assert "SYNTHETIC" in (result.folder / "report.html").read_text(encoding="utf-8").upper()
    assert json.loads((result.folder / "run.json").read_text())["data"]["is_synthetic"] is True


def test_holding_is_what_the_panel_says_and_is_compared_day_by_day(lively):
    result, _ = lively
    panel = quorate.synthetic(n_coins=5, days=18, planted_edge=4.0)
    close = panel.bars.close[:, [name.startswith("SYN-BTC") for name in panel.symbols]]
    made = float(close[-1, 0] / close[0, 0]) - 1.0
    assert result.benchmark["hold_btc"][-1] == pytest.approx(1.0 + made)
    assert result.benchmark.height == result.metrics["net"]["n_days"]
    assert result.metrics["benchmark"]["hold_btc"]["total_return"] == pytest.approx(made)
    assert "In the same days holding BTC" in (result.folder / "report.html").read_text("utf-8")


def test_trades_fills_and_equity_tell_one_story(lively):
    result, _ = lively
    assert result.trades.height > 5
    lines = {name: round(float(usd) * MONEY_SCALE) for name, usd in lines_of(result).items()}
    explained = lines.pop("GROSS") - sum(lines.values())
    equity = result.equity["equity"]
    assert equity[-1] - equity[0] == explained
    costs = result.equity["gross_equity"] - result.equity["equity"]
    assert costs[-1] == sum(lines.values())
    if abs(float(result.equity["gross_usd"][-1])) == 0.0:
        assert result.trades["net_pnl"].sum() == explained


def lines_of(result):
    return result.metrics["lines_usd"]


def test_an_entry_knows_what_its_trade_came_to(lively):
    result, _ = lively
    entries = result.decisions.filter(pl.col("realized_pnl").is_not_null())
    assert entries.height > 0
    known = set((result.trades["net_pnl"] * 1e-8).round(6))
    assert set(entries["realized_pnl"].round(6)) <= known
    assert set(entries["reason"]) <= {"ENTRY", "REVERSAL"}


def test_the_run_is_booked_with_its_events(lively):
    result, out = lively
    with open_store(out / "quorate.sqlite") as store:
        (booked,) = store.runs.list()
        assert (booked.run_id, booked.status) == (result.run_id, "finished")
        assert store.events.verify(result.run_id)
        kinds = {event.kind for event in store.events.read(result.run_id)}
        fills = list(store.events.read(result.run_id, kind="fill"))
    assert {"decision", "order", "fill"} <= kinds
    assert all(event.order_id and event.decision_id for event in fills)


def test_a_run_without_a_place_books_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = quorate.run(quorate.synthetic(n_coins=2, days=2))
    assert result.folder is None
    assert list(tmp_path.iterdir()) == []
    assert result.trades.height == 0
    assert result.metrics["reasons"]["WARMUP"] > 0


@pytest.mark.parametrize(("n_coins", "days", "bar_minutes"), [(1, 1, 5), (2, 2, 60), (3, 2, 15)])
def test_small_and_slow_panels_run(n_coins, days, bar_minutes):
    panel = quorate.synthetic(n_coins=n_coins, days=days, bar_minutes=bar_minutes)
    assert quorate.run(panel).equity.height == panel.n_bars + 1


def test_one_bar_runs():
    panel = quorate.synthetic(n_coins=2, days=1)
    cut = {name: getattr(panel, name)[:1] for name in ("member", "quote_usd")}
    one = panel.__class__(
        **{
            **panel.__dict__,
            **cut,
            "bars": panel.bars._make(np.ascontiguousarray(a[:1]) for a in panel.bars),
            "market": panel.market._make(np.ascontiguousarray(a[:1]) for a in panel.market),
        }
    )
    assert quorate.run(one).equity.height == 2


def test_an_engine_of_ones_own_votes_and_is_named():
    def vote(rows):
        move = rows["ret_1h"]
        return np.sign(np.nan_to_num(move)).astype(np.int8), np.full(move.shape, 0.6)

    mine = from_function(vote, name="mine", family="own", approved=frozenset(Regime))
    result = quorate.run(quorate.synthetic(n_coins=2, days=2), engines=(mine,))
    assert [engine["name"] for engine in result.facts["engines"]] == ["mine"]


def test_an_engine_that_raises_abstains_and_is_named():
    def vote(_rows):
        raise RuntimeError("no idea")

    broken = from_function(vote, name="broken", family="own", approved=frozenset(Regime))
    result = quorate.run(quorate.synthetic(n_coins=2, days=8), engines=(*quorate.engines(), broken))
    assert any("broken" in note and "no idea" in note for note in result.facts["data"]["notes"])


def test_an_entry_point_votes_without_touching_our_source(tmp_path):
    """The example package, put on the path with its metadata, is found by its entry point."""
    example = Path(__file__).parents[3] / "examples" / "my_engine"
    project = tomllib.loads((example / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (target,) = project["entry-points"]["quorate.engines"].values()
    meta = tmp_path / "my_engine-0.dist-info"
    meta.mkdir()
    (meta / "METADATA").write_text("Metadata-Version: 2.1\nName: my_engine\nVersion: 0\n")
    (meta / "entry_points.txt").write_text(f"[quorate.engines]\nmine = {target}\n")
    paths = os.pathsep.join([str(tmp_path), str(example / "src")])
    said = subprocess.run(
        [sys.executable, "-c", "import quorate; print(len(quorate.engines()))"],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert int(said.stdout) == len(quorate.engines()) + 1


def test_wrong_settings_say_where_and_what():
    with pytest.raises(ConfigError, match=r"\[consensus\] quorum is 1.5"):
        quorate.run(
            quorate.synthetic(n_coins=2, days=1),
            quorate.read_settings(overrides={"consensus.quorum": "1.5"}),
        )
    with pytest.raises(ConfigError, match="nearest known name is 'quorum'"):
        quorate.read_settings(overrides={"consensus.quorom": "0.5"})
    with pytest.raises(ConfigError, match=r"\[risk\] there is no risk preset 'wild'"):
        quorate.run(
            quorate.synthetic(n_coins=2, days=1),
            quorate.read_settings(overrides={"risk.preset": "wild"}),
        )
    with pytest.raises(ConfigError, match=r"consensus\.weighting is 'best'"):
        quorate.run(
            quorate.synthetic(n_coins=2, days=1),
            quorate.read_settings(overrides={"consensus.weighting": "best"}),
        )


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("no_colon", "does not name an engine"),
        ("no.such.module:vote", "cannot be imported"),
        ("math:nothing", "has no 'nothing'"),
        ("math:pi", "not an Engine"),
    ],
)
def test_a_wrong_engine_says_what_is_wrong(spec, says):
    with pytest.raises(EngineError, match=says):
        quorate.engines(extra=[spec])


def test_a_failed_run_is_booked_and_leaves_nothing_half_written(tmp_path, monkeypatch):
    def full(_path, _table):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("quorate.api.folder.write_table", full)
    with pytest.raises(DataError, match="No space left"):
        quorate.run(quorate.synthetic(n_coins=2, days=1), out=tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
    with open_store(tmp_path / "quorate.sqlite") as store:
        (booked,) = store.runs.list()
    assert booked.status == "failed"
    assert "No space left" in booked.message


def test_a_run_whose_events_cannot_be_booked_leaves_no_folder(tmp_path, monkeypatch):
    def refuse(_self, _run_id, _batch):
        raise StoreError("the disk of the store is full", hint="free some space")

    monkeypatch.setattr("quorate.store.events.EventLog.append", refuse)
    with pytest.raises(StoreError, match="disk of the store"):
        quorate.run(quorate.synthetic(n_coins=2, days=1), out=tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
    with open_store(tmp_path / "quorate.sqlite") as store:
        (booked,) = store.runs.list()
    assert booked.status == "failed"


def test_presets_reach_the_kernels():
    def limit(preset):
        settings = quorate.read_settings(overrides={"risk.preset": preset})
        from quorate.api.configure import configure

        return configure(settings, 5).chain.risk.breakers.daily_loss_stop_frac

    assert [limit(name) for name in ("conservative", "balanced", "aggressive")] == [
        0.015,
        0.025,
        0.035,
    ]


def test_what_is_open_and_what_was_settled_close_the_books(lively):
    result, _ = lively
    costs = ("delay", "spread", "impact", "latency", "fee", "haircut")
    paid = sum(int(result.fills[name].sum()) for name in (*costs, "notional"))
    held = int(result.positions["value"].sum())
    moved = int(result.equity["equity"][-1]) - int(result.equity["equity"][0])
    assert result.funding.height > 0
    assert moved == held - paid - int(result.funding["amount"].sum())
    assert (result.fills["lots"] != 0).all()
    assert int(result.attribution["amount"].sum()) == moved


def test_incidents_become_events_that_decisions_name(lively):
    result, out = lively
    assert result.incidents.height > 0
    with open_store(out / "quorate.sqlite") as store:
        events = list(store.events.read(result.run_id))
    incidents = {event.event_id: event for event in events if event.note}
    assert len(incidents) == result.incidents.height
    named = [event for event in events if event.kind == "decision" and event.risk_id]
    assert named
    for event in named:
        cause = incidents[event.risk_id]
        assert cause.timestamp <= event.timestamp
        assert cause.symbol in {"", event.symbol}


def test_equity_is_told_in_usd_where_the_quote_currency_has_a_price():
    panel = quorate.synthetic(n_coins=5, days=18, planted_edge=4.0)
    rate = np.linspace(0.995, 1.005, panel.n_bars)
    priced = dataclasses.replace(panel, quote_usd=rate)
    result = quorate.run(priced, quorate.read_settings(overrides=LIVELY))
    assert result.metrics["account"]["start_usd"] == "100000.00000000"
    told = result.equity
    assert told["equity"][0] == round(1e5 / 0.995 * MONEY_SCALE)
    np.testing.assert_allclose(told["equity_usd"][1:], told["equity"][1:] * rate, rtol=1e-12)
    lines = {name: round(float(usd) * MONEY_SCALE) for name, usd in lines_of(result).items()}
    explained = lines.pop("GROSS") - sum(lines.values())
    assert "quote currency" in result.metrics["flags"]["lines_usd"]
    currency = round(float(result.metrics["account"]["currency_usd"]) * MONEY_SCALE)
    moved = int(told["equity_usd"][-1]) - int(told["equity_usd"][0])
    assert moved == explained + currency
    assert result.net_return == pytest.approx(moved / 1e5 / MONEY_SCALE)


def test_a_depeg_blocks_entries():
    panel = quorate.synthetic(n_coins=5, days=18, planted_edge=4.0)
    off = dataclasses.replace(panel, quote_usd=np.full(panel.n_bars, 0.98))
    result = quorate.run(off, quorate.read_settings(overrides=LIVELY))
    assert result.fills.height == 0
    assert result.metrics["reasons"]["DEPEG"] > 0


def test_what_is_no_panel_and_no_settings_is_refused_with_what_to_make():
    panel = quorate.synthetic(n_coins=1, days=1)
    with pytest.raises(ConfigError, match="needs a Panel, got str") as caught:
        quorate.run("bars")
    assert "quorate.load" in caught.value.hint
    with pytest.raises(ConfigError, match="settings are dict") as caught:
        quorate.run(panel, {"consensus.k": "1"})
    assert "read_settings(overrides=" in caught.value.hint


def test_a_panel_and_a_result_print_as_one_line(lively):
    result, _ = lively
    assert repr(result).startswith(f"Result({result.run_id}: ")
    assert f"{result.trades.height:,} closed trades" in repr(result)
    panel = repr(quorate.synthetic(n_coins=2, days=1))
    assert panel.startswith("Panel(synthetic, ")
    assert "\n" not in panel + repr(result)


def test_engines_of_too_few_families_are_told_that_nothing_can_trade():
    panel = quorate.synthetic(n_coins=1, days=1)
    one = quorate.engines()[:1]
    notes = quorate.run(panel, engines=one).facts["data"]["notes"]
    assert any("nothing can trade. Set consensus.quorum=0" in note for note in notes)
    free = quorate.read_settings(overrides={"consensus.quorum": "0"})
    assert not any(
        "quorum" in note for note in quorate.run(panel, free, engines=one).facts["data"]["notes"]
    )
    assert not any("quorum" in note for note in quorate.run(panel).facts["data"]["notes"])
