"""One screen says whether it is real, what it earned, what it cost, what breaks it, and where."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from tests.unit.report.building import build

from quorate.core.types import Line
from quorate.report.checks.result import edge_below_cost
from quorate.report.evidence import gather
from quorate.report.formats import fall
from quorate.report.headline import tiles, verdict
from quorate.report.linter import RULES, lint
from quorate.report.reading import curves, read
from quorate.report.summary import HEIGHT, WIDTH, _worst, summary

PAGE = Path("runs/20250601-000000-aaaa1111/report.html")
HEADS = ("LUCK", "FROM FILES", "SUSPICIOUS", "EARNED", "COST", "WOULD BREAK", "WAITED FOR", "PAGE")


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
    assert text.index("LUCK") < text.index("SUSPICIOUS") < text.index("EARNED")
    assert "FROM FILES" not in text


def test_luck_is_said_before_any_return_and_once(tmp_path):
    text = said(tmp_path)
    assert text.startswith("LUCK")
    words = " ".join(text.split())
    assert words.index("no track record is long enough") < words.index("EARNED")
    assert words.count("95% interval of the Sharpe ratio contains zero") <= 1
    assert "It may be luck: It may be luck" not in words


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


def test_the_costs_are_the_true_ones_rounded_wherever_they_are_said(tmp_path):
    """13,638.694384 stays 13,638.69, though the gross less the net that are shown is 13,638.70."""
    run = read(build(tmp_path, n_trades=2))
    lines = dict.fromkeys(run.lines, 0) | {
        Line.GROSS: 63_833_681_724,
        Line.FEE: 1_363_869_438_442,
    }
    moved = replace(run, lines=lines)
    assert "costs took 13,638.69 USD" in verdict(moved)
    tile = next(tile for tile in tiles(moved) if tile.label == "cost share of gross")
    assert "13,638.69 of 638.34 USD" in tile.detail
    assert edge_below_cost(gather(moved)).figure == "Gross 638.34 USD, costs 13,638.69 USD"


def test_what_would_break_it_is_no_list_of_what_is_suspicious(tmp_path):
    folder = build(tmp_path)
    text = summary(read(folder), cautions=["The edge is below its cost."])
    suspicious = text.split("SUSPICIOUS", 1)[1].split("EARNED", 1)[0]
    breaking = text.split("WOULD BREAK", 1)[1].split("WAITED FOR", 1)[0]
    assert "The edge is below its cost." in suspicious
    assert "edge" not in breaking
    assert "deepest drawdown" in breaking


def shock(name, loss, venue=""):
    return SimpleNamespace(shock=name, venue=venue, loss_usd=loss, loss_frac=loss / 1_000.0)


def test_the_worst_shock_and_the_worst_default_are_told():
    rows = [
        shock("one", 10.0),
        shock("two", 250.5),
        shock("venue default", 900.0, "alpha"),
        shock("venue default", 100.0, "beta"),
    ]
    assert _worst(rows) == [
        "two: \N{MINUS SIGN}250.50 USD, \N{MINUS SIGN}25.1% of equity",
        "default of alpha: \N{MINUS SIGN}900.00 USD, \N{MINUS SIGN}90.0% of equity",
    ]
    assert _worst([]) == []


def test_a_shock_that_pays_breaks_nothing():
    assert _worst([shock("one", -10.0)]) == ["no past shock would have cost it anything"]


def test_every_ratio_stands_beside_its_probability_and_record(tmp_path):
    run = read(build(tmp_path))
    for text in (summary(run), next(t for t in tiles(run) if "Sharpe" in t.label).detail):
        words = " ".join(text.split())
        assert "PSR" in words
        assert "track record" in words


def test_the_three_kinds_of_checks_are_counted(tmp_path):
    run = read(build(tmp_path, n_trades=0))
    found = lint(run)
    said = f"{len(found.findings)} of {len(RULES)} checks speak; {len(found.clean)} found nothing"
    assert said in summary(run)
    assert found.n_unchecked > len(found.clean)


def test_one_trade_has_no_ratio_on_the_screen(tmp_path):
    run = read(build(tmp_path, n_trades=1))
    assert "Sharpe ratio" not in summary(run)
    assert "PSR" not in summary(run)
    tile = next(tile for tile in tiles(run) if "Sharpe" in tile.label)
    assert (tile.value, tile.css) == ("too few trades", "")
    assert tile.detail.startswith("1 closed trade")


def test_a_ratio_whose_interval_holds_zero_has_no_colour(tmp_path):
    run = read(build(tmp_path))

    def tile(**found):
        net = run.metrics["net"] | {"sharpe": 3.4, "psr": 0.99999, **found}
        made = replace(run, metrics=run.metrics | {"net": net})
        return next(tile for tile in tiles(made) if "Sharpe" in tile.label)

    unsure = tile(sharpe_low=-2.85, sharpe_high=6.12)
    assert unsure.css == ""
    assert ">99.9%, were days independent" in unsure.detail
    sure = tile(sharpe_low=0.1, sharpe_high=6.12)
    assert sure.css == "up"
    assert "independent" not in sure.detail


def test_trades_a_day_are_over_the_true_span(tmp_path):
    """120 trades in 4,000 hours: 0.72 a day, though 167 UTC days are touched."""
    run = read(build(tmp_path, n_bars=4_000))
    tile = next(tile for tile in tiles(run) if tile.label == "closed trades")
    assert tile.detail.startswith(f"{120 / (4_000 / 24):.2f} a day")
