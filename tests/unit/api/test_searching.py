"""A search finds what was planted, believes no noise, and does not depend on who works or dies."""

from __future__ import annotations

import pytest
from benchmarks.digest import LIVELY

import quorate
from quorate.api import searching
from quorate.api.crossed import Cross
from quorate.errors import ConfigError, DataError, ResearchError, TooLittleHistoryError
from quorate.report.sweeps import tell
from quorate.research.study import Study
from quorate.store import open_store

BASE = quorate.read_settings(overrides=LIVELY)
OVER = {"costs.safety_margin_bps": "0..60", "risk.stop_sigmas": "1..3"}
CROSS = Cross(n_blocks=3, n_test=2, warm_days=5, min_trades=5)
N = 12


@pytest.fixture(scope="module")
def panel():
    return quorate.synthetic(n_coins=3, days=47, bar_minutes=15, planted_edge=4.0)


def searched(panel, n=N, **more):
    return quorate.search(panel, OVER, BASE, n_trials=n, cross=CROSS, **more)


def content(found):
    """Return all of a search but when it was made."""
    table = found.table.drop("run_id").rows()
    whole = found.sweep.table.drop("run_id").rows()
    luck = found.luck
    odds = luck.deflated_sharpe, luck.sharpe_by_luck, luck.trials, luck.overfit.found.probability
    spa = [each.found and each.found.consistent for each in luck.against]
    return table, whole, found.best, found.outcomes, odds, spa


@pytest.fixture(scope="module")
def found(panel, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    return searched(panel, out=out), out


def test_the_first_trial_is_the_settings_as_they_are(found):
    row = found[0].table.row(0, named=True)
    assert row["costs.safety_margin_bps"] == BASE["costs"]["safety_margin_bps"]
    assert row["risk.stop_sigmas"] == BASE["risk"]["stop_sigmas"]


def test_every_trial_is_booked_and_later_runs_are_judged_by_them(panel, found):
    search, out = found
    with open_store(out / "quorate.sqlite") as store:
        booked = store.runs.list(kind="search")
        assert len(store.runs.daily([run.run_id for run in booked])) == N
    assert [run.status for run in booked] == ["finished"] * N
    assert set(search.table["run_id"]) == {run.run_id for run in booked}
    assert search.sweep.trials.n == N
    assert 1.0 <= search.sweep.trials.counted <= N
    later = quorate.run(panel, BASE, out=out)
    assert later.facts["n_trials"] == N + 1


@pytest.mark.slow  # two processes that import everything
def test_two_processes_give_the_bytes_of_one(panel, found, tmp_path):
    assert content(searched(panel, out=tmp_path, workers=2)) == content(found[0])


@pytest.mark.slow
def test_killed_and_begun_again_it_ends_the_same(panel, found, tmp_path, monkeypatch):
    """Killed within the second batch: what was tried is kept, what was not is tried again."""
    whole, calls = searching.crossed_together, []

    def together(works, workers):
        calls.append(len(works))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole(works, workers)

    monkeypatch.setattr(searching, "crossed_together", together)
    with pytest.raises(KeyboardInterrupt):
        searched(panel, out=tmp_path)
    again = searched(panel, out=tmp_path)
    assert len(calls) == 3  # the first batch was not tried again
    assert content(again) == content(found[0])
    assert searched(panel, out=tmp_path).best == again.best
    assert len(calls) == 3  # nothing was left to try


@pytest.mark.slow
def test_killed_while_a_batch_is_told_it_is_held_against_the_batches_before(
    panel, found, tmp_path, monkeypatch
):
    tell, bars_of, told, seen = Study.tell, searching.bars_of, [], []

    def told_in_part(study, point, *given, **named):
        told.append(point.number)
        if len(told) == 11:
            raise KeyboardInterrupt
        tell(study, point, *given, **named)

    def bars(before, n_blocks):
        seen.append([each.number for each in before])
        return bars_of(before, n_blocks)

    monkeypatch.setattr(Study, "tell", told_in_part)
    monkeypatch.setattr(searching, "bars_of", bars)
    with pytest.raises(KeyboardInterrupt):
        searched(panel, out=tmp_path)
    again = searched(panel, out=tmp_path)
    assert seen == [[], list(range(8)), list(range(8))]
    assert content(again)[:4] == content(found[0])[:4]


def test_who_comes_second_to_a_search_is_told(panel, tmp_path, monkeypatch):
    def never(_works, _workers):
        raise AssertionError

    def together(_works, _workers):
        monkeypatch.setattr(searching, "crossed_together", never)
        with pytest.raises(DataError, match="another process is at the search"):
            searched(panel, out=tmp_path)
        raise KeyboardInterrupt

    monkeypatch.setattr(searching, "crossed_together", together)
    with pytest.raises(KeyboardInterrupt):
        searched(panel, out=tmp_path)


@pytest.mark.parametrize("what", ["engine_hash", "code_hash"])
def test_with_other_engines_or_code_it_is_another_search(what, panel, tmp_path, monkeypatch):
    def together(_works, _workers):
        raise KeyboardInterrupt

    monkeypatch.setattr(searching, "crossed_together", together)
    for said in ("one", "other"):
        monkeypatch.setattr(searching, what, lambda *_, said=said: said)
        with pytest.raises(KeyboardInterrupt):
            searched(panel, out=tmp_path)
    assert len(list(tmp_path.glob("search-*.sqlite"))) == 2


def test_without_a_folder_nothing_is_written_and_the_same_is_found(panel, found):
    alone = searched(panel)
    assert alone.path is None
    assert alone.table.drop("run_id").rows() == found[0].table.drop("run_id").rows()
    assert alone.sweep.trials.n == N


def test_a_planted_setting_is_found():
    """One of four ways to vote follows what was planted."""
    planted = quorate.synthetic(n_coins=3, days=60, bar_minutes=15, planted_edge=4.0)
    names = [engine.name for engine in quorate.engines()]
    ways = ["rsi_reversal", "hour_reversal", "taker_imbalance", "wick_rejection"]
    texts = [str([name for name in names if name != way]).replace("'", '"') for way in ways]
    over = {"engines.exclude": ",".join(texts), "risk.stop_sigmas": "1..3"}
    found = quorate.search(planted, over, BASE, n_trials=N, cross=CROSS)
    assert "taker_imbalance" not in found.settings["engines.exclude"]
    told = tell(found.sweep.table, found.sweep.metrics, found.sweep.trials, "sharpe", found.luck)
    assert told.judgement.is_told_apart is True


@pytest.mark.slow  # sixteen trials of noise
def test_noise_is_not_believed(tmp_path):
    noise = quorate.synthetic(n_coins=3, days=80, planted_edge=0.0, seed=5)
    cross = CROSS._replace(n_blocks=4, edge="stated")  # what is fitted to noise never trades
    over = {"risk.stop_sigmas": "1..3", "consensus.k": "0.25..1:log"}
    found = quorate.search(noise, over, BASE, n_trials=16, cross=cross, out=tmp_path)
    told = tell(found.sweep.table, found.sweep.metrics, found.sweep.trials, "sharpe", found.luck)
    assert told.judgement.is_told_apart is not True or told.net["sharpe"] < 0.0
    assert not found.luck.deflated_sharpe >= 0.95


def test_no_trade_at_all_is_an_error_that_says_what_to_do(panel):
    idle = quorate.read_settings(overrides=LIVELY | {"costs.safety_margin_bps": "1000"})
    with pytest.raises(ResearchError, match="none of 3 trials closed 5 trades") as refused:
        quorate.search(panel, {"risk.stop_sigmas": "1..3"}, idle, n_trials=3, cross=CROSS)
    assert "which gate" in refused.value.hint


def test_a_combination_out_of_bounds_is_a_point_that_is_told_so(panel, monkeypatch):
    def refuse(settings, bar_minutes):
        if settings["risk"]["stop_sigmas"] > 2.0:
            raise ConfigError("too far", hint="nearer")
        return configure(settings, bar_minutes)

    configure = searching.configure
    monkeypatch.setattr(searching, "configure", refuse)
    found = searched(panel, n=8)
    refused = found.table.filter(found.table["risk.stop_sigmas"] > 2.0)
    assert refused.height > 0
    assert set(refused["state"]) == {"refused"}
    assert found.settings["risk.stop_sigmas"] <= 2.0


@pytest.mark.parametrize(
    ("more", "error", "said"),
    [
        ({"over": {"consensus.kk": "1..2"}}, ConfigError, "has no setting 'kk'"),
        ({"n_trials": 0}, ConfigError, "n_trials is 0"),
        ({"cross": Cross()}, TooLittleHistoryError, "27 days are left to test"),
    ],
)
def test_mistakes_are_refused_before_anything_is_tried(panel, more, error, said, monkeypatch):
    monkeypatch.setattr(searching, "crossed_together", lambda *_, **__: pytest.fail("it tried"))
    given = {"over": OVER, "settings": BASE, "cross": CROSS} | more
    with pytest.raises(error, match=said):
        quorate.search(panel, **given)
