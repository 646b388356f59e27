"""A market that a night asks for by its span, and nights over it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import quorate
from quorate.lake.panel import part

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
PLAN = quorate.Plan(train_days=20, purge_days=3, test_days=12, models=())
AT = datetime(2024, 2, 13, 2, tzinfo=UTC)  # a Tuesday: 43 days after the first


@cache
def whole():
    return quorate.synthetic(n_coins=3, days=52, planted_edge=4.0)


def market(start, end):
    """Return the bars of a span, as far as there are any."""
    panel = whole()
    rows = [
        min(max(int((each - FIRST).total_seconds()) // 300, 0), panel.n_bars)
        for each in (start, end)
    ]
    return part(panel, *rows)


def night(where, at=AT, given=market, **named):
    return quorate.nightly(
        given,
        quorate.read_settings(overrides=named.pop("overrides", {})),
        named.pop("plan", PLAN),
        at=at,
        out=where / "runs",
        nights=where / "nights",
        registry=where / "registry",
        n_cuts=4,
        **named,
    )
