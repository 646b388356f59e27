"""The venues that an account can be at, by the names that the journal knows them by."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from quorate.venues.account.binance import BINANCE_FUTURES, BINANCE_SPOT
from quorate.venues.account.bybit import BYBIT_LINEAR
from quorate.venues.account.dialect import Dialect

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BINANCE_FUTURES", "BINANCE_SPOT", "BYBIT_LINEAR", "DIALECTS", "Dialect"]

DIALECTS: Final[Mapping[str, Dialect]] = MappingProxyType(
    {
        "binance_usdm": BINANCE_FUTURES,
        "binance_spot": BINANCE_SPOT,
        "bybit_linear": BYBIT_LINEAR,
    }
)
"""By the name that the journal knows a venue by."""
