"""A map of what bars cover: a row a coin, from its first day to its last, a colour a day.

In: counts of traded, carried and missing bars by coin and day, and days in quarantine. Out: SVG
text as wide as its column; runs of equal days are one rectangle, so that years of hundreds of
coins stay small. Colours are the page's CSS classes; the legend says what each means.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from quorate.report.charts import time_axis, x_marks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

STATES: Final = (
    ("whole", "every bar is there"),
    ("carried", "some bars carried over a gap under an hour"),
    ("holes", "some bars missing"),
    ("empty", "no bar"),
    ("apart", "vendors disagree: quarantined"),
)
_OF_OTHERS: Final = {"whole": "nothing missing", "holes": "some missing", "empty": "none there"}
"""The states of a series that is no bars."""
_ROW_PX: Final = 15
_BAR_PX: Final = 11
_BOTTOM_PX: Final = 26
_DAY_MS: Final = 86_400_000


def states(days: pl.DataFrame, quarantined: pl.DataFrame) -> pl.DataFrame:
    """Return the state of every coin and day, the worst that holds.

    Parameters
    ----------
    days : polars.DataFrame
        ``symbol, day, n_traded, n_filled, n_missing``.
    quarantined : polars.DataFrame
        ``symbol, day`` of the days that are.

    Notes
    -----
    Units: days.  Causal: a picture of what there is.  Missing: days outside a coin's life have no
    row.

    Examples
    --------
    >>> from datetime import date
    >>> days = pl.DataFrame({"symbol": "A", "day": [date(2023, 1, 1)], "n_traded": 287,
    ...                      "n_filled": 1, "n_missing": 0})
    >>> states(days, days.select("symbol", "day").clear())["state"].item()
    'carried'
    """
    apart = quarantined.select("symbol", "day").with_columns(apart=True)
    return (
        days.join(apart, on=["symbol", "day"], how="left")
        .with_columns(
            pl.when(pl.col("apart"))
            .then(pl.lit("apart"))
            .when(pl.col("n_traded") == 0)
            .then(pl.lit("empty"))
            .when(pl.col("n_missing") > 0)
            .then(pl.lit("holes"))
            .when(pl.col("n_filled") > 0)
            .then(pl.lit("carried"))
            .otherwise(pl.lit("whole"))
            .alias("state")
        )
        .select("symbol", "day", "state")
        .sort("symbol", "day")
    )


def words(word: str = "bar") -> tuple[tuple[str, str], ...]:
    """Return the states and what they mean, of bars or of what a row is called otherwise.

    Examples
    --------
    >>> words()[0], words("settlement")[0]
    (('whole', 'every bar is there'), ('whole', 'nothing missing'))
    """
    return STATES if word == "bar" else tuple(_OF_OTHERS.items())


def draw(found: pl.DataFrame, word: str = "bar") -> str:
    """Return the map as SVG.

    Parameters
    ----------
    found : polars.DataFrame
        From ``states``, at least one row.
    word : str
        What a row is called.

    Notes
    -----
    Units: days.  Causal: draws what it is given.  Missing: blank outside a coin's life.
    """
    days = found["day"].to_list()
    first, last = _ordinal(min(days)), _ordinal(max(days))
    n_days = last - first + 1
    coins = found.partition_by("symbol", maintain_order=True)
    height = _ROW_PX * len(coins)
    axis = time_axis(np.array([first * _DAY_MS, (last + 1) * _DAY_MS]))
    meanings = dict(words(word))
    said = html.escape(_said(found, meanings))
    box = f'viewBox="0 0 {n_days} {height}" preserveAspectRatio="none"'
    parts = [
        f'<svg class="map" role="img" height="{height + _BOTTOM_PX}" aria-label="{said}">',
        f'<svg width="100%" height="{height}" {box}>',
        *(_row(coin, i, first, meanings) for i, coin in enumerate(coins)),
        "</svg>",
        *x_marks(axis.marks, height + _BOTTOM_PX),
        "</svg>",
    ]
    return "".join(parts)


def _row(coin: pl.DataFrame, i: int, first: int, meanings: Mapping[str, str]) -> str:
    """Return a coin's rectangles: one a run of days of one state."""
    name = html.escape(coin["symbol"][0])
    runs = coin.with_columns(run=pl.col("state").rle_id()).group_by("run", maintain_order=True)
    rows = runs.agg(
        pl.col("state").first(), pl.col("day").first().alias("from"), pl.col("day").last()
    )
    parts = []
    for _, state, start, end in rows.iter_rows():
        x, width = _ordinal(start) - first, _ordinal(end) - _ordinal(start) + 1
        span = f"{start} to {end}" if end != start else f"{start}"
        parts.append(
            f'<rect class="{state}" x="{x}" y="{i * _ROW_PX}" width="{width}" height="{_BAR_PX}">'
            f"<title>{name}, {span}: {meanings[state]}</title></rect>"
        )
    return "".join(parts)


def _said(found: pl.DataFrame, meanings: Mapping[str, str]) -> str:
    """Return what the map shows, in words."""
    counts = dict(found["state"].value_counts().rows())
    told = [f"{words}: {counts[name]:,d}" for name, words in meanings.items() if name in counts]
    return f"{found['symbol'].n_unique()} coins by day; days on which {'; '.join(told)}"


def _ordinal(day: date) -> int:
    """Return a day as days since 1970."""
    return day.toordinal() - 719_163
