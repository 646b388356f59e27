"""Pulling from Python: days as they may be written, and a lake that a run reads."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from tests.unit.venues.archive_site import site
from tests.unit.venues.test_http import QUICK

import quorate
from quorate.api.pulling import _day
from quorate.errors import ConfigError, VenueUnavailableError
from quorate.venues.archive.names import FILES, LISTING

NOW = datetime(2023, 2, 2, 12, tzinfo=UTC)


def test_what_was_pulled_is_loaded(tmp_path):
    told = []
    with site() as archive:
        archive.bars("2023-01")
        archive.bars("2023-02-01")
        archive.bars("2023-01", symbol="ETHUSDT")
        archive.bars("2023-02-01", symbol="ETHUSDT")
        found = quorate.pull_archive(
            tmp_path,
            market="spot",
            start="2023-01-01",
            url=archive.url,
            now=NOW,
            limits=QUICK,
            progress=told.append,
        )
    panel = quorate.load(found.folder, venue="binance_spot", kind="spot")
    assert panel.symbols == ("BTCUSDT", "ETHUSDT")
    assert panel.n_bars == 32 * 288
    assert told[-1].n_files == told[-1].of_files == 4


@pytest.mark.parametrize(
    ("given", "start", "end"),
    [
        ("2023-01-31", (1, 31), (1, 31)),
        (date(2023, 1, 31), (1, 31), (1, 31)),
        ("2023-01-31T00:00", (1, 31), (1, 31)),
        ("2023-01-31T12:00", (1, 31), (2, 1)),
        (datetime(2023, 1, 31, 23, tzinfo=timezone(timedelta(hours=-3))), (2, 1), (2, 2)),
    ],
)
def test_a_day_is_read_as_it_is_written(given, start, end):
    assert _day(given) == date(2023, *start)
    assert _day(given, is_end=True) == date(2023, *end)


def test_the_public_archive_is_the_default(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("quorate.lake.archive.pull", lambda _, wanted, **__: seen.append(wanted))
    quorate.pull_archive(tmp_path, market="um", start="2023-01-01", now=NOW)
    assert (seen[0].url, seen[0].listing) == (FILES, LISTING)
    assert (seen[0].end, seen[0].symbols) == (date(2023, 2, 2), None)
    quorate.pull_archive(tmp_path, market="um", start="2023-01-01", now=NOW, url="http://x/")
    assert (seen[1].url, seen[1].listing) == ("http://x", "http://x")


def test_an_archive_that_is_not_there_is_told_soon(tmp_path):
    with site() as gone:
        url = gone.url
    with pytest.raises(VenueUnavailableError, match="cannot be reached") as info:
        quorate.pull_archive(
            tmp_path, market="spot", start="2023-01-01", url=url, now=NOW, limits=QUICK
        )
    assert info.value.retryable


def test_an_empty_choice_of_symbols_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="symbols are none"):
        quorate.pull_archive(tmp_path, market="spot", symbols=[], start="2023-01-01")
