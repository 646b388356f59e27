"""What a venue says of a key, over the flags there are, and one that nobody knows."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.venues.account.desk import BYBIT, PLACES, Place, at_desk, front_of

from quorate.live.controls.keys import SOON_MS, troubles
from quorate.venues.account.permits import binance, bybit
from quorate.venues.account.views import UnreadableError
from quorate.venues.base import Unanswered
from quorate.venues.rights import Rights

if TYPE_CHECKING:
    from quorate.venues.account.venue import CcxtVenue

pytest.importorskip("ccxt")
GOOD = {
    "ipRestrict": True,
    "createTime": 1698645219000,
    "enableReading": True,
    "enableWithdrawals": False,
    "enableInternalTransfer": False,
    "permitsUniversalTransfer": False,
    "enableFutures": True,
    "enableSpotAndMarginTrading": False,
    "enableMargin": False,
    "enableVanillaOptions": False,
}
BEYOND = [
    "enableWithdrawals",
    "enableInternalTransfer",
    "permitsUniversalTransfer",
    "enableMargin",
    "enableVanillaOptions",
    "enablePortfolioMarginTrading",
    "enableSomethingNew",
]


@pytest.fixture(params=PLACES, ids=[each.name for each in PLACES])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.param
    return found


def test_every_power_is_told_as_each_venue_says_it(place: Place) -> None:
    made = place.build()
    ((name, key),) = front_of(made).keys.items()

    async def play(desk: CcxtVenue) -> None:
        for trades, withdraws, moves, is_bound in product((True, False), repeat=4):
            front_of(made).keys[name] = key._replace(
                may_trade=trades,
                may_withdraw=withdraws,
                may_transfer=moves,
                addresses=("127.0.0.1",) if is_bound else None,
            )
            found = await desk.rights()
            assert isinstance(found, Rights)
            assert (found.may_trade, found.is_bound) == (trades, is_bound)
            words = " ".join(found.beyond).lower()
            assert ("withdraw" in words, "transfer" in words) == (withdraws, moves)
            is_fine = trades and is_bound and not withdraws and not moves
            assert (troubles(found, 0) == ()) == is_fine

    at_desk(play, made, place=place)


def test_a_revoked_key_is_no_answer(place: Place) -> None:
    async def ask(desk: CcxtVenue) -> Rights | Unanswered:
        return await desk.rights()

    found = at_desk(ask, place.build(is_revoked=True), place=place)
    assert isinstance(found, Unanswered)
    (why,) = troubles(found, 0)
    assert why.startswith("the venue refuses the key")


@pytest.mark.parametrize("power", BEYOND)
def test_a_power_that_no_desk_needs_is_beyond(power: str) -> None:
    assert binance(GOOD, "enableFutures").beyond == ()
    assert binance({**GOOD, power: True}, "enableFutures").beyond == (power,)


def test_a_key_of_the_other_kind_may_not_trade() -> None:
    assert not binance(GOOD, "enableSpotAndMarginTrading").may_trade
    assert not binance({**GOOD, "enableReading": False}, "enableFutures").may_trade


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {**GOOD, "ipRestrict": "true"},
        {**GOOD, "enableFutures": None},
        {**GOOD, "enableWithdrawals": 0},
        {**GOOD, "tradingAuthorityExpirationTime": "soon"},
        {**GOOD, "tradingAuthorityExpirationTime": True},
    ],
)
def test_what_binance_leaves_open_is_no_answer(answer: Any) -> None:
    with pytest.raises(UnreadableError):
        binance(answer, "enableFutures")


ROW = {"readOnly": 0, "ips": ["192.0.2.1"], "permissions": {"ContractTrade": ["Order", "Position"]}}


@pytest.mark.parametrize(
    "change",
    [
        {"permissions": None},
        {"permissions": {"Wallet": None}},
        {"ips": 5},
        {"expiredAt": "soon"},
    ],
)
def test_what_bybit_leaves_open_is_no_answer(change: dict[str, Any]) -> None:
    assert bybit({"result": ROW}) == Rights(may_trade=True, beyond=(), is_bound=True)
    with pytest.raises(UnreadableError):
        bybit({"result": ROW | change})
    with pytest.raises(UnreadableError):
        bybit({})


def test_bybit_s_words_are_read() -> None:
    def told(**change: Any) -> Rights:
        return bybit({"result": ROW | change})

    assert not told(readOnly=1).may_trade
    assert not told(readOnly=None).may_trade
    assert not told(permissions={"ContractTrade": ["Order"]}).may_trade
    assert not told(ips=["*"]).is_bound
    assert not told(ips=[]).is_bound
    more = ROW["permissions"] | {"Spot": ["SpotTrade"], "Earn": ["Earn"]}  # type: ignore[operator]
    assert told(permissions=more).beyond == ("Earn.Earn",)
    assert told(expiredAt="1970-01-01T00:00:00Z").until_ms is None
    assert BYBIT.name == "bybit_linear"


def test_a_key_that_ends_soon_is_not_armed_with() -> None:
    good = Rights(may_trade=True, beyond=(), is_bound=True, until_ms=SOON_MS)
    assert troubles(good, 0) == ()
    assert troubles(good, 1) == ("the key ends in 24.0 h; make a new one",)
    assert troubles(good, SOON_MS + 5)[0].startswith("the key ends in 0.0 h")
