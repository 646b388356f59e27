"""The desk: what it knows is on the disk, and a restart knows the same."""

import shutil
from decimal import Decimal

import pytest
import sqlalchemy as sa
from tests.unit.live.orders.building import (
    KEY,
    acknowledged,
    filled,
    intended,
    opened,
    order,
    seen,
    sending,
    sent,
)
from tests.unit.live.orders.test_trades import external
from tests.unit.store.building import tamper

from quorate.errors import (
    ChainError,
    CommitInDoubtError,
    DuplicateIntentError,
    FencedError,
    LeaseError,
    StoreError,
)
from quorate.live.orders.codec import from_text
from quorate.live.orders.desk import Desk, restore
from quorate.live.orders.effects import Alarm, Resolve, Trouble
from quorate.live.orders.events import KINDS, Retired
from quorate.live.orders.reducer import init, scan
from quorate.live.orders.snapshots import VERSION
from quorate.live.orders.states import State
from quorate.store import open_store
from quorate.store.crashpoints import armed
from quorate.store.journal_rows import FILL_KINDS, INTENT_KINDS, Keys, fill_of, intent_of
from quorate.store.journal_snapshots import sealed
from quorate.venues.base import OrderStatus, Side

LIFE = [*sent()[1:], acknowledged(), filled("t1", "0.5")]


@pytest.fixture
def journal(store):
    return store.journal("main")


@pytest.fixture
def desk(journal):
    made, effects = Desk.open(journal, 1)
    assert effects == ()
    with made:
        yield made


def test_what_the_desk_knows_is_what_the_journal_folds_to(journal, desk):
    for event in LIFE:
        desk.record([event])
        assert restore(journal).book == desk.book
    assert [from_text(row.payload) for row in journal.rows()] == [opened(), *LIFE]
    assert desk.book == scan(init(), [opened(), *LIFE])[0]
    assert journal.verify().n_rows == desk.book.n_events == 5


def test_a_restart_knows_the_same_and_doubts_what_was_half_done(journal, desk):
    desk.record([*LIFE, intended("i2"), sending("i2"), intended("i3")])
    before = desk.book
    desk.close()
    again, effects = Desk.open(journal, 99)
    with again:
        assert again.epoch == 2
        assert again.book == scan(before, [opened(2, 99)])[0]
        assert effects == (Resolve("i2"),)
        states = [order(again.book, name).state for name in ("i1", "i2", "i3")]
        assert states == [State.PARTIAL, State.UNKNOWN, State.NOT_PLACED]


def test_a_snapshot_and_the_tail_are_the_whole(journal, desk):
    desk.record(LIFE)
    assert not desk.snapshot(at_least=99)
    assert desk.snapshot(at_least=1)
    assert not desk.snapshot(at_least=0), "nothing came since"
    desk.record([seen(OrderStatus.PARTIAL, "0.7"), filled("t2", "0.2"), intended("i2")])
    found = restore(journal)
    assert found.n_from_snapshot == 5
    assert found.book == restore(journal, from_zero=True).book == desk.book
    assert list(found.book.orders) == list(desk.book.orders)
    assert found.end == journal.end()
    desk.close()
    again, _ = Desk.open(journal, 99)
    with again:
        assert not again.snapshot(at_least=5)
        assert again.snapshot(at_least=4)


def test_a_damaged_snapshot_is_passed_over(store, journal, desk):
    desk.record(LIFE)
    desk.snapshot(at_least=1)
    with store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE journal_snapshots SET payload = '{}'"))
    assert restore(journal).n_from_snapshot == 0
    assert restore(journal).book == desk.book


def test_a_trade_that_comes_twice_is_written_once(journal, desk):
    desk.record(LIFE)
    n_rows = journal.end().n_rows
    assert desk.record([filled("t1", "0.5"), filled("t1", "0.5", at_ms=77)]) == ()
    assert journal.end().n_rows == n_rows
    desk.record([filled("t2", "0.1"), filled("t2", "0.1"), seen(OrderStatus.PARTIAL, "0.6")])
    assert journal.end().n_rows == n_rows + 2
    assert desk.book.positions[KEY] == Decimal("0.6")
    assert restore(journal).book == desk.book


def test_a_trade_that_differs_from_what_is_booked_is_alarmed_and_not_written(journal, desk):
    desk.record(LIFE)
    for batch in ([filled("t1", "0.4")], [filled("t2", "0.1"), filled("t2", "0.2")]):
        effects = desk.record(batch)
        assert effects[0].trouble is Trouble.CONFLICTING_TRADE
    assert desk.book.positions[KEY] == Decimal("0.6")
    assert restore(journal).book == desk.book


def test_a_trade_of_nobody_that_is_ours_after_all_reaches_its_order(journal, desk):
    """A sweep saw the trade before anyone knew whose it was; the stream says it later."""
    desk.record([*LIFE, external("t2", "0.5")])
    assert (order(desk.book).traded, desk.book.positions[KEY]) == (Decimal("0.5"), 1)
    effects = desk.record([filled("t2", "0.4"), filled("t2", "0.5", side=Side.SELL)])
    troubles = [effect.trouble for effect in effects if isinstance(effect, Alarm)]
    assert troubles == [Trouble.CONFLICTING_TRADE] * 2
    assert order(desk.book).traded == Decimal("0.5")
    for _ in range(2):
        assert desk.record([filled("t2", "0.5")]) == ()
        assert order(desk.book).state is State.FILLED
        assert desk.book.positions[KEY] == 1
    assert [row.kind for row in journal.rows()][-2:] == ["external_fill", "attributed"]
    assert restore(journal).book == desk.book
    assert journal.verify().n_rows == desk.book.n_events


def test_a_trade_that_the_book_forgot_is_known_to_the_journal(journal, desk):
    desk.record([*LIFE, filled("t2", "0.5"), Retired(at_ms=50, before_ms=20)])
    assert desk.book.trades == {}
    end = journal.end()
    assert desk.record([filled("t1", "0.5")]) == ()
    assert (journal.end(), desk.book.positions[KEY]) == (end, 1)
    desk.record([filled("t2", "0.5"), intended("i2")])
    assert journal.end().n_rows == end.n_rows + 1
    assert restore(journal).book == desk.book


def test_an_intent_is_not_meant_twice(journal, desk):
    desk.record(LIFE)
    before, end = desk.book, journal.end()
    for again in (intended(), intended("i2", client_id=intended().client_id)):
        with pytest.raises(DuplicateIntentError):
            desk.record([again])
    desk.record([filled("t2", "0.5"), Retired(at_ms=50, before_ms=20)])
    assert desk.book.orders == {}
    with pytest.raises(DuplicateIntentError):
        desk.record([intended()])
    assert (before.n_events, end.n_rows) == (5, 5)


def test_a_second_desk_waits_and_one_that_was_taken_over_stops(journal, desk):
    with pytest.raises(LeaseError):
        Desk.open(journal, 2)
    desk.record(LIFE)
    desk._writer._lease.release()
    assert not desk.is_held()
    second, _ = Desk.open(journal, 2)
    with second:
        before = desk.book
        with pytest.raises(FencedError):
            desk.record([filled("t2", "0.1")])
        assert desk.book is before


@pytest.mark.parametrize("is_made", [True, False])
def test_a_commit_in_doubt_is_taken_in_only_if_it_was_made(
    journal, desk, store, monkeypatch, is_made
):
    desk.record(LIFE)
    before = desk.book
    dialect, commit = store.engine.dialect, store.engine.dialect.do_commit
    error = dialect.loaded_dbapi.OperationalError("connection lost")

    def lose(connection):
        if is_made:
            commit(connection)
        monkeypatch.setattr(dialect, "do_execute", refuse)
        monkeypatch.setattr(dialect, "do_commit", commit)
        raise error

    def refuse(*_args, **_more):
        raise error

    execute = dialect.do_execute
    monkeypatch.setattr(dialect, "do_commit", lose)
    with pytest.raises(CommitInDoubtError):
        desk.record([filled("t1", "0.5"), filled("t2", "0.5")])
    assert desk.book is before
    with pytest.raises(StoreError):
        desk.settle()
    monkeypatch.setattr(dialect, "do_execute", execute)
    assert (desk.settle() is not None) is is_made
    assert order(desk.book).state is (State.FILLED if is_made else State.PARTIAL)
    assert restore(journal).book == desk.book
    desk.record([seen(OrderStatus.FILLED, 1)])
    assert restore(journal).book == desk.book


def test_a_journal_that_lost_its_last_rows_is_not_traded_on(store, journal, desk):
    desk.record(LIFE)
    desk.close()
    tamper(store, "DELETE FROM journal_fills", "DELETE FROM journal WHERE seq = 5")
    with pytest.raises(ChainError, match="ends at row 4, and should at row 5"):
        Desk.open(journal, 9)
    with journal.claim(10):
        pass  # the lease was given back


CUT = (
    "DELETE FROM journal WHERE seq = 7",
    "UPDATE journal_accounts SET n_rows = 6, head = (SELECT hash FROM journal WHERE seq = 6)",
)
"""The last row, a trade, is taken away, and the account's row says that it never was."""


TAMPERED = [
    (["DELETE FROM journal_fills WHERE seq = 5"], "1 trades are kept, and its rows have 2"),
    (CUT, "2 trades are kept, and its rows have 1"),
    (["DELETE FROM journal_fills WHERE seq = 7"], "the key of row 7 is not"),
    (["UPDATE journal_fills SET price = '9' WHERE seq = 7"], "the key of row 7 is not"),
    (["DELETE FROM journal_intents"], "0 intents are kept, and its rows have 1"),
    (["DELETE FROM journal WHERE seq = 3"], "it has 6 rows, and its last is row 7"),
    (
        ["INSERT INTO journal_intents VALUES ('i7', 'main', 3, 'v', 'c7', 's', 'buy', '1')"],
        "2 intents are kept, and its rows have 1",
    ),
    (
        [
            *CUT,
            "DELETE FROM journal_fills WHERE seq = 7",
            "UPDATE journal_snapshots SET seq = 9 WHERE seq = 5",
        ],
        "it ends at row 6, and was folded at row 9",
    ),
    (["UPDATE journal_accounts SET n_rows = 6"], "it ends at row 7, and should at row 6"),
]
"""What is done to the journal of ``lived``, and what a restart says of it."""


def lived(desk):
    """Live on over a snapshot of row 5; the last row is the seventh, a trade."""
    desk.record(LIFE)
    desk.snapshot(at_least=1)
    desk.record([seen(OrderStatus.PARTIAL, "0.7"), filled("t2", "0.2")])
    desk.close()


def require_refused(store, statements, message):
    """See a restart refuse a journal that was tampered with, and give the lease back."""
    journal = store.journal("main")
    assert journal.verify().n_rows == 7
    tamper(store, *statements)
    with pytest.raises(ChainError, match=message):
        Desk.open(journal, 9)
    with journal.claim(10):
        pass


@pytest.mark.parametrize(("statements", "message"), TAMPERED[:2])
def test_a_restart_counts_what_is_kept(store, desk, statements, message):
    lived(desk)
    require_refused(store, statements, message)


def test_a_restart_sees_what_is_gone_and_what_is_too_many(tmp_path):
    with open_store(tmp_path / "whole.db") as store:
        lived(Desk.open(store.journal("main"), 1)[0])
    for number, (statements, message) in enumerate(TAMPERED[2:]):
        copied = shutil.copyfile(tmp_path / "whole.db", tmp_path / f"{number}.db")
        with open_store(copied) as store:
            require_refused(store, statements, message)


def test_an_end_kept_elsewhere_shows_what_was_cut_without_a_trace(store, journal, desk):
    desk.record([*LIFE, seen(OrderStatus.PARTIAL, "0.7"), filled("t2", "0.2")])
    desk.close()
    kept, keys = journal.end(), restore(journal).keys
    journal.require(kept, keys)
    tamper(store, *CUT, "DELETE FROM journal_fills WHERE seq = 7")
    journal.verify()
    Desk.open(journal, 9)[0].close()
    with pytest.raises(ChainError, match="it ends at row 7, and should at row 7"):
        journal.require(kept, keys)


def test_snapshots_count_the_keys_of_every_life(journal, desk):
    desk.record(LIFE)
    desk.snapshot(at_least=1)
    desk.close()
    for number in (2, 3):
        again, _ = Desk.open(journal, number)
        with again:
            again.record([intended(f"i{number}"), filled(f"t{number}", "0.1")])
            assert again.snapshot(at_least=1)
        assert restore(journal).keys == restore(journal, from_zero=True).keys
        assert restore(journal).keys == Keys(number, number)


def test_a_snapshot_that_counts_no_keys_is_passed_over(store, journal, desk):
    desk.record(LIFE)
    desk.snapshot(at_least=1)
    found = journal.snapshot(VERSION)
    seal = sealed(found.end.head, VERSION, found.payload)
    with store.engine.begin() as connection:
        change = "UPDATE journal_snapshots SET payload = :payload, hash = :seal"
        connection.execute(sa.text(change), {"payload": found.payload, "seal": seal})
    assert restore(journal).n_from_snapshot == 0
    assert restore(journal).keys == Keys(1, 1)


def test_an_interrupt_before_the_commit_leaves_the_desk_as_it_was(journal, desk):
    def interrupt(name):
        if name == "journal.keys":
            raise KeyboardInterrupt

    with armed(interrupt), pytest.raises(KeyboardInterrupt):
        desk.record(LIFE)
    assert desk.book.orders == {}
    desk.record(LIFE)
    assert restore(journal).book == desk.book


def test_the_store_knows_which_events_are_intents_and_trades():
    assert set(KINDS) >= INTENT_KINDS | FILL_KINDS
    for name, kind in KINDS.items():
        fields = set(kind.__dataclass_fields__)
        values = dict.fromkeys(fields, "x") | {"kind": name}
        assert (intent_of(values) is not None) == (name == "intended")
        assert (fill_of(values) is not None) == (
            "trade_id" in fields and name not in {"attributed", "baseline"}
        )
