"""By how much survivors flatter: returns and Sharpe ratios, and what is not defined."""

from __future__ import annotations

import numpy as np
import pytest

from quorate.statistics.ratios import sharpe
from quorate.statistics.survivors import between


def test_differences_are_of_survivors_over_everyone():
    everyone, survivors = np.array([1.1, 1.0, 1.2]), np.array([1.2, 1.1, 1.5])
    found = between(everyone, survivors)
    one = np.array([0.1, 1.0 / 1.1 - 1.0, 0.2])
    two = np.array([0.2, 1.1 / 1.2 - 1.0, 1.5 / 1.1 - 1.0])
    assert found["everyone_return"] == pytest.approx(0.2)
    assert found["survivors_return"] == pytest.approx(0.5)
    assert found["return_difference"] == pytest.approx(0.3)
    assert found["everyone_sharpe"] == pytest.approx(sharpe(one))
    assert found["survivors_sharpe"] == pytest.approx(sharpe(two))
    assert found["sharpe_difference"] == pytest.approx(sharpe(two) - sharpe(one))
    assert found["everyone_drawdown"] == pytest.approx(1.0 / 1.1 - 1.0)
    assert found["survivors_drawdown"] == pytest.approx(1.1 / 1.2 - 1.0)
    assert found["drawdown_difference"] == pytest.approx(1.1 / 1.2 - 1.0 / 1.1)


def test_what_is_not_defined_is_none():
    found = between(np.array([0.9]), np.array([1.0]))
    assert found["return_difference"] == pytest.approx(0.1)
    assert found["everyone_sharpe"] is None
    assert found["sharpe_difference"] is None
