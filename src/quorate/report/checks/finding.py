"""What a rule says when something is suspicious.

In: nothing. Out: the record that the page shows at its head.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


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
