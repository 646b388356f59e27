"""``quorate sweep`` as a user types it."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import shlex

import pytest
from tests.unit.lake.builders import bars, store

import quorate
from quorate.cli import run
from quorate.cli.sweeping import ranges
from quorate.errors import ConfigError
from quorate.store import open_store

LIVELY = {
    "consensus.edge_slope": "4",
    "consensus.prior_mass": "20",
    "consensus.quorum": "0",
    "costs.safety_margin_bps": "0",
    "risk.base_multiplier": "1",
    "risk.min_paper_trades": "100000",
}
SETS = [word for name, value in LIVELY.items() for word in ("--set", f"{name}={value}")]
OVER = ["--over", "consensus.k=0.5,1", "--over", "risk.stop_sigmas=0.7,2,3"]
COMMAND = ["sweep", "--demo", "--days", "21", *SETS, *OVER]


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """Return what a sweep says to machines, its rows in a file, and where its runs are booked."""
    folder = tmp_path_factory.mktemp("runs")
    command = [*COMMAND, "--out", str(folder), "--csv", str(folder / "all.csv"), "--json"]
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        assert run(command) == 0
    return json.loads(said.getvalue()), folder


def test_each_row_is_what_a_run_of_its_own_gives(swept):
    row = next(
        row
        for row in swept[0]["rows"]
        if row["settings"] == {"consensus.k": 1.0, "risk.stop_sigmas": 2.0}
    )
    given = LIVELY | {"consensus.k": "1", "risk.stop_sigmas": "2"}
    alone = quorate.run(quorate.demo(days=21), quorate.read_settings(overrides=given))
    assert alone.trades.height > 0
    assert row["net"] == alone.metrics["net"]
    assert (row["net_return"], row["n_trades"]) == (alone.net_return, alone.trades.height)
    assert row["max_drawdown"] == alone.metrics["net"]["max_drawdown"]


def test_every_combination_is_there_the_best_first(swept):
    rows = swept[0]["rows"]
    assert len({tuple(row["settings"].values()) for row in rows}) == 6
    sharpes = [row["sharpe"] for row in rows if not row["is_scarce"]]
    assert sharpes == sorted(sharpes, reverse=True)
    assert swept[0]["best"]["settings"] == rows[0]["settings"]
    assert (swept[0]["sorted_by"], swept[0]["is_synthetic"]) == ("sharpe", True)


def test_every_combination_is_booked_and_the_best_is_judged_by_how_many_there_were(swept):
    said, folder = swept
    with open_store(folder / "quorate.sqlite") as opened:
        booked = opened.runs.list(kind="sweep")
    assert {run.run_id for run in booked} == {row["run_id"] for row in said["rows"]}
    assert {run.status for run in booked} == {"finished"}
    assert (said["trials"]["booked"], said["trials"]["n"]) == (6, 6.0)
    assert said["trials"]["best_sharpe_by_luck"] > 0.0
    assert all(row["deflated_sharpe"] < row["psr"] for row in said["rows"])
    assert 1.0 <= said["trials"]["n_effective"] < 6.0
    luck = said["luck"]
    assert luck["overfitting"]["n_splits"] == 6  # 4 blocks of 21 days
    assert 0.0 <= luck["overfitting"]["probability"] <= 1.0
    assert [each["benchmark"] for each in luck["against"]] == [
        "holding BTC",
        "the default settings",
    ]
    assert luck["neighbours"]["n"] in {2, 3}
    assert said["page"].startswith(str(folder))


def test_a_setting_has_no_folder_and_the_error_says_how_to_make_a_run_of_it(swept, capsys):
    said, folder = swept
    row = next(row for row in said["rows"] if row["settings"]["consensus.k"] == 1.0)
    for command in (["report"], ["compare"], ["decisions"]):
        assert run([*command, row["run_id"], "--out", str(folder)]) == 3
        told = capsys.readouterr().err
        assert f"{row['run_id']} is a setting of a sweep, which leaves no run folder" in told
        assert "the same bars, 2024-01-01 to 2024-01-22: quorate backtest (or demo)" in told
        assert "--set consensus.k=1.0 --set" in told
        assert f"--set risk.stop_sigmas={row['settings']['risk.stop_sigmas']}" in told
        assert "account.store" not in told


def test_the_file_has_the_rows_in_the_same_order(swept):
    said, folder = swept
    with (folder / "all.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["run_id"] for row in rows] == [row["run_id"] for row in said["rows"]]
    assert list(rows[0])[:3] == ["consensus.k", "risk.stop_sigmas", "net_return"]


def test_the_command_it_names_makes_the_best_again(swept, capsys):
    said, folder = swept
    again = shlex.split(said["best"]["backtest"])
    assert again[:4] == ["quorate", "demo", "--days", "21"]
    assert again[-2:] == ["--out", str(folder)]
    assert run([*again[1:], "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["net_return"] == said["rows"][0]["net_return"]
    assert made["sharpe"] == said["rows"][0]["sharpe"]


def test_the_terminal_says_what_it_means(tmp_path, capsys):
    assert run([*COMMAND, "--out", str(tmp_path), "--sort", "net", "--top", "4"]) == 0
    said = capsys.readouterr().out
    lines = said.splitlines()
    assert lines[0] == "SYNTHETIC DATA: these prices were made up"
    assert lines[1].startswith("6 settings in 1 pass over 8 coins on synthetic_perp, 21.0 days")
    assert "consensus.k  risk.stop_sigmas" in said
    assert "the best 4 of 6: --top 6 shows all" in said
    flat = " ".join(said.split())
    assert f"6 trials booked in {tmp_path / 'quorate.sqlite'}. They amount to" in flat
    assert "without any edge the best of those would still show a Sharpe ratio of" in flat
    assert said.index("LUCK") < said.index("consensus.k  risk.stop_sigmas")
    assert "Overfitting (PBO): the best of one half of the days was in the worse half" in flat
    assert "Against holding BTC it was not asked: needs 30 days, there are 21." in flat
    assert "Against the default settings it was not asked: they are not on the grid" in flat
    assert "Neighbours: " in flat
    page = tmp_path / flat.split("PAGE ")[1].split("/")[-1]
    assert "Plateau or peak?" in page.read_text(encoding="utf-8")
    assert "MATTERED     net return by value" in said
    assert "NEXT         quorate demo --days 21 --set" in said
    assert "None" not in said
    assert "nan" not in said


def test_where_nothing_trades_it_says_so(tmp_path, capsys):
    command = ["sweep", "--demo", "--days", "2", "--over", "consensus.k=0.5,1"]
    assert run([*command, "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "None of 2 settings traded" in said
    assert "no effect" in said
    assert "EDGE" not in said


def test_it_runs_over_files_and_names_them_again(tmp_path, capsys):
    folder = store(tmp_path / "bars", BTCUSDT=bars(n=40), ETHUSDT=bars(n=40))
    command = ["sweep", "--bars", str(folder), "--venue", "kraken_spot", "--kind", "spot"]
    command += ["--symbols", "BTC", "--over", "costs.impact=spec,volatility"]
    assert run([*command, "--out", str(tmp_path / "runs"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [row["settings"]["costs.impact"] for row in said["rows"]] == ["spec", "volatility"]
    assert said["best"]["backtest"].startswith(
        f"quorate backtest --bars {folder} --venue kraken_spot --kind spot --symbols BTC --set "
    )


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--over", "regime.adaptive=true,false"], 2, "cannot vary [regime], only account"),
        (["--over", "engines.exclude=adx_trend"], 2, "quorate backtest --set engines.exclude=..."),
        (["--over", "consensus.k"], 2, "section.name=value,value"),
        (["--over", "consensus.k=1,,2"], 2, "section.name=value,value"),
        (["--over", "consensus.kk=1,2"], 2, "--over: [consensus] has no setting 'kk'"),
        (["--over", "consensus.k=1,much"], 2, "--over: consensus.k is 'much'"),
        (["--over", "consensus.k=1,-2"], 2, "--over consensus.k=-2: [consensus] k is -2"),
        (["--over", "consensus.k=1", "--over", "consensus.k=2"], 2, "given twice"),
        (["--over", "consensus.k=1", "--set", "consensus.k=2"], 2, "--set and --over both"),
        (["--over", "account.store=a,b"], 2, "changes account.store"),
        (["--over", "consensus.k=1", "--bars", "x", "--venue", "v", "--kind", "spot"], 2, "--demo"),
        (["--over", "consensus.k=1", "--csv", "nowhere/all.csv"], 3, "there is no folder nowhere"),
        (["--over", "consensus.k=1", "--top", "0"], 2, "--top"),
        ([], 2, "--over"),
    ],
)
def test_what_cannot_be_swept_is_refused_and_books_nothing(arguments, code, says, tmp_path, capsys):
    assert run(["sweep", "--demo", "--days", "1", "--out", str(tmp_path), *arguments]) == code
    said = capsys.readouterr()
    assert says in " ".join((said.out + said.err).split())
    if (tmp_path / "quorate.sqlite").exists():
        with open_store(tmp_path / "quorate.sqlite") as opened:
            assert not opened.runs.list()


def test_a_market_is_named_never_guessed(tmp_path, capsys):
    command = ["sweep", "--over", "consensus.k=1", "--out", str(tmp_path)]
    assert run(command) == 2
    assert "--bars, --venue and --kind, or try it with --demo" in capsys.readouterr().err
    assert run([*command, "--days", "3"]) == 2
    assert "--days and --seed are of the synthetic market" in capsys.readouterr().err
    assert run([*command, "--bars", "x"]) == 2
    assert "--venue" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_value_given_twice_is_one():
    assert ranges(["consensus.k= 1, 2,1"], {}) == {"consensus.k": ["1", "2"]}
    with pytest.raises(ConfigError, match="next: write section"):
        ranges(["k=1"], {})
