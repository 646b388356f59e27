"""A facade on a real socket, its log, and the faults on the wire."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request

import pytest
from tests.unit.exchange.binance.test_public import listing

from quorate.exchange.binance.public import Binance
from quorate.exchange.script import Fault, Script
from quorate.exchange.serving import Asked, served


def get(url, timeout=10):
    with urllib.request.urlopen(url, timeout=timeout) as reply:  # noqa: S310  (on loopback)
        return reply.status, dict(reply.headers), reply.read()


@pytest.fixture
def facade():
    return Binance(listing(), listing())


def test_it_answers_and_writes_down_what_was_asked(facade):
    with served(facade) as server:
        status, headers, body = get(
            f"{server.url}/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=2"
        )
        assert status == 200
        assert len(json.loads(body)) == 2
        assert headers["X-MBX-USED-WEIGHT-1M"] == "2"
        with pytest.raises(urllib.error.HTTPError) as refused:
            get(f"{server.url}/api/v3/klines?symbol=NOPE&interval=1h")
        assert json.loads(refused.value.read())["code"] == -1121
        refused.value.close()
    assert server.log == [
        Asked("/api/v3/klines", {"symbol": "BTCUSDT", "interval": "1h", "limit": "2"}, 200),
        Asked("/api/v3/klines", {"symbol": "NOPE", "interval": "1h"}, 400),
    ]
    assert server.n_asked("klines") == 2


def test_it_is_gone_when_the_block_ends(facade):
    with served(facade) as server:
        pass
    with pytest.raises(urllib.error.URLError):
        get(f"{server.url}/api/v3/time")


def test_statuses_with_a_time_to_wait(facade):
    script = Script(Fault("time", "status", size=429, wait_s=7))
    with served(facade, script) as server:
        with pytest.raises(urllib.error.HTTPError) as refused:
            get(f"{server.url}/api/v3/time")
        assert (refused.value.code, refused.value.headers["Retry-After"]) == (429, "7")
        refused.value.close()
        assert get(f"{server.url}/api/v3/time")[0] == 200


def test_a_cut_ends_within_the_body_and_a_refusal_before_it(facade):
    script = Script(Fault("exchangeInfo", "cut"), Fault("time", "refuse"))
    with served(facade, script) as server:
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            get(f"{server.url}/api/v3/exchangeInfo")
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            get(f"{server.url}/api/v3/time")
    assert [asked.status for asked in server.log] == [0, 0]


def test_a_stall_says_nothing_and_holds_nobody_up(facade):
    script = Script(Fault("time", "stall", size=60))
    begun = time.monotonic()
    with served(facade, script) as server:
        with pytest.raises(TimeoutError):
            get(f"{server.url}/api/v3/time", timeout=0.3)
        assert get(f"{server.url}/api/v3/ping")[0] == 200
    assert time.monotonic() - begun < 10


def test_half_of_the_json_under_a_good_status(facade):
    with served(facade, Script(Fault("time", "garble"))) as server:
        status, _, body = get(f"{server.url}/api/v3/time")
    assert status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)
