"""The list of a bucket, in pages, against a server that lists as S3 does."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.venues.archive_site import Fault, site
from tests.unit.venues.test_http import QUICK

from quorate.errors import VenueError
from quorate.venues.archive.listing import listed, read
from quorate.venues.http import Session

PREFIX = "data/spot/daily/klines/BTCUSDT/5m/"


@pytest.fixture
def archive():
    with site() as served:
        yield served


def ask(archive, prefix, after=""):
    async def main():
        async with Session(QUICK) as session:
            return await listed(session, archive.url, prefix, after)

    return asyncio.run(main())


def test_files_come_with_size_and_tag(archive):
    key = archive.bars("2023-01-01")
    files, folders = ask(archive, PREFIX)
    assert list(files) == [key, f"{key}.CHECKSUM"]
    assert files[key].size == len(archive.files[key])
    assert len(files[key].tag) == 32
    assert folders == []


def test_folders_are_symbols(archive):
    for symbol in ("BTCUSDT", "ETHUSDT"):
        archive.bars("2023-01", symbol=symbol)
    files, folders = ask(archive, "data/spot/monthly/klines/")
    assert files == {}
    assert [each.split("/")[-2] for each in folders] == ["BTCUSDT", "ETHUSDT"]


@pytest.mark.parametrize("page", [1, 2, 3, 100])
def test_pages_are_followed_to_the_end(archive, page):
    archive.page = page
    for n in range(1, 6):
        archive.files[f"{PREFIX}{n}"] = b"x"
    assert len(ask(archive, PREFIX)[0]) == 5
    assert len(archive.log) == -(-5 // page)


def test_a_list_begins_behind_a_name(archive):
    for day in ("2022-12-31", "2023-01-01", "2023-01-02"):
        archive.files[f"{PREFIX}BTCUSDT-5m-{day}.zip"] = b"x"
    files, _ = ask(archive, PREFIX, f"{PREFIX}BTCUSDT-5m-2023-01")
    assert [name[-14:-4] for name in files] == ["2023-01-01", "2023-01-02"]


def test_an_address_that_lists_nothing_is_no_list(archive):
    archive.has_list = False
    assert ask(archive, PREFIX) is None
    archive.faults[f"?{PREFIX}"] = [Fault(status=403)]
    assert ask(archive, PREFIX) is None


def test_a_list_that_goes_round_is_refused(archive, monkeypatch):
    monkeypatch.setattr("tests.unit.venues.archive_site.listed", lambda *_: ROUND.encode())
    with pytest.raises(VenueError, match="goes back from b to b"):
        ask(archive, PREFIX)


ROUND = (
    "<ListBucketResult><IsTruncated>true</IsTruncated><NextMarker>b</NextMarker></ListBucketResult>"
)


def test_a_page_without_a_marker_goes_on_behind_its_last_name():
    page = read(
        "<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>a</Key></Contents>"
        "<Contents><Key>c</Key></Contents></ListBucketResult>"
    )
    assert page.marker == "c"


@pytest.mark.parametrize("text", ["", "<html>", "<!DOCTYPE html><html></html>", "<Error/>", "{}"])
def test_what_is_no_list_is_none(text):
    assert read(text) is None


def test_a_list_that_defines_entities_is_refused():
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><ListBucketResult>&a;</ListBucketResult>'
    with pytest.raises(VenueError, match="defines entities"):
        read(bomb)
