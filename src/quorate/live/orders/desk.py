"""Where the book meets the journal: what is folded is written first, what was written is folded.

The order is what matters: events are folded on a copy, written in one transaction, and only then
does the desk know them. So a crash at any point leaves the journal as the desk knew it, or one
batch ahead; and whoever sends an order sends after ``record`` has returned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from quorate.errors import DuplicateFillError
from quorate.live.orders.codec import from_text, to_text
from quorate.live.orders.events import Attributed, ExternalFill, Filled, JournalEvent, Opened
from quorate.live.orders.reducer import init, scan
from quorate.live.orders.snapshots import VERSION, book_of, book_text
from quorate.live.orders.trades import fits
from quorate.store.crashpoints import crashpoint
from quorate.store.journal_rows import EMPTY, End, Keys, keys_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from types import TracebackType

    from quorate.live.orders.book import Book, TradeKey
    from quorate.live.orders.effects import Effect
    from quorate.store.journal import Journal
    from quorate.store.journal_writer import Writer

SNAPSHOT_EVERY: Final = 10_000

_AT_ONCE: Final = 5_000


@dataclass(frozen=True, slots=True)
class Restored:
    """A book folded from a journal: how much of it came from a snapshot, and how it ends.

    ``keys`` counts the intents and trades of all its rows.
    """

    book: Book
    end: End
    n_from_snapshot: int
    keys: Keys


def restore(journal: Journal, *, from_zero: bool = False) -> Restored:
    """Fold a journal, from its newest snapshot or from zero; both give the same book (I9).

    Raises
    ------
    ChainError
        A row that was read, or the key that is kept of it, is not the one that was written.
    """
    found = None if from_zero else journal.snapshot(VERSION)
    book = init() if found is None else book_of(found.payload)
    start = end = EMPTY if found is None else found.end
    keys = Keys() if found is None else found.keys
    batch: list[JournalEvent] = []
    for row in journal.rows(start):
        batch.append(from_text(row.payload))
        end, keys = End(row.seq, row.hash), keys + keys_of(row.kind)
        if len(batch) == _AT_ONCE:
            book, _ = scan(book, batch)
            batch.clear()
    book, _ = scan(book, batch)
    return Restored(book, end, start.n_rows, keys)


class Desk:
    """The orders of one account, alive: the only one who records, while its lease holds.

    Parameters
    ----------
    writer : Writer
        The claimed journal.
    restored : Restored
        What it folded to when it was claimed.
    """

    def __init__(self, writer: Writer, restored: Restored) -> None:
        self._writer = writer
        self._book = restored.book
        self._n_at_snapshot = restored.n_from_snapshot
        self._keys_before = restored.keys
        self._pending: Sequence[JournalEvent] = ()
        self.listed: dict[tuple[str, str], str] = {}
        """(venue, symbol) -> up to which trade this life has read all: what is pushed has gaps."""

    @classmethod
    def open(
        cls, journal: Journal, at_ms: int, reason: str = ""
    ) -> tuple[Self, tuple[Effect, ...]]:
        """Claim a journal, prove and fold it, and doubt whatever an earlier desk left half done.

        Returns
        -------
        desk, effects : Desk, tuple
            The desk, and the orders that are to be resolved before anything new is sent.

        Raises
        ------
        LeaseError
            Another desk holds the journal.
        ChainError
            The journal is not what was written: its end, the rows that were read, or how many
            rows and keys there are in all.
        """
        writer = journal.claim(at_ms)
        try:
            restored = restore(journal)
            journal.require(restored.end, restored.keys)
            desk = cls(writer, restored)
            effects = desk.record([Opened(at_ms=at_ms, epoch=writer.epoch, reason=reason)])
        except BaseException:
            writer.close()
            raise
        return desk, effects

    @property
    def book(self) -> Book:
        """Return the book as of the last batch that is on the disk."""
        return self._book

    @property
    def epoch(self) -> int:
        """Return which life of the desk this is: part of the ids it sends."""
        return self._writer.epoch

    def record(self, events: Sequence[JournalEvent]) -> tuple[Effect, ...]:
        """Write a batch and take it in; when this returns it is on the disk.

        Parameters
        ----------
        events : sequence of JournalEvent
            One transaction: the intents of a cycle, a fill with its status, ...

        Returns
        -------
        tuple of Effect
            What is to be done now.

        Raises
        ------
        DuplicateIntentError, FencedError, CommitInDoubtError, StoreError
            Nothing was taken in; see ``Writer.append``. After the third of them ``settle``.

        Notes
        -----
        A trade that is booked is left out, for however long it has been: it comes by two roads. If
        it was booked as nobody's and is one of ours, that is what is written.
        """
        fresh = self._news(events, self._book.trades)
        try:
            return self._write(events, fresh)
        except DuplicateFillError:
            # the book has forgotten old trades, the journal has not
            keys = [key for event in fresh if (key := _trade_key(event)) is not None]
            return self._write(events, self._news(fresh, self._writer.known_trades(keys)))

    def _news(
        self, events: Sequence[JournalEvent], known: Collection[TradeKey]
    ) -> list[JournalEvent]:
        """Leave out trades that are known, or stand twice in the batch."""
        seen: set[TradeKey] = set()
        fresh = []
        for event in events:
            key = _trade_key(event)
            if key is None or (key not in known and key not in seen):
                fresh.append(event)
            elif (attributed := self._attributed(event)) is not None:
                fresh.append(attributed)
            if key is not None:
                seen.add(key)
        return fresh

    def _attributed(self, event: JournalEvent) -> Attributed | None:
        """Return what says that a trade which was booked as nobody's is one of ours, if it is."""
        if not isinstance(event, Filled):
            return None
        order = self._book.orders.get(event.intent_id)
        trade = self._book.trades.get((event.venue, event.symbol, event.trade_id))
        place = (event.venue, event.symbol, event.side, event.position_side)
        if order is None or trade is None or trade.intent_id or not fits(order, place):
            return None
        if (trade.side, trade.price, trade.quantity) != (event.side, event.price, event.quantity):
            return None
        return Attributed(
            at_ms=event.at_ms,
            intent_id=event.intent_id,
            venue=event.venue,
            symbol=event.symbol,
            trade_id=event.trade_id,
        )

    def _write(
        self, events: Sequence[JournalEvent], fresh: Sequence[JournalEvent]
    ) -> tuple[Effect, ...]:
        book, effects = scan(self._book, fresh)
        self._pending = fresh
        crashpoint("desk.folded")
        self._writer.append([to_text(event) for event in fresh])
        self._book = book
        crashpoint("desk.recorded")
        if len(fresh) == len(events):
            return effects
        # what was left out changes nothing; one that differs from what is booked is an alarm
        left_out = [event for event in events if event not in fresh]
        known = [event for event in left_out if _trade_key(event) in book.trades]
        return effects + scan(book, known)[1]

    def settle(self) -> tuple[Effect, ...] | None:
        """After a ``CommitInDoubtError``: take the batch in if it was committed; None: it was not.

        Raises
        ------
        StoreError
            The store cannot be reached yet; ask again.
        """
        if not self._writer.settle():
            return None
        self._book, effects = scan(self._book, self._pending)
        return effects

    def snapshot(self, *, at_least: int = SNAPSHOT_EVERY) -> bool:
        """Keep a snapshot if so many events came since the last; say whether one was made."""
        end = self._writer.end
        if end.n_rows - self._n_at_snapshot < max(at_least, 1):
            return False
        keys = self._keys_before + self._writer.added
        self._writer.snapshot(VERSION, book_text(self._book), end, keys)
        self._n_at_snapshot = end.n_rows
        return True

    def is_held(self) -> bool:
        """Say whether the lease is still held."""
        return self._writer.is_held()

    def close(self) -> None:
        """Give the journal back."""
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _trade_key(event: JournalEvent) -> TradeKey | None:
    if isinstance(event, Filled | ExternalFill):
        return (event.venue, event.symbol, event.trade_id)
    return None
