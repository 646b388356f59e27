"""What the engine pushes to an account, as the frames of Binance futures' user stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quorate.exchange.binance.rows import KINDS, MODES, SIDES, STATUS, TIMES, average, plain

if TYPE_CHECKING:
    from quorate.exchange.matching.accounts import Account
    from quorate.exchange.matching.instruments import Instrument
    from quorate.exchange.matching.orders import Push


def order_frame(push: Push, instrument: Instrument) -> dict[str, Any]:
    """Return an ORDER_TRADE_UPDATE: the order as it is now and, where it traded, that trade."""
    order, seen, trade = push.order, push.seen, push.execution
    if order is None or seen is None:
        raise ValueError("the push is of no order")
    asked = order.asked
    kind = "TRADE" if trade else _execution_type(seen.status)
    filled = instrument.quantity(seen.filled)
    row: dict[str, Any] = {
        "s": asked.symbol,
        "c": asked.client_id,
        "S": SIDES[asked.side],
        "o": KINDS[asked.kind],
        "f": TIMES[asked.time_in_force],
        "q": plain(instrument.quantity(seen.quantity)),
        "p": plain(instrument.price(seen.price)),
        "ap": average(seen.quote, filled),
        "sp": "0",
        "x": kind,
        "X": STATUS.get(seen.status, seen.status),
        "i": order.order_id,
        "l": plain(instrument.quantity(trade.quantity if trade else 0)),
        "z": plain(filled),
        "L": plain(instrument.price(trade.price if trade else 0)),
        "T": push.at_ms,
        "t": trade.trade_id if trade else 0,
        "m": trade.is_maker if trade else False,
        "R": asked.is_reduce_only,
        "wt": "MARK_PRICE",
        "ot": KINDS[asked.kind],
        "ps": asked.position_side.upper(),
        "cp": asked.is_closing,
        "rp": plain(trade.realized) if trade else "0",
        "V": MODES[asked.self_trade],
    }
    if trade:
        row |= {"N": trade.fee_asset, "n": plain(trade.fee)}
    return {"e": "ORDER_TRADE_UPDATE", "E": push.at_ms, "T": push.at_ms, "o": row}


def conditional_frame(push: Push, instrument: Instrument) -> dict[str, Any]:
    """Return an ALGO_UPDATE: a conditional order as it is now."""
    order, seen = push.order, push.seen
    if order is None or seen is None:
        raise ValueError("the push is of no order")
    asked = order.asked
    return {
        "e": "ALGO_UPDATE",
        "E": push.at_ms,
        "T": push.at_ms,
        "o": {
            "caid": asked.client_id,
            "aid": order.order_id,
            "at": "CONDITIONAL",
            "o": KINDS[asked.kind],
            "s": asked.symbol,
            "S": SIDES[asked.side],
            "ps": asked.position_side.upper(),
            "f": TIMES[asked.time_in_force],
            "q": plain(instrument.quantity(seen.quantity)),
            "X": seen.status,
            "ai": str(order.triggered_id or ""),
            "ap": "0.00000",
            "aq": "0.00000",
            "act": "0",
            "tp": plain(instrument.price(order.trigger)),
            "p": plain(instrument.price(seen.price)),
            "V": MODES[asked.self_trade],
            "wt": "MARK_PRICE",
            "cp": asked.is_closing,
            "R": asked.is_reduce_only,
        },
    }


def holdings_frame(push: Push, account: Account, instrument: Instrument) -> dict[str, Any]:
    """Return an ACCOUNT_UPDATE: balances, and the positions of the symbol that changed."""
    balances = [
        {"a": asset, "wb": plain(amount), "cw": plain(amount), "bc": "0"}
        for asset, amount in sorted(account.wallet.items())
    ]
    positions = [
        {
            "s": symbol,
            "pa": plain(instrument.quantity(position.lots)),
            "ep": average(position.cost, instrument.quantity(position.lots)),
            "cr": "0",
            "up": "0",
            "mt": "cross",
            "iw": "0",
            "ps": side.upper(),
        }
        for (symbol, side), position in account.positions.items()
        if symbol == instrument.symbol
    ]
    return {
        "e": "ACCOUNT_UPDATE",
        "E": push.at_ms,
        "T": push.at_ms,
        "a": {"m": push.reason, "B": balances, "P": positions},
    }


def _execution_type(status: str) -> str:
    return {"PARTIAL": "AMENDMENT", "EXPIRED_IN_MATCH": "TRADE_PREVENTION"}.get(status, status)
