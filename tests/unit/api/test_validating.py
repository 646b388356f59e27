"""Paths of a panel are those of its labelled hours."""

from __future__ import annotations

import dataclasses

import pytest

import quorate
from quorate.errors import ConfigError


@pytest.fixture(scope="module")
def panel():
    return quorate.synthetic(n_coins=3, days=45, planted_edge=4.0)


def test_a_planted_edge_is_found_on_every_path(panel):
    seen = []
    found = quorate.cpcv(
        panel,
        models=["linear"],
        n_blocks=4,
        n_test=1,
        progress=lambda done, bars: seen.append((done, bars)),
    )
    assert seen[-1] == (panel.n_bars, panel.n_bars)
    assert found.table["brier_skill"].min() > 0.0
    assert found.table["net_bps"].min() > 0.0


def test_an_unknown_model_is_refused_before_anything_is_watched(panel):
    with pytest.raises(ConfigError, match="no model is called 'forest'"):
        quorate.cpcv(panel, models=["forest"], progress=lambda *_: pytest.fail("it watched"))


@pytest.mark.parametrize("cost", [-10.0, float("nan"), float("inf")])
def test_a_cost_that_is_none_is_refused_before_anything_is_watched(panel, cost):
    with pytest.raises(ConfigError, match="a vote costs 0 or more"):
        quorate.cpcv(panel, cost_bps=cost, progress=lambda *_: pytest.fail("it watched"))


def test_what_is_not_said_of_costs_is_the_fees_or_more(panel):
    dear = panel.venues._replace(taker_bps=panel.venues.taker_bps * 6)
    for market, bps in ((panel, 15.0), (dataclasses.replace(panel, venues=dear), 60.0)):
        found = quorate.cpcv(market, models=["linear"], n_blocks=4, n_test=1)
        assert (found.n_blocks, found.n_test, found.cost_bps) == (4, 1, bps)
