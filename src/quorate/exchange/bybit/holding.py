"""The endpoints of what an account of Bybit holds and how it is set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from quorate.exchange.bybit.asking import chosen, given, linear, page, whole
from quorate.exchange.bybit.codes import RetCodeError, known
from quorate.exchange.bybit.rows import plain, position_row, wallet_row
from quorate.exchange.matching import margin

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.exchange.bybit.asking import Call
    from quorate.exchange.matching.exchange import Exchange
    from quorate.exchange.matching.orders import PositionSide

_LEAST_WINDOW_S: Final = 3
_MOST_WINDOW_S: Final = 300


class Holding:
    """What is asked of an account.

    Parameters
    ----------
    exchange : Exchange
        The engine.

    Notes
    -----
    ``windows_ms`` has, by account, how long its private websockets may be gone before all its
    orders are taken back (Bybit's "disconnected cancel all"); missing: for ever.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.windows_ms: dict[str, int] = {}
        self.endpoints: dict[str, Callable[[Call], dict[str, Any]]] = {
            "GET /v5/position/list": self._positions,
            "POST /v5/position/set-leverage": self._set_leverage,
            "POST /v5/position/switch-mode": self._set_mode,
            "GET /v5/account/wallet-balance": self._wallet,
            "GET /v5/account/info": self._info,
            "POST /v5/account/set-margin-mode": self._set_margin_mode,
            "GET /v5/account/fee-rate": self._fees,
            "GET /v5/user/query-api": self._rights,
            "GET /v5/asset/coin/query-info": self._coins,
            "POST /v5/order/disconnected-cancel-all": self._count_down,
        }

    @property
    def _now_ms(self) -> int:
        return self._exchange.state.now_ms

    def _positions(self, call: Call) -> dict[str, Any]:
        linear(call.query)
        state, owner = self._exchange.state, call.account
        at_ms = self._now_ms - call.lags.positions
        symbol = call.query.get("symbol")
        if symbol:
            self._symbol(call)
            sides: tuple[PositionSide, ...] = ("long", "short") if owner.is_hedged else ("both",)
            rows = [position_row(state, owner, symbol, side, at_ms) for side in sides]
            return {"category": "linear", "list": rows, "nextPageCursor": ""}
        given(call.query, "settleCoin")
        held = [
            position_row(state, owner, name, side, at_ms)
            for (name, side), position in owner.positions.items()
            if position.seen(at_ms)[0]
        ]
        found, cursor = page(list(enumerate(held, 1)), call.query, 20, 200)
        return {"category": "linear", "list": found, "nextPageCursor": cursor}

    def _set_leverage(self, call: Call) -> dict[str, Any]:
        linear(call.query)
        symbol = self._symbol(call)
        buy, sell = given(call.query, "buyLeverage"), given(call.query, "sellLeverage")
        if buy != sell:
            raise RetCodeError(10001, "params error: leverages of both sides must be equal")
        times = whole(call.query, "buyLeverage") or 0
        if call.account.leverage.get(symbol, margin.DEFAULT_LEVERAGE) == times:
            raise RetCodeError(110043, "leverage not modified")
        known(self._exchange.set_leverage(call.account.name, symbol, times))
        return {}

    def _set_mode(self, call: Call) -> dict[str, Any]:
        linear(call.query)
        is_hedged: bool = chosen(call.query, "mode", {"0": False, "3": True}, "")
        known(self._exchange.set_hedged(call.account.name, is_hedged=is_hedged))
        return {}

    def _wallet(self, call: Call) -> dict[str, Any]:
        if given(call.query, "accountType") != "UNIFIED":
            raise RetCodeError(10001, "accountType only support UNIFIED.")
        at_ms = self._now_ms - call.lags.positions
        return {"list": [wallet_row(self._exchange.state, call.account, at_ms)]}

    def _info(self, call: Call) -> dict[str, Any]:
        is_armed = call.account.name in self.windows_ms
        return {
            "marginMode": "REGULAR_MARGIN",
            "unifiedMarginStatus": 6,
            "dcpStatus": "ON" if is_armed else "OFF",
            "timeWindow": self.windows_ms.get(call.account.name, 0) // 1000,
            "updatedTime": str(self._now_ms),
            "isMasterTrader": False,
        }

    def _set_margin_mode(self, call: Call) -> dict[str, Any]:
        if given(call.query, "setMarginMode") != "REGULAR_MARGIN":
            raise RetCodeError(3400045, "Set margin mode failed")
        return {"reasons": []}

    def _fees(self, call: Call) -> dict[str, Any]:
        linear(call.query)
        return {
            "list": [
                {
                    "symbol": each.symbol,
                    "makerFeeRate": plain(each.maker_fee),
                    "takerFeeRate": plain(each.taker_fee),
                }
                for each in self._exchange.state.instruments.values()
                if call.query.get("symbol") in {None, "", each.symbol}
            ]
        }

    def _rights(self, call: Call) -> dict[str, Any]:
        key = call.key
        trades = ["Order", "Position"] if key.may_trade else []
        wallet = ["AccountTransfer"] * key.may_transfer + ["Withdraw"] * key.may_withdraw
        return {
            "apiKey": key.name,
            "readOnly": int(not key.may_trade),
            "permissions": {"ContractTrade": trades, "Wallet": wallet},
            "ips": ["*"] if key.addresses is None else list(key.addresses),
            "unified": 0,
            "uta": 1,
        }

    def _coins(self, call: Call) -> dict[str, Any]:
        """Say that nothing can be paid in or out here: clients ask before they list anything."""
        known_coins = [
            each for each in call.account.wallet if call.query.get("coin") in {None, each}
        ]
        return {"rows": [{"coin": each, "name": each, "chains": []} for each in known_coins]}

    def _count_down(self, call: Call) -> dict[str, Any]:
        window_s = whole(call.query, "timeWindow") or 0
        if not _LEAST_WINDOW_S <= window_s <= _MOST_WINDOW_S:
            raise RetCodeError(10001, f"params error: timeWindow {window_s} is not in 3 to 300")
        self.windows_ms[call.account.name] = window_s * 1000
        return {}

    def _symbol(self, call: Call) -> str:
        symbol = given(call.query, "symbol")
        if symbol not in self._exchange.state.markets:
            raise RetCodeError(10001, "params error: symbol invalid")
        return symbol
