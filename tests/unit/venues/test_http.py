"""Files over HTTP, against a server on loopback that does what servers do on bad days."""

from __future__ import annotations

import asyncio
import time

import pytest
from tests.unit.venues.archive_site import Fault, site

from quorate.errors import DataError, RateLimitError, VenueError, VenueUnavailableError
from quorate.venues.http import Limits, Session

QUICK = Limits(
    n_jobs=4, connect_s=2.0, read_s=0.3, patience_s=3.0, n_tries=6, backoff_s=0.01, longest_s=0.05
)
BODY = bytes(range(256)) * 1024


@pytest.fixture
def archive():
    with site() as served:
        served.files["a.zip"] = BODY
        yield served


def run(work, limits=QUICK):
    """Run ``work(session)``."""

    async def main():
        async with Session(limits) as session:
            return await work(session)

    return asyncio.run(main())


def download(archive, path, limits=QUICK, name="a.zip"):
    """Download a file; return what was told and the reply."""
    told = []
    reply = run(lambda s: s.download(f"{archive.url}/{name}", path, told.append), limits)
    return told, reply


def test_a_file_comes_whole(archive, tmp_path):
    told, reply = download(archive, tmp_path / "deep" / "a.part")
    assert (tmp_path / "deep" / "a.part").read_bytes() == BODY
    assert sum(told) == len(BODY)
    assert reply.status == 200
    assert archive.log == [("a.zip", "")]


def test_what_is_not_there_is_a_reply_and_no_error(archive, tmp_path):
    assert download(archive, tmp_path / "a.part", name="b.zip")[1].status == 404
    assert not (tmp_path / "a.part").exists()


def test_a_cut_body_is_gone_on_with_at_the_byte_where_it_stopped(archive, tmp_path):
    archive.faults["a.zip"] = [Fault(cut=100_000), Fault(cut=50_000)]
    told, _ = download(archive, tmp_path / "a.part")
    assert (tmp_path / "a.part").read_bytes() == BODY
    assert [asked for _, asked in archive.log] == ["", "bytes=100000-", "bytes=150000-"]
    assert sum(told) == len(BODY)


def test_a_stall_ends_with_the_read_limit_and_is_gone_on_with(archive, tmp_path):
    archive.faults["a.zip"] = [Fault(stall=65_536)]
    began = time.monotonic()
    download(archive, tmp_path / "a.part")
    assert (tmp_path / "a.part").read_bytes() == BODY
    assert [asked for _, asked in archive.log] == ["", "bytes=65536-"]
    assert 0.3 <= time.monotonic() - began < 2.0


def test_a_later_session_goes_on_with_what_an_earlier_one_left(archive, tmp_path):
    archive.faults["a.zip"] = [Fault(cut=100_000)]
    with pytest.raises(VenueUnavailableError, match="at the last of 1 tries"):
        download(archive, tmp_path / "a.part", QUICK._replace(n_tries=1))
    told, _ = download(archive, tmp_path / "a.part")
    assert archive.log[1] == ("a.zip", "bytes=100000-")
    assert told[0] == 100_000
    assert (tmp_path / "a.part").read_bytes() == BODY


def test_a_server_without_ranges_sends_it_from_the_beginning(archive, tmp_path):
    archive.faults["a.zip"] = [Fault(cut=100_000), Fault(whole=True)]
    told, _ = download(archive, tmp_path / "a.part")
    assert (tmp_path / "a.part").read_bytes() == BODY
    assert sum(told) == len(BODY)


def test_a_file_replaced_between_two_requests_is_taken_from_the_beginning(archive, tmp_path):
    other = BODY[::-1]
    change = Fault(before=lambda: archive.files.update({"a.zip": other}))
    archive.faults["a.zip"] = [Fault(cut=100_000), change]
    told, _ = download(archive, tmp_path / "a.part")
    assert (tmp_path / "a.part").read_bytes() == other
    assert sum(told) == len(other)
    assert len(archive.log) == 2  # If-Range: the server itself sends the new one whole


def test_a_rest_of_another_version_is_not_appended(archive, tmp_path):
    """A server that ignores If-Range sends the end of another file."""
    (tmp_path / "a.part").write_bytes(BODY[:1000])
    (tmp_path / "a.part.of").write_text('"another"')
    rest = (("ETag", '"now"'), ("Content-Range", f"bytes 1000-1001/{len(BODY)}"))
    archive.faults["a.zip"] = [Fault(status=206, headers=rest)]
    download(archive, tmp_path / "a.part")
    assert (tmp_path / "a.part").read_bytes() == BODY


def test_bytes_of_no_known_version_are_fetched_again(archive, tmp_path):
    (tmp_path / "a.part").write_bytes(b"x" * 1000)
    told, _ = download(archive, tmp_path / "a.part")
    assert archive.log == [("a.zip", "")]
    assert (tmp_path / "a.part").read_bytes() == BODY
    assert sum(told) == len(BODY)


def test_more_bytes_than_the_file_has_are_dropped(archive, tmp_path):
    (tmp_path / "a.part").write_bytes(BODY + b"more")
    archive.faults["a.zip"] = [Fault(status=416)]
    (tmp_path / "a.part.of").write_text('"x"')
    download(archive, tmp_path / "a.part")
    assert (tmp_path / "a.part").read_bytes() == BODY


def test_an_endless_file_is_refused(archive, tmp_path):
    with pytest.raises(DataError, match="is longer than 100000 bytes"):
        download(archive, tmp_path / "a.part", QUICK._replace(max_bytes=100_000))


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_a_failing_server_is_asked_again(archive, status):
    archive.faults["a.zip"] = [Fault(status=status)] * 5
    reply = run(lambda s: s.text(f"{archive.url}/a.zip"))
    assert reply.status == 200
    assert len(archive.log) == 6


def test_a_server_that_only_fails_is_given_up(archive):
    archive.faults["a.zip"] = [Fault(status=500)] * 9
    with pytest.raises(VenueUnavailableError, match="answered 500, at the last of 6 tries") as info:
        run(lambda s: s.text(f"{archive.url}/a.zip"))
    assert info.value.retryable
    assert len(archive.log) == 6


def test_a_refusal_is_a_reply(archive):
    archive.faults["a.zip"] = [Fault(status=403)]
    assert run(lambda s: s.text(f"{archive.url}/a.zip")).status == 403
    assert len(archive.log) == 1


@pytest.mark.parametrize("status", [429, 418])
def test_a_pause_that_is_asked_for_is_kept_by_every_request(archive, status):
    archive.files["b.zip"] = b"b"
    archive.faults["a.zip"] = [Fault(status=status, headers=(("Retry-After", "1"),))]

    async def work(session):
        first = asyncio.create_task(session.text(f"{archive.url}/a.zip"))
        await asyncio.sleep(0.2)
        began = time.monotonic()
        await session.text(f"{archive.url}/b.zip")
        held = time.monotonic() - began
        return await first, held

    reply, held = run(work)
    assert reply.status == 200
    assert 0.6 < held < 2.0


def test_who_waits_for_a_turn_when_a_pause_is_asked_for_waits_on(archive):
    for n in range(4):
        archive.files[f"{n}"] = b"x"
    archive.faults["0"] = [Fault(status=429, headers=(("Retry-After", "1"),))]

    async def work(session):
        began = time.monotonic()

        async def one(n):
            await session.text(f"{archive.url}/{n}")
            return time.monotonic() - began

        return await asyncio.gather(*(one(n) for n in range(4)))

    came = run(work, QUICK._replace(n_jobs=1))
    assert min(came) >= 1.0


def test_the_time_in_the_queue_is_no_impatience(archive):
    """A file that waited long for its turn is still tried as often as any other."""
    archive.files["b.zip"] = b"b"
    archive.faults["a.zip"] = [Fault(before=lambda: time.sleep(0.7))]
    archive.faults["b.zip"] = [Fault(status=500)]

    async def work(session):
        return await asyncio.gather(
            session.text(f"{archive.url}/a.zip"), session.text(f"{archive.url}/b.zip")
        )

    replies = run(work, QUICK._replace(n_jobs=1, patience_s=0.6, read_s=2.0))
    assert [reply.status for reply in replies] == [200, 200]


def test_a_ban_without_a_length_is_a_ban(archive):
    archive.faults["a.zip"] = [Fault(status=418)]
    with pytest.raises(RateLimitError, match="left alone for 120 s"):
        run(lambda s: s.text(f"{archive.url}/a.zip"))
    assert len(archive.log) == 1


def test_a_pause_by_date_is_measured_by_the_servers_own_clock(archive):
    dates = (
        ("Retry-After", "Fri, 01 Jan 2038 10:00:01 GMT"),
        ("Date", "Fri, 01 Jan 2038 10:00:00 GMT"),
    )
    archive.faults["a.zip"] = [Fault(status=429, headers=dates)]
    began = time.monotonic()
    assert run(lambda s: s.text(f"{archive.url}/a.zip")).status == 200
    # The server of the test adds a date of its own before; either way it is bounded.
    assert time.monotonic() - began < 3.0


def test_a_ban_for_hours_is_told_at_once(archive):
    archive.faults["a.zip"] = [Fault(status=418, headers=(("Retry-After", "7200"),))]
    with pytest.raises(RateLimitError, match="left alone for 7200 s") as info:
        run(lambda s: s.text(f"{archive.url}/a.zip"))
    assert info.value.wait_s == 7200.0


def test_nobody_there_is_told_within_seconds():
    with site() as gone:
        url = gone.url
    began = time.monotonic()
    with pytest.raises(VenueUnavailableError, match=r"cannot be reached .* 4 tries"):
        run(lambda s: s.text(f"{url}/a.zip"), QUICK._replace(n_tries=99))
    assert time.monotonic() - began < 2.0


def test_patience_ends_by_the_clock(archive, tmp_path):
    archive.faults["a.zip"] = [Fault(stall=0)] * 50
    limits = QUICK._replace(n_tries=99, patience_s=0.8)
    began = time.monotonic()
    with pytest.raises(VenueUnavailableError, match="sent nothing for too long"):
        download(archive, tmp_path / "a.part", limits)
    assert time.monotonic() - began < 2.0


def test_requests_at_once_are_bounded(archive):
    for n in range(12):
        archive.files[f"{n}"] = b"x"
        archive.faults[f"{n}"] = [Fault(before=lambda: time.sleep(0.03))]

    async def work(session):
        await asyncio.gather(*(session.text(f"{archive.url}/{n}") for n in range(12)))

    run(work, QUICK._replace(n_jobs=3))
    assert archive.most_at_once == 3


def test_a_page_where_a_short_text_is_due_is_refused(archive):
    with pytest.raises(VenueError, match="answered more than 4096 bytes"):
        run(lambda s: s.text(f"{archive.url}/a.zip", max_bytes=4096))


def test_a_refusing_disk_is_told(archive, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="was not written"):
        download(archive, tmp_path / "file" / "a.part")
