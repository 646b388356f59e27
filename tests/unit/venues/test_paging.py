"""Pages that overlap, skip, repeat or stand still, and what is asked because of it."""

from __future__ import annotations

import asyncio

import pytest

from quorate.errors import DataError
from quorate.venues.paging import Walk, pages

STEP = 60
BARS = [(at, float(at)) for at in range(0, 1200, STEP)]
WALK = Walk(step_ms=STEP, window_ms=5 * STEP, open_ended=True)


class Venue:
    """Gives ``limit`` rows from a time on; ``twist`` changes the answers of some turns.

    With ``window`` the span that is asked for is kept to, as far as it goes, and the ``newest``
    rows of it may come instead of the oldest.
    """

    def __init__(self, rows=BARS, limit=5, twist=None, window=None, newest=False):
        self.rows, self.limit, self.window, self.newest = rows, limit, window, newest
        self.twist = twist or {}
        self.asked = []

    async def __call__(self, since, span):
        self.asked.append(since)
        page = [row for row in self.rows if row[0] >= since]
        if self.window is not None:
            page = [row for row in page if row[0] < since + min(self.window, span + 1)]
        page = page[-self.limit :] if self.newest else page[: self.limit]
        change = self.twist.get(len(self.asked), self.twist.get("all"))
        return page if change is None else change(page)


def walked(venue, start=0, end=1200, walk=WALK):
    async def gather():
        return [page async for page in pages(venue, start, end, walk, "venue X")]

    return asyncio.run(gather())


def flat(found):
    return [row for page in found for row in page]


def test_each_row_comes_once_and_each_page_begins_with_the_row_before():
    venue = Venue()
    assert flat(walked(venue)) == BARS
    # Each page of 5 brings the last row again, so 5 + 4 + 4 + 4 + 3.
    assert venue.asked == [0, 239, 479, 719, 959]


def test_the_span_ends_before_its_end_and_nothing_is_asked_beyond_it():
    venue = Venue()
    assert flat(walked(venue, start=120, end=480)) == BARS[2:8]
    assert len(venue.asked) == 2


@pytest.mark.parametrize(
    "twist",
    [
        lambda page: page[3:],  # skips, the row before too
        lambda page: page[:1] + page[3:],  # a hole within
        lambda page: [BARS[0], BARS[1], *page],  # begins too early
        lambda page: [*page, *page],  # everything twice
        lambda page: page[::-1],  # backwards
        lambda _: [],  # nothing
        lambda _: BARS[:5],  # the first page again
    ],
    ids=["skip", "hole", "early", "twice", "backwards", "empty", "repeat"],
)
@pytest.mark.parametrize("turn", [1, 2, 4])
def test_a_bad_page_is_made_good(twist, turn):
    venue = Venue(twist={turn: twist})
    walk = WALK._replace(reach_ms=2 * STEP)
    assert flat(walked(venue, walk=walk)) == BARS


def test_without_the_row_before_a_page_is_asked_again_and_then_refused():
    venue = Venue(twist={turn: lambda page: page[2:] for turn in range(2, 99)})
    with pytest.raises(DataError, match=r"venue X: pages from 240 .* 5 times over"):
        walked(venue)
    assert venue.asked == [0, 239, 239, 239, 239, 239]


def test_a_hole_that_comes_twice_is_the_venues():
    rows = BARS[:7] + BARS[12:]
    venue = Venue(rows)
    assert flat(walked(venue)) == rows
    assert venue.asked.count(239) == 2  # the page with the hole, asked twice


def test_a_history_that_begins_late_is_confirmed_once():
    venue = Venue(BARS[10:])
    assert flat(walked(venue)) == BARS[10:]
    assert venue.asked[:2] == [0, 0]


def test_where_pages_have_windows_empty_ones_are_walked_through():
    venue = Venue(BARS[12:16], window=5 * STEP)
    assert flat(walked(venue, walk=WALK._replace(open_ended=False))) == BARS[12:16]
    assert venue.asked[-1] < 1200 < venue.asked[-1] + 2 * WALK.window_ms


@pytest.mark.parametrize("first", range(11))
@pytest.mark.parametrize("window", [4 * STEP, 4 * STEP + 1, 5 * STEP])
def test_no_row_is_lost_between_two_windows(first, window):
    """Venues differ in whether the last row of a span is still in it."""
    venue = Venue(BARS[first:], window=window)
    walk = WALK._replace(window_ms=4 * STEP, open_ended=False)
    assert flat(walked(venue, walk=walk)) == BARS[first:]
    gone = Venue(BARS[:2] + BARS[2 + first :], window=window)
    assert flat(walked(gone, walk=walk)) == BARS[:2] + BARS[2 + first :]


@pytest.mark.parametrize("limit", [2, 3, 5])
@pytest.mark.parametrize("first", [0, 3, 12])
def test_a_page_that_is_shorter_than_it_should_be_loses_no_row(limit, first):
    """Of a span that holds more rows than a page the newest come, and the oldest are missed."""
    venue = Venue(BARS[first:], limit=limit, window=99 * STEP, newest=True)
    walk = WALK._replace(window_ms=7 * STEP, open_ended=False)
    assert flat(walked(venue, walk=walk)) == BARS[first:]


@pytest.mark.parametrize("hours", [1, 2, 4, 8])
def test_settlements_of_any_spacing_come_whole_from_a_venue_that_gives_the_newest(hours):
    rows = [(at * hours * 60 + at % 3, 1.0) for at in range(60)]
    venue = Venue(rows, limit=10, window=9_999, newest=True)
    walk = Walk(step_ms=0, window_ms=9 * 60)
    assert flat(walked(venue, end=60 * hours * 60, walk=walk)) == rows


@pytest.mark.parametrize("twist", [lambda _: BARS[:5], lambda _: [], lambda page: page[:1]])
def test_a_window_is_left_only_when_it_is_empty_twice(twist):
    venue = Venue(window=5 * STEP, twist={2: twist})
    assert flat(walked(venue, walk=WALK._replace(open_ended=False))) == BARS


def test_a_market_that_trades_may_not_stand_still():
    venue = Venue(twist={"all": lambda page: [row for row in BARS[:5] if page and row >= page[0]]})
    with pytest.raises(DataError, match=r"nothing after 240, 960 ms before the end"):
        walked(venue, walk=WALK._replace(reach_ms=2 * STEP))
    assert len(venue.asked) < 20


def test_a_market_that_trades_no_more_just_ends():
    venue = Venue(BARS[:9])
    assert flat(walked(venue)) == BARS[:9]
    assert venue.asked == [0, 239, 479, 479]  # nothing new, twice


def test_a_row_that_the_venue_changed_meanwhile_comes_again():
    venue = Venue()
    changed = (240, -1.0)
    venue.twist = {2: lambda page: [changed, *page[1:]]}
    found = walked(venue)
    assert found[0][-1] == BARS[4]
    assert found[1][0] == changed


def test_two_values_for_one_time_are_asked_again():
    venue = Venue(twist={1: lambda page: [*page, (120, -1.0)]})
    assert flat(walked(venue)) == BARS
    assert venue.asked[:2] == [0, 0]


def test_settlements_have_no_grid_and_a_wide_gap_among_them_is_asked_again():
    rows = [(at * 1000 + at % 7, 1.0) for at in range(0, 400, 8)]
    venue = Venue(rows, limit=20, twist={1: lambda page: page[:5] + page[9:]})
    walk = Walk(step_ms=0, window_ms=10_000, open_ended=True, reach_ms=8_500)
    assert flat(walked(venue, end=400_000, walk=walk)) == rows
    assert venue.asked[:2] == [0, 0]


def test_an_empty_span_asks_nothing():
    venue = Venue()
    assert walked(venue, start=500, end=500) == []
    assert venue.asked == []
