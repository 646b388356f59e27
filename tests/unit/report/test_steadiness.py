"""Each coin and regime alone: the largest first, every ratio beside its doubts."""

import math
from dataclasses import replace

import pytest
from tests.unit.report.building import build

from quorate.report import facts, reading, steadiness
from quorate.report.formats import number, probability


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return reading.read(build(tmp_path_factory.mktemp("run"), n_trades=400))


def test_every_ratio_stands_beside_its_doubts(run):
    coins, regimes = steadiness.groups(run)
    found = run.metrics["stability"]["coin"]["groups"]
    assert {row.cells[0].text for row in coins.rows} == set(found)
    for row in coins.rows:
        group = found[row.cells[0].text]
        said = [cell.text for cell in row.cells[3:]]
        days = group["min_track_record_days"]
        needed = number(None if days is None else math.ceil(days), 0)
        assert said == [number(group["sharpe"]), probability(group["psr"]), needed]
    assert {row.cells[0].text for row in regimes.rows} == {"trend", "range", "neutral"}


def test_the_largest_come_first_and_the_rest_is_counted(run):
    many = {f"C{i}": {"pnl_usd": float(-i)} for i in range(30)}
    made = replace(run, metrics=run.metrics | {"stability": {"coin": {"groups": many}}})
    (table,) = steadiness.groups(made)
    assert [row.cells[0].text for row in table.rows] == [f"C{i}" for i in range(29, 9, -1)]
    assert "10 with the smallest" in table.note


def test_the_dispersion_has_the_interval_of_its_mean(run):
    rows = {(group, name): numbers for group, name, _, numbers in facts.stability_rows(run)}
    spread = run.metrics["stability"]["coin"]["dispersion"]["sharpe"]
    found = rows["coin", "Sharpe ratio, net"]
    assert found[1:4] == [number(spread[part]) for part in ("mean", "mean_low", "mean_high")]


def test_a_year_has_its_doubts(run):
    (_, cells), *_ = facts.year_rows(run)
    year = run.metrics["stability"]["year"]["groups"]["2025"]
    assert cells[3][0] == probability(year["psr"])


def test_a_group_of_few_trades_has_no_ratio_but_their_number(tmp_path):
    run = reading.read(build(tmp_path, n_trades=1))
    for table in steadiness.groups(run):
        (row,) = table.rows
        assert [cell.text for cell in row.cells[3:]] == ["too few: 1 trade", "–", "–"]
    ((_, cells),) = facts.year_rows(run)
    assert [text for text, _ in cells[2:5]] == ["too few: 1 trade", "–", "–"]
    assert facts.stability_note(run) == (
        "Left out of ratios and hit rates, with fewer than 30 closed trades: "
        "1 year, 1 coin, 1 regime."
    )


def test_the_dispersion_is_told_net_and_gross(run):
    rows = {(group, name): numbers for group, name, _, numbers in facts.stability_rows(run)}
    gross = run.metrics["stability"]["coin"]["gross"]["dispersion"]["pnl_usd"]
    assert rows["coin", "profit or loss, gross"][1] == number(gross["mean"])
    assert rows["coin", "profit or loss, net"][1] != number(gross["mean"])
    assert facts.stability_note(run) == ""


def test_a_run_that_never_traded_has_no_table(tmp_path):
    assert steadiness.groups(reading.read(build(tmp_path, n_trades=0, n_bars=50))) == []
