"""A sweep gives what runs of their own would give, and books every setting as a trial."""

from __future__ import annotations

import polars as pl
import pytest
from benchmarks.digest import Left

import quorate
from quorate.api import folding, sweeping
from quorate.api.choosing import _default_row
from quorate.errors import ConfigError
from quorate.statistics import currency
from quorate.statistics.daily import EQUITY, daily_returns
from quorate.statistics.overfitting import effective_rank
from quorate.store import open_store

LIVELY = {
    "consensus.edge_slope": "4",
    "consensus.prior_mass": "20",
    "consensus.quorum": "0",
    "costs.safety_margin_bps": "0",
    "risk.base_multiplier": "1",
    "risk.min_paper_trades": "100000",
}
CHOICES = quorate.grid(
    {
        "consensus.k": ["0.5", "1.0"],
        "costs.impact_bps_at_one": ["5", "20"],
        "risk.stop_sigmas": ["0.7", "3"],
    }
)

OTHERS = (
    {"portfolio.kappa": "0.01"},
    {"routing.min_change_frac": "0.5"},
    {"exchange.cross_collar_bps": "5"},
)


@pytest.fixture(scope="module")
def panel():
    return quorate.synthetic(n_coins=4, days=16, planted_edge=4.0)


def settings(choices):
    return [quorate.read_settings(overrides=LIVELY | each) for each in choices]


@pytest.fixture(scope="module")
def swept(panel):
    return quorate.sweep(panel, settings(CHOICES))


@pytest.mark.parametrize("i", range(len(CHOICES)))
def test_each_setting_is_what_a_run_of_its_own_gives(panel, swept, i):
    alone = quorate.run(panel, settings(CHOICES)[i])
    assert swept.metrics[i] == alone.metrics
    row = swept.table.row(i, named=True)
    assert (row["net_return"], row["n_trades"]) == (alone.net_return, alone.trades.height)


@pytest.mark.parametrize(("batch", "threads"), [(3, 2), pytest.param(8, 1, marks=pytest.mark.slow)])
def test_every_block_has_the_bytes_of_a_run_of_its_own(panel, batch, threads, monkeypatch):
    """Features, votes, consensus, decisions with their reasons, tallies, fills: all arrays."""
    watched = []

    class Watched(sweeping.Gathering):
        def __init__(self, *given, **named):
            super().__init__(*given, **named)
            self.left = Left()
            watched.append(self.left)

        def add(self, done):
            self.left.take(done)
            super().add(done)

    monkeypatch.setattr(sweeping, "Gathering", Watched)
    monkeypatch.setattr(sweeping, "BATCH", batch)
    chosen = settings([*CHOICES, *OTHERS])
    quorate.sweep(panel, chosen, threads=threads)
    assert len({left.digest for left in watched}) == len(chosen)  # they differ, and trade
    for left, setting in zip(watched, chosen, strict=True):
        alone = Left()
        fold = folding.begin(panel, setting, quorate.engines())
        for _, done in folding.advance(panel, fold):
            alone.take(done)
        assert alone.n_fills == left.n_fills > 0
        assert alone.digest == left.digest


def test_it_trades_and_the_settings_differ_in_what_they_make(swept):
    assert (swept.table["n_trades"] > 0).all()
    assert swept.table["net_return"].n_unique() > 4


def test_the_table_names_only_what_differs(swept):
    assert swept.table.columns[:3] == [*CHOICES[0]]
    assert swept.table["consensus.k"].to_list() == [0.5] * 4 + [1.0] * 4


@pytest.mark.parametrize(("batch", "threads"), [(1, 1), (3, 2), (8, 1)])
def test_batches_and_threads_change_nothing(panel, swept, batch, threads, monkeypatch):
    monkeypatch.setattr(sweeping, "BATCH", batch)
    again = quorate.sweep(panel, settings(CHOICES), threads=threads)
    assert again.metrics == swept.metrics


def test_progress_ends_at_the_end(panel):
    seen = []
    quorate.sweep(panel, settings(CHOICES[:2]), progress=lambda done, of: seen.append((done, of)))
    assert seen[-1] == (panel.n_bars, panel.n_bars)
    assert seen == sorted(seen)


def test_every_setting_is_booked_and_later_runs_are_judged_by_how_many_there_were(panel, tmp_path):
    quorate.sweep(panel, settings(CHOICES[:3]), out=tmp_path)
    with open_store(tmp_path / "quorate.sqlite") as store:
        booked = store.runs.list(kind="sweep")
    assert [run.status for run in booked] == ["finished"] * 3
    assert booked[0].metrics["net"]["sharpe"] is not None
    result = quorate.run(panel, settings(CHOICES[3:4])[0], out=tmp_path)
    assert result.facts["n_trials"] == 4.0


def test_the_ratios_are_deflated_by_what_is_booked(panel, swept, tmp_path):
    assert swept.trials.n == 8.0
    assert (swept.table["deflated_sharpe"] < swept.table["psr"]).all()
    booked = quorate.sweep(panel, settings(CHOICES[:3]), out=tmp_path)
    again = quorate.sweep(panel, settings(CHOICES[2:]), out=tmp_path)
    assert (booked.trials.n, again.trials.n) == (3.0, 8.0)
    assert again.trials.variance == pytest.approx(swept.trials.variance)
    assert again.table["deflated_sharpe"].to_list() == pytest.approx(
        swept.table["deflated_sharpe"].to_list()[2:]
    )


def test_settings_that_trade_alike_are_few_trials(swept):
    assert 1.0 <= swept.trials.effective < 8.0
    assert swept.trials.effective == pytest.approx(effective_rank(swept.returns), rel=1e-9)


def test_luck_is_there_from_python(swept):
    luck = swept.luck
    best = swept.table.row(luck.best, named=True)
    assert luck.measure == "net_return"  # too few trades for any ratio
    assert best["net_return"] == max(swept.table["net_return"])
    assert luck.deflated_sharpe == best["deflated_sharpe"]
    assert luck.n_days == len(swept.days) == 16
    assert luck.overfit.n_blocks == 4
    assert len(luck.overfit.found.logits) == 6
    assert luck.surface.n_neighbours == 3
    assert luck.scales == (*CHOICES[0],)
    assert [each.benchmark for each in luck.against] == ["holding BTC", "the default settings"]
    assert set(swept.held) == {"BTC", "all coins"}
    assert swept.luck is luck


def test_the_defaults_are_a_benchmark_where_they_are_on_the_grid(panel):
    k = quorate.read_settings()["consensus"]["k"]
    chosen = settings([{"consensus.k": each} for each in (str(k), "1.0")])
    found = quorate.sweep(panel, chosen)
    assert _default_row(found.table) == 0
    words = quorate.sweep(panel, settings([{"costs.impact": "volatility"}, {}]))
    assert _default_row(words.table) == 1
    assert _default_row(found.table.with_columns(pl.lit(9.0).alias("consensus.k"))) is None


def test_the_returns_are_those_of_each_setting(panel, swept):
    alone = quorate.run(panel, settings(CHOICES)[5])
    daily = daily_returns(currency.in_usd(alone.equity).select(list(EQUITY)))
    assert swept.returns[:, 5].tolist() == daily.net.tolist()
    assert swept.days.tolist() == daily.day.tolist()


def test_a_later_run_is_deflated_by_what_the_trials_amount_to(panel, tmp_path):
    first = quorate.sweep(panel, settings(CHOICES), out=tmp_path)
    again = quorate.run(panel, settings(CHOICES)[2], out=tmp_path)
    net = again.metrics["net"]
    assert net["n_trials"] == 8.0
    # the store keeps seven digits of each return
    assert net["n_effective_trials"] == pytest.approx(first.trials.effective, rel=1e-4)
    assert net["deflated_sharpe"] == pytest.approx(
        first.table["deflated_sharpe"].to_list()[2], rel=1e-4
    )


def test_the_same_setting_twice_is_one_trial(panel):
    assert quorate.sweep(panel, settings([CHOICES[0]] * 2)).trials.n == 1.0


def test_a_value_out_of_bounds_is_no_trial(panel, tmp_path):
    with pytest.raises(ConfigError, match="k is -1"):
        quorate.sweep(panel, settings([{}, {"consensus.k": "-1"}]), out=tmp_path)
    assert not list(tmp_path.iterdir())


def test_one_that_fails_is_booked_as_failed(panel, tmp_path, monkeypatch):
    def broken(*_):
        raise RuntimeError("no")

    monkeypatch.setattr(sweeping.passes, "trade", broken)
    with pytest.raises(RuntimeError):
        quorate.sweep(panel, settings(CHOICES[:2]), out=tmp_path)
    with open_store(tmp_path / "quorate.sqlite") as store:
        assert [run.status for run in store.runs.list()] == ["failed"] * 2


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"regime.adaptive": "true"}, "changes regime.adaptive"),
        ({"features.clip_z": "20"}, "changes features.clip_z"),
        ({"engines.exclude": "momentum_day"}, "changes engines.exclude"),
        ({"account.store": "other.sqlite"}, "changes account.store"),
    ],
)
def test_what_all_settings_share_may_not_differ(panel, other, said):
    with pytest.raises(ConfigError, match=said):
        quorate.sweep(panel, settings([{}, other]))


def test_no_setting_is_refused(panel):
    with pytest.raises(ConfigError, match="no settings"):
        quorate.sweep(panel, [])


def test_rules_of_data_are_applied_before_a_sweep():
    chosen = [quorate.read_settings(overrides={"data.suspect_z": z}) for z in ("8", "9")]
    with pytest.raises(ConfigError, match=r"a sweep changes data\.suspect_z"):
        quorate.sweep(quorate.synthetic(n_coins=1, days=1), chosen)
