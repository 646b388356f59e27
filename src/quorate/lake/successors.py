"""Symbols that begin where others ended, at the same price or a power of ten of it.

In: between which bars each symbol traded. Out: suggestions for a table of assets (``assets``): a
rename looks so, and so does a coincidence. Nothing is linked by it.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quorate.lake.sources import instant
from quorate.lake.spec import quote_asset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.lake.renames import Span

_DAY_MS: Final = 86_400_000
BEFORE_DAYS: Final = 1
AFTER_DAYS: Final = 7
NEAR_LOG: Final = 0.1
_MOST_POWER: Final = 4


class Likely(NamedTuple):
    """A symbol that may go on with one that ended: a suggestion, nothing more."""

    ended: str
    begun: str
    ended_ms: int
    begun_ms: int
    ratio: float

    def told(self) -> str:
        """Return it as a sentence, with what a table would say."""
        power = round(math.log10(self.ratio))
        units = Fraction(10) ** power
        return (
            f"{self.begun} begins {instant(self.begun_ms)} where {self.ended} ended "
            f"{instant(self.ended_ms)}, at {self.ratio:.4g} times its price: if it is the same "
            f"asset, a table of assets says so ({self.ended} units 1, {self.begun} units {units})."
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        return {**self._asdict(), "told": self.told()}


def likely(spans: Mapping[str, Span]) -> list[Likely]:
    """Return which symbols begin where another ended, at its price or a power of ten of it.

    Parameters
    ----------
    spans : mapping
        When each symbol traded; data begin and end with the first and the last of them.

    Returns
    -------
    list of Likely
        From a day before to seven days after an end, within a tenth of a price.

    Notes
    -----
    Units: milliseconds, a price over a price.  Causal: looks at whole files, and decides nothing.
    Missing: none.
    """
    if not spans:
        return []
    begin = min(each.first_ms for each in spans.values())
    end = max(each.last_ms for each in spans.values())
    found = []
    for ended, old in spans.items():
        for begun, new in spans.items():
            days = (new.first_ms - old.last_ms) / _DAY_MS
            is_near = -BEFORE_DAYS <= days <= AFTER_DAYS and begin < new.first_ms
            if begun == ended or not is_near or old.last_ms >= end - BEFORE_DAYS * _DAY_MS:
                continue
            ratio = new.opened / old.closed
            power = round(math.log10(ratio))
            off = abs(math.log(ratio) - power * math.log(10.0))
            alike = quote_asset(ended) == quote_asset(begun) and old.first_ms < new.first_ms
            if alike and off <= NEAR_LOG and abs(power) <= _MOST_POWER:
                found.append(Likely(ended, begun, old.last_ms, new.first_ms, ratio))
    return sorted(found, key=lambda each: (each.ended_ms, each.ended, each.begun_ms, each.begun))
