"""The endpoints of what an account of Binance futures holds and how it is set."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from quorate.exchange.binance.asking import RefusedError, chosen, given, span, whole
from quorate.exchange.binance.calls import is_within, known
from quorate.exchange.binance.rows import income_row, plain, position_rows
from quorate.exchange.matching import margin

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.exchange.binance.calls import Call
    from quorate.exchange.matching.exchange import Exchange
    from quorate.exchange.matching.instruments import Instrument


class Holding:
    """What is asked of an account.

    Parameters
    ----------
    exchange : Exchange
        The engine.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.endpoints: dict[str, Callable[[Call], object]] = {
            "POST /fapi/v1/countdownCancelAll": self._count_down,
            "GET /fapi/v3/account": self._account,
            "GET /fapi/v3/balance": self._balance,
            "GET /fapi/v3/positionRisk": self._positions,
            "GET /fapi/v1/leverageBracket": self._brackets,
            "GET /fapi/v1/commissionRate": self._fees,
            "GET /fapi/v1/income": self._income,
            "GET /fapi/v1/symbolConfig": self._settings,
            "POST /fapi/v1/leverage": self._set_leverage,
            "POST /fapi/v1/marginType": self._set_margin_type,
            "GET /fapi/v1/positionSide/dual": self._mode,
            "POST /fapi/v1/positionSide/dual": self._set_mode,
            "GET /sapi/v1/account/apiRestrictions": self._restrictions,
        }

    @property
    def _now_ms(self) -> int:
        return self._exchange.state.now_ms

    def _count_down(self, call: Call) -> object:
        in_ms = whole(call.query, "countdownTime")
        if in_ms is None:
            raise RefusedError(-1102, "Mandatory parameter 'countdownTime' was not sent.")
        _instrument(self._exchange, call)
        self._exchange.count_down(call.account.name, call.of_symbol, in_ms)
        return {"symbol": call.of_symbol, "countdownTime": str(in_ms)}

    def _account(self, call: Call) -> object:
        state = self._exchange.state
        wallet = call.account.wallet.get("USDT", Decimal(0))
        gain = margin.unrealised(call.account, state.instruments, state.mark)
        return {
            "totalWalletBalance": plain(wallet),
            "totalUnrealizedProfit": plain(gain),
            "totalMarginBalance": plain(wallet + gain),
            "availableBalance": plain(self._exchange.available(call.account.name)),
            "assets": self._balance(call),
            "positions": position_rows(state, call.account, self._now_ms - call.lags.positions),
        }

    def _balance(self, call: Call) -> list[dict[str, Any]]:
        free = plain(max(self._exchange.available(call.account.name), Decimal(0)))
        return [
            {
                "asset": asset,
                "walletBalance": plain(amount),
                "balance": plain(amount),
                "crossWalletBalance": plain(amount),
                "availableBalance": free if asset == "USDT" else plain(amount),
                "marginBalance": plain(amount),
                "maxWithdrawAmount": free if asset == "USDT" else plain(amount),
                "updateTime": self._now_ms,
            }
            for asset, amount in sorted(call.account.wallet.items())
        ]

    def _positions(self, call: Call) -> object:
        rows = position_rows(self._exchange.state, call.account, self._now_ms - call.lags.positions)
        symbol = call.query.get("symbol")
        return [each for each in rows if symbol in {None, each["symbol"]}]

    def _brackets(self, call: Call) -> object:
        wanted = call.query.get("symbol")
        return [
            {
                "symbol": each.symbol,
                "notionalCoef": 1.0,
                "brackets": [
                    {
                        "bracket": number,
                        "initialLeverage": tier.max_leverage,
                        "notionalCap": plain(tier.top),
                        "notionalFloor": plain(before),
                        "maintMarginRatio": plain(tier.rate),
                        "cum": plain(tier.deducted),
                    }
                    for number, (tier, before) in enumerate(
                        zip(each.tiers, [Decimal(0), *(t.top for t in each.tiers)], strict=False), 1
                    )
                ],
            }
            for each in self._exchange.state.instruments.values()
            if wanted in {None, each.symbol}
        ]

    def _fees(self, call: Call) -> object:
        instrument = _instrument(self._exchange, call)
        return {
            "symbol": call.of_symbol,
            "makerCommissionRate": plain(instrument.maker_fee),
            "takerCommissionRate": plain(instrument.taker_fee),
        }

    def _income(self, call: Call) -> object:
        within = span(call.query, 100, 1000)
        wanted = call.query.get("incomeType")
        rows = [
            income_row(each)
            for each in call.account.income
            if wanted in {None, each.kind}
            and call.query.get("symbol") in {None, each.symbol}
            and is_within(each.at_ms, within.start_ms, within.end_ms)
        ]
        return rows[: within.limit] if within.start_ms is not None else rows[-within.limit :]

    def _settings(self, call: Call) -> object:
        held = call.account.leverage
        return [
            {
                "symbol": symbol,
                "marginType": "CROSSED",
                "isAutoAddMargin": False,
                "leverage": held.get(symbol, margin.DEFAULT_LEVERAGE),
                "maxNotionalValue": "1000000",
            }
            for symbol in self._exchange.state.markets
            if call.query.get("symbol") in {None, symbol}
        ]

    def _set_leverage(self, call: Call) -> object:
        times = whole(call.query, "leverage")
        known(self._exchange.set_leverage(call.account.name, call.of_symbol, times or 0))
        return {"symbol": call.of_symbol, "leverage": times, "maxNotionalValue": "1000000"}

    def _set_margin_type(self, call: Call) -> object:
        word = chosen(
            call.query, "marginType", {"CROSSED": "cross", "ISOLATED": "isolated"}, "CROSSED"
        )
        if word == "cross":
            raise RefusedError(-4046, "No need to change margin type.")
        raise RefusedError(-4168, "Unable to adjust to isolated-margin mode here.")

    def _mode(self, call: Call) -> object:
        return {"dualSidePosition": call.account.is_hedged}

    def _set_mode(self, call: Call) -> object:
        word = given(call.query, "dualSidePosition").lower()
        known(self._exchange.set_hedged(call.account.name, is_hedged=word == "true"))
        return {"code": 200, "msg": "success"}

    def _restrictions(self, call: Call) -> object:
        key = call.key
        return {
            "ipRestrict": key.addresses is not None,
            "createTime": 0,
            "enableReading": key.may_read,
            "enableWithdrawals": key.may_withdraw,
            "enableInternalTransfer": key.may_transfer,
            "permitsUniversalTransfer": key.may_transfer,
            "enableFutures": key.may_trade,
            "enableSpotAndMarginTrading": key.may_trade,
            "enableMargin": False,
            "enableVanillaOptions": False,
        }


def _instrument(exchange: Exchange, call: Call) -> Instrument:
    """Return the instrument that a request names."""
    found = exchange.state.markets.get(call.of_symbol)
    if found is None:
        raise RefusedError(-1121, "Invalid symbol.")
    return found.instrument
