"""What a run refuses before its first bar."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import quorate
from quorate.errors import ConfigError


@pytest.fixture(scope="module")
def panel():
    return quorate.synthetic(n_coins=3, days=1)


def test_an_opening_that_the_quote_currency_cannot_hold_is_refused(panel):
    cheap = dataclasses.replace(panel, quote_usd=np.full(panel.n_bars, 1e-6))
    settings = quorate.read_settings(overrides={"account.equity_usd": "1e9"})
    with pytest.raises(ConfigError, match=r"in quote currency is 1e\+15, outside"):
        quorate.run(cheap, settings)


def test_two_engines_of_one_name_are_refused(panel):
    engine = quorate.engines()[0]
    with pytest.raises(ValueError, match="different names"):
        quorate.run(panel, engines=(engine, engine))
