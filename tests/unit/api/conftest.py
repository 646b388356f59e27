"""A run that trades, for the tests of what one can ask of a run; ``where``: both databases."""

from __future__ import annotations

import pytest
from tests.made_stores import copied
from tests.unit.store.conftest import where

import quorate

__all__ = ["where"]

LIVELY = {
    # every probability a little surer and every cost a little smaller, so that it trades early
    "consensus.edge_slope": "4",
    "consensus.prior_mass": "20",
    "consensus.k": "0.5",
    "consensus.quorum": "0",
    "costs.safety_margin_bps": "0",
    "risk.horizon_hours": "2",
    "risk.stop_sigmas": "0.7",
    "risk.base_multiplier": "1",
}


@pytest.fixture(scope="session", autouse=True)
def _stores(tmp_path_factory):
    with copied(tmp_path_factory.mktemp("made")):
        yield


@pytest.fixture(scope="session")
def traded(tmp_path_factory):
    """Return a run of 5 coins and 18 days, booked and written, and its folder of runs."""
    out = tmp_path_factory.mktemp("runs")
    panel = quorate.synthetic(n_coins=5, days=18, planted_edge=4.0)
    return quorate.run(panel, quorate.read_settings(overrides=LIVELY), out=out), out
