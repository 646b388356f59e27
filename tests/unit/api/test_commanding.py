"""A desk by hand: commands write words down, and the decision obeys them."""

from __future__ import annotations

import sqlite3

import pytest
from tests.unit.api.conftest import LIVELY

import quorate
from quorate.cli import run as command
from quorate.core.types import Reason
from quorate.errors import ChainError, ConfigError
from quorate.hands import Verb, Word
from quorate.lake import again


@pytest.fixture(scope="module")
def spoken(traded):
    """Return a panel in which a coin is flattened, another blocked, and then all paused."""
    free, _ = traded
    panel = quorate.synthetic(n_coins=5, days=18, planted_edge=4.0)
    held = free.trades.row(len(free.trades) // 2, named=True)
    other = next(name for name in panel.symbols if name != held["symbol"])
    at = int(held["opened_at"].timestamp() * 1000)

    def word(verb: str, coin: str, at_ms: int) -> Word:
        return Word(verb=Verb(verb), coin=coin, by="ann", why="a test", at_ms=at_ms)

    said = [
        word("flatten", held["symbol"], at + 1),
        word("block", other, at + 2),
        word("pause", "", at + 6 * 3_600_000),
    ]
    return quorate.by_hand(panel, said), said


def test_the_decision_obeys_and_says_so(traded, spoken):
    free, _ = traded
    panel, said = spoken
    obeyed = quorate.run(panel, quorate.read_settings(overrides=LIVELY))
    reasons = set(obeyed.decisions["reason"])
    assert {Reason.PAUSED.name, Reason.BLOCKED.name, Reason.EXIT_CONTROL.name} <= reasons
    first = said[0].at_ms
    before = obeyed.equity.filter(obeyed.equity["ts"].dt.epoch("ms") < first)
    assert before.equals(free.equity.head(len(before)))
    assert not obeyed.equity.equals(free.equity)
    opened = {
        (row["symbol"], int(row["opened_at"].timestamp() * 1000))
        for row in obeyed.trades.iter_rows(named=True)
    }
    lag = 300_000  # an order that was decided on before may fill in the bar after
    for coin, since in ((said[0].coin, first), (said[1].coin, first + 1)):
        assert not [at for name, at in opened if name == coin and at > since + lag]
    assert not [at for _, at in opened if at > said[2].at_ms + lag]


def test_the_same_words_make_the_same_panel_again(spoken):
    panel, _ = spoken
    made = again(panel.source.made, panel.source.digest)
    assert made.words == panel.words
    bare = quorate.synthetic(n_coins=5, days=18, planted_edge=4.0)
    assert panel.source.digest != bare.source.digest
    assert quorate.by_hand(bare, []) is bare
    with pytest.raises(ConfigError, match="words already"):
        quorate.by_hand(panel, panel.words)


def test_commands_write_down_who_asked_what_and_why(tmp_path, capsys):
    at = ["--store", str(tmp_path / "desk.sqlite"), "--by", "ann"]
    assert command(["pause", "--why", "news", *at]) == 0
    assert command(["block", "BTCUSDT", "--why", "a fork", *at]) == 0
    assert command(["flatten", "LUNAUSDT", "--why", "the peg", *at]) == 0
    said = capsys.readouterr().out
    assert "flatten LUNAUSDT   ann: the peg" in said
    assert command(["resume", "--why", "over", *at]) == 0
    assert command(["unblock", "LUNAUSDT", "--why", "over", *at]) == 0
    left = capsys.readouterr().out.rsplit("in force:")[-1]
    assert "BTCUSDT" in left
    assert "LUNAUSDT" not in left
    assert command(["arm", "--why", "looked", *at]) == 0
    words = quorate.words(store=tmp_path / "desk.sqlite")
    assert [word.verb.value for word in words] == [
        *("pause", "block", "flatten", "resume", "unblock", "arm")
    ]
    assert {word.by for word in words} == {"ann"}
    capsys.readouterr()
    assert command(["words", "--json", *at[:2]]) == 0
    path = tmp_path / "words.jsonl"
    path.write_text(capsys.readouterr().out)
    assert quorate.read_words(path) == words


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["resume", "--why", "x"], "is not paused"),
        (["unblock", "BTC", "--why", "x"], "BTC is neither blocked nor flattened"),
        (["pause", "--why", " "], "without a usable 'why'"),
    ],
)
def test_what_would_do_nothing_is_refused(tmp_path, capsys, line, said):
    store = tmp_path / "desk.sqlite"
    assert command([*line, "--store", str(store)]) != 0
    assert said in capsys.readouterr().err
    assert not store.exists() or quorate.words(store=store) == ()


def test_words_of_no_store_are_an_error(tmp_path):
    with pytest.raises(ConfigError, match="there is no store"):
        quorate.words(store=tmp_path / "none.sqlite")


def test_a_word_that_was_changed_is_noticed(tmp_path):
    store = tmp_path / "desk.sqlite"
    quorate.pause(why="news", by="ann", store=store)
    quorate.block("BTC", why="a fork", by="ann", store=store)
    with sqlite3.connect(store) as opened:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            opened.execute("UPDATE words SET payload = '{}'")
        opened.execute("DROP TRIGGER words_no_update")
        opened.execute("UPDATE words SET payload = replace(payload, 'ann', 'bob') WHERE seq = 1")
    opened.close()
    with pytest.raises(ChainError, match="word 1 of account main"):
        quorate.words(store=store)
