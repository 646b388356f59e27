"""Faults between a client and a venue: written beforehand, the same in every run."""

from __future__ import annotations

import pytest

from quorate.exchange.binance.signing import Request
from quorate.exchange.network import KINDS, Fault, Network, read, written

ORDER = Request("POST", "/fapi/v1/order")
TIME = Request("GET", "/fapi/v1/time")


def test_a_schedule_strikes_the_same_requests_in_every_run() -> None:
    faults = [Fault("lose_reply", "POST", chance=0.3), Fault("delay", chance=0.5, size=200)]
    runs = [
        [network.meet(ORDER, at_ms) for at_ms in range(200)]
        for network in (Network(5, faults), Network(5, faults), Network(6, faults))
    ]
    assert runs[0] == runs[1] != runs[2]
    assert 30 < sum(each.is_reply_lost for each in runs[0]) < 90


def test_a_fault_that_is_dropped_leaves_the_others_where_they_were() -> None:
    both = [Fault("delay", chance=0.5, size=7), Fault("cut", "POST", chance=0.5)]
    full, part = Network(1, both), Network(1, both[:1])
    seen = [(full.meet(ORDER, 0), part.meet(ORDER, 0)) for _ in range(50)]
    assert all(one.there_ms == other.there_ms for one, other in seen)
    assert not any(other.is_cut for _, other in seen)


def test_a_fault_knows_its_endpoint_and_its_time() -> None:
    network = Network(faults=[Fault("unresolved", "order", first_ms=10, last_ms=20)])
    struck = [network.meet(ORDER, at_ms).is_unresolved for at_ms in (9, 10, 19, 20)]
    assert struck == [False, True, True, False]
    assert not network.meet(TIME, 10).is_unresolved
    assert network.met == {"unresolved": 2}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_changes_its_delivery(kind: str) -> None:
    fault = Fault(kind, size=3)  # type: ignore[arg-type]
    assert Network(2, [fault]).meet(ORDER, 0) != Network(2).meet(ORDER, 0)
    assert read(written([fault])) == (fault,)
