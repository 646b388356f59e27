"""Snapshots of what a journal folds to: for a quick start, bound to their row, worth nothing alone.

A snapshot is sealed with the hash of the row it was made at, so that one of other rows, or one that
was changed, is passed over; everything it holds follows from the rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from quorate.records import digest
from quorate.store.connection import reading
from quorate.store.journal_rows import End, Keys
from quorate.store.tables import journal as rows_table
from quorate.store.tables import journal_snapshots as snapshots

KEPT: Final = 2
_COUNTED: Final = re.compile(r"([0-9]{1,18}) ([0-9]{1,18}) (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the first ``end.n_rows`` rows fold to, as its maker wrote it, and how many keys."""

    end: End
    version: int
    payload: str
    keys: Keys


def newest(engine: sa.Engine, account: str, version: int) -> Snapshot | None:
    """Return the newest snapshot of this version that fits the rows; None: there is none."""
    place = rows_table.c.account == snapshots.c.account, rows_table.c.seq == snapshots.c.seq
    query = (
        sa.select(snapshots, rows_table.c.hash.label("head"))
        .join(rows_table, sa.and_(*place))
        .where(snapshots.c.account == account, snapshots.c.version == version)
        .order_by(snapshots.c.seq.desc())
    )
    with reading(engine) as connection:
        for row in connection.execute(query):
            if row.hash != sealed(row.head, version, row.payload):
                continue
            if (counted := _COUNTED.fullmatch(row.payload)) is None:
                continue  # of a version that counted no keys
            keys = Keys(int(counted[1]), int(counted[2]))
            return Snapshot(End(row.seq, row.head), version, counted[3], keys)
    return None


def keep(connection: sa.Connection, account: str, snapshot: Snapshot) -> None:
    """Write a snapshot, and forget all but the last ones."""
    mine = snapshots.c.account == account
    end, version, keys = snapshot.end, snapshot.version, snapshot.keys
    payload = f"{keys.intents} {keys.fills} {snapshot.payload}"
    row = {"account": account, "seq": end.n_rows, "version": version, "payload": payload}
    connection.execute(snapshots.delete().where(mine, snapshots.c.seq == end.n_rows))
    connection.execute(snapshots.insert(), row | {"hash": sealed(end.head, version, payload)})
    older = sa.select(snapshots.c.seq).where(mine).order_by(snapshots.c.seq.desc())
    last = connection.execute(older.offset(KEPT).limit(1)).scalar()
    if last is not None:
        connection.execute(snapshots.delete().where(mine, snapshots.c.seq <= last))


def sealed(head: str, version: int, payload: str) -> str:
    """Return the hash of a snapshot of the rows that end with this one."""
    return digest(head, f"{version} {payload}")
