"""What the run reads off a panel before its first bar."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import quorate
from quorate.api import backtests
from quorate.backtest import run as passes
from quorate.core.account import Setup


@pytest.fixture(scope="module")
def panel():
    return quorate.synthetic(n_coins=3, days=1)


@pytest.mark.parametrize(
    ("symbols", "column"),
    [
        (("BTCSTUSDT", "BTCUSDT", "ETHUSDT"), 1),
        (("BTCDOMUSDT", "ETHUSDT", "XBTUSD"), 2),
        (("ETHUSDT", "SOLUSDT", "XRPUSDT"), -1),
        (("SYN-BTC", "SYN-01", "SYN-02"), 0),
    ],
)
def test_bitcoin_is_found_by_its_base_asset(panel, symbols, column):
    assert backtests._bitcoin(dataclasses.replace(panel, symbols=symbols)) == column


def test_an_engine_without_its_data_holds_no_weight(panel):
    """Silence for want of data is not an opinion: such an engine is not eligible."""
    unknown = np.full(panel.bars.close.shape, np.nan)
    bare = dataclasses.replace(
        panel, bars=panel.bars._replace(taker_buy=unknown, basis_bps=unknown)
    )
    assert backtests._missing(panel, 0) == frozenset()
    missing = backtests._missing(bare, -1)
    assert {"taker_imbalance_1h", "basis_bps", "beta_btc"} <= missing
    engines = quorate.engines()
    params = quorate.api.configure(quorate.read_settings(), 5, -1)
    setup = Setup(panel.venues, np.full(3, -1, np.int64), np.ones(3, np.int8))
    made = passes.machine(engines, params, setup, panel.delisted_k, missing)
    healthy = dict(zip([engine.name for engine in engines], made.healthy, strict=True))
    assert healthy["taker_imbalance"] == healthy["basis_carry"] == healthy["bitcoin_lead"] == 0
    assert healthy["momentum_day"] == 1


def test_two_engines_of_one_name_are_refused(panel):
    engine = quorate.engines()[0]
    with pytest.raises(ValueError, match="different names"):
        quorate.run(panel, engines=(engine, engine))
