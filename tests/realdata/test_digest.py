"""Weeks of real perpetuals come to what they came to; ``parity/golden.py`` says how nearly."""

from __future__ import annotations

import pytest
from benchmarks.digest import LIVELY, PERPETUALS, arithmetic, left, perpetuals
from tests.parity.golden import ARITHMETIC, GOLDEN

pytestmark = pytest.mark.realdata


def test_real_perpetuals_come_to_what_they_came_to(data):
    panel = perpetuals(
        data / "ohlcv/binance_usdm/5m_2023jul", data / "funding/binance_usdm_2023jul"
    )
    found = left(panel, LIVELY)
    assert GOLDEN[PERPETUALS].far(found.figures()) == {}
    if arithmetic() == ARITHMETIC:
        assert found.digest == GOLDEN[PERPETUALS].digest
