"""Weight of a minute, a 429 until it is over, a 418 for who goes on."""

from __future__ import annotations

from quorate.exchange.meter import Meter, Verdict


def test_weight_counts_within_its_window_only():
    meter = Meter(limit=10)
    assert [meter.count(5, at).status for at in (0.0, 59.9, 60.0, 61.0, 62.0)] == [
        200,
        200,
        200,
        200,
        429,
    ]


def test_a_refusal_says_when_the_window_ends():
    meter = Meter(limit=1, window_s=60.0)
    meter.count(1, 130.0)
    assert meter.count(1, 130.2) == Verdict(429, 2, 50)
    assert meter.count(1, 179.99) == Verdict(429, 3, 1)
    assert meter.count(1, 180.0) == Verdict(200, 1)


def test_who_goes_on_against_refusals_is_banned_and_longer_each_time():
    meter = Meter(limit=1, ignored=2, ban_s=120.0)
    said = [meter.count(1, at).status for at in (0.0, 1.0, 2.0, 3.0, 4.0)]
    assert said == [200, 429, 429, 418, 418]
    assert meter.count(1, 122.9).status == 418  # 120 s from the fourth request
    assert meter.count(1, 123.1).status == 200
    assert [meter.count(1, 124.0).status for _ in range(3)] == [429, 429, 418]
    assert meter.count(1, 124.0).wait_s == 240
