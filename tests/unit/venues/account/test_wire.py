"""ccxt's instances: each its own, though their class describes itself once."""

from __future__ import annotations

import pytest
from tests.unit.venues.account.desk import BINANCE

from quorate.errors import VenueUnavailableError
from quorate.exchange.network import Fault, Network
from quorate.exchange.session import Session
from quorate.exchange.virtual import VirtualLoop, run_virtually
from quorate.venues.account.dialects import DIALECTS
from quorate.venues.account.venue import CcxtVenue
from quorate.venues.account.wire import instances

ccxt_pro = pytest.importorskip("ccxt.pro")


@pytest.mark.parametrize("venue", sorted(DIALECTS))
def test_what_one_instance_is_told_the_others_do_not_know(venue: str) -> None:
    dialect = DIALECTS[venue]
    keys = {"apiKey": "key", "secret": "secret"}
    pointed = instances(dialect, keys, url="http://127.0.0.1:1")
    pointed.data.options["seen"] = True
    pointed.data.has["seen"] = True
    usual = instances(dialect, keys)
    plain = getattr(ccxt_pro, dialect.ccxt)()
    assert usual.data.urls["api"] == plain.urls["api"]
    assert "127.0.0.1" in str(pointed.trade.urls["api"])
    assert "seen" not in {**usual.data.options, **usual.data.has, **pointed.trade.options}
    pings = [each.describe()["streaming"].get("ping") for each in (usual.data, plain)]
    assert getattr(pings[0], "__self__", usual.data) is usual.data
    assert getattr(pings[0], "__func__", None) is getattr(pings[1], "__func__", None)
    told = [each.describe() for each in (usual.data, plain)]
    for each in told:
        each["streaming"].pop("ping", None)
    assert told[0] == told[1]
    assert (usual.data.id, str(usual.data)) == (plain.id, str(plain))


def test_a_list_of_contracts_that_is_empty_is_no_answer_and_is_asked_for_again() -> None:
    network = Network(faults=[Fault("empty")])
    hosts = dict.fromkeys(BINANCE.hosts, BINANCE.build())
    keys = {"apiKey": "key", "secret": "secret"}

    async def main() -> bool:
        made = instances(BINANCE.dialect, keys, session=lambda: Session(hosts, network))
        venue = CcxtVenue(BINANCE.name, BINANCE.dialect, made, lambda: 0)
        try:
            with pytest.raises(VenueUnavailableError, match="its list is empty"):
                await venue.open()
            network.faults = ()
            await venue.open()
            return BINANCE.symbol in made.trade.markets
        finally:
            await venue.close()

    assert run_virtually(main(), VirtualLoop(1_700_006_400_000))
