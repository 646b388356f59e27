"""A market in files that a night asks for by its span, and nights over it."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.digest import LIVELY
from tests.unit.lake import builders

import quorate

PLAN = quorate.Plan(train_days=20, purge_days=3, test_days=12, models=())
AT = datetime(2024, 2, 13, 2, tzinfo=UTC)  # a Tuesday: 43 days after the first bar
FOLDERS = []  # they live as long as the tests


@cache
def folder():
    """Return a folder of bars: two coins of a made-up market, which the rules of data pass."""
    made = quorate.synthetic(n_coins=2, days=52, planted_edge=4.0)
    first = made.k0 - 1
    stamps = builders.stamps((first + np.arange(made.n_bars)) * 300_000)
    where = tempfile.TemporaryDirectory(prefix="night-")
    FOLDERS.append(where)
    frames = {
        symbol: pl.DataFrame(
            {"ts": stamps}
            | {
                name: getattr(made.bars, name)[:, c]
                for name in ("open", "high", "low", "close", "volume")
            }
        ).drop_nans()
        for c, symbol in enumerate(("BTCUSDT", "ETHUSDT"))
    }
    return builders.store(Path(where.name), **frames)


def market(start, end, _known=None):
    """Return the bars of a span, as far as there are any."""
    return quorate.load(folder(), venue="binance_spot", kind="spot", start=start, end=end)


def night(where, at=AT, given=market, **named):
    return quorate.nightly(
        given,
        quorate.read_settings(overrides=LIVELY | named.pop("overrides", {})),
        named.pop("plan", PLAN),
        at=at,
        out=where / "runs",
        nights=where / "nights",
        registry=where / "registry",
        n_cuts=4,
        **named,
    )
