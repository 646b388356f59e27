"""What an engine may remember in is seen, wherever it lies; clocks and dice are named."""

from __future__ import annotations

import functools
import os
import random
import sys
import time
from datetime import date, datetime

import numpy as np
import pytest

from quorate.api.auditing import watch


class Model:
    """One that has a state."""

    __slots__ = ("n", "seen")

    def __init__(self):
        self.n, self.seen = 0, {}

    def vote(self, rows):
        self.n += 1
        self.seen[self.n] = rows

    __call__ = vote


class Nested:
    def __init__(self):
        self.inner = [np.zeros(3)]

    def __call__(self, _rows):
        self.inner[0][1] += 1.0


_TABLE = {"a": 1}


def inner(_rows):
    _TABLE["a"] += 1


def outer(rows):
    return inner(rows)


def counted():
    n = 0

    def count(_rows):
        nonlocal n
        n += 1

    return count


def dice():
    generator = np.random.default_rng(3)
    return lambda _rows: generator.normal()


def partial():
    def add(held, rows):
        held.append(rows)

    return functools.partial(add, [])


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (counted(), "closure n"),
        (dice(), "closure generator"),
        (outer, "global _TABLE"),
        (Model(), "attributes of Model"),
        (Model().vote, "self of vote"),
        (Nested(), "attributes of Nested"),
        (partial(), "arguments of partial"),
    ],
)
def test_what_a_call_changes_is_named(function, name):
    before = watch.reachable(function)
    assert watch.reachable(function) == before  # looking changes nothing
    function(1)
    after = watch.reachable(function)
    assert [each for each in after if before[each] != after[each]] == [name]


def test_what_stays_stays():
    def pure(rows, table=(1, 2)):
        return rows * table[0]

    before = watch.reachable(pure)
    pure(np.ones(3))
    assert watch.reachable(pure) == before


def test_where_something_lies_in_memory_does_not_count():
    marks = []
    for _ in range(2):
        thing = object()

        def holds(_rows, thing=thing):
            return thing

        marks.append((thing, watch.reachable(holds)))
    assert marks[0][0] is not marks[1][0]
    assert marks[0][1] == marks[1][1]


def test_a_ring_of_objects_ends():
    ring = []
    ring.append(ring)

    def holds(_rows):
        return ring

    assert watch.reachable(holds) == watch.reachable(holds)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (time.time, "time.time"),
        (time.time_ns, "time.time_ns"),
        (time.localtime, "time.localtime"),
        (lambda: datetime.now(), "datetime.now"),  # noqa: DTZ005, PLW0108
        (lambda: date.today(), "date.today"),  # noqa: DTZ011, PLW0108
        (random.random, "random.random"),
        (lambda: os.urandom(4), "os.urandom"),
        (np.random.rand, "numpy.random"),
        (np.random.default_rng, "os.urandom"),
    ],
)
def test_clocks_and_dice_are_named(call, name):
    with watch.watched() as seen:
        call()
    assert name in seen


def test_seeded_generators_and_other_clocks_of_the_machine_are_let_be():
    before = sys.getprofile()
    with watch.watched() as seen:
        np.random.default_rng(1).normal()
        time.perf_counter()
        datetime(2024, 1, 1)  # noqa: DTZ001
    assert seen == set()
    assert sys.getprofile() is before


ONE, OTHER = [1.5], [2.5]


@pytest.mark.parametrize(
    ("held", "instead"),
    [
        ([12, 26, 12], [12, 26, 26]),
        ({"fast": 0.5, "slow": 0.25, "last": 0.5}, {"fast": 0.5, "slow": 0.25, "last": 0.25}),
        ([[1], 2], [[1, 2]]),
        ([ONE, OTHER, ONE], [ONE, OTHER, OTHER]),
        ([np.float64(0.5), 1.0], [np.float64(0.5), 2.0]),
    ],
)
def test_values_that_come_again_are_told_apart(held, instead):
    def holding(value):
        return lambda _rows: value

    assert watch.reachable(holding(held)) == watch.reachable(holding(held))
    assert watch.reachable(holding(held)) != watch.reachable(holding(instead))
