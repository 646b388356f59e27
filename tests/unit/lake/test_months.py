"""A symbol's months: cut at the turn of the month, recorded in the manifest."""

from __future__ import annotations

import json

import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, put

from quorate.errors import DataError
from quorate.lake import manifest, months
from quorate.lake.kinds import bring

DAY_MS = 86_400_000


def brought(**given):
    return bring(bars(minutes=60, **given), "ohlcv", "1h", "A")


def test_months_are_cut_at_midnight_utc():
    parts = dict(months.by_month(brought(n=24 * 365)))
    assert list(parts) == [f"2023-{m:02d}" for m in range(2, 13)] + ["2024-01"]
    for month, part in parts.items():
        assert part["ts"].dt.strftime("%Y-%m").unique().to_list() == [month]
    assert sum(part.height for part in parts.values()) == 24 * 365
    assert list(months.by_month(brought(n=0))) == []


def test_the_manifest_says_what_each_file_holds(tmp_path):
    rows = brought(n=28 * 24 + 5)
    months.put(tmp_path, rows)
    later = bring(put(bars(n=2, minutes=60), 1, close=100.2), "ohlcv", "1h", "A", START_MS * 2)
    months.put(tmp_path, later)
    found = manifest.load(tmp_path)
    assert list(found) == ["2023-02", "2023-03"]
    first = found["2023-02"]
    assert (first.rows, first.times, first.corrections) == (28 * 24 + 1, 28 * 24, 1)
    assert (first.first_ms, first.last_ms) == (START_MS, START_MS + 28 * DAY_MS - 3_600_000)
    assert (first.known_from_ms, first.known_to_ms) == (START_MS + 3_600_000, START_MS * 2)
    path = tmp_path / "month=2023-02" / "part.parquet"
    assert first.size == path.stat().st_size
    assert found["2023-03"].rows == 5


def test_rows_of_several_months_may_differ_in_optional_columns(tmp_path):
    months.put(tmp_path, brought(n=28 * 24))
    given = bars(n=2, minutes=60, start_ms=START_MS + 28 * DAY_MS)
    more = given.with_columns(taker_buy_volume=pl.lit(3.0))
    months.put(tmp_path, bring(more, "ohlcv", "1h", "A"))
    paths = sorted(tmp_path.glob("month=*/part.parquet"))
    assert months.rows(paths)["taker_buy_volume"].null_count() == 28 * 24


@pytest.mark.parametrize("text", ["{", "[]", '{"form": 1, "months": {"2023-02": {}}}'])
def test_a_manifest_that_cannot_be_read_is_named(tmp_path, text):
    (tmp_path / manifest.NAME).write_text(text)
    with pytest.raises(DataError, match=r"manifest\.json cannot be read"):
        manifest.load(tmp_path)


def test_a_manifest_of_another_form_is_named(tmp_path):
    (tmp_path / manifest.NAME).write_text(json.dumps({"form": 2, "months": {}}))
    with pytest.raises(DataError, match="is of form 2"):
        manifest.load(tmp_path)
