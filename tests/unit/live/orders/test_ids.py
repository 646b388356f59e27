"""Ids: the same purpose has the same name, another has another, every venue takes it."""

import re

import pytest

from quorate.live.orders.ids import EPOCHS, client_id, epoch_of, intent_id

PARTS = {
    "account": "main",
    "cycle": "2026-01-01T00:05:00Z",
    "strategy": "core",
    "symbol": "BTCUSDT",
    "purpose": "entry",
    "leg": 0,
}


def test_an_intent_is_named_by_each_of_its_parts():
    names = {intent_id(**PARTS)} | {
        intent_id(**PARTS | {name: 1 if name == "leg" else "other"}) for name in PARTS
    }
    assert len(names) == 1 + len(PARTS)
    assert intent_id(**PARTS) == intent_id(**PARTS)
    moved = PARTS | {"strategy": "coreB", "symbol": "TCUSDT"}
    assert intent_id(**moved) != intent_id(**PARTS | {"strategy": "core"})


@pytest.mark.parametrize("name", sorted(set(PARTS) - {"leg"}))
def test_a_part_is_not_left_out(name):
    with pytest.raises(ValueError, match=f"the {name} of an intent is empty"):
        intent_id(**PARTS | {name: ""})


def test_a_leg_is_counted_from_0():
    with pytest.raises(ValueError, match="leg of an intent is -1"):
        intent_id(**PARTS | {"leg": -1})


def test_a_client_id_is_taken_by_every_venue():
    """36 of a set at Binance, 32 of letters and digits at OKX, 36 at Bybit."""
    for epoch in (1, 31, 32, 1024, EPOCHS - 1, EPOCHS, EPOCHS + 5):
        name = client_id(intent_id(**PARTS), epoch)
        assert re.fullmatch("q[a-z2-7]{23}", name)
        assert epoch_of(name) == epoch % EPOCHS


def test_a_client_id_follows_from_intent_and_epoch():
    assert client_id("a", 1) == client_id("a", 1)
    assert client_id("a", 1)[4:] == client_id("a", 2)[4:]
    assert client_id("a", 1) != client_id("a", 2)
    many = {client_id(intent_id(**PARTS | {"leg": leg}), 1) for leg in range(5000)}
    assert len(many) == 5000


@pytest.mark.parametrize("stranger", ["", "q", "web_1234567890123456789", "x" * 24, "q" + "1" * 23])
def test_a_strangers_id_has_no_epoch(stranger):
    assert epoch_of(stranger) is None


def test_what_has_no_name_is_refused():
    with pytest.raises(ValueError, match="the epoch is 0"):
        client_id("a", 0)
    with pytest.raises(ValueError, match="without an intent"):
        client_id("", 1)
