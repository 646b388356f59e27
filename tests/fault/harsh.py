"""Plays in which more goes wrong than anywhere: what a planted bug needs in order to be seen."""

from __future__ import annotations

from quorate.exchange.network import Fault
from quorate.harness.schedule import Event, Schedule

LENGTH_MS = 7_200_000
QUIET_MS = 4_800_000
POST, DELETE = "POST /fapi/v1/order", "DELETE"


def harsh(seed: int) -> Schedule:
    """Return a play of two hours with every kind of loss from its beginning on."""
    last_ms = QUIET_MS - 300_000
    faults = tuple(
        Fault(kind, where, chance, 0, last_ms, size)
        for kind, where, chance, size in (
            ("lose_reply", POST, 0.15, 0),
            ("reset_reply", POST, 0.1, 0),
            ("lose_request", POST, 0.1, 0),
            ("garbage", POST, 0.1, seed),
            ("status", POST, 0.1, 0),
            ("lose_reply", DELETE, 0.2, 0),
            ("lose_request", DELETE, 0.2, 0),
        )
    )
    events = [Event(600_000 * turn + 17_000, "wild", turn) for turn in range(7)]
    events += [Event(600_000 * turn + 305_900 + seed, "crash") for turn in range(1, 4)]
    events += [Event(900_000 * turn + 431_000, "foreign_trade", turn) for turn in range(4)]
    events += [Event(100_000, "lag", 900), Event(1_500_000, "lag", 100)]
    return Schedule(seed, LENGTH_MS, QUIET_MS, faults, tuple(sorted(events)))


def copied(seed: int) -> Schedule:
    """Return a play in which replies are lost and half of all orders are delivered twice."""
    last_ms = QUIET_MS - 300_000
    faults = (
        Fault("copy", POST, 0.5, 0, last_ms, 700),
        Fault("lose_reply", POST, 0.2, 0, last_ms),
    )
    return Schedule(seed, LENGTH_MS, QUIET_MS, faults, ())
