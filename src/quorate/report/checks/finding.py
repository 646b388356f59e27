"""What a rule says when something is suspicious.

In: nothing. Out: what a rule answers: a finding, or that it was not asked; None is clean.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple


class Severity(IntEnum):
    """How much a finding matters; sorted from the worst."""

    ALARM = 0  # the numbers are not what they look like
    WARNING = 1  # they are true and say less than they seem to
    NOTE = 2  # good to know


class Finding(NamedTuple):
    """One thing that is suspicious: the figure, the bound it broke, and what to do next."""

    severity: Severity
    title: str
    figure: str
    bound: str
    action: str


class NotAsked(NamedTuple):
    """A rule that could not be asked, or does not apply, with the reason: it is not clean."""

    reason: str


Answer = Finding | NotAsked | None
"""What a rule says: a finding, that it was not asked, or None where its bound is kept."""

NOT_TRADED: Final = NotAsked("nothing was traded")
NOT_EARNED: Final = NotAsked("nothing was earned")
