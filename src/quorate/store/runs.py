"""The book of runs, and the trial ledger in which every run is booked before it starts.

How good the best of many trials looks depends on how many there were (METHODS 5.5), so a run that
crashed, or was thrown away, counts as well: its trial is written in the same transaction as its
run, cannot be changed or removed, and has the hashes that tell trials of one recipe apart. A run
whose process is gone before it ended is told as abandoned (``owners``); its trial counts like any.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import sqlalchemy as sa

from quorate.errors import StoreError
from quorate.records import GENESIS, canonical_json, stable_id, utc_text
from quorate.store.connection import lock, reading, writing
from quorate.store.daily import returns_of
from quorate.store.daily import text as text_of
from quorate.store.owners import owner_of
from quorate.store.spans import NAMES, columns, may_meet, span_of
from quorate.store.tables import daily as daily_table
from quorate.store.tables import events, runs, trials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from quorate.store.daily import Vec
    from quorate.store.spans import Span

    Daily = tuple[int, int, Vec]

_AT_ONCE = 500
"""Runs that are asked for in one query."""
RUNNING: Final = "running"
ABANDONED: Final = "abandoned"
"""What a run is told as that is booked as running, and that no living process makes."""
_GONE: Final = "its process ended before it did: killed, or the machine stopped"


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it is booked; times are UTC texts, ``metrics`` is None until it ends."""

    run_id: str
    kind: str
    recipe: str
    settings: Mapping[str, Any]
    settings_hash: str
    data_hash: str
    code_hash: str
    started_at: str
    status: str
    finished_at: str | None
    metrics: Mapping[str, Any] | None
    message: str
    n_events: int | None
    events_head: str | None


@dataclass(frozen=True, slots=True)
class Trial:
    """A line of the trial ledger, numbered from 1."""

    number: int
    run_id: str
    recipe: str
    settings_hash: str
    data_hash: str
    code_hash: str
    booked_at: str
    span: Span | None


class Tried(NamedTuple):
    """A trial that may have been made on the same market, and the metrics it ended with."""

    run_id: str
    recipe: str
    settings_hash: str
    data_hash: str
    span: Span | None
    metrics: Mapping[str, Any] | None


class RunBook:
    """The runs of a store.

    Parameters
    ----------
    engine : Engine
        The store's database.
    clock : callable
        Tells the time, aware.
    """

    def __init__(self, engine: sa.Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock
        self._owner = owner_of(engine)

    def close(self) -> None:
        """Let go of the runs that were begun here: one that has not ended is abandoned."""
        self._owner.close()

    def begin(
        self,
        settings: Mapping[str, object] | str,
        *,
        data_hash: str,
        code_hash: str,
        recipe: str = "",
        kind: str = "backtest",
        span: Span | None = None,
        run_id: str | None = None,
    ) -> str:
        """Book a run, and its trial, as running; both are on the disk when this returns.

        Parameters
        ----------
        settings : mapping or str
            The effective settings, or their JSON text; kept and hashed in canonical form.
        data_hash, code_hash : str
            Hashes of what the run reads and of the code that runs.
        recipe : str
            What is being tried: features, engines and hyper-parameters, by name or hash.
        kind : str
            Which command began it.
        span : Span, optional
            Where and when it trades.
        run_id : str, optional
            The id that another store has given it.

        Returns
        -------
        str
            The run's id: when it began, and a hash that no other store gives.

        Notes
        -----
        Units: none.  Causal: written before the run reads any data.  Missing: "" where unknown.
        Spec 10.
        """
        text = canonical_json(json.loads(settings) if isinstance(settings, str) else settings)
        hashes = {
            "recipe": recipe,
            "settings_hash": hashlib.blake2b(text.encode(), digest_size=16).hexdigest(),
            "data_hash": data_hash,
            "code_hash": code_hash,
        }
        now = self._clock()
        with writing(self._engine) as connection:
            lock(connection, "quorate.trials")
            last = connection.scalar(sa.select(sa.func.max(trials.c.number)))
            number = (last or 0) + 1
            if run_id is None:
                # stores that begin the same in the same second meet in one ledger
                mark = stable_id(number, *hashes.values(), secrets.token_hex(8))
                run_id = f"{now:%Y%m%d-%H%M%S}-{mark[:8]}"
            row = hashes | {"run_id": run_id}
            self._owner.add(run_id)  # before anybody can see it
            connection.execute(
                runs.insert(),
                row
                | {
                    "kind": kind,
                    "settings_json": text,
                    "started_at": utc_text(now),
                    "status": RUNNING,
                    "message": "",
                },
            )
            booked = {"number": number, "booked_at": utc_text(now)}
            connection.execute(trials.insert(), row | booked | columns(span))
        return run_id

    def finish(
        self,
        run_id: str,
        status: str = "finished",
        metrics: Mapping[str, object] | None = None,
        *,
        message: str = "",
        daily: Daily | None = None,
    ) -> None:
        """End a run: ``finished`` or ``failed``, with its metrics and the head of its events.

        ``daily`` are its returns, by which it is told apart from other trials: the first step,
        counted from 1970, how many days a step has, and the return of each.
        """
        if status not in ("finished", "failed"):
            raise ValueError(f"a run ends as finished or failed, not as {status!r}")
        written = None if metrics is None else canonical_json(metrics)
        with writing(self._engine) as connection:
            require_running(connection, run_id)
            n_events, head = chain_head(connection, run_id)
            connection.execute(
                runs.update().where(runs.c.run_id == run_id),
                {
                    "status": status,
                    "finished_at": utc_text(self._clock()),
                    "metrics_json": written,
                    "message": message,
                    "n_events": n_events,
                    "events_head": head,
                },
            )
            if daily is not None:
                first, step_days, returns = daily
                row = {"run_id": run_id, "first": first, "step_days": step_days}
                connection.execute(daily_table.insert(), row | {"returns": text_of(returns)})
        self._owner.remove(run_id)

    def daily(self, run_ids: Sequence[str]) -> dict[str, Daily]:
        """Return the daily returns of those runs that ended with some, by run."""
        found = {}
        with reading(self._engine) as connection:
            for i in range(0, len(run_ids), _AT_ONCE):
                asked = daily_table.c.run_id.in_(run_ids[i : i + _AT_ONCE])
                for row in connection.execute(daily_table.select().where(asked)):
                    found[row.run_id] = (row.first, row.step_days, returns_of(row.returns))
        return found

    def get(self, run_id: str) -> Run:
        """Return one run; ``list`` says what its status may be."""
        with reading(self._engine) as connection:
            row = (
                connection.execute(runs.select().where(runs.c.run_id == run_id))
                .mappings()
                .one_or_none()
            )
        if row is None:
            raise _unknown(run_id)
        return self._told([_run(row)])[0]

    def list(self, *, status: str | None = None, kind: str | None = None) -> list[Run]:
        """Return the runs in the order they began.

        ``status`` is ``finished``, ``failed``, ``running``, or ``abandoned``: begun, not ended, and
        made by no process that lives. Nothing is written to say so.
        """
        query = runs.select().join(trials).order_by(trials.c.number)
        if status is not None:
            booked = RUNNING if status == ABANDONED else status
            query = query.where(runs.c.status == booked)
        if kind is not None:
            query = query.where(runs.c.kind == kind)
        with reading(self._engine) as connection:
            found = [_run(row) for row in connection.execute(query).mappings()]
        return [run for run in self._told(found) if status in (None, run.status)]

    def _told(self, found: Sequence[Run]) -> Sequence[Run]:
        """Tell those whose process is gone apart from those that are being made."""
        begun = {run.run_id for run in found if run.status == RUNNING}
        if not begun:
            return found
        gone = begun - self._owner.living(begun)
        # one that ended since it was read has let go, and is no abandoned one
        gone -= self._ended(gone)
        return [
            replace(run, status=ABANDONED, message=_GONE) if run.run_id in gone else run
            for run in found
        ]

    def _ended(self, run_ids: set[str]) -> set[str]:
        asked, ended = sorted(run_ids), set()
        with reading(self._engine) as connection:
            for i in range(0, len(asked), _AT_ONCE):
                some = runs.c.run_id.in_(asked[i : i + _AT_ONCE])
                query = sa.select(runs.c.run_id).where(some, runs.c.status != RUNNING)
                ended |= set(connection.scalars(query))
        return ended

    def trials(
        self, *, recipe: str | None = None, data_hash: str | None = None
    ) -> tuple[Trial, ...]:
        """Return the trial ledger, or its part for one recipe or one set of data."""
        query = trials.select().order_by(trials.c.number)
        if recipe is not None:
            query = query.where(trials.c.recipe == recipe)
        if data_hash is not None:
            query = query.where(trials.c.data_hash == data_hash)
        with reading(self._engine) as connection:
            return tuple(_trial(row) for row in connection.execute(query).mappings())

    def tried(self, data_hash: str, span: Span) -> Sequence[Tried]:
        """Return the trials on the same data, or that may meet a span, in the order they began.

        Parameters
        ----------
        data_hash : str
            Those of equal data are among them, wherever they say that they traded.
        span : Span
            Those whose days overlap are among them, and those that say none.
        """
        of = [trials.c[name] for name in ("run_id", "recipe", "settings_hash", "data_hash")]
        query = (
            sa.select(*of, *(trials.c[name] for name in NAMES), runs.c.metrics_json)
            .join_from(trials, runs, runs.c.run_id == trials.c.run_id)
            .where((trials.c.data_hash == data_hash) | may_meet(span))
            .order_by(trials.c.number)
        )
        with reading(self._engine) as connection:
            return [_tried(row) for row in connection.execute(query).mappings()]


def chain_head(connection: sa.Connection, run_id: str) -> tuple[int, str]:
    """Return how many events a run has, and the hash of the last."""
    row = connection.execute(
        sa.select(events.c.seq, events.c.hash)
        .where(events.c.run_id == run_id)
        .order_by(events.c.seq.desc())
        .limit(1)
    ).one_or_none()
    return (0, GENESIS) if row is None else (int(row.seq), str(row.hash))


def require_running(connection: sa.Connection, run_id: str) -> None:
    """Lock the row of a run until the transaction ends; refuse one that is unknown or over."""
    row = connection.execute(
        sa.select(runs.c.status).where(runs.c.run_id == run_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise _unknown(run_id)
    if row.status != RUNNING:
        raise StoreError(f"the run {run_id} has {row.status}", hint="begin a new run")


def _unknown(run_id: str) -> StoreError:
    return StoreError(f"there is no run {run_id!r}", hint="list the runs: quorate ls")


def _trial(row: sa.RowMapping) -> Trial:
    said = {name: row[name] for name in row if name not in NAMES}
    return Trial(**said, span=span_of(row))


def _tried(row: sa.RowMapping) -> Tried:
    written = row["metrics_json"]
    return Tried(
        row["run_id"],
        row["recipe"],
        row["settings_hash"],
        row["data_hash"],
        span_of(row),
        None if written is None else json.loads(written),
    )


def _run(row: sa.RowMapping) -> Run:
    values: dict[str, Any] = dict(row)
    values["settings"] = json.loads(values.pop("settings_json"))
    metrics = values.pop("metrics_json")
    values["metrics"] = None if metrics is None else json.loads(metrics)
    return Run(**values)
