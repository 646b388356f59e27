"""One screen says whether it is real, what it earned, what it cost, what breaks it, and where."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from tests.unit.report.building import build

from quorate.core.types import Line
from quorate.report.formats import fall, usd
from quorate.report.headline import shown_costs, tiles, verdict
from quorate.report.reading import curves, read
from quorate.report.summary import HEIGHT, WIDTH, summary

PAGE = Path("runs/20250601-000000-aaaa1111/report.html")
HEADS = ("REAL DATA", "EARNED", "COST", "WOULD BREAK", "WAITED FOR", "PAGE")


def said(folder, **chosen):
    return summary(read(build(folder, **chosen)), PAGE)


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"n_trades": 0},
        {"n_trades": 1},
        {"n_bars": 24, "n_trades": 0},
        {"unclosed": 10**9},
        {
            "notes": [
                f"Note {i}: something that a reader must know about the data." for i in range(9)
            ]
        },
        {"venues": [f"a_venue_with_a_long_name_{i}" for i in range(6)]},
    ],
)
def test_it_fits_one_screen_and_answers_five_questions(tmp_path, chosen):
    text = said(tmp_path, **chosen)
    lines = text.splitlines()
    assert len(lines) <= HEIGHT
    assert max(map(len, lines)) <= WIDTH
    assert [head for head in HEADS if any(line.startswith(head) for line in lines)] == list(HEADS)
    assert "nan" not in text.lower().split()
    assert "None" not in text


def test_made_up_prices_are_said_first(tmp_path):
    text = said(tmp_path, is_synthetic=True)
    assert text.startswith("SYNTHETIC DATA")
    assert "REAL DATA" not in text


def test_costs_lead_from_gross_to_net(tmp_path):
    folder = build(tmp_path)
    run = read(folder)
    costs = summary(run).split("COST", 1)[1].split("WOULD BREAK", 1)[0]
    lines = [line for line in costs.splitlines() if line.endswith(" USD")]
    amounts = [float(line.split()[-2].replace(",", "").replace("−", "-")) for line in lines]
    assert "gross result" in lines[0]
    assert "net result" in lines[-1]
    assert sum(amounts[:-1]) == pytest.approx(amounts[-1], abs=0.03)
    assert amounts[-1] == pytest.approx(run.net / 1e8, abs=0.005)


def test_assumptions_about_the_data_are_shown(tmp_path):
    assert "Funding was assumed" in said(tmp_path)


def test_cautions_are_those_given_and_more_stand_on_the_page(tmp_path):
    run = read(build(tmp_path))
    assert "too good to be true" in summary(run, cautions=["This is too good to be true."])
    many = summary(run, cautions=[f"Caution {i}." for i in range(20)])
    assert "and more on the page" in many
    assert "Caution 0." in many
    assert "Caution 19." not in many


def test_a_run_that_did_not_trade_says_what_it_waited_for(tmp_path):
    text = said(tmp_path, n_trades=0)
    assert "it did not trade" in text
    assert "nothing was traded" in text
    assert "NO_QUORUM" in text


def test_an_account_that_was_lost_says_so(tmp_path):
    folder = build(tmp_path)
    tree = json.loads((folder / "metrics.json").read_text())
    tree["net"] |= {"total_return": None, "sharpe": None, "psr": None, "max_drawdown": None}
    tree["flags"]["net.sharpe"] = "the account was lost"
    (folder / "metrics.json").write_text(json.dumps(tree))
    equity = pl.read_parquet(folder / "equity.parquet")
    equity.with_columns(pl.lit(0).alias("equity").cast(pl.Int64)).write_parquet(
        folder / "equity.parquet"
    )
    text = summary(read(folder))
    assert "the account was lost" in text
    assert "not defined" in text
    assert "no drawdown is known" in text


def test_the_deepest_fall_is_that_of_every_bar(tmp_path):
    run = read(build(tmp_path))
    shown = fall(float(curves(run.equity).drawdown.min()))
    assert f"deepest drawdown {shown}, bar by bar" in summary(run)
    tile = next(tile for tile in tiles(run) if tile.label == "max drawdown")
    assert tile.value == shown
    assert "on daily closes" in tile.detail


def test_the_costs_shown_lead_from_the_gross_shown_to_the_net_shown(tmp_path):
    run = read(build(tmp_path, n_trades=2))
    lines = dict.fromkeys(run.lines, 0) | {Line.GROSS: 41_590_600_000, Line.FEE: 543_400_000}
    moved = replace(run, lines=lines)
    said = verdict(moved)
    shown = [float(text.replace(",", "")) for text in re.findall(r"([\d,.]+) USD", said)[-3:]]
    assert round(shown[0] - shown[1], 2) == shown[2]
    assert usd(shown_costs(moved)) != usd(moved.costs)
