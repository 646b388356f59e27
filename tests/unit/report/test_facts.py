"""Every metric has its line, and a number that is not known says why."""

import re
from dataclasses import replace

import pytest
from tests.unit.report.building import build

from quorate.report import facts, reading
from quorate.statistics.metrics import METRICS


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return reading.read(build(tmp_path_factory.mktemp("run"), n_trades=0, n_bars=100))


def test_every_metric_is_listed_in_order(run):
    rows = facts.metric_rows(run)
    assert len(rows) == len(METRICS)
    assert rows[4].label == "Sharpe ratio"
    assert [row.heading for row in rows if row.heading] == list(facts.HEADINGS.values())


def test_what_is_not_known_says_why(run):
    rows = {row.label: row for row in facts.metric_rows(run)}
    for row in rows.values():
        for value in (row.net, row.gross):
            assert value is None or value.text != "–" or value.note
    assert rows["hit rate"].net.note == "it never traded"
    assert rows["capacity: half the return"].net.note == "it never traded"
    assert rows["capacity: half the return"].gross is None


def test_what_is_defined_and_says_nothing_is_a_dash_with_the_reason(tmp_path):
    made = reading.read(build(tmp_path, n_trades=1))
    rows = {row.label: row for row in facts.metric_rows(made)}
    for name in ("Sharpe ratio", "probabilistic Sharpe ratio (PSR)", "track record needed"):
        assert (rows[name].net.text, rows[name].net.css) == ("–", "")
        assert rows[name].net.note == "too few: 1 trade"
    assert rows["total return"].net.text != "–"


def test_a_few_losing_days_make_no_sortino_ratio(tmp_path):
    made = reading.read(build(tmp_path, n_trades=60, outcome="won"))
    rows = {row.label: row for row in facts.metric_rows(made)}
    assert made.metrics["net"]["n_trades"] == 60
    for name in ("Sortino ratio", "Calmar ratio"):
        assert rows[name].net.text == "–"
        assert rows[name].net.note


def test_no_definition_speaks_of_code(run):
    for row in facts.metric_rows(run):
        assert not re.search(r"[a-z]_[a-z]|ddof|[|=^]|\bstd\b|\bprod\b", row.definition), row.label


def test_a_unit_is_said_once(run):
    assert not any("%" in row.unit for row in facts.metric_rows(run))
    assert {row.unit for row in facts.metric_rows(run)} >= {"a year", "days", "USD"}


def test_settings_carry_their_origin(run):
    assert facts.changed_settings(run) == [("consensus.k", "1.5", "environment")]
    found = {name: value for name, value, _ in facts.all_settings(run)}
    assert found["consensus.families"] == "trend, flow"
    assert facts.changed_settings(replace(run, about={})) == []


def test_an_estimate_shows_the_digits_that_count(run):
    activity = run.metrics["activity"] | {"capacity_usd": 121_900_086.73}
    found = facts.metric_rows(replace(run, metrics=run.metrics | {"activity": activity}))
    assert next(r for r in found if r.label.startswith("capacity")).net.text == "122,000,000"


def test_exposure_reads_units_from_names(run):
    metrics = {"exposure": {"gross_mean_frac": 0.25, "by_side": {"long_usd": 5.0}, "bars": None}}
    assert facts.exposure_rows(replace(run, metrics=metrics)) == [
        ("gross mean", "25.00%", "of equity"),
        ("by side long", "5.00", "USD"),
        ("bars", "–", ""),
    ]


def test_shares_of_nothing_are_unknown(run):
    assert facts.regime_rows(replace(run, metrics={"regimes": {"TREND": 0}})) == [
        ("trend", "0", "–")
    ]
