"""The events of a run: only ever added to, each row chained by its hash to the row before.

``append`` writes one batch in one transaction: after a crash the log holds whole batches only.
The chain is computed here, not in the database, so that both databases hold the same bytes;
``verify`` computes it again and names the first row that does not fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import exc

from quorate.errors import ChainError, DuplicateEventError, StoreError
from quorate.records import GENESIS, Event, canonical_json, digest, utc_text
from quorate.store.connection import reading, store_error, writing
from quorate.store.runs import chain_head, require_running
from quorate.store.tables import events, runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CHUNK = 5_000


class EventLog:
    """The events of all runs of a store.

    Parameters
    ----------
    engine : Engine
        The store's database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def append(self, run_id: str, batch: Sequence[Event]) -> str:
        """Add a batch of events to a run: all of them, or none.

        Parameters
        ----------
        run_id : str
            A run that is still running.
        batch : sequence of Event
            In the order they happened.

        Returns
        -------
        str
            The head of the run's chain after the batch.

        Raises
        ------
        DuplicateEventError
            An event of this id is in the run already, or twice in the batch.

        Notes
        -----
        Units: none.  Causal: rows are numbered in the order of writing.  Missing: none.
        Spec 10.
        """
        _refuse_strangers(run_id, batch)
        texts = [canonical_json(item.as_dict()) for item in batch]
        try:
            with writing(self._engine) as connection:
                require_running(connection, run_id)
                seq, head = chain_head(connection, run_id)
                rows: list[dict[str, object]] = []
                for item, text in zip(batch, texts, strict=True):
                    seq += 1
                    head = digest(head, text)
                    rows.append(_columns(item) | {"seq": seq, "payload": text, "hash": head})
                _insert(connection, rows)
        except exc.IntegrityError as error:
            raise self._why(run_id, batch, error) from error
        return head

    def read(
        self, run_id: str, *, kind: str | None = None, symbol: str | None = None
    ) -> Iterator[Event]:
        """Give the events of a run in order, or those of one kind or one coin."""
        query = events.select().where(events.c.run_id == run_id)
        if kind is not None:
            query = query.where(events.c.kind == kind)
        if symbol is not None:
            query = query.where(events.c.symbol == symbol)
        for row in self._rows(query):
            yield Event.from_json(row.payload)

    def explain(self, run_id: str, event_id: str) -> tuple[Event, ...]:
        """Return one event and every event that names it as its decision, in order."""
        mine = sa.or_(events.c.event_id == event_id, events.c.decision_id == event_id)
        query = events.select().where(events.c.run_id == run_id, mine)
        return tuple(Event.from_json(row.payload) for row in self._rows(query))

    def verify(self, run_id: str) -> str:
        """Compute the chain of a run again and return its head.

        Raises
        ------
        ChainError
            A row was changed, removed or put in; names the first one that does not fit.
        """
        with reading(self._engine) as connection:
            run = connection.execute(runs.select().where(runs.c.run_id == run_id)).one_or_none()
        if run is None:
            raise StoreError(f"there is no run {run_id!r}", hint="list the runs: quorate ls")
        seq, head = 0, GENESIS
        query = events.select().where(events.c.run_id == run_id)
        for row in self._rows(query):
            seq += 1
            head = digest(head, row.payload)
            _require_fit(row, seq, head)
        if run.n_events is not None and (run.n_events, run.events_head) != (seq, head):
            raise ChainError(
                f"run {run_id} ended with {run.n_events} events and has {seq}",
                hint="rows were removed or added at the end: restore a copy of the store",
            )
        return head

    def _rows(self, query: sa.Select[Any]) -> Iterator[sa.Row[Any]]:
        """Give the rows in order, a page a transaction: a slow reader holds nothing open."""
        last = 0
        page = query.order_by(events.c.seq).limit(_CHUNK)
        while True:
            with reading(self._engine) as connection:
                rows = connection.execute(page.where(events.c.seq > last)).all()
            yield from rows
            if len(rows) < _CHUNK:
                return
            last = rows[-1].seq

    def _why(self, run_id: str, batch: Sequence[Event], error: exc.IntegrityError) -> StoreError:
        """Say which event of a refused batch is in the store already."""
        ids = [item.event_id for item in batch]
        with reading(self._engine) as connection:
            for start in range(0, len(ids), _CHUNK):
                found = connection.scalar(
                    sa.select(events.c.event_id)
                    .where(events.c.run_id == run_id)
                    .where(events.c.event_id.in_(ids[start : start + _CHUNK]))
                    .limit(1)
                )
                if found is not None:
                    return _duplicate(run_id, found)
        return store_error(error)


def _refuse_strangers(run_id: str, batch: Sequence[Event]) -> None:
    seen: set[str] = set()
    for item in batch:
        if item.run_id != run_id:
            raise ValueError(f"event {item.event_id} is of run {item.run_id!r}, not {run_id!r}")
        if item.event_id in seen:
            raise _duplicate(run_id, item.event_id)
        seen.add(item.event_id)


def _duplicate(run_id: str, event_id: str) -> DuplicateEventError:
    return DuplicateEventError(
        f"event {event_id} of run {run_id} is there already",
        hint="nothing of this batch was written; leave out what the log has",
    )


def _columns(item: Event) -> dict[str, object]:
    """Return what is kept beside the payload, to be searched for."""
    return {
        "run_id": item.run_id,
        "event_id": item.event_id,
        "kind": item.kind,
        "timestamp": utc_text(item.timestamp),
        "symbol": item.symbol,
        "decision_id": item.decision_id,
    }


def _require_fit(row: sa.Row[Any], seq: int, head: str) -> None:
    """Refuse a row whose number, hash or search columns are not those of its payload."""
    problem = ""
    if row.seq != seq:
        problem = f"row {seq} is missing, the next is {row.seq}"
    elif row.hash != head:
        problem = f"row {seq} (event {row.event_id}) does not follow from the row before"
    else:
        expected = _columns(Event.from_json(row.payload))
        found = {name: getattr(row, name) for name in expected}
        if found != expected:
            problem = f"row {seq} (event {row.event_id}) is not what its payload says"
    if problem:
        raise ChainError(
            f"the events of run {row.run_id} are broken: {problem}",
            hint="do not trust this run; restore a copy of the store",
        )


def _insert(connection: sa.Connection, rows: list[dict[str, object]]) -> None:
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, rows)
    else:
        connection.execute(events.insert(), rows)


def _copy(connection: sa.Connection, rows: list[dict[str, object]]) -> None:
    """Send rows by COPY, which PostgreSQL reads several times faster than INSERT."""
    driver: Any = connection.connection.driver_connection
    errors = connection.dialect.loaded_dbapi
    statement = f"COPY events ({', '.join(rows[0])}) FROM STDIN"
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(tuple(row.values()))
    except errors.IntegrityError as error:
        raise exc.IntegrityError(statement, None, error) from error
    except errors.Error as error:
        raise exc.DBAPIError(statement, None, error) from error
