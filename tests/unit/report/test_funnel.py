"""The funnel narrows from all bars to an order, and loses every bar exactly once."""

from itertools import pairwise
from types import SimpleNamespace

import pytest

from quorate.core.types import Reason
from quorate.report.funnel import GATES, ORDERED, funnel

SPOT = {
    "NO_DATA": 50,
    "WARMUP": 50,
    "NO_APPROVED_ENGINE": 100,
    "NO_QUORUM": 600,
    "BELOW_THRESHOLD": 100,
    "SHORT_NOT_ALLOWED": 40,
    "EDGE_BELOW_COST": 60,
}
TRADED = {
    "NO_QUORUM": 500,
    "EDGE_BELOW_COST": 100,
    "CAP_COIN": 10,
    "BELOW_CHANGE": 20,
    "ENTRY": 30,
    "REBALANCE": 5,
    "HOLDING": 300,
    "EXIT_TIME": 25,
    "EXIT_STOP": 5,
}


def steps_of(counts):
    return funnel(SimpleNamespace(metrics={"reasons": counts}))


def left(step):
    return int(step.left.replace(",", ""))


def test_every_reason_stops_at_one_gate_or_is_an_order():
    stopped = [reason for gate in GATES for reason in gate.stopped]
    assert sorted([*stopped, *ORDERED]) == sorted(Reason)


@pytest.mark.parametrize("counts", [SPOT, TRADED, SPOT | TRADED, {"ENTRY": 3}])
def test_what_is_left_at_the_end_is_what_was_ordered(counts):
    steps = steps_of(counts)
    assert left(steps[0]) == sum(counts.values())
    assert left(steps[-1]) == counts.get("ENTRY", 0) + counts.get("REBALANCE", 0)
    for above, below in pairwise(steps):
        assert left(above) - int(below.lost.replace(",", "")) == left(below)


def test_the_share_lost_is_of_those_that_came():
    steps = {step.name: step for step in steps_of(SPOT)}
    assert steps["a quorum"].share == "75.0%"  # 600 of the 800 that data and approval left
    assert steps["a side that a venue takes"].share == "40.0%"
    assert steps["an edge above cost and margin"].share == "100.0%"
    assert steps["room under risk and caps: an order"].share == "–"


def test_the_gates_that_always_count_are_shown_and_the_others_where_they_stopped_one():
    names = [step.name for step in steps_of({"ENTRY": 3})]
    assert names == ["bars of a coin", *(gate.name for gate in GATES if gate.is_always)]
    steps = {step.name: step for step in steps_of(TRADED)}
    assert steps["not a position that was kept, closed or cut"].lost == "330"
    assert steps["room under risk and caps: an order"].why == "below change, cap coin"


def test_a_reason_of_a_later_version_has_a_step_of_its_own():
    steps = {step.name: step for step in steps_of({"FROM_LATER": 7, "ENTRY": 1})}
    assert steps["no reason of a later version"].why == "from later"
    assert left(list(steps.values())[-1]) == 1


def test_without_a_count_there_is_no_funnel():
    assert steps_of({}) == []
