"""Paths of a panel are those of its labelled hours."""

from __future__ import annotations

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
