"""What a pull has to ask for: what is lacking in the lake, and nothing that came in vain before."""

from __future__ import annotations

import polars as pl
import pytest
from tests.unit.venues.building import HOUR, START, STEP, bars

from quorate.errors import DataError
from quorate.lake import asking, layout
from quorate.lake.asking import Span, Stored
from quorate.lake.layout import Key

BARS = Key("v", "ohlcv", "5m")
EVENTS = Key("v", "funding", "event")
DAY = 24 * HOUR


def held(root, rows):
    """Store some of many bars, by their numbers; return the symbol."""
    stored = Stored(root, BARS, "X", STEP)
    frame = bars(40_000)
    for part in rows:
        layout.store(frame[part].with_columns(pl.from_epoch("ts", time_unit="ms")), root, BARS, "X")
    return stored


def settled(root, hours):
    """Store settlements, by their hours, some milliseconds late."""
    rows = [{"ts": START + h * HOUR + h % 7, "funding_rate": 1e-4} for h in hours]
    frame = pl.DataFrame(rows).with_columns(pl.from_epoch("ts", time_unit="ms"))
    layout.store(frame, root, EVENTS, "X")
    return Stored(root, EVENTS, "X", 0)


def numbers(spans):
    """Return spans of bars by their numbers."""
    return [((low - START) / STEP, (high - START) / STEP) for low, high in spans]


def wanted(low, high):
    return Span(START + low * STEP, START + high * STEP)


def test_an_empty_lake_lacks_everything(tmp_path):
    stored = Stored(tmp_path, BARS, "X", STEP)
    assert asking.lacking(stored, wanted(0, 9)) == [wanted(0, 9)]
    assert asking.latest(stored, 5) is None
    assert asking.lacking(stored, wanted(9, 9)) == []


@pytest.mark.parametrize("low", [0, 1, 5_000, 9_000])
def test_what_lies_before_between_and_behind_is_lacking(tmp_path, low):
    """In one month and across several."""
    stored = held(tmp_path, [range(low, low + 100), range(low + 103, low + 9_000)])
    found = numbers(asking.lacking(stored, wanted(0, 30_000)))
    before = [(0, low)] if low else []
    assert found == [*before, (low + 100, low + 103), (low + 9_000, 30_000)]


def test_a_month_that_was_deleted_is_lacking(tmp_path):
    stored = held(tmp_path, [range(20_000)])
    first, *_ = sorted(stored.place.glob("month=*"))[1:]
    (first / "part.parquet").unlink()
    (stored.place / "manifest.json").unlink()
    asking.settle(stored)
    ((low, high),) = asking.lacking(stored, wanted(0, 20_000))
    assert (high - low) / DAY == 31  # December


def test_only_months_with_holes_are_read(tmp_path, monkeypatch):
    stored = held(tmp_path, [range(10_000), range(10_001, 20_000)])
    read, real = [], layout.read
    monkeypatch.setattr(layout, "read", lambda *given: read.append(given) or real(*given))
    assert numbers(asking.lacking(stored, wanted(0, 20_000))) == [(10_000, 10_001)]
    assert len(read) == 1


def test_what_is_known_to_be_empty_is_not_asked_for(tmp_path):
    stored = held(tmp_path, [range(100, 200), range(300, 400)])
    asking.note_empty(stored, [wanted(0, 100), wanted(200, 250)])
    asking.note_empty(stored, [wanted(250, 290)])
    none = asking.empty(stored)
    assert numbers(none) == [(0, 100), (200, 290)]
    assert numbers(asking.lacking(stored, wanted(-50, 400), none)) == [(-50, 0), (290, 300)]


@pytest.mark.parametrize("damage", [b"", b"{}", b"[[1]]", b'[["a", 2]]', b"\xff", b"[[1, 2"])
def test_a_damaged_note_says_nothing(tmp_path, damage):
    stored = Stored(tmp_path, BARS, "X", STEP)
    asking.note_empty(stored, [wanted(0, 5)])
    (stored.notes / "empty.json").write_bytes(damage)
    assert asking.empty(stored) == []
    asking.note_empty(stored, [wanted(0, 5)])
    assert asking.empty(stored) == [wanted(0, 5)]


def test_a_start_between_two_bars_lacks_none_before_the_next(tmp_path):
    stored = held(tmp_path, [range(1, 10)])
    assert asking.lacking(stored, Span(START + 1, START + 10 * STEP)) == []
    assert asking.lacking(stored, Span(START, START + 10 * STEP)) == [wanted(0, 1)]


def test_the_rows_stored_last_are_found_across_months(tmp_path):
    stored = held(tmp_path, [range(16 * 288 + 3)])  # three rows into December
    assert numbers([asking.latest(stored, 10)]) == [(16 * 288 - 7, 16 * 288 + 3)]
    assert numbers([asking.latest(stored, 99_999)]) == [(0, 16 * 288 + 3)]


def hours(spans):
    return [
        (round((low - START) / HOUR, 2), round((high - START) / HOUR, 2)) for low, high in spans
    ]


@pytest.mark.parametrize("gone", [1, 3])
@pytest.mark.parametrize("every", [1, 4, 8])
def test_a_missing_settlement_is_lacking(tmp_path, every, gone):
    stored = settled(
        tmp_path, [*range(0, 40 * every, every), *range((40 + gone) * every, 90 * every, every)]
    )
    assert hours(asking.lacking(stored, Span(START, START + 89 * every * HOUR))) == [
        (39 * every, (40 + gone) * every)
    ]


def test_where_the_interval_changes_is_looked_at_once(tmp_path):
    stored = settled(tmp_path, [*range(0, 80, 8), *range(80, 100)])
    spans = asking.lacking(stored, Span(START, START + 99 * HOUR))
    assert hours(spans) == [(72, 80)]
    asking.note_empty(stored, spans)
    assert asking.lacking(stored, Span(START, START + 99 * HOUR), asking.empty(stored)) == []


def test_one_pull_of_a_symbol_at_a_time(tmp_path):
    with asking.alone(tmp_path / "x", "BTC/USDT"):
        with (
            pytest.raises(DataError, match="BTC/USDT is being pulled by another") as caught,
            asking.alone(tmp_path / "x", "BTC/USDT"),
        ):
            pass
        assert caught.value.__cause__ is None  # no failure of the disk
    with asking.alone(tmp_path / "x", "BTC/USDT"):
        pass
