import math

import pytest

from quorate.core.consensus import params
from quorate.core.consensus.edge import confidence, edge_bps


def test_edge_scales_with_score_volatility_and_root_horizon():
    expected = 0.80 * 0.2 * 0.03 * math.sqrt(4 / 24) * 1e4
    for minutes in (1, 5, 60):
        assert edge_bps(0.2, 0.03, params(minutes)) == pytest.approx(expected)
    assert edge_bps(-0.2, 0.03, params()) == pytest.approx(expected)
    assert edge_bps(0.2, 0.03, params(horizon_hours=16.0)) == pytest.approx(2.0 * expected)
    assert edge_bps(0.2, 0.03, params(edge_slope=0.4)) == pytest.approx(expected / 2.0)


def test_unknown_volatility_is_an_unknown_edge():
    assert math.isnan(edge_bps(0.2, float("nan"), params()))


def test_confidence_rises_from_its_floor():
    given = params()
    assert confidence(0.0, given) == confidence(60.0, given) == 0.25
    assert confidence(200.0, given) == 0.5
    assert confidence(1800.0, given) == pytest.approx(0.9)
