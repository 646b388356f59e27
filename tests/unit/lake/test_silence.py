"""Who is gone: who has shown no price for a day, whatever comes afterwards."""

from __future__ import annotations

import numpy as np
import pytest

from quorate.core.types import Bar
from quorate.lake import silence
from quorate.lake.grid import NEVER

A, T, I = Bar.ABSENT, Bar.TRADED, Bar.IMPUTED
HOUR, DAY = 60, 24


def column(*runs: tuple[int, int]) -> np.ndarray:
    return np.concatenate([np.full(n, kind, np.int8) for kind, n in runs])


def test_a_day_of_bars():
    assert [silence.limit(minutes) for minutes in (1, 5, 15, 60)] == [1440, 288, 96, 24]


def test_silence_begins_with_the_last_price_and_a_carried_one_is_one():
    status = column((T, 3), (I, 2), (A, 40), (T, 2), (A, 23))
    is_silent, latest = silence.silent(status, -NEVER, HOUR)
    assert np.flatnonzero(is_silent).tolist() == list(range(4 + DAY, 45))
    assert latest == 46


def test_silence_goes_on_from_part_to_part():
    status = column((A, 2), (T, 3), (A, 60), (I, 1), (A, 30))
    whole, _ = silence.silent(status, -3, HOUR)
    for cut in range(1, status.size):
        early, latest = silence.silent(status[:cut], -3, HOUR)
        late, _ = silence.silent(status[cut:], latest - cut, HOUR)
        np.testing.assert_array_equal(np.concatenate([early, late]), whole)


def test_a_coin_is_present_but_before_its_first_price_and_while_it_is_gone():
    status = column((A, 30), (T, 1), (A, 30), (T, 1), (A, 23))
    found = silence.present(status, HOUR)
    assert np.flatnonzero(found == 0).tolist() == [*range(30), *range(30 + DAY, 61)]
    assert not silence.present(column((A, 30)), HOUR).any()


@pytest.mark.parametrize(
    ("status", "last"),
    [
        (column((T, 5), (A, 24)), 4),
        (column((T, 5), (A, 23)), None),
        (column((T, 5), (I, 2), (A, 24)), 4),  # what is carried is no trade
        (column((T, 5), (A, 30), (T, 1)), None),  # back
        (column((T, 5), (A, 30)), 4),  # and before that: gone
        (column((A, 60)), None),  # never began
        (column((I, 1), (A, 60)), None),
        (column((T, 10_000), (A, 9_000)), 9_999),
        (column((T, 3)), None),
    ],
)
def test_who_is_gone_at_the_end(status, last):
    wanted = NEVER if last is None else 7 + last
    beside = np.stack([status, np.full(status.size, T, np.int8)], axis=1)
    assert silence.delisted(beside, 7, HOUR).tolist() == [wanted, NEVER]
    for end in range(1, status.size, 50):
        early = silence.delisted(beside, 7, HOUR, end)
        np.testing.assert_array_equal(early, silence.delisted(beside[:end], 7, HOUR))
    for size in (1, 7, status.size):
        coin = silence.Ending(7, HOUR)
        for t in range(0, status.size, size):
            coin.see(status[t : t + size])
        assert coin.delisted_k() == wanted
