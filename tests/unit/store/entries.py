"""Texts for a journal: intents, trades and plain events, as short as the store needs them."""

from quorate.records import canonical_json


def plain(number=1, kind="status_seen", **more):
    return canonical_json({"kind": kind, "at_ms": number} | more)


def intent(name="i1", client="c1", venue="v", **more):
    values = {
        "kind": "intended",
        "at_ms": 1,
        "intent_id": name,
        "client_id": client,
        "venue": venue,
        "symbol": "BTCUSDT",
        "side": "buy",
        "quantity": "0.1",
    }
    return canonical_json(values | more)


def trade(trade_id="t1", name="i1", venue="v", symbol="BTCUSDT", **more):
    values = {
        "kind": "filled",
        "at_ms": 2,
        "intent_id": name,
        "venue": venue,
        "symbol": symbol,
        "trade_id": trade_id,
        "side": "buy",
        "price": "100.5",
        "quantity": "0.1",
        "fee": "0.01",
        "fee_asset": "USDT",
    }
    return canonical_json(values | more)
