"""``quorate walkforward`` as a user types it."""

from __future__ import annotations

import json

import pytest
from benchmarks.digest import LIVELY

import quorate
from quorate.cli import run
from quorate.research import keys, sealing

SETS = [word for name, value in LIVELY.items() for word in ("--set", f"{name}={value}")]
PLAN = ["--train-days", "12", "--purge-days", "1", "--test-days", "5", "--rules-only"]


@pytest.fixture(scope="module")
def bars(tmp_path_factory):
    """Return a kept market: the command reads it like files."""
    place = tmp_path_factory.mktemp("kept") / "market"
    quorate.keep(quorate.synthetic(n_coins=4, days=24, planted_edge=2.0), place)
    return str(place)


@pytest.fixture(scope="module")
def command(bars, tmp_path_factory):
    out = str(tmp_path_factory.mktemp("runs"))
    return ["walkforward", "--bars", bars, *PLAN, *SETS, "--out", out]


def test_it_tells_people_of_folds_their_spread_the_time_and_the_run(command, capsys):
    assert run(command) == 0
    said = capsys.readouterr().out
    for word in ("tested from", "2024-01-14", "2024-01-19", "over folds", "median", "learning"):
        assert word in said
    assert "SUSPICIOUS" in said


def test_it_tells_machines_the_same(command, capsys):
    assert run([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [fold["test_from"] for fold in told["folds"]] == ["2024-01-14", "2024-01-19"]
    grown = 1.0
    for fold in told["folds"]:
        grown *= 1.0 + fold["total_return"]
    assert grown - 1.0 == pytest.approx(told["net_return"])
    assert set(told["seconds"]) == {"watch", "learn", "rank", "trade", "tell"}


def test_the_leaderboard_of_a_week_is_shown(command, capsys):
    assert run([*command, "--json"]) == 0
    name = json.loads(capsys.readouterr().out)["run_id"]
    where = ["leaderboard", name, *command[-2:]]
    assert run(where) == 0
    said = capsys.readouterr().out
    for word in ("2024-01-22 00:00 UTC", "worth a vote", "all together", "too little evidence"):
        assert word in said
    assert run([*where, "--week", "2024-01-20", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["week"].startswith("2024-01-15")
    assert len(told["weeks"]) == 3
    assert told["worth"] is None  # it is of the last week alone
    assert run([*where, "--json"]) == 0
    last = json.loads(capsys.readouterr().out)
    assert sum(row["shapley"] for row in last["worth"]) != 0.0
    assert run([*where, "--week", "2024-1-20"]) == 3
    assert "'2024-1-20' is not a day" in capsys.readouterr().err
    assert run([*where, "--week", "2024-01-02"]) == 3
    assert "the first board is of 2024-01-14, none by 2024-01-02" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--models", "linear"], "--rules-only trains no models"),
        (["--set", "risk.horizon_hours=48"], "gap of 1 days is shorter than a label of 2 days"),
        (["--edge-z", "9"], "edge_z is 9, outside [0, 5]"),
    ],
)
def test_what_cannot_be_is_refused(command, more, said, capsys):
    assert run([*command, *more]) in (2, 3)
    assert said in capsys.readouterr().err


def test_a_set_of_rules_alone_trains_no_engine(command, tmp_path, capsys):
    market = command[command.index("--bars") : command.index("--train-days")]
    to = tmp_path / "models"
    assert run(["train", *market, "--days", "12", "--to", str(to), "--rules-only"]) == 0
    assert "Trained(0 engines" in capsys.readouterr().out
    assert to.is_dir()
    both = ["--rules-only", "--models", "linear"]
    assert run(["train", *market, "--to", str(to), *both]) == 2
    assert "--rules-only trains no models" in capsys.readouterr().err
    assert run(["train", *market, "--to", str(to), "--empty-models"]) != 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--backend", "ray"], "the backend ray needs the address of a cluster"),
        (["--address", "10.0.0.5:6379"], "processes of this machine have no address"),
        (["--backend", "dask", "--address", "10.0.0.5:8786", "--workers", "2"], "workers is 2"),
    ],
)
@pytest.mark.parametrize("command", ["walkforward", "train", "cpcv"])
def test_workers_that_cannot_be_are_refused_before_bars_are_read(command, more, said, capsys):
    to = ["--to", "nowhere"] if command == "train" else []
    assert run([command, "--bars", "nowhere", *to, *more]) == 2
    assert said in capsys.readouterr().err


def test_a_cost_below_nothing_is_refused_by_name(capsys):
    assert run(["cpcv", "--bars", "nowhere", "--cost-bps", "-1"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "--cost-bps" in said
    assert "Must be >= 0" in said


def test_a_cluster_that_is_open_is_refused_before_bars_are_watched(command, monkeypatch, capsys):
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    assert run([*command, "--backend", "ray", "--address", "10.0.0.5:6379"]) == 2
    said = capsys.readouterr().err
    assert "no token is shown" in said
    assert "RAY_AUTH_MODE=token" in said


@pytest.mark.slow  # it starts processes
def test_models_are_held_against_paths(tmp_path, capsys):
    place = tmp_path / "market"
    quorate.keep(quorate.synthetic(n_coins=3, days=45, planted_edge=4.0), place)
    command = ["cpcv", "--bars", str(place), "--blocks", "4", "--test-blocks", "1"]
    linear = [*command, "--models", "linear"]
    assert run(linear) == 0
    said = capsys.readouterr().out
    for word in ("over 1 path of 4 blocks", "Brier skill", "net a vote, bps", "linear_model"):
        assert word in said
    assert run([*linear, "--json", "--workers", "2"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["path"] for row in told["paths"]] == [0]
    assert {row["measure"] for row in told["spread"]} >= {"sharpe", "hit_rate"}
    assert told["models"] == ["linear"]
    assert sealing.broken(told["seal"], "cpcv", sealing.digest_of(told), keys.trusted()) == ""
    assert run([*command, "--models", "forest"]) == 2
    assert "no model is called 'forest'" in capsys.readouterr().err
