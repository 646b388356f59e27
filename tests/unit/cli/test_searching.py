"""``quorate search`` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmarks.digest import LIVELY

from quorate.cli import run
from quorate.cli.searching import varied
from quorate.errors import ConfigError

SETS = [word for name, value in LIVELY.items() for word in ("--set", f"{name}={value}")]
HOW = ["--blocks", "3", "--warm-days", "5", "--min-trades", "5", "--trials", "9"]
OVER = ["--over", "risk.stop_sigmas=1..3", "--over", "costs.impact=spec,volatility"]


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    out = str(tmp_path_factory.mktemp("runs"))
    return ["search", "--demo", "--days", "40", *SETS, *OVER, *HOW, "--out", out]


def test_it_tells_people_luck_first_and_goes_on_where_it_was_left(command, capsys):
    assert run(command) == 0
    said = capsys.readouterr().out
    heads = ["SYNTHETIC DATA", "2 paths of 35 days in 3 blocks", "LUCK", "TRIALS", "objective"]
    heads += ["BEST", "AS IT IS", "NEXT", "quorate demo --days 40 --set", "KEPT", "PAGE"]
    at = [said.index(word) for word in heads]
    assert at == sorted(at)
    assert run([*command, "--csv", f"{command[-1]}/all.csv", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["trials"]["n"] == 9.0  # nothing was tried anew
    page = Path(told["page"])
    assert page == Path(told["kept"]).with_suffix(".html")
    assert "A search of 9 trials" in page.read_text(encoding="utf-8")
    assert len(told["rows"]) == told["trials"]["booked"] == 9
    assert set(told["best"]["settings"]) == {"risk.stop_sigmas", "costs.impact"}
    assert len(Path(command[-1], "all.csv").read_text(encoding="utf-8").splitlines()) == 10


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["consensus.k"], "is not a setting and its range"),
        (["k=1..2"], "is not a setting and its range"),
        (["consensus.k= "], "is not a setting and its range"),
        (["consensus.k=1..2", "consensus.k=2..3"], "--over gives it twice"),
        (["risk.preset=a,b"], "--set gives it too"),
    ],
)
def test_what_is_typed_wrong_is_said(given, said):
    with pytest.raises(ConfigError, match=said):
        varied(given, {"risk.preset": "balanced"})


def test_an_unknown_setting_and_no_market_end_with_what_to_write(capsys, tmp_path):
    assert run(["search", "--demo", "--over", "consensus.kk=1..2", "--out", str(tmp_path)]) == 2
    assert "nearest known name is 'k'" in capsys.readouterr().err
    assert run(["search", "--over", "consensus.k=1..2"]) == 2
    assert "needs a market" in capsys.readouterr().err
