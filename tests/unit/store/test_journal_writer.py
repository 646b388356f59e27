"""Who may write: not who was taken over, nor who does not know whether a commit was made."""

import os
import threading
import time

import psycopg
import pytest
import sqlalchemy as sa
from tests.unit.store.entries import intent, plain, trade

from quorate.errors import CommitInDoubtError, FencedError, LeaseError, StoreError
from quorate.store import open_store
from quorate.store.connection import writing
from quorate.store.crashpoints import armed
from quorate.store.journal_rows import EMPTY, Keys
from quorate.store.journal_snapshots import KEPT


@pytest.fixture
def journal(store):
    return store.journal("main")


@pytest.fixture
def writer(journal):
    with journal.claim(1) as claimed:
        yield claimed


def taken_over(store, writer):
    """Have the epoch raised past a writer whose lease was lost without its notice."""
    writer.close()
    return store.journal("main").claim(2)


def test_who_was_taken_over_writes_nothing(store, journal, writer):
    end = writer.append([intent()])
    with taken_over(store, writer) as second:
        for attempt in (
            writer.append,
            lambda texts: writer.snapshot(1, texts[0], writer.end, Keys()),
        ):
            with pytest.raises(FencedError, match="no longer that of epoch 1"):
                attempt([plain()])
        assert journal.end() == end
        assert second.append([plain()]).n_rows == 2
        with pytest.raises(FencedError):
            writer.append([plain()])
    assert journal.verify().n_rows == 2


def test_a_takeover_in_the_middle_of_a_batch_waits_or_wins_but_never_both(store, journal, writer):
    """The row of the account is locked by whoever writes: a claim cannot slip in between."""
    epochs, begun = [], threading.Event()

    def claim():
        with store.journal("main").claim(2) as second:
            epochs.append(second.epoch)
            second.append([plain(2)])

    thread = threading.Thread(target=claim)

    def strike(name):
        if threading.current_thread() is thread:
            if name == "claim.begun":
                begun.set()
        elif name == "journal.fenced":
            thread.start()
            begun.wait(1)  # SQLite lets nobody begin here
            time.sleep(0.3)  # until the claim waits for this row

    writer._lease.release()
    with armed(strike):
        writer.append([plain(1)])
        thread.join(30)
    assert epochs == [2]
    assert [row.epoch for row in journal.rows()] == [1, 2]
    journal.verify()


def test_a_writer_whose_memory_is_behind_is_refused(journal, writer):
    writer.append([plain(1)])
    writer._end = EMPTY
    with pytest.raises(FencedError):
        writer.append([plain(2)])
    assert journal.verify().n_rows == 1


def test_a_process_that_was_forked_off_has_no_journal(journal, writer):
    writer.append([plain(1)])
    writer._process = os.getpid() + 1
    with pytest.raises(FencedError, match="claimed by another process"):
        writer.append([plain(2)])
    assert journal.verify().n_rows == 1


class Wire:
    """Loses the connection at the next commit, after or before it was made."""

    def __init__(self, store, monkeypatch):
        self.is_made = True
        self.is_cut = False
        self.is_down = False
        self._patch = monkeypatch
        self._dialect = store.engine.dialect
        self._commit = self._dialect.do_commit
        self._begin = self._dialect.do_execute
        monkeypatch.setattr(self._dialect, "do_commit", self._lose)

    def cut(self, *, is_made, is_down=False):
        self.is_cut, self.is_made, self.is_down = True, is_made, is_down

    def mend(self):
        self._patch.setattr(self._dialect, "do_execute", self._begin)

    def _lose(self, connection):
        if not self.is_cut:
            self._commit(connection)
            return
        self.is_cut = False
        if self.is_made:
            self._commit(connection)
        if self.is_down:
            self._patch.setattr(self._dialect, "do_execute", self._refuse)
        raise self._error()

    def _refuse(self, *_args, **_more):
        raise self._error()

    def _error(self):
        if self._dialect.name == "postgresql":
            return psycopg.OperationalError("server closed the connection unexpectedly")
        return self._dialect.loaded_dbapi.OperationalError("disk I/O error")


@pytest.fixture
def wire(store, monkeypatch):
    return Wire(store, monkeypatch)


def test_a_commit_whose_answer_was_lost_is_found_made(journal, writer, wire):
    wire.cut(is_made=True)
    end = writer.append([intent(), plain(2)])
    assert (end, journal.verify()) == (writer.end, writer.end)
    assert journal.intent_row("i1").seq == 1
    assert writer.append([trade()]).n_rows == 3
    assert journal.verify().n_rows == 3
    assert writer.added == Keys(1, 1)


def test_a_commit_that_was_lost_is_found_not_made(journal, writer, wire):
    wire.cut(is_made=False)
    with pytest.raises(StoreError, match="the store failed") as caught:
        writer.append([intent(), plain(2)])
    assert not isinstance(caught.value, CommitInDoubtError)
    assert journal.intent_row("i1") is None
    assert writer.added == Keys()
    assert writer.append([intent(), plain(2)]).n_rows == 2
    assert journal.verify().n_rows == 2
    assert writer.added == Keys(1)


@pytest.mark.parametrize("is_made", [True, False])
def test_a_commit_in_doubt_stays_so_until_the_store_answers(journal, writer, wire, is_made):
    wire.cut(is_made=is_made, is_down=True)
    with pytest.raises(CommitInDoubtError, match="may have been written or not") as caught:
        writer.append([intent()])
    assert "settle it" in caught.value.hint
    with pytest.raises(StoreError, match="the store failed"):
        writer.settle()
    with pytest.raises(CommitInDoubtError, match="is in doubt"):
        writer.append([plain(2)])
    wire.mend()
    with pytest.raises(CommitInDoubtError, match="is in doubt"):
        writer.append([plain(2)])
    assert writer.settle() is is_made
    assert (journal.intent_row("i1") is not None) is is_made
    assert writer.added == Keys(int(is_made))
    assert writer.append([plain(2)]).n_rows == 1 + is_made
    assert journal.verify() == writer.end
    with pytest.raises(ValueError, match="no commit of this writer is in doubt"):
        writer.settle()


def test_a_commit_in_doubt_and_taken_over_since(store, journal, writer, wire):
    wire.cut(is_made=True, is_down=True)
    with pytest.raises(CommitInDoubtError):
        writer.append([intent()])
    wire.mend()
    with taken_over(store, writer) as second:
        second.append([plain(2)])
        assert writer.settle() is True
        with pytest.raises(FencedError):
            writer.append([plain(3)])
    assert journal.verify().n_rows == 2


def test_a_server_that_ends_the_session_before_the_commit(store, journal, writer):
    """The real thing, not a stand-in: PostgreSQL ends the session that is writing."""
    if store.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no sessions")
    other = sa.create_engine(store.engine.url, isolation_level="AUTOCOMMIT")
    end_it = (
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND state = 'idle in transaction'"
    )

    def strike(name):
        if name == "journal.keys":
            with other.connect() as connection:
                assert connection.execute(sa.text(end_it)).scalars().all() == [True]

    with armed(strike), pytest.raises(StoreError, match="the store failed") as caught:
        writer.append([intent()])
    other.dispose()
    assert not isinstance(caught.value, CommitInDoubtError)
    assert journal.intent_row("i1") is None
    assert writer.append([intent()]).n_rows == 1
    assert journal.verify().n_rows == 1


def test_a_commit_is_flushed_even_where_the_server_is_told_to_be_lazy(store, writer):
    if store.engine.dialect.name == "sqlite":
        pytest.skip("SQLite is told so when it is opened")
    with store.engine.connect() as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
        connection.commit()
    found = []
    sa.event.listen(
        store.engine,
        "commit",
        lambda connection: found.append(
            connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
        ),
    )
    store.engine.dispose()
    with store.runs._engine.begin() as connection:
        connection.exec_driver_sql("SELECT 1")
    writer.append([intent()])
    assert found == ["off", "on"]


def test_a_lease_that_the_server_ended_is_no_longer_held(store, writer):
    if store.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no sessions")
    assert writer.is_held()
    with writing(store.engine) as connection:
        ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'"
        assert connection.execute(sa.text(ended)).scalars().all() == [True]
    assert not writer.is_held()
    assert writer.append([plain()]).n_rows == 1, "the epoch is still its own"
    with store.journal("main").claim(2) as second:
        assert second.epoch == 2
        with pytest.raises(FencedError):
            writer.append([plain()])


def test_a_lease_is_the_same_by_whichever_name_the_file_is_called(tmp_path, monkeypatch):
    (tmp_path / "other.db").symlink_to(tmp_path / "store.db")
    monkeypatch.chdir(tmp_path)
    with open_store(tmp_path / "store.db") as store, store.journal("main").claim(1):
        for name in ("store.db", "other.db"):
            with open_store(name) as again, pytest.raises(LeaseError):
                again.journal("main").claim(2)


def test_a_lease_whose_file_was_removed_is_no_longer_held(tmp_path):
    with open_store(tmp_path / "store.db") as store, store.journal("main").claim(1) as writer:
        (lease,) = tmp_path.glob("*.lease")
        lease.unlink()
        assert not writer.is_held()
        with store.journal("main").claim(2), pytest.raises(FencedError):
            writer.append([plain()])


def test_a_lease_that_cannot_be_made_is_said(tmp_path, monkeypatch):
    with open_store(tmp_path / "store.db") as store:
        monkeypatch.setattr(os, "open", _no_room)
        with pytest.raises(StoreError, match="the lease of main cannot be made: no room"):
            store.journal("main").claim(1)


def _no_room(*_args):
    raise OSError(28, "no room")


def test_a_claim_that_fails_gives_the_lease_back(journal):
    def fail(name):
        if name == "claim.written":
            raise KeyboardInterrupt

    with armed(fail), pytest.raises(KeyboardInterrupt):
        journal.claim(1)
    with journal.claim(2) as writer:
        assert writer.epoch == 1


def test_a_lease_is_for_one_account(store, writer):
    with store.journal("other").claim(1):
        assert writer.is_held()
    with pytest.raises(LeaseError):
        store.journal("main").claim(1)


def test_the_newest_snapshot_that_fits_is_found(store, journal, writer):
    assert journal.snapshot(1) is None
    with pytest.raises(ValueError, match="a snapshot of 0 rows, and there are 0"):
        writer.snapshot(1, "{}", EMPTY, Keys())
    ends = []
    for number in range(KEPT + 2):
        ends.append(writer.append([plain(number)]))
        writer.snapshot(1, f"book {number}", ends[-1], Keys())
    writer.snapshot(1, "book again", ends[-1], Keys(2, 1))
    found = journal.snapshot(1)
    assert (found.end, found.payload, found.keys) == (ends[-1], "book again", Keys(2, 1))
    assert journal.snapshot(2) is None
    with pytest.raises(ValueError, match="a snapshot of 1 rows, and there are 4"):
        writer.snapshot(1, "old", ends[0], Keys())
    with writing(store.engine) as connection:
        count = connection.scalar(sa.text("SELECT count(*) FROM journal_snapshots"))
        assert count == KEPT
        connection.execute(sa.text("UPDATE journal_snapshots SET payload = 'x' WHERE seq = 4"))
    assert journal.snapshot(1).end == ends[-2], "a damaged one is passed over"
    with writing(store.engine) as connection:
        connection.execute(sa.text("UPDATE journal_snapshots SET version = 2"))
    assert journal.snapshot(1) is None
    assert journal.snapshot(2) is None, "the seal names its version"
    assert journal.verify() == ends[-1]
