"""Words in both databases: numbered, chained, read on from any row, by many writers at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from quorate.errors import ChainError


def test_words_are_read_on_from_where_one_was(store):
    words = store.words("main")
    assert words.read() == ()
    rows = [words.append({"verb": "pause", "n": n}) for n in range(5)]
    store.words("other").append({"verb": "resume"})
    assert [row.seq for row in rows] == [1, 2, 3, 4, 5]
    assert list(words.read()) == rows
    assert list(words.read(3)) == rows[3:]
    assert words.read(5) == ()
    with pytest.raises(ChainError, match="word 9 of account main"):
        words.read(9)


def test_many_writers_leave_one_chain(store):
    def say(n: int) -> int:
        return store.words("main").append({"n": n}).seq

    with ThreadPoolExecutor(4) as pool:
        seqs = sorted(pool.map(say, range(20)))
    assert seqs == list(range(1, 21))
    assert sorted(row.said["n"] for row in store.words("main").read()) == list(range(20))


def test_an_account_has_a_name(store):
    with pytest.raises(ValueError, match="give its name"):
        store.words(" ")
