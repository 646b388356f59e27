"""The journal: whole batches, in order, chained, unique for good, and written by one desk."""

import json

import pytest
import sqlalchemy as sa
from tests.unit.store.building import tamper
from tests.unit.store.entries import intent, plain, trade

from quorate.errors import (
    ChainError,
    DuplicateFillError,
    DuplicateIntentError,
    LeaseError,
    StoreError,
)
from quorate.records import GENESIS
from quorate.store import open_store
from quorate.store.connection import writing
from quorate.store.journal_rows import EMPTY, End, link

BATCH = [intent(), plain(2, "sending", intent_id="i1"), trade(), plain(3)]


@pytest.fixture
def journal(store):
    return store.journal("main")


@pytest.fixture
def writer(journal):
    with journal.claim(1) as claimed:
        yield claimed


def test_rows_come_back_as_they_were_written(journal, writer):
    end = writer.append(BATCH[:3])
    assert (end.n_rows, writer.end, journal.end()) == (3, end, end)
    end = writer.append(BATCH[3:])
    rows = list(journal.rows())
    assert [row.payload for row in rows] == BATCH
    assert [row.seq for row in rows] == [1, 2, 3, 4]
    assert [row.kind for row in rows] == ["intended", "sending", "filled", "status_seen"]
    assert [row.at_ms for row in rows] == [1, 2, 2, 3]
    assert [row.intent_id for row in rows] == ["i1", "i1", "i1", None]
    assert {row.epoch for row in rows} == {1}
    assert journal.verify() == end == journal.end()


def test_the_tail_is_read_from_an_end_on(journal, writer):
    middle = writer.append(BATCH[:3])
    writer.append(BATCH[3:])
    assert [row.payload for row in journal.rows(middle)] == BATCH[3:]
    assert list(journal.rows(journal.end())) == []
    with pytest.raises(ChainError, match="row 4 does not follow from the row before"):
        list(journal.rows(End(3, GENESIS)))


def test_the_chain_is_over_account_place_epoch_and_text(writer):
    head = GENESIS
    for seq, text in enumerate(BATCH, 1):
        head = link(head, "main", seq, 1, text)
    assert writer.append(BATCH) == End(4, head)
    for other in (("b", 1, 1, "{}"), ("a", 2, 1, "{}"), ("a", 1, 2, "{}"), ("a", 1, 1, "[]")):
        assert link(GENESIS, *other) != link(GENESIS, "a", 1, 1, "{}")


def test_the_chain_is_the_same_on_both_databases_and_in_any_batches(writer, tmp_path):
    with open_store(tmp_path / "other.db") as other, other.journal("main").claim(9) as second:
        for text in BATCH:
            second.append([text])
        assert writer.append(BATCH) == second.end


def test_nothing_is_written_before_a_claim_and_nothing_of_an_empty_batch(journal):
    assert journal.end() == journal.verify() == EMPTY
    assert list(journal.rows()) == []
    with journal.claim(1) as writer:
        assert writer.append([]) == journal.end() == journal.verify() == EMPTY


def test_two_accounts_have_two_chains_and_two_writers(store):
    one, two = store.journal("one"), store.journal("two")
    with one.claim(1) as first, two.claim(1) as second:
        first.append([intent("i1", "c1"), trade("t1", "i1")])
        # two accounts that trade with each other have one trade id
        second.append([intent("i2", "c2"), trade("t1", "i2")])
    assert one.verify() != two.verify()
    assert one.verify().n_rows == two.verify().n_rows == 2
    with pytest.raises(ValueError, match="a journal is of an account"):
        store.journal("")


@pytest.mark.parametrize(
    "second",
    [
        intent("i1", "c9"),
        intent("i9", "c1"),
        intent("i1", "c1"),
    ],
)
def test_no_intent_and_no_client_id_twice(journal, writer, second):
    end = writer.append(BATCH)
    with pytest.raises(DuplicateIntentError, match="is there already"):
        writer.append([plain(), second])
    assert journal.end() == journal.verify() == writer.end == end
    assert writer.append([intent("i9", "c1", venue="w")]).n_rows == 5


def test_an_intent_is_unique_over_all_accounts(store, writer):
    writer.append(BATCH)
    with store.journal("other").claim(1) as other:
        for again in (intent("i1", "c9"), intent("i9", "c1")):
            with pytest.raises(DuplicateIntentError):
                other.append([again])


def test_no_trade_twice(journal, writer):
    end = writer.append(BATCH)
    for again in (trade(), trade(price="7"), trade(kind="external_fill", intent_id=None)):
        with pytest.raises(DuplicateFillError, match="trade t1 of BTCUSDT at v is there already"):
            writer.append([plain(), again])
    assert journal.end() == journal.verify() == writer.end == end
    writer.append([trade("t2"), trade("t1", symbol="ETHUSDT"), trade("t1", venue="w")])
    assert journal.verify().n_rows == 7


def test_no_repeat_within_a_batch(journal, writer):
    for repeated in ([intent(), intent("i2")], [intent(), intent(client="c2")]):
        with pytest.raises(DuplicateIntentError):
            writer.append(repeated)
    with pytest.raises(DuplicateFillError):
        writer.append([intent(), trade(), trade()])
    assert journal.end() == EMPTY


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        "not json",
        '{"kind":"filled","at_ms":1}',
        '{"kind":"intended","at_ms":1,"intent_id":"i"}',
        '{"kind":"note","at_ms":"1"}',
        '{"kind":null,"at_ms":1}',
    ],
)
def test_a_text_that_is_no_event_is_refused(journal, writer, text):
    with pytest.raises(ValueError, match="no event for the journal"):
        writer.append([plain(), text])
    assert journal.end() == EMPTY


def test_an_intent_is_found_again(journal, writer):
    writer.append(BATCH)
    row = journal.intent_row("i1")
    assert (row.seq, row.payload) == (1, BATCH[0])
    assert journal.intent_row("i2") is None


def test_a_large_batch_is_one_step(journal, writer):
    """More rows than a read takes in one go."""
    texts = [plain(number) for number in range(11_000)]
    end = writer.append([*BATCH, *texts, trade("t2")])
    assert journal.verify() == end
    assert sum(1 for _ in journal.rows()) == 11_005


def test_one_desk_at_a_time(journal, writer):
    with pytest.raises(LeaseError, match="held by another process") as caught:
        journal.claim(2)
    assert caught.value.retryable
    assert writer.is_held()
    writer.close()
    writer.close()
    assert not writer.is_held()
    with journal.claim(3) as next_one:
        assert next_one.epoch == 2
        assert next_one.is_held()


def test_each_claim_has_an_epoch_of_its_own(journal):
    for epoch in (1, 2, 3):
        with journal.claim(epoch) as writer:
            assert writer.epoch == epoch
            writer.append([plain(epoch)])
    assert [row.epoch for row in journal.rows()] == [1, 2, 3]
    assert journal.verify().n_rows == 3


APPEND_ONLY = ("journal", "journal_intents", "journal_fills")


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("statement", ["UPDATE {} SET seq = 99 WHERE seq > 0", "DELETE FROM {}"])
def test_the_database_refuses_to_change_what_was_written(store, writer, table, statement):
    writer.append(BATCH)
    with (
        pytest.raises((sa.exc.DBAPIError, StoreError), match="append-only"),
        writing(store.engine) as connection,
    ):
        connection.execute(sa.text(statement.format(table)))


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_a_replacement_is_refused_too(store, journal, writer, table):
    end = writer.append(BATCH)
    if store.engine.dialect.name == "sqlite":
        statement = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1"  # noqa: S608
    else:
        statement = f"TRUNCATE {table} CASCADE"
    with (
        pytest.raises((sa.exc.DBAPIError, StoreError), match="append-only"),
        writing(store.engine) as connection,
    ):
        connection.execute(sa.text(statement))
    assert journal.verify() == end


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "UPDATE journal SET payload = replace(payload, '100.5', '999') WHERE seq = 3",
            "row 3 does not follow",
        ),
        ("UPDATE journal SET hash = '00' WHERE seq = 4", "row 4 does not follow"),
        ("UPDATE journal SET epoch = 2 WHERE seq = 2", "row 2 does not follow"),
        ("UPDATE journal SET kind = 'filled' WHERE seq = 2", "row 2 is not what its text says"),
        ("UPDATE journal SET at_ms = 9 WHERE seq = 1", "row 1 is not what its text says"),
        ("UPDATE journal SET intent_id = 'x' WHERE seq = 2", "row 2 is not what its text says"),
        ("DELETE FROM journal WHERE seq = 2", "row 2 is missing, the next is 3"),
        ("DELETE FROM journal WHERE seq = 4", "it ends at row 3, and should at row 4"),
        ("DELETE FROM journal_intents", "the key of row 1 is not"),
        ("DELETE FROM journal_fills", "the key of row 3 is not"),
        ("UPDATE journal_intents SET client_id = 'x'", "the key of row 1 is not"),
        ("UPDATE journal_intents SET quantity = '9'", "the key of row 1 is not"),
        ("UPDATE journal_fills SET trade_id = 'x'", "the key of row 3 is not"),
        ("UPDATE journal_fills SET fee = '9'", "the key of row 3 is not"),
        ("UPDATE journal_fills SET seq = 4", "the key of row 3 is not"),
        (
            "INSERT INTO journal_intents VALUES ('i7', 'main', 4, 'v', 'c7', 's', 'buy', '1')",
            "row 4 is no intent and no trade, and is kept as one",
        ),
        ("UPDATE journal_accounts SET n_rows = 3", "it ends at row 4, and should at row 3"),
        ("UPDATE journal_accounts SET head = 'x'", "it ends at row 4, and should at row 4"),
    ],
)
def test_tampering_is_found_and_the_first_row_named(store, journal, writer, statement, message):
    writer.append(BATCH)
    journal.verify()
    tamper(store, statement)
    with pytest.raises(ChainError, match=message):
        journal.verify()


def test_a_key_of_no_row_at_all_is_found(store, journal, writer):
    writer.append(BATCH)
    stray = "INSERT INTO journal_intents VALUES ('i7', 'main', 9, 'v', 'c7', 's', 'buy', '1')"
    tamper(store, stray)
    with pytest.raises(ChainError, match="2 intents are kept, and its rows have 1"):
        journal.verify()


def test_texts_are_kept_byte_for_byte(journal, writer):
    text = plain(1, note="ü\u2028\n'\"\\", amount="0.000000000000000000000000000000000001")
    writer.append([text])
    (row,) = journal.rows()
    assert row.payload == text
    assert json.loads(row.payload)["note"] == "ü\u2028\n'\"\\"
