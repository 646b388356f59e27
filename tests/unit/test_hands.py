"""Words by hand: what they say, what is in force, and that the decision obeys them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.errors import ConfigError
from quorate.hands import OF_A_COIN, Verb, Word, asked, in_force, obey, ordered, read_words

COINS = ("AAA", "BBB", "CCC")


def word(verb: str, coin: str = "", at_ms: int = 0, why: str = "because") -> Word:
    """Say something."""
    return Word(verb=Verb(verb), coin=coin, by="ann", why=why, at_ms=at_ms)


def words():
    """Draw words over three coins and a hundred bars, in any order."""

    def made(verb: Verb, coin: str, at_ms: int) -> Word:
        return word(verb, coin if verb in OF_A_COIN else "", at_ms)

    return st.lists(
        st.builds(made, st.sampled_from(Verb), st.sampled_from(COINS), st.integers(0, 1_000)),
        max_size=12,
    )


@given(words())
def test_rows_are_what_is_in_force_at_each_close(said):
    said = ordered(said, COINS)
    closes = np.arange(50, 1_050, 50)
    rows = asked(said, COINS, closes)
    for t, close in enumerate(closes):
        now = in_force(each for each in said if each.at_ms <= close)
        assert rows.pause[t] == (now.paused is not None)
        assert rows.kill[t] == (now.killed is not None)
        assert rows.block[t].tolist() == [coin in now.blocked for coin in COINS]
        assert rows.flatten[t].tolist() == [coin in now.flat for coin in COINS]


@given(words(), st.integers(0, 20))
def test_a_later_word_changes_no_earlier_row(said, n_bars):
    closes = np.arange(50, 1_050, 50)
    whole = asked(ordered(said, COINS), COINS, closes)
    known = [each for each in said if n_bars and each.at_ms <= closes[n_bars - 1]]
    then = asked(ordered(known, COINS), COINS, closes[:n_bars])
    for early, late in zip(then, whole, strict=True):
        assert np.array_equal(early, late[:n_bars])


def test_the_first_reason_stays_and_unblock_ends_both():
    now = in_force(
        [word("flatten", "AAA", why="one"), word("flatten", "AAA", why="two"), word("block", "AAA")]
    )
    assert now.flat["AAA"].why == "one"
    assert sorted(now.blocked) == ["AAA"]
    now = obey(now, word("unblock", "AAA"))
    assert (now.flat, now.blocked) == ({}, {})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"why": " "}, "without a usable 'why'"),
        ({"by": ""}, "without a usable 'by'"),
        ({"why": "x" * 501}, "without a usable 'why'"),
        ({"coin": "AAA"}, "names the coin 'AAA'"),
        ({"verb": Verb.BLOCK}, "names the coin ''"),
        ({"at_ms": -1}, "at -1 ms"),
    ],
)
def test_what_says_too_little_is_refused(change, said):
    row = {"verb": Verb.PAUSE, "coin": "", "by": "ann", "why": "news", "at_ms": 1} | change
    with pytest.raises(ConfigError, match=said):
        Word(**row)


def test_a_file_of_words_is_read_back(tmp_path):
    said = (word("pause", at_ms=1), word("block", "AAA", 2))
    lines = [each.as_dict() for each in said]
    path = tmp_path / "words.jsonl"
    path.write_text("\n\n".join(json.dumps(line) for line in lines))
    assert read_words(path) == said
    path.write_text('{"verb": "dance", "by": "ann", "why": "x", "at_ms": 1}')
    with pytest.raises(ConfigError, match="no word by hand"):
        read_words(path)
    path.write_text("nonsense")
    with pytest.raises(ConfigError, match="line 1 of"):
        read_words(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_words(tmp_path / "none")


def test_a_word_about_a_coin_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match="there is no such coin"):
        ordered([word("block", "ZZZ")], COINS)
