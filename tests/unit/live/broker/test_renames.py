"""A contract that is rescaled or renamed: what the book says of it is not believed any more."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.unit.exchange.binance.client import BTC
from tests.unit.live.broker.test_broker import KEY, Scene, armed, order, played, same

from quorate.hands import Verb, Word
from quorate.live.controls.facts import Control
from quorate.live.heed import heed
from quorate.venues.account.venue import CcxtVenue

if TYPE_CHECKING:
    from pathlib import Path

    from quorate.live.broker.broker import Broker
    from quorate.venues.base import Grid

pytest.importorskip("ccxt")


async def refused(broker: Broker) -> None:
    """See that the symbol cannot be entered, and nothing leaves."""
    assert BTC in broker.standing.blocked
    (answer,) = await broker.submit([order(broker, 1)])
    assert answer.refusal is not None
    assert answer.refusal.control is Control.STATE


def test_a_contract_that_is_rescaled_blocks_its_symbol(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        await broker.submit([order(broker, price="100.4")])
        await broker.compare()
        held = scene.account.positions[("BTCUSDT", "both")]
        held.lots *= 1000  # a thousand of the new for one of the old, and no trade tells of it
        held.keep(scene.exchange.exchange.state.now_ms)
        swept = await broker.compare()
        assert swept.moved == ((BTC, Decimal("99.900")),)
        assert broker.desk.book.positions[KEY] == Decimal(100)
        assert BTC in broker.standing.blocked
        await refused(broker)
        same(broker, scene)
        await broker.close()
        broker = await scene.begin()
        assert BTC in broker.standing.blocked, "a restart forgets nothing"
        await broker.close()

    played(tmp_path, play)


@pytest.mark.parametrize("said", ["1000BTCUSDT 1000BTC 1.0", "BTCUSDT BTC 1000.0"])
def test_what_a_symbol_was_called_is_in_the_journal_and_another_name_blocks_it(
    tmp_path: Path, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is held, nothing moves, and the names are read anew by each life."""

    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        await broker.compare()
        assert broker.standing.listed == {BTC: "BTCUSDT BTC 1"}
        await broker.close()
        real = CcxtVenue.grid

        def grid(self: CcxtVenue, symbol: str) -> Grid:
            return replace(real(self, symbol), listed=said)

        monkeypatch.setattr(CcxtVenue, "grid", grid)
        n_pages = len(scene.pages)
        broker = await scene.begin()
        why = f"the venue lists {said}, it was BTCUSDT BTC 1"
        assert broker.standing.blocked == {BTC: why}
        assert sum(why in each for each in scene.pages[n_pages:]) == 1
        await broker.compare()
        assert sum(why in each for each in scene.pages[n_pages:]) == 1, "once"
        word = Word(verb=Verb.ARM, by="ann", why="one is a thousand now", at_ms=0)
        fine = {"n_differences": 0, "key_troubles": (), "now_ms": broker.tools.now_ms()}
        await broker.obey(heed(broker.standing, [word], **fine).standing)
        await broker.compare()
        assert broker.standing.listed == {BTC: said}, "whoever arms takes the new name over"
        assert not broker.standing.blocked
        assert "one is a thousand now" in broker.desk.book.standing
        await broker.close()

    played(tmp_path, play)


def test_a_contract_that_is_renamed_is_entered_no_more(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        await broker.submit([order(broker, price="100.4")])
        await broker.compare()
        state = scene.exchange.exchange.state
        market = state.markets.pop("BTCUSDT")
        market.instrument = market.instrument._replace(symbol="1000BTCUSDT", base="1000BTC")
        state.markets["1000BTCUSDT"] = market
        held = scene.account.positions
        held[("1000BTCUSDT", "both")] = held.pop(("BTCUSDT", "both"))
        swept = await broker.compare()
        assert swept.moved == ((BTC, Decimal("-0.100")),)
        assert len(scene.pages) == 1
        await refused(broker)
        await broker.close()

    played(tmp_path, play)
