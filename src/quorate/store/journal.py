"""The journal of an account's orders: only ever added to, each row chained to the one before.

``Journal`` reads, verifies and gives out the right to write: the lease keeps two desks apart, the
epoch that it raises keeps the older one from writing if both go on. An event is durable when
``Writer.append`` returns, whatever happens to the process after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from quorate.store.connection import flushing, lock, reading, writing
from quorate.store.crashpoints import crashpoint
from quorate.store.journal_check import as_row, proved, require_end, verify
from quorate.store.journal_rows import EMPTY, End, Keys, Row
from quorate.store.journal_snapshots import Snapshot, newest
from quorate.store.journal_writer import Writer
from quorate.store.leases import take
from quorate.store.tables import journal as rows_table
from quorate.store.tables import journal_accounts as accounts
from quorate.store.tables import journal_intents as intents

if TYPE_CHECKING:
    from collections.abc import Iterator


class Journal:
    """The journal of one account.

    Parameters
    ----------
    engine : Engine
        The store's database.
    account : str
        Whose orders these are.
    """

    def __init__(self, engine: sa.Engine, account: str) -> None:
        if not account:
            raise ValueError("a journal is of an account: give its name")
        self._engine = engine
        self.account = account

    def claim(self, at_ms: int) -> Writer:
        """Take the lease, raise the epoch, and return the one who may write from now on.

        Raises
        ------
        LeaseError
            Another desk holds the journal.

        Notes
        -----
        Whoever held it before, and does not know yet, can write no more.
        """
        lease = take(self._engine, self.account)
        try:
            with writing(self._engine) as connection:
                crashpoint("claim.begun")
                flushing(connection)
                lock(connection, f"quorate.journal:{self.account}")
                mine = accounts.c.account == self.account
                # whoever is writing now is waited for, or its rows would not be seen here
                locked = accounts.select().where(mine).with_for_update()
                row = connection.execute(locked).one_or_none()
                if row is None:
                    end, epoch = EMPTY, 1
                    first = {"account": self.account, "n_rows": 0, "head": end.head}
                    connection.execute(
                        accounts.insert(), first | {"epoch": 1, "claimed_at_ms": at_ms}
                    )
                else:
                    end, epoch = End(row.n_rows, row.head), row.epoch + 1
                    moved = {"epoch": epoch, "claimed_at_ms": at_ms}
                    connection.execute(accounts.update().where(mine), moved)
                crashpoint("claim.written")
            crashpoint("claim.committed")
        except BaseException:
            lease.release()
            raise
        return Writer(self._engine, self.account, lease, epoch, end)

    def end(self) -> End:
        """Return how the journal ends; one that was never claimed is empty."""
        with reading(self._engine) as connection:
            mine = accounts.c.account == self.account
            row = connection.execute(accounts.select().where(mine)).one_or_none()
        return EMPTY if row is None else End(row.n_rows, row.head)

    def rows(self, after: End = EMPTY) -> Iterator[Row]:
        """Give the rows after an end, in order, each proved.

        Raises
        ------
        ChainError
            A row was changed, removed or put in, or the key that is kept of it is another or is
            gone; names the first one that does not fit.
        """
        return proved(self._engine, self.account, after)

    def require(self, end: End, keys: Keys) -> None:
        """Refuse the journal unless it ends so and keeps so many keys; the rows are not read.

        Parameters
        ----------
        end : End
            Of the last row that was read.
        keys : Keys
            Of all rows up to there.

        Raises
        ------
        ChainError
            The end is another, a row or a key of any age is gone or too many, or a snapshot is of
            rows after the end.

        Notes
        -----
        Units: none.  Causal: yes.  Missing: what was changed in its place before the rows that were
        read only ``verify`` sees; a tail that was cut with all that spoke of it, only an end that
        was kept elsewhere.  RELIABILITY 3.
        """
        require_end(self._engine, self.account, end, keys)

    def verify(self) -> End:
        """Read everything again, the tables of unique keys too, and return how it ends.

        Raises
        ------
        ChainError
            Something was changed, removed or put in; names the first row that does not fit.
        """
        return verify(self._engine, self.account)

    def intent_row(self, intent_id: str) -> Row | None:
        """Return the row of an intent, if it was ever committed: the answer to a lost commit."""
        place = rows_table.c.account == intents.c.account, rows_table.c.seq == intents.c.seq
        query = (
            rows_table.select()
            .join(intents, sa.and_(*place))
            .where(intents.c.intent_id == intent_id, intents.c.account == self.account)
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else as_row(row)

    def snapshot(self, version: int) -> Snapshot | None:
        """Return the newest snapshot of this version that fits the rows; None: fold from zero.

        Notes
        -----
        One that is damaged, of another version, or not of these rows is passed over: what it
        holds follows from the rows.
        """
        return newest(self._engine, self.account, version)
