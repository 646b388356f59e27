"""Who writes the journal: one desk at a time, each batch one transaction, refused once taken over.

Every transaction moves the account's row from the end that the writer knows to the new one, if the
epoch is still its own: a writer that was taken over, or whose memory is behind, writes nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Self

import sqlalchemy as sa
from sqlalchemy import exc

from quorate.errors import (
    CommitInDoubtError,
    DuplicateFillError,
    DuplicateIntentError,
    FencedError,
    StoreError,
)
from quorate.store.connection import flushing, reading, store_error, writing
from quorate.store.crashpoints import crashpoint
from quorate.store.journal_rows import Batch, End, Keys, batch
from quorate.store.journal_snapshots import Snapshot, keep
from quorate.store.tables import journal as rows_table
from quorate.store.tables import journal_accounts as accounts
from quorate.store.tables import journal_fills as fills
from quorate.store.tables import journal_intents as intents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from quorate.store.leases import Lease


class Writer:
    """Who may write the journal of an account, until somebody else claims it.

    Parameters
    ----------
    engine, account
        Of the ``Journal`` that made it.
    lease : Lease
        Released by ``close``.
    epoch : int
        Which claim this is, from 1.
    end : End
        How the journal ended when it was claimed.
    """

    def __init__(self, engine: sa.Engine, account: str, lease: Lease, epoch: int, end: End) -> None:
        self._engine = engine
        self.account = account
        self._lease = lease
        self.epoch = epoch
        self._end = end
        self._added = Keys()
        self._doubt: tuple[End, Keys] | None = None
        self._process = os.getpid()

    @property
    def end(self) -> End:
        """Return how the journal ends for all this writer knows."""
        return self._end

    @property
    def added(self) -> Keys:
        """Return how many intents and trades this writer has written."""
        return self._added

    def append(self, texts: Sequence[str]) -> End:
        """Add events, all of them or none; they are on the disk when this returns.

        Parameters
        ----------
        texts : sequence of str
            Each an event's canonical JSON, with its ``kind`` and ``at_ms``.

        Returns
        -------
        End
            How the journal ends now.

        Raises
        ------
        DuplicateIntentError, DuplicateFillError
            An intent, a client id or a trade is in the journal already; nothing was written.
        FencedError
            Another desk has taken over; nothing was written, and nothing may be sent.
        CommitInDoubtError
            The connection was lost; ``settle`` says whether the batch was committed.

        Notes
        -----
        Units: none.  Causal: rows are numbered in the order of writing.  Missing: none.
        """
        self._require_usable()
        if not texts:
            return self._end
        made = batch(self.account, self.epoch, self._end, texts)
        _refuse_repeats(made)
        after = End(self._end.n_rows + len(made.rows), made.head)
        added = self._added + Keys(len(made.intents), len(made.fills))
        try:
            with writing(self._engine) as connection:
                crashpoint("journal.begun")
                flushing(connection)
                self._advance(connection, after)
                crashpoint("journal.fenced")
                _insert(connection, made)
        except exc.IntegrityError as error:
            raise self._why(made, error) from error
        except FencedError:
            raise
        except StoreError as error:
            self._doubt = after, added
            if not self._settle_after(error):
                raise
        self._end, self._added = after, added
        crashpoint("journal.committed")
        return after

    def known_trades(self, keys: Sequence[tuple[str, str, str]]) -> frozenset[tuple[str, str, str]]:
        """Return which of these trades (venue, symbol, id) the journal has, however old."""
        columns = (fills.c.venue, fills.c.symbol, fills.c.trade_id)
        with reading(self._engine) as connection:
            found = [
                connection.execute(
                    sa.select(*columns).where(
                        fills.c.account == self.account,
                        *(column == part for column, part in zip(columns, key, strict=True)),
                    )
                ).first()
                for key in keys
            ]
        return frozenset((row.venue, row.symbol, row.trade_id) for row in found if row is not None)

    def settle(self) -> bool:
        """Say whether the batch of a ``CommitInDoubtError`` was committed, and go on from there.

        Raises
        ------
        StoreError
            The store still cannot be reached; ask again.

        Notes
        -----
        Waits for the lost connection's transaction to end: until then either may come true.
        """
        if self._doubt is None:
            raise ValueError("no commit of this writer is in doubt")
        after, added = self._doubt
        with writing(self._engine) as connection:
            mine = accounts.c.account == self.account
            # the lost transaction, if it is not over, holds this row
            connection.execute(accounts.select().where(mine).with_for_update()).one()
            place = rows_table.c.account == self.account, rows_table.c.seq == after.n_rows
            found = connection.scalar(sa.select(rows_table.c.hash).where(*place))
        is_committed = found == after.head
        if is_committed:
            self._end, self._added = after, added
        self._doubt = None
        return is_committed

    def snapshot(self, version: int, payload: str, end: End, keys: Keys) -> None:
        """Keep what the rows up to an end fold to, and forget all snapshots but the last two.

        Parameters
        ----------
        version : int
            Of the text.
        payload : str
            What the rows fold to.
        end : End
            Of the rows.
        keys : Keys
            How many of them are intents and trades: a restart counts those that are kept.

        Raises
        ------
        ValueError
            The end is not that of this writer: the snapshot is of other rows.
        """
        self._require_usable()
        if end != self._end or end.n_rows == 0:
            raise ValueError(f"a snapshot of {end.n_rows} rows, and there are {self._end.n_rows}")
        with writing(self._engine) as connection:
            crashpoint("snapshot.begun")
            self._advance(connection, end)
            keep(connection, self.account, Snapshot(end, version, payload, keys))
            crashpoint("snapshot.written")
        crashpoint("snapshot.committed")

    def is_held(self) -> bool:
        """Say whether the lease is still held; whether the epoch is, every commit asks."""
        return self._lease.is_held()

    def close(self) -> None:
        """Give the lease back."""
        self._lease.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _require_usable(self) -> None:
        if self._doubt is not None:
            raise CommitInDoubtError(
                f"a commit to the journal of {self.account} is in doubt",
                hint="settle it before anything else is written or sent",
            )
        if os.getpid() != self._process:
            raise FencedError(
                f"the journal of {self.account} was claimed by another process",
                hint="a process that was forked off has no journal: claim it there",
            )

    def _advance(self, connection: sa.Connection, after: End) -> None:
        """Move the account's row to its new end, if it is where this writer left it."""
        moved = {
            "own": self.account,
            "own_epoch": self.epoch,
            "from_rows": self._end.n_rows,
            "from_head": self._end.head,
            "to_rows": after.n_rows,
            "to_head": after.head,
        }
        if connection.execute(_MOVE, moved).rowcount != 1:
            raise FencedError(
                f"the journal of {self.account} is no longer that of epoch {self.epoch}",
                hint="another desk has taken over: stop, and send nothing more",
            )

    def _settle_after(self, error: StoreError) -> bool:
        """Ask at once whether a commit that failed was made; if nobody answers, say so."""
        try:
            return self.settle()
        except StoreError as second:
            raise CommitInDoubtError(
                f"the journal of {self.account} may have been written or not: {error.message}",
                hint=f"send nothing, and settle it when the store is back ({second.message})",
            ) from error

    def _why(self, made: Batch, error: exc.IntegrityError) -> StoreError:
        """Say which key of a refused batch is in the journal already."""
        with reading(self._engine) as connection:
            for row in made.intents:
                name = intents.c.venue == row["venue"], intents.c.client_id == row["client_id"]
                either = sa.or_(intents.c.intent_id == row["intent_id"], sa.and_(*name))
                if connection.execute(intents.select().where(either)).first() is not None:
                    return _duplicate_intent(row)
            for row in made.fills:
                where = [fills.c[key] == row[key] for key in ("account", *_TRADE)]
                if connection.execute(fills.select().where(*where)).first() is not None:
                    return _duplicate_fill(row)
        return store_error(error)


_MOVE: Final = (
    accounts.update()
    .where(
        accounts.c.account == sa.bindparam("own"),
        accounts.c.epoch == sa.bindparam("own_epoch"),
        accounts.c.n_rows == sa.bindparam("from_rows"),
        accounts.c.head == sa.bindparam("from_head"),
    )
    .values(n_rows=sa.bindparam("to_rows"), head=sa.bindparam("to_head"))
)
"""The account's row from its old end to its new one; built once, since every commit makes it."""

_TRADE: Final = ("venue", "symbol", "trade_id")


def _insert(connection: sa.Connection, made: Batch) -> None:
    connection.execute(rows_table.insert(), made.rows)
    crashpoint("journal.rows")
    if made.intents:
        connection.execute(intents.insert(), made.intents)
    if made.fills:
        connection.execute(fills.insert(), made.fills)
    crashpoint("journal.keys")


def _refuse_repeats(made: Batch) -> None:
    """Refuse a batch that has an intent, a client id or a trade twice in itself."""
    seen: set[tuple[object, ...]] = set()
    for row in made.intents:
        names = {("intent", row["intent_id"]), ("client", row["venue"], row["client_id"])}
        if names & seen:
            raise _duplicate_intent(row)
        seen |= names
    for row in made.fills:
        name = tuple(row[key] for key in _TRADE)
        if name in seen:
            raise _duplicate_fill(row)
        seen.add(name)


def _duplicate_intent(row: Mapping[str, object]) -> DuplicateIntentError:
    return DuplicateIntentError(
        f"the intent {row['intent_id']}, or its client id {row['client_id']}, is there already",
        hint="nothing of this batch was written; do not send it: look up what became of it",
    )


def _duplicate_fill(row: Mapping[str, object]) -> DuplicateFillError:
    return DuplicateFillError(
        f"the trade {row['trade_id']} of {row['symbol']} at {row['venue']} is there already",
        hint="nothing of this batch was written; leave out what the journal has",
    )
