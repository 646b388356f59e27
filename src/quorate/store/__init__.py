"""The operational store: runs, the trial ledger and the events, in SQLite or PostgreSQL.

In: a file path or a database URL. Out: a ``Store`` with ``runs``, ``events`` and a ``journal`` for
each account. One schema for both databases, reached by migrations only; the driver of PostgreSQL
is loaded when it is used.
"""

from quorate.store.events import EventLog
from quorate.store.opening import Store, open_store
from quorate.store.runs import Run, RunBook, Trial

__all__ = ["EventLog", "Run", "RunBook", "Store", "Trial", "open_store"]
