"""The commands as a user types them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.lake.builders import bars, store

from quorate.api import schema
from quorate.cli import run


def test_every_command_has_help_with_an_example(capsys):
    for name in (
        "demo",
        "backtest",
        "sweep",
        "audit",
        "warm",
        "doctor",
        "report",
        "ls",
        "decisions",
        "explain",
        "compare",
    ):
        assert run([name, "--help"]) == 0
        assert f"Example: quorate {name}" in capsys.readouterr().out


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom quorate.cli import run\nrun(['--help'])\n"
        "heavy = {'numba', 'numpy', 'polars', 'sqlalchemy', 'jinja2'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)


def test_a_run_in_memory_needs_no_database_and_no_templates():
    code = (
        "import sys, quorate\nquorate.run(quorate.synthetic(n_coins=2, days=1)).summary()\n"
        "heavy = {'sqlalchemy', 'alembic', 'jinja2', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)


def test_a_demo_is_summed_up_on_one_screen_and_names_its_report(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["demo", "--days", "2", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("SYNTHETIC DATA")
    assert len(said.splitlines()) <= 24
    assert max(map(len, said.splitlines())) <= 80
    assert said.rstrip().endswith("report.html")
    assert run(["ls", "--out", str(tmp_path), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["kind"], row["status"], row["n_trades"]) == ("demo", "finished", 0)
    assert run(["report", row["run_id"][:17], "--out", str(tmp_path)]) == 0
    capsys.readouterr()
    assert run(["ls", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert row["run_id"] in said
    assert "2024-01-01 to 2024-01-03" in said
    assert "synthetic_perp" in said
    assert "None" not in said
    assert "nan" not in said


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (
            ["backtest", "--bars", "nowhere", "--venue", "binance_spot", "--kind", "spot"],
            3,
            "next:",
        ),
        (["doctor", "--set", "risk.presett=balanced"], 2, "'preset'"),
        (["doctor", "--set", "nonsense"], 2, "section.name=value"),
        (["doctor", "--config", "missing.toml"], 2, "missing.toml"),
        (["nosuch"], 2, "nosuch"),
        (["doctor", "--set", "account.equity_usd=-5"], 2, "account.equity_usd is -5, outside"),
        (["doctor", "--set", "consensus.k=nan"], 2, "consensus.k is 'nan': input should be a fin"),
        (["doctor", "--set", "engines.extra=math:pi"], 2, "not an Engine"),
    ],
)
def test_errors_say_what_to_do_next(arguments, code, says, capsys):
    assert run(arguments) == code
    captured = capsys.readouterr()
    assert says in captured.err + captured.out


@pytest.mark.parametrize("command", [["demo", "--days", "1"], ["ls"]])
def test_a_file_is_no_folder_of_runs(command, tmp_path, capsys):
    file = tmp_path / "runs"
    file.write_text("mine", encoding="utf-8")
    assert run([*command, "--out", str(file)]) == 3
    assert "--out" in capsys.readouterr().err


def test_a_file_of_one_finished_bar_runs_once_its_length_is_said(tmp_path, capsys):
    folder = store(tmp_path / "bars", BTC=bars(n=1))
    command = ["backtest", "--bars", str(folder), "--venue", "kraken_spot", "--kind", "spot"]
    command += ["--out", str(tmp_path / "runs")]
    assert run(command) == 3
    assert "say it with --bar-minutes" in capsys.readouterr().err
    assert run([*command, "--bar-minutes", "5"]) == 3  # the last of a plain file may be forming
    assert "no bar is left" in capsys.readouterr().err
    store(tmp_path / "bars", BTC=bars(n=2))
    assert run(command) == 0
    assert "1 coin on" in capsys.readouterr().out


def test_coins_may_be_named_by_their_base_assets(tmp_path, capsys):
    folder = store(tmp_path / "bars", BTCUSDT=bars(n=30), ETHUSDT=bars(n=30), SOLUSDT=bars(n=30))
    command = ["backtest", "--bars", str(folder), "--venue", "kraken_spot", "--kind", "spot"]
    command += ["--out", str(tmp_path / "runs"), "--json", "--symbols"]
    assert run([*command, "BTC", "SOLUSDT"]) == 0
    made = Path(json.loads(capsys.readouterr().out)["folder"]) / "run.json"
    assert json.loads(made.read_text())["data"]["symbols"] == ["BTCUSDT", "SOLUSDT"]
    assert run([*command, "BTC", "DOGE"]) == 3
    assert "symbols DOGE cannot be loaded" in capsys.readouterr().err
    store(tmp_path / "bars", BTCUSDC=bars(n=30))
    assert run([*command, "BTC"]) == 3
    assert "BTC may mean BTCUSDC, BTCUSDT" in capsys.readouterr().err


def test_doctor_counts_the_engines_that_vote(capsys):
    def count(*more):
        assert run(["doctor", *more]) == 0
        return int(re.search(r"(\d+) engines vote", capsys.readouterr().out)[1])

    assert count("--set", "engines.exclude=momentum_day,adx_trend") == count() - 2


def test_doctor_names_an_engine_that_looks_at_other_rows(tmp_path, capsys):
    text = """
import numpy as np
from quorate.core.engines.base import engine
from quorate.core.types import Regime

@engine(name="peeks", family="trend", approved=[Regime.TREND], reads=["ret_1h"])
def vote(rows):
    "Buys what rises on the next bar."
    rises = np.roll(rows["ret_1h"], -1, axis=0) > 0.0
    return rises.astype(np.int8), np.where(rises, 0.9, 0.5)
"""
    (tmp_path / "peeking_engine.py").write_text(text, encoding="utf-8")
    file = tmp_path / "quorate.toml"
    file.write_text('[engines]\nextra = ["peeking_engine:vote"]\n', encoding="utf-8")
    assert run(["doctor", "--config", str(file)]) != 0
    error = capsys.readouterr().err
    assert "peeks: reads_one_row_at_a_time" in error


def test_doctor_tells_where_a_setting_came_from(tmp_path, capsys):
    file = tmp_path / "quorate.toml"
    file.write_text("[consensus]\nk = 1.25\n", encoding="utf-8")
    assert run(["doctor", "--config", str(file), "--set", "risk.preset=aggressive", "--json"]) == 0
    rows = {row["setting"]: row for row in json.loads(capsys.readouterr().out)}
    assert (rows["consensus.k"]["value"], rows["consensus.k"]["origin"]) == (1.25, "quorate.toml")
    assert rows["risk.preset"]["origin"] == "--set"
    assert rows["costs.safety_margin_bps"]["origin"] == "default"


def test_a_file_that_is_read_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("QUORATE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quorate.toml").write_text("[consensus]\nk = 1.25\n", encoding="utf-8")
    command = ["demo", "--days", "1", "--set", "risk.preset=aggressive", "--json"]
    assert run([*command, "--out", "runs"]) == 0
    captured = capsys.readouterr()
    assert "settings: read from quorate.toml\n" in captured.err
    made = json.loads((Path(json.loads(captured.out)["folder"]) / "run.json").read_text())
    assert made["origins"]["consensus"]["k"] == "quorate.toml"
    assert made["origins"]["risk"]["preset"] == "--set"
    assert {"net_return", "sharpe", "sharpe_low", "n_trades", "max_drawdown", "costs_usd"} <= set(
        json.loads(captured.out)
    )


def test_doctor_shows_what_was_given_and_cuts_no_name(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["doctor"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert run(["doctor", "--set", "costs.safety_margin_bps=2"]) == 0
    said = capsys.readouterr().out
    assert "costs.safety_margin_bps" in said
    assert "consensus.k " not in said
    assert run(["doctor", "--all"]) == 0
    said = capsys.readouterr().out
    for section, fields in schema().items():
        for name in fields:
            assert f"{section}.{name} " in said


def test_ls_of_an_empty_place_is_no_error(tmp_path, capsys):
    assert run(["ls", "--out", str(tmp_path)]) == 0
    assert "no runs" in capsys.readouterr().out
