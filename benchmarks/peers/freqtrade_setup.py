"""What the freqtrade scripts share: a configuration, and an exchange whose markets are given.

freqtrade asks its exchange for the markets when it starts; here they are given, so that it runs
without a network. Nothing that is measured is replaced.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from freqtrade.enums import CandleType, RunMode
from freqtrade.exchange.exchange import Exchange
from panel import CASH, FEE, SLIPPAGE, home

if TYPE_CHECKING:
    from collections.abc import Iterator

NEVER = 1 << 60


def quiet() -> None:
    """Say nothing but errors."""
    logging.disable(logging.CRITICAL)


def pairs(names: list[str]) -> list[str]:
    """Return the pairs' names as freqtrade spells them."""
    return [f"{name}/USDT" for name in names]


def config(
    folder: str, strategy: str, source: str, traded: list[str], stake: float
) -> dict[str, Any]:
    """Return a configuration in a folder of its own, with the strategy's source written there."""
    user = home() / "freqtrade" / folder
    for name in ("data", "strategies", "backtest_results", "hyperopt_results"):
        (user / name).mkdir(parents=True, exist_ok=True)
    (user / "strategies" / f"{strategy.lower()}.py").write_text(source, encoding="utf-8")
    pricing = {"price_side": "other", "use_order_book": False, "order_book_top": 1}
    orders = {"entry": "market", "exit": "market", "stoploss": "market"}
    return {
        "stake_currency": "USDT",
        "stake_amount": stake,
        "dry_run": True,
        "dry_run_wallet": CASH,
        "max_open_trades": len(traded),
        "timeframe": "5m",
        "strategy": strategy,
        "strategy_path": str(user / "strategies"),
        "user_data_dir": user,
        "datadir": user / "data",
        "exportdirectory": user / "backtest_results",
        "exchange": {"name": "binance", "pair_whitelist": traded, "pair_blacklist": []},
        "pairlists": [{"method": "StaticPairList"}],
        "entry_pricing": pricing,
        "exit_pricing": pricing,
        "order_types": orders | {"stoploss_on_exchange": False},
        "fee": FEE + SLIPPAGE,
        "runmode": RunMode.BACKTEST,
        "trading_mode": "spot",
        "candle_type_def": CandleType.SPOT,
        "dataformat_ohlcv": "feather",
        "dataformat_trades": "feather",
        "export": "none",
        "disableparamexport": True,
        "verbosity": 0,
    }


@contextlib.contextmanager
def markets(traded: list[str]) -> Iterator[None]:
    """Give every exchange these spot markets."""
    known = {pair: _market(pair) for pair in traded}

    def given(self: Exchange, *_: Any, **__: Any) -> None:
        self._markets = known
        self._last_markets_refresh = NEVER

    def accept(*_: Any) -> None:
        pass

    with (
        patch.object(Exchange, "reload_markets", given),
        patch.object(Exchange, "validate_timeframes", accept),
        patch.object(Exchange, "validate_config", accept),
    ):
        yield


def _market(pair: str) -> dict[str, Any]:
    base = pair.partition("/")[0]
    unbounded = {"min": None, "max": None}
    limits = {
        "amount": {"min": 1e-6, "max": 1e12},
        "price": unbounded,
        "cost": {"min": 1e-3, "max": None},
        "leverage": unbounded,
    }
    return {
        "id": f"{base}USDT",
        "symbol": pair,
        "base": base,
        "quote": "USDT",
        "active": True,
        "spot": True,
        "swap": False,
        "linear": None,
        "type": "spot",
        "contract": False,
        "precision": {"amount": 1e-6, "price": 1e-4, "base": 1e-8, "quote": 1e-8},
        "limits": limits,
        "taker": FEE,
        "maker": FEE,
        "info": {},
    }
