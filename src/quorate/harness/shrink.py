"""The least schedule that still fails: whatever can be left out is, one thing after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.harness.schedule import Schedule


def shrunk(schedule: Schedule, fails: Callable[[Schedule], bool]) -> Schedule:
    """Return a schedule that still fails and none of whose faults and events can be left out.

    Parameters
    ----------
    schedule : Schedule
        One that fails.
    fails : callable
        Whether one still does; called once for each thing that might be left out, twice over.

    Returns
    -------
    Schedule
        No longer than the first.

    Examples
    --------
    >>> from quorate.harness.schedule import drawn
    >>> least = shrunk(drawn(1, 10**7), lambda tried: len(tried.faults) >= 1)
    >>> len(least.faults), len(least.events)
    (1, 0)
    """
    is_less = True
    while is_less:
        is_less = False
        for name in ("events", "faults"):
            number = 0
            while number < len(getattr(schedule, name)):
                rows = getattr(schedule, name)
                tried = schedule._replace(**{name: rows[:number] + rows[number + 1 :]})
                if fails(tried):
                    schedule, is_less = tried, True
                else:
                    number += 1
    return schedule
