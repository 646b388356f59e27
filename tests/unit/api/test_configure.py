"""What an account may open with."""

from __future__ import annotations

import pytest

from quorate.api import read_settings
from quorate.api.configure import configure
from quorate.errors import ConfigError


@pytest.mark.parametrize("equity", ["0", "-5", "1e-9", "1e12", "10000000001"])
def test_an_equity_that_money_cannot_hold_is_refused(equity):
    with pytest.raises(ConfigError, match=r"account\.equity_usd is .*outside \(0, 1e10\]\n  next:"):
        configure(read_settings(overrides={"account.equity_usd": equity}), 5)


@pytest.mark.parametrize("equity", ["1e-8", "1", "1e10"])
def test_any_other_is_taken(equity):
    configure(read_settings(overrides={"account.equity_usd": equity}), 5)
