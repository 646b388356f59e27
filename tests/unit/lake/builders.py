"""Small Parquet files for the tests of the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from pathlib import Path

MINUTE_MS = 60_000
START_MS = 1_675_209_600_000  # 2023-02-01 00:00 UTC, on every grid


def bars(n: int = 24, minutes: int = 5, start_ms: int = START_MS, price: float = 100.0):
    """Return n rows of plain bars: close rises by 0.1 a bar, volume 10."""
    close = price + 0.1 * np.arange(n)
    return pl.DataFrame(
        {
            "ts": start_ms + np.arange(n) * minutes * MINUTE_MS,
            "open": close - 0.05,
            "high": close + 0.2,
            "low": close - 0.2,
            "close": close,
            "volume": np.full(n, 10.0),
        }
    ).with_columns(pl.from_epoch("ts", time_unit="ms").dt.replace_time_zone("UTC"))


def stamps(at_ms) -> pl.Series:
    """Return UTC timestamps."""
    return pl.Series("ts", np.asarray(at_ms)).cast(pl.Datetime("ms", "UTC"))


def settlements(at_ms, rate) -> pl.DataFrame:
    """Return a funding file's rows."""
    return pl.DataFrame({"ts": stamps(at_ms), "funding_rate": np.asarray(rate, dtype=float)})


def store(where: Path, **frames: pl.DataFrame) -> Path:
    """Write SYMBOL.parquet files and return their folder."""
    where.mkdir(parents=True, exist_ok=True)
    for symbol, frame in frames.items():
        frame.write_parquet(where / f"{symbol}.parquet")
    return where


def put(frame: pl.DataFrame, row: int, **values: float) -> pl.DataFrame:
    """Return the frame with some values of one row replaced."""
    return frame.with_columns(
        pl.when(pl.int_range(pl.len()) == row % frame.height)
        .then(pl.lit(value))
        .otherwise(pl.col(column))
        .alias(column)
        for column, value in values.items()
    )


def without(frame: pl.DataFrame, first: int, n: int) -> pl.DataFrame:
    """Return the frame without n rows from ``first`` on."""
    return pl.concat([frame[:first], frame[first + n :]])
