"""What the quote currency is worth in USD, bar by bar, and what is refused."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, store

from quorate.errors import DataError
from quorate.lake import PanelSpec, Source, load
from quorate.lake.grid import Grid
from quorate.lake.quote import quote_usd

HOUR_MS = 3_600_000


def series(path, closes, *, minutes=60, start_ms=START_MS):
    at = start_ms + minutes * 60_000 * np.arange(len(closes))
    pl.DataFrame(
        {
            "ts": pl.Series(at).cast(pl.Datetime("ms", "UTC")),
            **{name: np.array(closes, float) for name in ("open", "high", "low", "close")},
        }
    ).write_parquet(path)
    return path


def test_a_bar_of_the_series_counts_from_its_own_close(tmp_path):
    path = series(tmp_path / "usdt.parquet", [0.99, 0.98, 1.01])
    found = quote_usd(path, Grid(START_MS, 30, 8))
    # closes at 00:30, 01:00, 01:30 ...: the first hour is known at its end
    assert np.isnan(found[0])
    assert found[1:].tolist() == [0.99, 0.99, 0.98, 0.98, 1.01, 1.01, 1.01]


def test_an_old_price_is_not_known(tmp_path):
    path = series(tmp_path / "usdt.parquet", [0.99, 0.98])
    found = quote_usd(path, Grid(START_MS, 60, 6))
    # the second bar ends at 02:00; one more bar and an hour of grace end at 04:00
    assert np.isnan(found).tolist() == [False, False, False, False, True, True]


def test_a_later_bar_changes_nothing_before_it(tmp_path):
    short = quote_usd(series(tmp_path / "a.parquet", [0.99, 0.98]), Grid(START_MS, 5, 24))
    long = quote_usd(series(tmp_path / "b.parquet", [0.99, 0.98, 0.5]), Grid(START_MS, 5, 24))
    np.testing.assert_array_equal(short, long)


@pytest.mark.parametrize(
    ("closes", "start_ms", "message"),
    [
        ([1.0], START_MS, "fewer than two bars"),
        ([1.0, 1.0], START_MS + 1000 * HOUR_MS, "no bar within the span"),
        ([1500.0, 1501.0], START_MS, "outside"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path, closes, start_ms, message):
    path = series(tmp_path / "usdt.parquet", closes, start_ms=start_ms)
    with pytest.raises(DataError, match=message):
        quote_usd(path, Grid(START_MS, 5, 24))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="is not a file"):
        quote_usd(tmp_path / "none.parquet", Grid(START_MS, 5, 24))


def test_the_panel_carries_it_into_its_digest_and_its_notes(tmp_path):
    folder = store(tmp_path / "bars", A=bars(n=40))
    early = START_MS - HOUR_MS
    path = series(tmp_path / "usdt.parquet", [0.99, 0.98], start_ms=early)

    def spot(**choices):
        return load(PanelSpec((Source(folder, "binance_spot", "spot"),), **choices))

    plain, priced = spot(), spot(quote_usd=path)
    assert (plain.quote_usd == 1.0).all()
    assert (priced.quote_usd[:11] == 0.99).all()
    assert priced.quote_usd[11] == 0.98
    assert plain.source.digest != priced.source.digest


def test_the_first_bar_must_have_a_price(tmp_path):
    folder = store(tmp_path / "bars", A=bars(n=40))
    late = series(tmp_path / "usdt.parquet", [0.99, 0.98, 0.97])
    with pytest.raises(DataError, match="on the first bar"):
        load(PanelSpec((Source(folder, "binance_spot", "spot"),), quote_usd=late))


def test_what_is_unknown_later_is_noted(tmp_path):
    folder = store(tmp_path / "bars", A=bars(n=80))
    early = series(tmp_path / "usdt.parquet", [0.99, 0.98], start_ms=START_MS - HOUR_MS)
    panel = load(PanelSpec((Source(folder, "binance_spot", "spot"),), quote_usd=early))
    unknown = int(np.isnan(panel.quote_usd).sum())
    assert unknown > 0
    assert any(f"unknown on {unknown} bars" in note for note in panel.notes)
