"""The whole chain passes; a stage of it that reads a later bar is caught and named."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.api.auditing.planted import market

from quorate.api.auditing import chain, future
from quorate.api.auditing.finding import Test
from quorate.api.auditing.sheet import Sheet
from quorate.api.effective import read_settings
from quorate.backtest import run as passes
from quorate.core.engines.catalogue import builtin
from quorate.core.features.table import FEATURES, index

FORKS = [288, 300, 518, 700, 951, 1209, 1210, 1500]
LIVELY = {
    "consensus.prior_mass": "20",
    "consensus.edge_slope": "4",
    "consensus.k": "0.5",
    "consensus.quorum": "0",
    "costs.safety_margin_bps": "0",
}


@pytest.fixture(scope="module")
def settings():
    return read_settings(overrides=LIVELY)


def audited(settings, forks=FORKS, starts=(800, 1300)):
    sheet = Sheet("decisions")
    plan = chain.Cuts(forks, starts, 5)
    chain.audit(market(), settings, builtin()[:8], plan, sheet, lambda: None)
    return sheet.part()


def test_the_chain_passes(settings):
    part = audited(settings)
    assert part.findings == ()
    assert part.n_times == len(FORKS) + 2
    assert set(part.tests) == {Test.CUT, Test.NOISE, Test.BLOCKS, Test.COINS}
    assert part.tests[Test.NOISE] > 100_000


def look_ahead(name):
    """Return a pass of features of which one is read a bar early."""
    true, row = passes.features.build, index(name)

    def build(bars, k0, state, params):
        made = true(bars, k0, state, params)
        made.values[:-1, row] = made.values[1:, row].copy()
        return made

    return build


@pytest.mark.parametrize("name", ["ret_1h", "volume_z", "rank_ret_24h"])
def test_a_feature_that_is_a_bar_early_is_named(name, settings, monkeypatch):
    monkeypatch.setattr(passes.features, "build", look_ahead(name))
    part = audited(settings, starts=())
    found = [each for each in part.findings if each.what.startswith("features ")]
    assert {each.what for each in found} == {f"features {name}"}
    assert {each.test for each in found} >= {Test.NOISE}
    first = found[0]
    assert first.coin in market().symbols
    assert first.at.startswith("2024-01-0")
    assert first.then != first.later


def test_a_feature_of_the_whole_block_is_caught_from_the_first_bar_too(settings, monkeypatch):
    true = passes.features.build

    def build(bars, k0, state, params):
        made = true(bars, k0, state, params)
        made.values[:, index("vol_24h")] -= np.nan_to_num(made.values[:, index("vol_24h")]).mean()
        return made

    monkeypatch.setattr(passes.features, "build", build)
    part = audited(settings, forks=(), starts=(900,))
    assert Test.CUT in {each.test for each in part.findings}
    assert any(each.what == "features vol_24h" for each in part.findings)


def test_a_fact_of_the_whole_panel_that_reads_later_bars_is_caught(settings, monkeypatch):
    """No block shows it: who may vote was decided before the first bar, by the last one."""

    def missing(panel, _btc):
        return frozenset({"ret_24h"}) if panel.n_bars > 1000 else frozenset()

    monkeypatch.setattr(chain.folding, "missing", missing)
    assert audited(settings, starts=()).findings == ()
    part = audited(settings, forks=(), starts=(900,))
    assert any(each.what.startswith("consensus.") for each in part.findings)
    assert all(each.test is Test.CUT for each in part.findings)


def test_a_score_that_reads_ahead_is_named(settings, monkeypatch):
    true = passes.weigh

    def weigh(made, memory, seen):
        said = true(made, memory, seen)
        later = np.vstack((seen.inputs.bars.close[1:], seen.inputs.bars.close[-1:]))
        said.score[:] += np.nan_to_num(np.sign(later - seen.inputs.bars.close)) * 0.01
        return said

    monkeypatch.setattr(passes, "weigh", weigh)
    part = audited(settings, starts=())
    assert "consensus.score" in {each.what for each in part.findings}


def test_a_coin_that_reads_its_neighbour_is_caught(settings, monkeypatch):
    true, row = passes.features.build, index("ret_4h")

    def build(bars, k0, state, params):
        made = true(bars, k0, state, params)
        made.values[:, row] = np.roll(made.values[:, row], 1, axis=1)
        return made

    monkeypatch.setattr(passes.features, "build", build)
    part = audited(settings, forks=(), starts=())
    assert {each.what for each in part.findings} >= {"features ret_4h"}
    assert {each.test for each in part.findings} == {Test.COINS}


def test_who_will_end_is_not_told_before():
    panel = market()
    last = panel.delisted_k[-1]
    day, row = 24 * panel.bars_per_hour, int(last - panel.k0)
    assert future.cut_panel(panel, row + day).delisted_k[-1] > last
    assert future.cut_panel(panel, row + day + 1).delisted_k[-1] == last


def test_noise_changes_everything_after_and_nothing_before():
    panel = market()
    other = future.noised_panel(panel, 900, 1)
    for name in ("bars", "market"):
        for one, two in zip(getattr(panel, name), getattr(other, name), strict=True):
            assert one[:900].tobytes() == two[:900].tobytes()
            if not np.array_equal(one[900:], np.full_like(one[900:], one[900:].ravel()[0])):
                assert one[900:].tobytes() != two[900:].tobytes()
    assert (other.bars.status[900:] == 0).mean() > (panel.bars.status[900:] == 0).mean() + 0.05


def test_the_table_of_features_has_one_family_of_sums_over_coins():
    assert sum(feature.family == "crosssection" for feature in FEATURES) == 10
