"""What goes wrong, and when: drawn from a seed, written as JSON, played again, shortened."""

from __future__ import annotations

import json
from typing import Final, Literal, NamedTuple, get_args

from quorate.exchange.matching.flow import noise, uniform
from quorate.exchange.network import Fault
from quorate.exchange.network import Kind as FaultKind

Incident = Literal[
    "crash",
    "lag",
    "foreign_order",
    "foreign_trade",
    "taken_away",
    "suspended",
    "dearer",
    "funding_hours",
    "revoked",
    "poorer",
    "hedged",
    "thin",
    "wild",
    "widened",
]
INCIDENTS: Final = get_args(Incident)
Spoilt = Literal[
    "stream_mute",
    "stream_dead",
    "stream_cut",
    "stream_expired",
    "stream_refused",
    "frames_late",
    "frames_twice",
    "frames_lost",
]
SPOILT: Final = get_args(Spoilt)
"""What goes wrong with the private stream of a desk that listens to one."""

_FAULTS: Final[tuple[tuple[FaultKind, str, float, int], ...]] = (
    # kind, where, at most how often, sizes
    ("delay", "", 0.3, 3_000),
    ("lose_request", "POST /fapi/v1/order", 0.3, 1),
    ("lose_reply", "POST /fapi/v1/order", 0.3, 1),
    ("reset_request", "", 0.15, 1),
    ("reset_reply", "", 0.15, 1),
    ("cut", "", 0.15, 1),
    ("unresolved", "", 0.1, 1),
    ("copy", "POST /fapi/v1/order", 0.2, 9_000),
    ("status", "", 0.15, 5),
    ("garbage", "", 0.15, 8),
    ("empty", "", 0.1, 1),
    ("skew", "", 0.2, 2_000),
    ("lose_reply", "DELETE", 0.3, 1),
    ("lose_request", "DELETE", 0.3, 1),
)
_ONE_WINDOW_MS: Final = 1_800_000
_WORKED_SHARE: Final = 0.4
_HEARD_SHARE: Final = 0.25


class Event(NamedTuple):
    """Something that happens at the exchange or to the desk, at a moment of the play."""

    at_ms: int
    kind: Incident | Spoilt
    size: int = 0


class Schedule(NamedTuple):
    """All that goes wrong in a play.

    Notes
    -----
    Units: ms from the start.  ``quiet_ms`` is when everything stops going wrong; from then on the
    desk has to find its way back.
    """

    seed: int
    length_ms: int
    quiet_ms: int
    faults: tuple[Fault, ...]
    events: tuple[Event, ...]


def is_worked(seed: int) -> bool:
    """Say whether the desk of a seed works parent orders, and rests stops under what it holds.

    Examples
    --------
    >>> [seed for seed in range(1, 12) if is_worked(seed)]
    [2, 8]
    """
    return uniform(seed, 60) < _WORKED_SHARE


def is_heard(seed: int) -> bool:
    """Say whether the desk of a seed listens to its account's stream; others find by sweeps alone.

    Examples
    --------
    >>> [seed for seed in range(1, 20) if is_heard(seed)]
    [6, 9, 10, 15, 17, 19]
    """
    return uniform(seed, 80) < _HEARD_SHARE


def drawn(seed: int, length_ms: int) -> Schedule:
    """Draw what goes wrong: some kinds only, each with a rate and hours of its own.

    Parameters
    ----------
    seed : int
        The same seed draws the same.
    length_ms : int
        Of the play; its last third, an hour at most, is quiet.

    Returns
    -------
    Schedule
        In order of time.

    Examples
    --------
    >>> drawn(3, 3_600_000) == drawn(3, 3_600_000) != drawn(4, 3_600_000)
    True
    """
    quiet_ms = length_ms - min(length_ms // 3, 3_600_000)
    faults = []
    for number, (kind, where, most, sizes) in enumerate(_FAULTS):
        if uniform(seed, 1, number) < 0.35:
            first_ms = int(uniform(seed, 2, number) * quiet_ms * 0.8)
            last_ms = min(first_ms + int(uniform(seed, 3, number) * _ONE_WINDOW_MS), quiet_ms)
            chance = round(most * uniform(seed, 4, number), 3)
            size = noise(seed, 5, number) % sizes
            if kind == "skew":
                size -= sizes // 2
            faults.append(Fault(kind, where, chance, first_ms, last_ms, size))
    events = []
    for number, name in enumerate(INCIDENTS):
        if uniform(seed, 6, number) < 0.3:
            for turn in range(1 + noise(seed, 7, number) % 3):
                at_ms = int(uniform(seed, 8, number, turn) * quiet_ms)
                events.append(Event(at_ms, name, noise(seed, 9, number, turn) % 1000))
    if is_heard(seed):
        events += _spoilt(seed, quiet_ms)
    return Schedule(seed, length_ms, quiet_ms, tuple(faults), tuple(sorted(events)))


def _spoilt(seed: int, quiet_ms: int) -> list[Event]:
    """Draw what goes wrong with a stream, by numbers of its own."""
    return [
        Event(
            int(uniform(seed, 83, number, turn) * quiet_ms),
            name,
            noise(seed, 84, number, turn) % 1000,
        )
        for number, name in enumerate(SPOILT)
        if uniform(seed, 81, number) < 0.5
        for turn in range(1 + noise(seed, 82, number) % 3)
    ]


def written(schedule: Schedule) -> str:
    """Return a schedule as JSON.

    Examples
    --------
    >>> read(written(drawn(1, 10**6))) == drawn(1, 10**6)
    True
    """
    row = schedule._asdict()
    row["faults"] = [each._asdict() for each in schedule.faults]
    row["events"] = [each._asdict() for each in schedule.events]
    return json.dumps(row, sort_keys=True)


def read(text: str) -> Schedule:
    """Return the schedule of a JSON text."""
    row = json.loads(text)
    row["faults"] = tuple(Fault(**each) for each in row["faults"])
    row["events"] = tuple(Event(**each) for each in row["events"])
    return Schedule(**row)
