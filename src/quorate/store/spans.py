"""Where and when a trial traded: what tells which trials were made on the same market.

In: venues, a first and a last close. Out: columns of the trial ledger, and back. They are booked
before the run begins, so that one that is killed, or fails, is known by them as well.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from quorate.records import canonical_json, utc_text
from quorate.store.tables import trials

NAMES: Final = ("venues", "first_close", "last_close", "is_synthetic")
"""The columns of the ledger that say a span."""


class Span(NamedTuple):
    """Where a trial traded and when: venues, the first and the last close, both aware."""

    venues: frozenset[str]
    start: datetime
    end: datetime
    is_synthetic: bool

    def meets(self, other: Span) -> bool:
        """Return whether both traded in days that overlap, whatever the venue or its name.

        Prices of one coin are the same everywhere, and a venue is called what its user calls it:
        under another name the same bars would be a first trial.

        Notes
        -----
        Units: UTC.  Causal: pure.  Missing: a made-up market meets none, not even itself: it is
        known by its digest.  METHODS 5.5.

        Examples
        --------
        >>> from datetime import UTC
        >>> may, june, july = (datetime(2024, month, 1, tzinfo=UTC) for month in (5, 6, 7))
        >>> span = Span(frozenset({"okx_swap"}), may, june, is_synthetic=False)
        >>> span.meets(span._replace(start=june, end=july))
        True
        >>> span.meets(span._replace(venues=frozenset({"binance_spot"})))
        True
        >>> span.meets(span._replace(start=july, end=july))
        False
        """
        if self.is_synthetic or other.is_synthetic:
            return False
        return self.start <= other.end and other.start <= self.end


def columns(span: Span | None) -> dict[str, Any]:
    """Return the columns of the ledger that say a span; none of one that is not known."""
    if span is None:
        return dict.fromkeys(NAMES)
    return {
        "venues": canonical_json(sorted(span.venues)),
        "first_close": utc_text(span.start),
        "last_close": utc_text(span.end),
        "is_synthetic": int(span.is_synthetic),
    }


def span_of(row: sa.RowMapping) -> Span | None:
    """Return the span that a row of the ledger says; None of one that was booked without."""
    if row["venues"] is None:
        return None
    start, end = (datetime.fromisoformat(row[name]) for name in ("first_close", "last_close"))
    return Span(frozenset(json.loads(row["venues"])), start, end, bool(row["is_synthetic"]))


def may_meet(span: Span) -> sa.ColumnElement[bool]:
    """Return what a query asks so that no trial that meets a span is left out.

    Notes
    -----
    Units: none.  Causal: pure.  Missing: a trial that says no span may be anywhere.
    """
    if span.is_synthetic:
        return sa.false()
    return trials.c.venues.is_(None) | (
        (trials.c.first_close <= utc_text(span.end))
        & (trials.c.last_close >= utc_text(span.start))
        & (trials.c.is_synthetic == 0)
    )
