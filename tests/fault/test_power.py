"""Power lost while the journal is written: what it said was recorded is there, and nothing half."""

from __future__ import annotations

import pytest

from quorate.errors import ChainError, StoreError
from quorate.store.connection import connect
from quorate.store.journal import Journal

pytest.importorskip("apsw")

from tests.fault.power import ACCOUNT, disks, replayed, written


def lost(folder, seed, n, *, synchronous="FULL"):
    """Draw disks of one life; return how many had lost rows, or could not be read."""
    place = folder / f"life{seed}{synchronous}"
    place.mkdir()
    before, trace = written(place, seed, n_batches=60)
    ends = {0, *trace.said.values()}
    (place / "again").mkdir()
    notes = replayed(before, trace, place / "again", synchronous=synchronous)
    kinds = {step[0] for step in notes.steps}
    assert {"write", "sync", "said"} <= kinds
    assert any(step[:2] == ("write", "store.db") for step in notes.steps), "no checkpoint"
    n_lost, n_broken, n_torn = 0, 0, 0
    path = place / "disk.db"
    for files, said in disks(before, notes, n, seed):
        for name in ("", "-wal", "-shm"):
            path.with_name(f"disk.db{name}").unlink(missing_ok=True)
        for name, content in files.items():
            if content is not None:
                path.with_name(name.replace("store.db", "disk.db")).write_bytes(content)
                n_torn += name.endswith("-wal") and len(content) > 0
        engine = connect(path)
        try:
            n_rows = Journal(engine, ACCOUNT).verify().n_rows
            assert n_rows in ends, "half of a batch"
            with engine.connect() as connection:
                assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            n_lost += n_rows < said
        except (ChainError, StoreError):
            n_broken += 1
        finally:
            engine.dispose()
    assert n_torn > n // 2, "the disks are all whole"
    return n_lost, n_broken


@pytest.mark.parametrize("seed", [1])
def test_what_was_said_to_be_recorded_survives_a_loss_of_power(ram, seed):
    assert lost(ram, seed, 150) == (0, 0)


def test_a_journal_that_did_not_wait_for_the_disk_would_lose_rows(ram):
    n_lost, _ = lost(ram, 1, 60, synchronous="NORMAL")
    assert n_lost > 5


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
def test_five_thousand_losses_of_power(ram, seed):
    assert lost(ram, seed, 500) == (0, 0)
