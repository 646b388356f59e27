"""What a disk may hold after the power was lost, for a journal that was being written.

A life of the journal is written through the real store, and the SQL that the store compiled is
written down. The same SQL is run again through a file system that notes every write, every cut and
every sync. From that record any number of disks can be drawn: up to a moment everything synced is
there; of what was not synced since, each sector of 512 bytes holds its old content or that of any
write that touched it, and a file may end anywhere that leaves.
"""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import sqlalchemy as sa
from tests.unit.store.entries import intent, plain, trade

from quorate.store import open_store
from quorate.store.journal_rows import Keys

ACCOUNT = "main"
SECTOR = 512


@dataclass
class Trace:
    """The SQL of a life, and after which statement how many rows had been acknowledged."""

    statements: list[tuple[str, Any]] = field(default_factory=list)
    said: dict[int, int] = field(default_factory=dict)  # index of a statement: rows on the disk

    def acknowledge(self, n_rows: int) -> None:
        self.said[len(self.statements) - 1] = n_rows


def written(folder: Path, seed: int, n_batches: int) -> tuple[Path, Trace]:
    """Live: write batches of many sizes and snapshots; return the file before, and the SQL."""
    rng = random.Random(seed)  # noqa: S311
    path, before, trace = folder / "store.db", folder / "before.db", Trace()
    with open_store(path) as store:
        store.journal(ACCOUNT).claim(1).close()
    shutil.copyfile(path, before)  # closed, hence checkpointed: the file is all there is
    assert not path.with_name("store.db-wal").exists()
    with open_store(path) as store:
        listen(store.engine, trace)
        with store.journal(ACCOUNT).claim(2) as writer:
            for number in range(n_batches):
                writer.append(batch(rng, number))
                trace.acknowledge(writer.end.n_rows)
                if rng.random() < 0.1:
                    writer.snapshot(1, "x" * rng.randrange(10, 9_000), writer.end, Keys())
                    trace.acknowledge(writer.end.n_rows)
    return before, trace


def batch(rng: random.Random, number: int) -> list[str]:
    """Return events of one step: an intent, an outcome, trades, a long text now and then."""
    name, client = f"i{number}", f"c{number}"
    made = [intent(name, client), plain(number, note="y" * rng.choice((5, 50, 5_000)))]
    made += [trade(f"t{number}-{n}", name) for n in range(rng.randrange(4))]
    return made[: rng.randrange(1, len(made) + 1)]


def listen(engine: sa.Engine, trace: Trace) -> None:
    """Write down every statement that reaches the driver, and every end of a transaction."""

    def execute(_c: Any, _cursor: Any, text: str, values: Any, _ctx: Any, many: bool) -> None:
        for row in values if many else [values]:
            trace.statements.append((text, row))

    sa.event.listen(engine, "before_cursor_execute", execute)
    sa.event.listen(engine, "commit", lambda _c: trace.statements.append(("COMMIT", ())))
    sa.event.listen(engine, "rollback", lambda _c: trace.statements.append(("ROLLBACK", ())))


class Notes:
    """What was done to the files, in order."""

    def __init__(self) -> None:
        self.steps: list[tuple[Any, ...]] = []

    def add(self, *step: Any) -> None:
        self.steps.append(step)


class _Disk(apsw.VFS):
    """The system's files, noting what is done to them."""

    def __init__(self, name: str, notes: Notes) -> None:
        self._notes = notes
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> _File:  # noqa: N802
        return _File(name, flags, self._notes)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        self._notes.add("delete", Path(filename).name, syncdir)
        super().xDelete(filename, syncdir)


class _File(apsw.VFSFile):
    def __init__(self, name: Any, flags: list[int], notes: Notes) -> None:
        self._name = Path(name if isinstance(name, str) else name.filename()).name
        self._notes = notes
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._notes.add("write", self._name, offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._notes.add("cut", self._name, newsize)
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._notes.add("sync", self._name)
        super().xSync(flags)


def replayed(before: Path, trace: Trace, folder: Path, *, synchronous: str = "FULL") -> Notes:
    """Run the SQL through a disk that takes notes.

    The index of the write-ahead log stays in memory (exclusive locking): this disk has no shared
    memory, and what reaches the files is the same. Checkpoints come every 24 pages, not every
    1,000, so that there are many.
    """
    notes = Notes()
    path = folder / "store.db"
    shutil.copyfile(before, path)
    vfs = _Disk(f"noted-{folder}", notes)
    connection = apsw.Connection(str(path), vfs=f"noted-{folder}")
    try:
        for pragma in (
            "locking_mode = EXCLUSIVE",
            "journal_mode = WAL",
            f"synchronous = {synchronous}",
            "foreign_keys = ON",
            "recursive_triggers = ON",
            "wal_autocheckpoint = 24",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        for number, (text, values) in enumerate(trace.statements):
            connection.execute(text, values).fetchall()
            if number in trace.said:
                notes.add("said", trace.said[number])
    finally:
        connection.close()
        vfs.unregister()
    return notes


@dataclass
class _Held:
    """A file: what is safe, and what was done since its last sync."""

    safe: bytearray
    is_safe: bool = True  # whether its name is
    since: list[tuple[Any, ...]] = field(default_factory=list)


def disks(before: Path, notes: Notes, n: int, seed: int) -> Any:
    """Draw n disks, each at a moment of its own; yield (files, rows that were acknowledged)."""
    rng = random.Random(seed)  # noqa: S311
    moments = sorted(rng.randrange(len(notes.steps) + 1) for _ in range(n))
    files = {"store.db": _Held(bytearray(before.read_bytes()))}
    said, at = 0, 0
    for moment in moments:
        while at < moment:
            said = _done(files, notes.steps[at], said)
            at += 1
        yield {name: _drawn(held, rng) for name, held in files.items()}, said


def _done(files: dict[str, _Held], step: tuple[Any, ...], said: int) -> int:
    kind, what = step[0], step[1]
    if kind == "said":
        return int(what)
    if kind == "delete":
        files.pop(what, None)
        return said
    held = files.setdefault(what, _Held(bytearray(), is_safe=False))
    if kind == "sync":
        held.safe = _applied(held.safe, held.since)
        held.since, held.is_safe = [], True
    else:
        held.since.append(step)
    return said


def _applied(content: bytearray, steps: list[tuple[Any, ...]]) -> bytearray:
    made = bytearray(content)
    for step in steps:
        if step[0] == "cut":
            del made[step[2] :]
        else:
            _, _, offset, data = step
            made.extend(bytes(max(0, offset + len(data) - len(made))))
            made[offset : offset + len(data)] = data
    return made


def _drawn(held: _Held, rng: random.Random) -> bytes | None:
    """Return what may be left of a file; None: not even its name."""
    how = rng.random()
    if not held.is_safe and how < 0.2:
        return None
    if how < 0.25 or not held.since:
        return bytes(held.safe)  # nothing that was not synced
    if how < 0.4:
        return bytes(_applied(held.safe, held.since[: rng.randrange(len(held.since) + 1)]))
    return _torn(held, rng)


def _torn(held: _Held, rng: random.Random) -> bytes:
    """Let each sector be of any of the times since the last sync."""
    share = rng.choice((0.05, 0.5, 0.95))
    made = bytearray(held.safe)
    for step in held.since:
        if step[0] == "cut":
            if rng.random() < share:
                del made[step[2] :]
            continue
        _, _, offset, data = step
        at = offset
        while at < offset + len(data):
            end = min(offset + len(data), (at // SECTOR + 1) * SECTOR)
            if rng.random() < share:
                made.extend(bytes(max(0, end - len(made))))
                made[at:end] = data[at - offset : end - offset]
            at = end
    return bytes(made)
