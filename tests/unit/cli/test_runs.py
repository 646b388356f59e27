"""The commands that look at runs, as a user types them."""

from __future__ import annotations

import json

import pytest

import quorate
from quorate.cli import run


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """Return a folder of runs with one that decided something."""
    place = tmp_path_factory.mktemp("runs")
    settings = quorate.read_settings(
        overrides={"consensus.quorum": "0", "consensus.k": "0.5", "consensus.prior_mass": "20"}
    )
    quorate.run(quorate.synthetic(3, 12, planted_edge=4.0), settings, out=place)
    return place


def test_decisions_give_the_ids_that_explain_takes(out, capsys):
    assert run(["decisions", "2", "--limit", "2", "--json", "--out", str(out)]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 2
    votes = rows[-1]["engine_votes"]
    assert votes
    assert all(set(vote) == {"side", "prob", "reliability", "weight"} for vote in votes.values())
    assert run(["explain", "2", rows[-1]["id"][:12], "--out", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["decision_id"] == rows[-1]["id"]
    assert found["source"] == "recomputed"
    assert "identical" in found["verdict"]


def test_decisions_are_a_table_with_counts(out, capsys):
    assert run(["decisions", "2", "--limit", "2", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "the last 2 of 3" in said
    assert "edge below cost" in said
    assert "…" not in said


def test_a_waterfall_is_printed(out, capsys):
    assert run(["explain", "2", "SYN-01", "2024-01-10T12:00", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert said.startswith(("WAIT SYN-01", "BUY SYN-01", "SELL SYN-01"))
    assert max(map(len, said.splitlines())) <= 80
    for step in range(1, 8):
        assert f"\n{step}. " in said


def test_only_the_record_where_asked(out, capsys):
    assert run(["decisions", "2", "--limit", "1", "--json", "--out", str(out)]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert run(["explain", "2", row["id"], "--recorded", "--out", str(out)]) == 0
    assert "only what was recorded" in capsys.readouterr().out


def test_runs_are_compared_and_the_page_is_named(out, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    settings = quorate.read_settings(overrides={"consensus.k": "1.25"})
    quorate.run(quorate.synthetic(3, 12, planted_edge=4.0), settings, out=tmp_path)
    runs = [str(path.parent) for place in (out, tmp_path) for path in place.glob("*/run.json")]
    page = tmp_path / "both.html"
    assert run(["compare", *runs, "--page", str(page)]) == 0
    said = capsys.readouterr().out
    assert "consensus.k" in said
    assert max(map(len, said.splitlines()[:-1])) <= 80
    assert said.rstrip().endswith(str(page))
    assert page.is_file()
    assert run(["compare", *runs]) == 0
    names = [path.parent.name for place in (out, tmp_path) for path in place.glob("*/run.json")]
    assert capsys.readouterr().out.rstrip().endswith(f"compare-{names[0]}-{names[1]}.html")
    assert run(["compare", *runs, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"][1]["letter"] == "B"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["compare", "2"], "one run alone cannot be compared"),
        (["explain", "nosuch", "SYN-BTC", "2024-01-02"], "there is no run"),
        (["explain", "2", "SYN-BTC"], "nearest decisions"),
        (["explain", "2", "SYN-BTX", "2024-01-02"], "SYN-BTC"),
        (["decisions", "2", "--reason", "ENTRIES"], "ENTRY"),
        (["report", "nosuch"], "there is no run"),
    ],
)
def test_errors_say_what_there_is(out, arguments, says, capsys):
    assert run([*arguments, "--out", str(out)]) == 3
    assert says in capsys.readouterr().err


def test_a_run_is_held_against_shuffled_bars(tmp_path, capsys):
    made = ["demo", "--days", "3", "--out", str(tmp_path), "--json"]
    assert run(made) == 0
    run_id = json.loads(capsys.readouterr().out)["run_id"]
    command = ["control", run_id, "--markets", "2", "--out", str(tmp_path)]
    assert run(command) == 0
    said = capsys.readouterr().out
    assert said.startswith("On 2 markets of the same bars shuffled, the Sharpe ratio was as high")
    assert "would have been believed" in said
    assert str(tmp_path / run_id / "report.html") in said
    assert run([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 2
    assert run([*command[:-4], "--markets", "0", "--out", str(tmp_path)]) == 2
