"""A desk killed at every point it passes, and killed again while it recovers.

A child lives one scripted life: it means, sends, hears and cancels, and says of each batch that it
is recorded. It is killed at its first crash point, then at its second, and so on until it lives to
the end. The venue is a file that outlives it. Whatever the point: all that the child said was
recorded is there, nothing is there twice, every order at the venue is known and reserved in full,
and no later life sends an intent again.
"""

import os
import resource
import signal
import time
from decimal import Decimal

import pytest
from tests.unit.live.orders.building import (
    KEY,
    acknowledged,
    filled,
    intended,
    seen,
    sending,
)
from tests.unit.store.conftest import where

from quorate.errors import DuplicateIntentError, LeaseError, StoreError
from quorate.live.orders.book import exposure
from quorate.live.orders.codec import from_text
from quorate.live.orders.desk import Desk, restore
from quorate.live.orders.events import (
    CancelIntended,
    Cancelling,
    CancelOutcome,
    InDoubt,
    Intended,
    Opened,
    Sending,
)
from quorate.live.orders.ids import client_id
from quorate.live.orders.states import State
from quorate.store import open_store
from quorate.store.crashpoints import POINTS, armed
from quorate.venues.base import OrderStatus

__all__ = ["where"]

QUANTITY = Decimal(1)


class Files:
    """What outlives a child: orders at the venue, batches that were said to be recorded."""

    def __init__(self, folder, account):
        self.venue = folder / f"{account}.venue"
        self.said = folder / f"{account}.said"
        self.passed = folder / f"{account}.passed"
        for path in (self.venue, self.said, self.passed):
            path.touch()

    @staticmethod
    def add(path, text):
        """Append in one write: a kill leaves the line or none of it."""
        file = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.write(file, f"{text}\n".encode())
        os.close(file)

    def placed(self):
        return self.venue.read_text().split()

    def n_said(self):
        return sum(int(line) for line in self.said.read_text().split())


def life(account, epoch):
    """Give the batches of a life, and which client id is placed after each."""
    one, two, three = (f"{account}-i{number}" for number in (1, 2, 3))
    intents = {name: intended(name, client_id=client_id(name, epoch)) for name in (one, two, three)}
    yield [x for name in (one, two) for x in (intents[name], sending(name, epoch=epoch))], None
    yield [], intents[one].client_id
    yield [acknowledged(intent_id=one)], None
    yield [], intents[two].client_id
    yield [InDoubt(at_ms=13, intent_id=two, reason="timeout")], None
    yield [filled(f"{account}-t1", "0.4", one), seen(OrderStatus.PARTIAL, "0.4", one)], None
    yield [CancelIntended(at_ms=20, intent_id=one, reason="over")], None
    outcome = CancelOutcome(at_ms=21, intent_id=one, outcome=Cancelling.ACCEPTED)
    yield [outcome, seen(OrderStatus.CANCELED, "0.4", one)], None
    yield [intents[three]], None
    yield [sending(three, epoch=epoch)], None
    yield [], intents[three].client_id


def live(where, account, files):
    """Live one life: open, record batch by batch, place what is recorded, keep a snapshot."""
    with open_store(where) as store:
        desk = opened(store, account)
        files.add(files.said, 1)
        with desk:
            for batch, placed in life(account, desk.epoch):
                try:
                    desk.record(batch)
                except DuplicateIntentError:
                    return  # an earlier life meant it: what became of it is looked up, not sent
                files.add(files.said, len(batch))
                if placed is not None:
                    files.add(files.venue, placed)
                desk.snapshot(at_least=4)


def opened(store, account):
    """Open a desk, and wait for the session of the dead to be noticed."""
    for _ in range(500):
        try:
            return Desk.open(store.journal(account), 99)[0]
        except LeaseError:
            time.sleep(0.01)
    raise AssertionError("the lease of a dead process is still held")


def killed_at(number, where, account, files):
    """Live in a child that is killed at this point; say whether it was."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            count = [0]

            def strike(name):
                count[0] += 1
                files.add(files.passed, name)
                if count[0] == number:
                    os.kill(os.getpid(), signal.SIGKILL)

            with armed(strike):
                live(where, account, files)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed by itself"
    return False


def require_nothing_lost(store, account, files):
    """Compare what is in the journal with what the child said and what the venue has."""
    journal = store.journal(account)
    events = [from_text(row.payload) for row in journal.rows()]
    assert journal.verify().n_rows == len(events)
    assert len(events) >= files.n_said(), "recorded, it said, and is not there"
    names = [item.intent_id for item in events if isinstance(item, Intended)]
    sends = [item.intent_id for item in events if isinstance(item, Sending)]
    clients = {item.client_id: item.intent_id for item in events if isinstance(item, Intended)}
    placed = files.placed()
    for once in (names, sends, placed):
        assert len(once) == len(set(once)), "twice"
    assert {clients[client] for client in placed} <= set(sends), "placed before it was durable"
    assert restore(journal).book == restore(journal, from_zero=True).book
    return clients, placed


def require_recovered(book, clients, placed):
    """Every order at the venue is in the book, and can still fill within what is reserved."""
    for client in placed:
        order = book.orders[clients[client]]
        assert order.state in (State.UNKNOWN, State.ACKED, State.PARTIAL, State.UNKNOWN_CANCEL) or (
            order.state is State.CANCELED
        )
        if order.state is not State.CANCELED:
            assert order.traded + order.reserved == QUANTITY
    for name, order in book.orders.items():
        if order.state is State.NOT_PLACED:
            assert name not in {clients[client] for client in placed}
    canceled = sum(order.state is State.CANCELED for order in book.orders.values())
    worst = exposure(book, KEY).highest
    assert worst >= len(placed) * QUANTITY - canceled * Decimal("0.6")


def killed_everywhere(where, folder, again):
    """Kill a life at each of its points, and the next one at the point that ``again`` gives."""
    open_store(where).close()
    passed = set()
    for number in range(1, 1_000):
        account = f"a{number}"
        files = Files(folder, account)
        was_killed = killed_at(number, where, account, files)
        with open_store(where) as store:
            require_nothing_lost(store, account, files)
        # the next life is killed too, while it recovers; the third one is left alone
        assert killed_at(again(number), where, account, files)
        with open_store(where) as store:
            clients, placed = require_nothing_lost(store, account, files)
            with opened(store, account) as desk:
                events = [from_text(row.payload) for row in store.journal(account).rows()]
                assert isinstance(events[-1], Opened)
                require_recovered(desk.book, clients, placed)
        passed |= set(files.passed.read_text().split())
        if not was_killed:
            break
    else:
        pytest.fail("a life that never ends")
    assert passed == set(POINTS), "a point that is never passed tests nothing"
    assert number > 83, "two lives at each of 12 points of the second are 2,000 kills"


@pytest.mark.slow
@pytest.mark.parametrize("second", range(1, 13))
def test_nothing_is_lost_or_doubled_wherever_a_desk_is_killed(ram, second):
    killed_everywhere(ram / "store.db", ram, lambda _: second)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["postgresql"], indirect=True)
def test_nothing_is_lost_or_doubled_on_a_server_wherever_a_desk_is_killed(where, tmp_path):
    killed_everywhere(where, tmp_path, lambda number: 1 + number % 12)


def in_a_child(work):
    """Do something in a child, whose limits are its own, and give what it returned as text."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, work().encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


def test_a_full_disk_refuses_the_batch_and_the_desk_knows_nothing_of_it(tmp_path):
    """What is not on the disk is not known, so it is not sent; with room again the desk goes on."""
    where = tmp_path / "store.db"
    open_store(where).close()
    many = [intended(f"m{number}", limits="x" * 900) for number in range(300)]

    def work():
        with open_store(where) as store, opened(store, "main") as desk:
            desk.record([intended("i1"), sending("i1")])
            _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            size = (tmp_path / "store.db-wal").stat().st_size
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50_000, hard))
            try:
                desk.record(many)
            except StoreError as error:
                said = f"{type(error).__name__} {error.hint} {len(desk.book.orders)}"
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
            desk.record([intended("i2")])
            return (
                f"{said} {len(desk.book.orders)} {restore(store.journal('main')).book == desk.book}"
            )

    said = in_a_child(work)
    assert said == "StoreError free some disk space; nothing of this step was written 1 2 True"
    with open_store(where) as store:
        names = [row.intent_id for row in store.journal("main").rows()]
        assert names == [None, "i1", "i1", "i2"]
        store.journal("main").verify()
