"""Two runs become two arms, and the arms a verdict; what cannot be compared is refused."""

from __future__ import annotations

import json
import math
import shutil
from datetime import date

import numpy as np
import pytest
from benchmarks.digest import LIVELY
from tests.unit.research.published import small

import quorate
from quorate.errors import DataError
from quorate.report import arms, promotion, promotion_text, reading
from quorate.statistics.guardrails import MARGINS
from quorate.statistics.promotion import decide
from quorate.statistics.sequential import LOOKS, obrien_fleming

PLAN = obrien_fleming(LOOKS, 0.05)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return the folders of a champion's and a challenger's run: fitted until the 5th."""
    place = tmp_path_factory.mktemp("promotion")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUORATE_CONFIG_DIR", str(place / "config"))
        panel = quorate.synthetic(n_coins=4, days=36, planted_edge=2.0)
        folders = []
        for name, change in (("champion", {}), ("challenger", {"consensus.k": "0.6"})):
            settings = quorate.read_settings(overrides=dict(LIVELY) | change)
            source, _ = small(place / name, 5 if name == "champion" else 4)
            done = quorate.run(panel, settings, models=source, out=place / "runs")
            folders.append(done.folder)
    return tuple(folders)


def changed(runs, tmp_path, **facts):
    """Copy the challenger's run with other facts."""
    there = tmp_path / "changed"
    shutil.copytree(runs[1], there)
    told = json.loads((there / "run.json").read_text())
    for name, value in facts.items():
        told[name] = value(told[name]) if callable(value) else value
    (there / "run.json").write_text(json.dumps(told))
    return there


def look(runs, day=28, **change):
    both = (reading.read(each) for each in runs)
    return promotion.look_at(*both, **({"day": day, "plan": PLAN} | change))


def test_an_arm_holds_every_trade_and_fill_on_its_day(runs):
    run = reading.read(runs[0])
    daily = arms.days_of(run)
    arm = arms.arm(run, daily.day)
    assert np.array_equal(arm.net, daily.net)
    closed = run.trades.height
    assert closed > 20
    assert arm.trades.sum() == closed
    assert arm.won.sum() + arm.lost.sum() <= closed
    paid = sum(run.trades[name].sum() for name in ("slippage", "fees", "funding", "haircut"))
    assert arm.costs_usd.sum() == pytest.approx(paid / 1e8)
    traded = run.fills["notional"].abs().sum() / 1e8
    assert (arm.turnover * daily.equity_usd).sum() == pytest.approx(traded)
    first = run.fills.filter(run.fills["ts"].dt.date() == date(2024, 1, 10))
    at_close = run.fills.filter(run.fills["ts"].dt.epoch("s") == 19_733 * 86_400)
    at = int(np.searchsorted(daily.day, 19_732))  # 2024-01-10
    usd = (first["notional"].abs().sum() + at_close["notional"].abs().sum()) / 1e8
    begun = run.fills.filter(run.fills["ts"].dt.epoch("s") == 19_732 * 86_400)
    usd -= begun["notional"].abs().sum() / 1e8  # 00:00 is the end of the day before
    assert arm.turnover[at] * daily.equity_usd[at] == pytest.approx(usd)
    held = run.benchmark[arms.held_by(run)].to_numpy()
    assert np.prod(1.0 + arm.held) == pytest.approx(held[-1])


def test_a_day_that_is_not_the_runs_is_not_known(runs):
    run = reading.read(runs[0])
    own = arms.days_of(run).day
    arm = arms.arm(run, np.arange(own[0] - 2, own[0] + 3))
    assert np.isnan(arm.net).tolist() == [True, True, False, False, False]
    assert np.isnan(arm.turnover).tolist() == [True, True, False, False, False]


def test_the_verdict_is_that_of_the_statistics_on_these_days(runs):
    found = look(runs)
    assert found.first == date(2024, 1, 5)  # when the champion's labels had ended
    assert found.last == date(2024, 2, 1)
    days = 19_727 + np.arange(28)
    both = [arms.arm(reading.read(folder), days) for folder in runs]
    wanted = decide(both[1], both[0], day=28, seed=promotion.SEED, plan=PLAN)
    assert found.verdict == wanted
    told = found.as_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert [each["name"] for each in told["guardrails"]] == list(MARGINS)
    digests = [json.loads((folder / "run.json").read_text())["models"]["digest"] for folder in runs]
    assert told["models"] == {"champion": digests[0], "challenger": digests[1]}
    for name in ("p_value", "power", "detectable"):
        assert math.isfinite(told["primary"][name])


def test_the_page_says_verdict_p_power_and_what_would_have_been_found(runs):
    said = str(look(runs))
    assert said.startswith(str(look(runs).verdict.outcome))
    for words in ("p, one-sided", "power of the whole plan", "smallest difference", "max drawdown"):
        assert words in said
    assert max(map(len, said.splitlines())) <= 100
    narrow = promotion_text.text(look(runs), 80)
    assert max(map(len, narrow.splitlines())) <= 80
    early = str(look(runs, 14))
    assert ("the next look is on day 21" in early) == early.startswith("EXTEND")


def test_a_run_against_one_that_did_the_same_is_never_promoted(runs, tmp_path):
    twin = changed((runs[0], runs[0]), tmp_path, run_id="twin")
    found = look((runs[0], twin))
    assert found.verdict.outcome == "REJECT"
    assert all(each.is_kept for each in found.verdict.guardrails)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"code": "0000"}, "the runs differ in their code"),
        ({"data": lambda told: told | {"digest": "x"}}, "the runs differ in their data"),
        (
            {"settings": lambda told: told | {"exchange": {}}},
            r"the runs differ in their settings of \[exchange\]",
        ),
        *(
            (
                {"settings": lambda told, name=name: told | {"costs": told["costs"] | {name: 0}}},
                rf"the runs differ in their costs\.{name}: they were not priced by the same",
            )
            for name in ("impact", "impact_bps_at_one", "latency_bps_per_ms", "max_participation")
        ),
        (
            {"settings": lambda told: told | {"account": {"equity_usd": 1e6}}},
            r"the runs differ in their account\.equity_usd",
        ),
        ({"models": lambda told: told | {"until": ""}}, "nothing says until when the models"),
    ],
)
def test_runs_that_were_priced_otherwise_are_refused(runs, tmp_path, facts, said):
    other = changed(runs, tmp_path, **facts)
    with pytest.raises(DataError, match=said):
        look((runs[0], other))


def test_days_in_the_sample_of_either_are_refused(runs, tmp_path):
    with pytest.raises(DataError, match="out of sample: that begins 2024-01-05"):
        look(runs, start=date(2024, 1, 4))
    later = changed(runs, tmp_path, models=lambda told: told | {"until": "2024-01-07T00:05:00Z"})
    assert look((runs[0], later)).first == date(2024, 1, 8)
    with pytest.raises(DataError, match="28 days from 2024-01-20 are needed, both runs have 17"):
        look(runs, start=date(2024, 1, 20))
    with pytest.raises(DataError, match="are one run"):
        look((runs[0], runs[0]))


def test_a_look_that_is_not_planned_is_refused(runs):
    with pytest.raises(ValueError, match="day 15 is not one of the looks"):
        look(runs, 15)


def test_runs_without_models_are_looked_at_and_move_nothing(runs, tmp_path):
    bare = changed(runs, tmp_path, models=None)
    found = look((runs[0], bare))
    assert found.look.challenger == ""
    assert any("moves no version" in each for each in found.cautions)


def test_a_refit_is_held_against_the_fit_it_renews_on_the_last_days(runs):
    found = promotion.renewal(*runs, n_days=30)
    assert (found.n_days, found.n_active) == (30, 24)
    assert [each.name for each in found.guardrails] == list(MARGINS)
    assert (found.old, found.new) == tuple(
        json.loads((folder / "run.json").read_text())["models"]["digest"] for folder in runs
    )
    # what there is is told: whether it is enough the evidence says
    assert promotion.renewal(*runs, n_days=37).n_days == 36
    (said, *_) = promotion.renewal(*runs, n_days=30, warm_days=8).reasons
    assert said == "the refit was held against the old fit on 28 days, fewer than 30"
    with pytest.raises(DataError, match="no day in common after the first 36"):
        promotion.renewal(*runs, n_days=30, warm_days=36)
