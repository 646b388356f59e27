"""Luck, steadiness, assumptions and what hurt most: figures, and words where there is none."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.unit.report.building import build

from quorate.report import assumptions, control, luck, page, reading, stress, worst
from quorate.report.rolling import rolling_sharpe, window_days
from quorate.report.summary import summary
from quorate.statistics.ratios import sharpe


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return reading.read(build(tmp_path_factory.mktemp("run")))


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    return reading.read(build(tmp_path_factory.mktemp("quiet"), n_trades=0, n_bars=100))


def test_the_rolling_ratio_of_a_window_is_the_ratio_of_its_days():
    days = np.random.default_rng(5).normal(0.001, 0.02, 200)
    found = rolling_sharpe(days, 90)
    assert np.isnan(found[:89]).all()
    assert found[150] == pytest.approx(sharpe(days[61:151]))


def test_a_window_that_does_not_move_or_is_not_known_has_no_ratio():
    assert np.isnan(rolling_sharpe(np.zeros(50), 20)).all()
    assert np.isnan(rolling_sharpe(np.ones(5), 20)).all()
    days = np.random.default_rng(5).normal(size=60)
    days[30] = np.nan
    assert np.isnan(rolling_sharpe(days, 20)[30:50]).all()


@pytest.mark.parametrize(
    ("n_days", "window"), [(0, 0), (19, 0), (20, 10), (179, 89), (180, 90), (900, 90)]
)
def test_a_short_span_has_a_short_window(n_days, window):
    assert window_days(n_days) == window


GOOD = {"sharpe": 2.0, "sharpe_low": 0.1, "sharpe_high": 4.0, "mean_return_low": 0.01}


@pytest.mark.parametrize(
    ("found", "said", "short"),
    [
        (GOOD, "Luck alone is unlikely", "hardly luck"),
        (GOOD | {"mean_return_low": -0.01}, "not that of the mean return", "not told apart"),
        (GOOD | {"deflated_sharpe": 0.5, "n_trials": 1.0}, "Luck alone is unlikely", "hardly luck"),
        (
            GOOD | {"deflated_sharpe": 0.95, "n_trials": 9.0},
            "Luck alone is unlikely",
            "hardly luck",
        ),
        (GOOD | {"deflated_sharpe": 0.949, "n_trials": 9.0}, "one of 9 runs", "the best of 9"),
        (GOOD | {"mean_return_low": None}, "not that of the mean return", "not told apart"),
        (GOOD | {"sharpe_low": -0.1}, "It may be luck", "not told apart"),
        (
            {"sharpe": -2.0, "sharpe_low": -3.0, "sharpe_high": -0.1},
            "It is not bad luck",
            "hardly by bad luck",
        ),
        (
            {"sharpe": -2.0, "sharpe_low": -3.0, "sharpe_high": 0.1},
            "It may be luck",
            "not told apart",
        ),
        (GOOD | {"sharpe_low": None, "sharpe_high": None}, "too few to tell", "too few days"),
        ({"sharpe": None}, "Nothing can be said about luck", "nothing can be said"),
    ],
)
def test_luck_is_judged_by_the_intervals_and_said_alike(run, found, said, short):
    metrics = run.metrics | {"net": run.metrics["net"] | found, "flags": {}}
    judged = replace(run, metrics=metrics)
    assert said in luck.sentence(judged)
    assert short in luck.judge(judged).short
    assert " ".join(summary(judged).split()).startswith(f"LUCK {luck.sentence(judged)}")


def test_a_handful_of_trades_is_never_told_apart_from_luck(run):
    metrics = run.metrics | {"net": run.metrics["net"] | GOOD}
    few = replace(run, metrics=metrics, trades=run.trades.head(29))
    assert "29 closed trades, at least 30" in luck.sentence(few)
    enough = replace(run, metrics=metrics, trades=run.trades.head(30))
    assert "Luck alone is unlikely" in luck.sentence(enough)


def test_a_run_that_never_traded_is_not_judged(quiet):
    assert "It never traded" in luck.sentence(quiet)
    assert "of 0 trades nobody can say how likely luck is" in luck.sentence(quiet)
    rows = [row for row in luck.doubts(quiet) if row.figure == "–" and "runs" not in row.question]
    assert len(rows) == 3
    assert all(row.reading == "it never traded" for row in rows)


def test_a_gap_of_less_than_three_days_is_told_at_the_head(run):
    def told(days):
        walked = {"walk": {"plan": {"purge_days": days}}}
        return luck.opening(replace(run, about=run.about | walked))

    assert told(3) == luck.opening(run)
    assert told(2)[:-1] == luck.opening(run)
    assert told(2)[-1].startswith("Only 2 days lay between what was learned from and its test")


def test_a_losing_record_has_its_probability_too(run):
    lost = {"sharpe": -1.0, "sharpe_low": -3.0, "sharpe_high": 1.0, "psr": 0.3, "n_trials": 1.0}
    trades = run.trades.sample(40, with_replacement=True, seed=1)
    lost = replace(run, metrics=run.metrics | {"net": lost}, trades=trades)
    said = luck.opening(lost)[1]
    assert "comes by luck in 70.0% of such records (1 − PSR)" in said
    assert "above 0 all the same is 30.0% (PSR)" in said


def test_a_handful_of_trades_has_no_figure_and_no_bar(run):
    few = replace(run, trades=run.trades.head(1))
    for row in luck.doubts(few)[:3]:
        assert (row.figure, row.picture) == ("too few: 1 trade", "")
        assert "at least 30" in row.reading


def test_a_probability_beside_an_interval_that_holds_zero_says_what_it_takes_for_granted(run):
    found = {"sharpe": 3.4, "psr": 0.99999, "sharpe_low": -2.85, "sharpe_high": 6.12}
    made = replace(run, metrics=run.metrics | {"net": run.metrics["net"] | found})
    row = next(row for row in luck.doubts(made) if "PSR" in row.question)
    assert row.figure == ">99.9%"
    assert "independent" in row.reading
    sure = made.metrics["net"] | {"sharpe_low": 0.1}
    row = next(
        row
        for row in luck.doubts(replace(made, metrics=made.metrics | {"net": sure}))
        if "PSR" in row.question
    )
    assert "independent" not in row.reading


def test_every_doubt_has_a_figure_or_a_reason(run, quiet):
    for each in (run, quiet):
        for row in luck.doubts(each):
            assert row.figure != "–" or len(row.reading) > 10
            assert "None" not in row.reading


def test_a_walk_is_not_sent_to_what_refuses_it(run):
    walked = replace(run, about=run.about | {"walk": {"plan": {"purge_days": 4}}})
    asked = {row.question: row.reading for row in luck.doubts(walked) if row.figure == "not asked"}
    assert set(asked) == {stress.NAME, control.NAME}
    assert all("the fit of one fold" in said for said in asked.values())


def test_nobody_earned_where_nobody_traded(run, quiet):
    assert any(row.question == "coins that earned" for row in luck.doubts(run))
    assert not any("earned" in row.question for row in luck.doubts(quiet))


def test_trials_are_told_where_they_were_counted(run):
    counted = replace(run, about=run.about | {"n_trials": 41})
    row = next(row for row in luck.doubts(counted) if row.question.startswith("runs on these"))
    assert row.figure == "41"
    net = run.metrics["net"] | {"deflated_sharpe": 0.5}
    deflated = replace(counted, metrics=run.metrics | {"net": net})
    row = next(row for row in luck.doubts(deflated) if row.question.startswith("runs on these"))
    assert "above what the best of 41 would show by luck (DSR): 50.0%" in row.reading
    alike = net | {"n_effective_trials": 3.21, "min_backtest_days": 400.2, "n_days": 100}
    rows = luck.doubts(replace(counted, metrics=run.metrics | {"net": alike}))
    found = {row.question: row for row in rows}
    row = found["runs on these or overlapping data in this store"]
    assert row.figure == "41"
    assert "the best of 3.2 would show by luck" in row.reading
    row = found["independent trials they amount to"]
    assert row.figure == "3.2"
    assert "effective rank of the correlation of their daily returns" in row.reading
    row = found["record that so many trials need (MinBTL)"]
    assert (row.figure, row.reading.endswith("there are 100 days")) == ("401 days", True)


def test_the_odds_stand_beside_what_can_be_judged_and_nowhere_else(run, quiet):
    metrics = run.metrics | {"net": run.metrics["net"] | GOOD}
    first, odds = luck.opening(replace(run, metrics=metrics))
    assert first == luck.sentence(replace(run, metrics=metrics))
    assert "Without an edge a ratio as high comes by luck in" in odds
    assert len(luck.opening(quiet)) == 1


def test_below_30_trades_coin_flips_come_first(run, quiet):
    metrics = run.metrics | {"net": run.metrics["net"] | GOOD}
    won = run.trades.with_columns(pl.col("net_pnl").abs())
    few = replace(run, metrics=metrics, trades=won.head(3))
    flips, said = luck.opening(few)
    assert "Luck alone does as well in 12.5% of cases: had a coin decided whether each of" in flips
    assert "1 of 8 outcomes would have come to as much or more" in flips
    assert said == luck.sentence(few)
    shown = " ".join(summary(few).split())
    assert shown.startswith(f"LUCK {flips} {said}")
    assert shown.count("The trades are too few") == 1
    lost = luck.opening(replace(few, trades=won.head(1).with_columns(-pl.col("net_pnl"))))[0]
    assert "in 100.0% of cases: had a coin decided whether its 1 closed trade won" in lost
    tried = metrics | {"net": metrics["net"] | {"n_trials": 9.0}}
    assert "one of 9 trials makes luck likelier" in luck.opening(replace(few, metrics=tried))[0]
    assert "coin" not in luck.opening(replace(few, trades=won.head(30)))[0]
    assert "coin" not in luck.opening(replace(few, trades=won.head(0)))[0]
    assert "coin" not in luck.opening(quiet)[0]
    unknown = few.metrics | {"net": metrics["net"] | {"sharpe": None}, "flags": {}}
    assert "12.5%" in luck.opening(replace(few, metrics=unknown))[0]


def test_the_page_of_a_handful_of_trades_begins_with_the_coin_flips(tmp_path):
    folder = build(tmp_path, n_trades=5, n_bars=300)
    text = page.render(folder).read_text()
    flips, said = luck.opening(reading.read(folder))
    assert f"{flips} <span>{said}</span>" in text
    assert text.index(flips) < text.index("Is that luck?") + 40


def test_the_worst_day_and_fall_are_found(run):
    rows = {row.cells[0].text: row for row in worst.worst(run, reading.curves(run.equity)).rows}
    found = reading.curves(run.equity)
    deepest = f"{abs(100 * np.nanmin(found.drawdown)):.2f}%"
    assert rows["deepest fall, bar by bar"].cells[2].text == f"−{deepest}"
    assert rows["worst day"].cells[2].css == "down"
    held = run.equity["gross_usd"] / (run.equity["equity"] / 1e8)
    assert rows["largest gross exposure"].cells[2].text == f"{100 * held.max():.1f}%"


def test_a_run_that_never_fell_has_nothing_that_hurt(quiet):
    table = worst.worst(quiet, reading.curves(quiet.equity))
    assert table.rows == ()
    assert "nothing was lost" in table.note


def test_assumptions_carry_the_numbers_of_the_run(run):
    settings = {"costs": {"max_participation": 0.2, "impact_bps_at_one": 5.0}}
    settings |= {"exchange": {"delisting_haircut": 0.05}}
    about = run.about | {"settings": settings, "data": {"funding": ["known", "mixed"]}}
    said = " ".join(assumptions.assumptions(replace(run, about=about)))
    for text in ("20% of the volume", "5.0 bps", "5.0% below", "1 of 2 markets"):
        assert text in said


@pytest.mark.parametrize(
    ("kinds", "said"),
    [(["known", "none"], "what the venues settled"), (["none"], "No funding"), ([], "never at")],
)
def test_funding_is_said(run, kinds, said):
    about = run.about | {"data": {"funding": kinds}}
    assert said in " ".join(assumptions.assumptions(replace(run, about=about)))


def test_a_lost_account_has_its_worst_day_before_it_was_lost(run):
    n = run.equity.height
    gone = run.equity.with_columns(
        equity=pl.Series(np.where(np.arange(n) < 50, 1_000_000_000_000, -5))
    )
    table = worst.worst(replace(run, equity=gone), reading.curves(gone))
    assert all("nan" not in cell.text for row in table.rows for cell in row.cells)
