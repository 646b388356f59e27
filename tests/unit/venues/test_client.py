"""What is read off an HTTP reply before ccxt sees it."""

from __future__ import annotations

import pytest

from quorate.errors import RateLimitError, VenueUnavailableError
from quorate.venues.client import _judged, _kinds

DATE = "Wed, 21 Oct 2026 07:27:00 GMT"
URL = "https://api.binance.com/api/v3/klines?symbol=BTCUSDT"


def judged(code, body="[]", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return _judged("binance")(code, "Reason", URL, "GET", named, body, {}, None)


@pytest.mark.parametrize("body", ["[]", "{}", ' [[1,"2"]] \n', "1700000000", '"x"', ""])
def test_a_whole_body_is_handed_on(body):
    assert judged(200, body) == body.strip()


@pytest.mark.parametrize("body", ['[[1,"2"', '{"symbols":[', "<html>sorry</html>"])
def test_a_body_that_is_no_whole_json_is_no_answer(body):
    with pytest.raises(VenueUnavailableError, match=r"/api/v3/klines: HTTP 200 .*no whole JSON"):
        judged(200, body)


@pytest.mark.parametrize("code", [400, 401, 403, 404])
def test_refusals_are_left_to_the_venues_own_table(code):
    assert judged(code, '{"code":-1121,"msg":"Invalid symbol."}')


@pytest.mark.parametrize("code", [500, 502, 503, 504, 520, 599])
def test_a_failing_server_may_answer_later(code):
    with pytest.raises(VenueUnavailableError, match=f"HTTP {code}"):
        judged(code)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"retry_after": "120"}, 120.0),
        ({"Retry_After": "Wed, 21 Oct 2026 07:28:00 GMT", "Date": DATE}, 60.0),
    ],
)
@pytest.mark.parametrize("code", [418, 429, 503])
def test_a_reply_says_how_long_to_wait(code, headers, wait_s):
    with pytest.raises((RateLimitError, VenueUnavailableError)) as caught:
        judged(code, '{"code":-1003}', **headers)
    assert caught.value.wait_s == wait_s
    assert isinstance(caught.value, RateLimitError) == (code != 503)


@pytest.mark.parametrize(("code", "wait_s"), [(429, None), (418, 120.0)])
def test_a_ban_that_does_not_say_its_length_is_a_ban(code, wait_s):
    with pytest.raises(RateLimitError) as caught:
        judged(code)
    assert caught.value.wait_s == wait_s


def test_a_403_for_asking_too_often_is_a_ban_and_another_is_a_refusal():
    for body in ('{"retCode":10018}', "403, access too frequent"):
        with pytest.raises(RateLimitError, match="HTTP 403") as caught:
            judged(403, body)
        assert caught.value.wait_s == 600.0
    assert judged(403, '{"retCode":10003}')


def test_a_future_with_a_date_is_of_its_side():
    assert _kinds("BTC/USDT:USDT-250328")[0] == "linear"
    assert _kinds("BTC/USD:BTC")[0] == "inverse"
