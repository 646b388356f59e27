"""The whole programme of the fault harness, in pieces: stopped and taken up where it stood.

In: the file of a record. Out: the record after the next piece; it is complete when nothing is left.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from quorate.api.torturing import Torture

SEEDS: Final = 40_000
DAYS: Final = 0.25
"""Of each seed: 10,000 days in all."""
MESSAGES: Final = 2_000_000
REPLIES: Final = 100_000
_SEEDS_AT_ONCE: Final = 40
_MESSAGES_AT_ONCE: Final = 20_000
_REPLIES_AT_ONCE: Final = 2_000


def read(path: Path) -> dict[str, Any]:
    """Return a record, an empty one where there is no file yet."""
    if path.exists():
        return dict(json.loads(path.read_text(encoding="utf-8")))
    return {
        "seeds": 0,
        "days": 0.0,
        "n_orders": 0,
        "n_lives": 0,
        "n_resting": 0,
        "faults": {},
        "violations_by_invariant": {},
        "failures": [],
        "traces": "",
        "messages": 0,
        "messages_wrong": [],
        "replies": 0,
        "replies_wrong": [],
    }


def left(record: dict[str, Any]) -> int:
    """Return how many pieces are left.

    Examples
    --------
    >>> left({"seeds": 40_000, "messages": 1_980_000, "replies": 100_000})
    1
    """
    return sum(
        -(-max(whole - record[name], 0) // piece)
        for name, whole, piece in (
            ("seeds", SEEDS, _SEEDS_AT_ONCE),
            ("messages", MESSAGES, _MESSAGES_AT_ONCE),
            ("replies", REPLIES, _REPLIES_AT_ONCE),
        )
    )


def go_on(
    path: Path,
    plays: Callable[[int, int, float], Torture],
    *,
    pieces: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Do pieces of the programme, and write the record after each.

    Parameters
    ----------
    path : Path
        Of the record.
    plays : callable
        Plays so many seeds from a first one over so many days.
    pieces : int, optional
        How many at most; all that are left when left out.
    progress : callable, optional
        Called with pieces done and pieces in all.

    Returns
    -------
    dict
        The record as it was written.

    Notes
    -----
    Units: days.  Causal: each piece by its own seeds.  Missing: none.
    RELIABILITY 6.
    """
    record = read(path)
    wanted = left(record) if pieces is None else min(pieces, left(record))
    for number in range(wanted):
        _piece(record, plays)
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(record, indent=1, sort_keys=True), encoding="utf-8")
        partial.replace(path)
        if progress is not None:
            progress(number + 1, wanted)
    return record


def _piece(record: dict[str, Any], plays: Callable[[int, int, float], Torture]) -> None:
    from quorate.harness.hostile import hostile
    from quorate.harness.lost import lost_replies
    from quorate.harness.pushed import hostile_frames

    if record["replies"] < REPLIES:
        lost = lost_replies(_REPLIES_AT_ONCE, first_seed=record["replies"] + 1)
        record["replies"] += _REPLIES_AT_ONCE
        record["replies_wrong"] += lost.wrong
    elif record["messages"] < MESSAGES:
        # answers and frames in turn
        turn = record["messages"] // _MESSAGES_AT_ONCE % 2
        spoil = hostile_frames if turn else hostile
        told = spoil(_MESSAGES_AT_ONCE, first_seed=record["messages"] + 1)
        record["messages"] += _MESSAGES_AT_ONCE
        record["messages_wrong"] += told.violations
    else:
        _add(record, plays(record["seeds"] + 1, _SEEDS_AT_ONCE, _SEEDS_AT_ONCE * DAYS))


def _add(record: dict[str, Any], found: Torture) -> None:
    from quorate.records import stable_id

    for name in ("seeds", "days", "n_orders", "n_lives", "n_resting"):
        record[name] += getattr(found, name)
    for name in ("faults", "violations_by_invariant"):
        sums = record[name]
        for key, count in getattr(found, name).items():
            sums[key] = sums.get(key, 0) + count
    record["failures"] += [each._asdict() for each in found.failures]
    record["traces"] = stable_id(record["traces"], found.trace)
