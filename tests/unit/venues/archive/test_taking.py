"""One file against its checksum, with everything a server may do between the two."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import date

import pytest
from tests.unit.venues.archive_site import Fault, bars, site, zipped
from tests.unit.venues.test_http import QUICK

from quorate.errors import DataError, VenueError
from quorate.venues.archive.names import File, Period, series
from quorate.venues.archive.taking import checksum, take
from quorate.venues.http import Session

FILE = File(series("spot", "ohlcv", "5m"), "BTCUSDT", Period(date(2023, 1, 1), is_month=True))
KEY = FILE.key


@pytest.fixture
def archive():
    with site() as served:
        served.bars("2023-01")
        yield served


def sha256(archive):
    return hashlib.sha256(archive.files[KEY]).hexdigest()


def brought(archive, folder, told=None):
    """Ask for the checksum and bring the file."""

    async def main():
        async with Session(QUICK) as session:
            wanted = await checksum(session, archive.url, FILE)
            count = (told if told is not None else []).append
            return await take(session, archive.url, FILE, wanted, folder, count)

    return asyncio.run(main())


def said(archive):
    async def main():
        async with Session(QUICK) as session:
            return await checksum(session, archive.url, FILE)

    return asyncio.run(main())


def test_a_checksum_is_read(archive):
    assert said(archive) == sha256(archive)
    archive.files[f"{KEY}.CHECKSUM"] = f"{'A' * 64} *{FILE.name}.zip".encode()
    assert said(archive) == "a" * 64


def test_no_checksum_means_not_published(archive):
    del archive.files[f"{KEY}.CHECKSUM"]
    assert said(archive) is None


@pytest.mark.parametrize("text", [b"", b"abc", b"a" * 64, b"a" * 64 + b"  other.zip", b"\xff\xfe"])
def test_another_kind_of_checksum_is_refused(archive, text):
    archive.files[f"{KEY}.CHECKSUM"] = text
    with pytest.raises(DataError, match=r"which is no sha256 of BTCUSDT-5m-2023-01\.zip"):
        said(archive)


def test_a_refusal_is_told_with_the_address(archive):
    archive.faults[f"{KEY}.CHECKSUM"] = [Fault(status=403)]
    with pytest.raises(VenueError, match="CHECKSUM answered 403"):
        said(archive)


def test_a_file_is_whole_under_its_name_and_nothing_else_is_left(archive, tmp_path):
    told = []
    path, digest = brought(archive, tmp_path, told)
    assert path.read_bytes() == archive.files[KEY]
    assert digest == sha256(archive)
    assert list(tmp_path.iterdir()) == [path]
    assert sum(told) == len(archive.files[KEY])


def test_a_file_that_matches_at_the_second_time_is_taken(archive, tmp_path):
    """A cache on the way had an old one."""
    new = archive.files[KEY]

    def old():
        archive.files[KEY] = b"old"

    def renewed():
        archive.files[KEY] = new

    archive.faults[KEY] = [Fault(before=old), Fault(before=renewed)]
    told = []
    assert brought(archive, tmp_path, told)[0].read_bytes() == new
    assert sum(told) == len(new)
    assert archive.asked() == [KEY, KEY]


def test_a_wrong_checksum_is_told_with_both_hashes_after_two_fetches(archive, tmp_path):
    archive.put(KEY, archive.files[KEY], checksum="0" * 64)
    with pytest.raises(DataError) as info:
        brought(archive, tmp_path)
    for part in (f"{FILE.name}.zip", "0" * 64, sha256(archive)):
        assert part in info.value.message
    assert "leave the span out" in info.value.hint
    assert archive.asked() == [KEY, KEY]
    assert list(tmp_path.iterdir()) == []


def test_a_file_replaced_after_its_checksum_is_taken_with_the_new_one(archive, tmp_path):
    new = zipped(KEY, bars("2023-01", price=50.0))
    archive.faults[KEY] = [Fault(before=lambda: archive.put(KEY, new))]
    path, digest = brought(archive, tmp_path)
    assert path.read_bytes() == new
    assert digest == hashlib.sha256(new).hexdigest()


def test_a_file_replaced_while_it_comes_is_taken_with_the_new_one(archive, tmp_path):
    new = zipped(KEY, bars("2023-01", price=50.0))
    change = Fault(before=lambda: archive.put(KEY, new))
    archive.faults[KEY] = [Fault(cut=40_000), change]
    assert brought(archive, tmp_path)[0].read_bytes() == new


def test_a_whole_file_of_an_earlier_run_is_not_fetched_again(archive, tmp_path):
    (tmp_path / f"{FILE.name}.zip").write_bytes(archive.files[KEY])
    assert brought(archive, tmp_path)[1] == sha256(archive)
    assert archive.asked() == []


def test_an_old_file_of_an_earlier_run_is_fetched_again(archive, tmp_path):
    (tmp_path / f"{FILE.name}.zip").write_bytes(b"old")
    assert brought(archive, tmp_path)[0].read_bytes() == archive.files[KEY]


def test_all_bytes_under_the_name_of_a_part_are_not_fetched_again(archive, tmp_path):
    """The kill came between the last byte and the name."""
    (tmp_path / f"{FILE.name}.zip.part").write_bytes(archive.files[KEY])
    assert brought(archive, tmp_path)[1] == sha256(archive)
    assert archive.asked() == []


def test_a_file_that_goes_away_is_not_published(archive, tmp_path):
    archive.faults[KEY] = [Fault(status=404)]
    assert brought(archive, tmp_path) is None
