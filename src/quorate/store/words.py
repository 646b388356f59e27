"""What people asked of a desk: only ever added to, each row chained by its hash to the one before.

Whoever writes needs no lease, so that a command is kept while the desk runs, hangs or is down; the
desk and the guard read on from the last row they know. The words are plain JSON here: what they
mean is ``quorate.hands``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from quorate.errors import ChainError
from quorate.records import GENESIS, canonical_json, digest
from quorate.store.connection import flushing, lock, reading, writing
from quorate.store.tables import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    import sqlalchemy as sa


class Said(NamedTuple):
    """A row: its number from 1, and what was said."""

    seq: int
    said: dict[str, Any]


class Words:
    """The words of one account.

    Parameters
    ----------
    engine : Engine
        The store's database.
    account : str
        Whose desk is spoken to.

    Notes
    -----
    Units: none.  Causal: rows are numbered in the order of writing.  Missing: none.
    DESIGN 6.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from quorate.store import open_store
    >>> with TemporaryDirectory() as folder, open_store(Path(folder) / "store.db") as store:
    ...     _ = store.words("main").append({"verb": "pause", "by": "ann", "why": "news"})
    ...     store.words("main").read()[0].said["verb"]
    'pause'
    """

    def __init__(self, engine: sa.Engine, account: str) -> None:
        if not account.strip():
            raise ValueError("words are said to an account: give its name")
        self._engine = engine
        self.account = account

    def append(self, said: Mapping[str, Any]) -> Said:
        """Write a word down; it is on the disk when this returns."""
        row = dict(said)
        text = canonical_json(row)
        mine = words.c.account == self.account
        with writing(self._engine) as connection:
            flushing(connection)
            lock(connection, f"quorate.words:{self.account}")
            query = words.select().where(mine).order_by(words.c.seq.desc()).limit(1)
            last = connection.execute(query).one_or_none()
            seq, head = (1, GENESIS) if last is None else (last.seq + 1, last.hash)
            kept = {"account": self.account, "seq": seq, "payload": text}
            connection.execute(words.insert(), kept | {"hash": digest(head, text)})
        return Said(seq, row)

    def read(self, after: int = 0) -> tuple[Said, ...]:
        """Return what was said after a row, in order.

        Raises
        ------
        ChainError
            A row was changed, removed or put in; names the first that does not fit.
        """
        mine = words.c.account == self.account
        query = words.select().where(mine, words.c.seq >= after).order_by(words.c.seq)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        found: list[Said] = []
        head, seq = GENESIS, 0
        if after:
            if not rows or rows[0].seq != after:
                raise self._broken(after)
            head, seq = rows[0].hash, after
            rows = rows[1:]
        for row in rows:
            seq, head = seq + 1, digest(head, row.payload)
            if (row.seq, row.hash) != (seq, head):
                raise self._broken(seq)
            found.append(Said(seq, json.loads(row.payload)))
        return tuple(found)

    def _broken(self, seq: int) -> ChainError:
        return ChainError(
            f"word {seq} of account {self.account} does not follow from the one before",
            hint="do not trust these words; restore a copy of the store",
        )
