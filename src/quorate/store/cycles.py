"""The bars that a desk decided on: what it knew, and a digest of what it decided, chained.

A row is written once, whole, before anything of that bar is sent. ``verify`` computes the chain and
the hash of every content again and names the first row that does not fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa
from sqlalchemy import exc

from quorate.errors import ChainError, StoreError
from quorate.records import GENESIS, canonical_json, digest
from quorate.store.connection import flushing, reading, writing
from quorate.store.tables import cycles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHUNK = 500


class Cycle(NamedTuple):
    """A row: the bar's counter and close, its inputs, their hash, and the digest of what came."""

    k: int
    close_ms: int
    inputs: bytes
    inputs_hash: str
    decided_hash: str


class Cycles:
    """The bars of one desk.

    Parameters
    ----------
    engine : Engine
        The store's database.
    desk : str
        Whose.

    Notes
    -----
    Units: ms since 1970.  Causal: rows are in the order of bars, none left out.  Missing: none.
    DESIGN 1 (10).
    """

    def __init__(self, engine: sa.Engine, desk: str) -> None:
        if not desk.strip():
            raise ValueError("bars are those of a desk: give its name")
        self._engine = engine
        self.desk = desk

    def append(self, cycle: Cycle) -> None:
        """Write the next bar down; it is on the disk when this returns.

        Raises
        ------
        StoreError
            It is not the bar after the last one.
        """
        with writing(self._engine) as connection:
            flushing(connection)
            last = connection.execute(self._newest()).one_or_none()
            if last is not None and cycle.k != last.k + 1:
                raise StoreError(
                    f"bar {cycle.k} of {self.desk} does not follow bar {last.k}",
                    hint="another desk of this name is at work, or a bar was left out",
                )
            head = GENESIS if last is None else last.hash
            row = cycle._asdict() | {"desk": self.desk, "hash": digest(head, _said(cycle))}
            try:
                connection.execute(cycles.insert(), row)
            except exc.IntegrityError as error:
                raise StoreError(
                    f"bar {cycle.k} of {self.desk} was written by somebody else",
                    hint="two desks have one name: end one of them",
                ) from error

    def last(self) -> int | None:
        """Return the counter of the newest bar; None where there is none."""
        with reading(self._engine) as connection:
            found = connection.execute(self._newest()).one_or_none()
        return None if found is None else int(found.k)

    def after(self, k: int, until: int | None = None) -> Iterator[Cycle]:
        """Give the bars after one, in order, up to and with ``until``."""
        while True:
            mine = [cycles.c.desk == self.desk, cycles.c.k > k]
            if until is not None:
                mine.append(cycles.c.k <= until)
            query = cycles.select().where(*mine).order_by(cycles.c.k).limit(_CHUNK)
            with reading(self._engine) as connection:
                rows = connection.execute(query).all()
            for row in rows:
                k = row.k
                yield Cycle(row.k, row.close_ms, row.inputs, row.inputs_hash, row.decided_hash)
            if len(rows) < _CHUNK:
                return

    def verify(self, content_hash: Callable[[bytes], str]) -> str:
        """Compute the chain again and return its head.

        Parameters
        ----------
        content_hash : callable
            The hash of packed inputs, as their package makes it.

        Raises
        ------
        ChainError
            A row was changed, removed or put in; names the first that does not fit.
        """
        head, last_k = GENESIS, None
        query = sa.select(cycles).where(cycles.c.desk == self.desk).order_by(cycles.c.k)
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                one = Cycle(row.k, row.close_ms, row.inputs, row.inputs_hash, row.decided_hash)
                head = digest(head, _said(one))
                is_next = last_k is None or row.k == last_k + 1
                if not is_next or row.hash != head or content_hash(row.inputs) != row.inputs_hash:
                    raise ChainError(
                        f"bar {row.k} of {self.desk} does not follow from the one before",
                        hint="do not trust these bars; restore a copy of the store",
                    )
                last_k = row.k
        return head

    def _newest(self) -> sa.Select[tuple[int, str]]:
        mine = cycles.c.desk == self.desk
        return sa.select(cycles.c.k, cycles.c.hash).where(mine).order_by(cycles.c.k.desc()).limit(1)


def _said(cycle: Cycle) -> str:
    """Return what the chain is over: the inputs stand for themselves by their hash."""
    return canonical_json(
        {
            "k": cycle.k,
            "close_ms": cycle.close_ms,
            "inputs": cycle.inputs_hash,
            "decided": cycle.decided_hash,
        }
    )
