"""The audit over real bars with their flaws: nothing of the project knows what is to come."""

from __future__ import annotations

import pytest

import quorate

pytestmark = pytest.mark.realdata

SETS = {
    "crash": {
        "bars": "ohlcv/binance_spot/5m",
        "venue": "binance_spot",
        "kind": "spot",
        "start": "2022-11-05",
        "end": "2022-11-15",
    },
    "funding": {
        "bars": "ohlcv/binance_usdm/5m_2023jul",
        "venue": "binance_usdm",
        "kind": "perp",
        "funding": "funding/binance_usdm_2023jul",
        "end": "2023-07-14",
    },
    "dead": {
        "bars": "ohlcv/binance_spot/15m_delisted",
        "venue": "binance_spot",
        "kind": "spot",
        "start": "2022-04-25",
        "end": "2022-05-20",
    },
}


# the whole list among the heavier tests; the one with most in it always
@pytest.mark.parametrize(
    "name",
    [each if each == "funding" else pytest.param(each, marks=pytest.mark.slow) for each in SETS],
)
def test_the_project_passes_on_real_bars(name, data):
    chosen = dict(SETS[name])
    for key in ("bars", "funding"):
        if key in chosen:
            chosen[key] = data / chosen[key]
    panel = quorate.load(**chosen, accept_failed=True)
    found = quorate.audit(panel, n_cuts=16)
    assert found.findings == ()
    assert found.is_pass
    parts = {part.name: part for part in found.parts}
    assert parts["panel"].n_times >= 2
    assert parts["panel"].n_values > 10_000
    assert parts["decisions"].n_values > 1_000_000
    assert parts["engines"].n_values > 1_000_000
