"""A panel on disk is the old one or the new one, whole, whatever happens to who writes it."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from tests.fault.moments import apart

import quorate
from quorate.errors import DataError
from quorate.lake import blocks, columns, described

OLD, NEW = 7, 8

WRITER = """
import os, shutil, signal, sys
from pathlib import Path
import quorate
from quorate.errors import DataError

where, seed = Path(sys.argv[1]), int(sys.argv[2])
panel = quorate.synthetic(n_coins=2, days=2, seed=seed)

def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def nth(module, name, n, what):
    was, calls = getattr(module, name), []
    def counted(*given, **named):
        calls.append(given)
        return what() if len(calls) == n else was(*given, **named)
    setattr(module, name, counted)

{fault}
quorate.keep(panel, where{pieces})
print("kept", flush=True)
"""

BY_PIECES = """
from quorate.lake import blocks
def pieces():
    for block in blocks(panel, 100):
        if block.t == 300:
            stop()
        yield block
"""
WAIT = """
def stop():
    print("half", flush=True)
    sys.stdin.readline()
"""
FULL = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))"
HALF_REMOVED = """
def half(folder):
    next(Path(folder).iterdir()).unlink()
    kill()
shutil.rmtree = half
"""


def start(where, seed, fault="", pieces=""):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER.format(fault=fault, pieces=pieces), str(where), str(seed)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def content(panel):
    """Return a hash of every byte of a panel."""
    found = hashlib.blake2b()
    for block in blocks(panel, 150):
        for array in (*block.bars, *block.market, block.member, block.quote_usd):
            found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def made(seed):
    return quorate.synthetic(n_coins=2, days=2, seed=seed)


@pytest.fixture(scope="module")
def known():
    """Return the content of either panel."""
    return {seed: content(made(seed)) for seed in (OLD, NEW)}


@pytest.fixture
def where(tmp_path):
    quorate.keep(made(OLD), tmp_path)
    return tmp_path


def entries(where):
    return sorted(path.name.partition("-")[0] for path in where.iterdir())


def n_syncs(where):
    """Return how often a keep syncs: each array, the version, the description, the folder."""
    return len(described.read(where).arrays) + 3


KILLS = {
    "at the first column": ("nth(os, 'fsync', 1, kill)", OLD),
    "between columns": ("nth(os, 'fsync', 12, kill)", OLD),
    "before the version is synced": ("nth(os, 'fsync', LAST - 2, kill)", OLD),
    "before the description is": ("nth(os, 'fsync', LAST - 1, kill)", OLD),
    "before the swap": ("Path.replace = kill", OLD),
    "after the swap": ("nth(os, 'fsync', LAST, kill)", NEW),
    "before the old one is removed": ("shutil.rmtree = kill", NEW),
    "while the old one is removed": (HALF_REMOVED, NEW),
}


@pytest.mark.parametrize("moment", apart(KILLS, ["before the swap", "after the swap"]))
def test_a_kill_leaves_the_old_panel_or_the_new_one(where, known, moment):
    fault, holds = KILLS[moment]
    child = start(where, NEW, fault.replace("LAST", str(n_syncs(where))))
    said = child.communicate(timeout=120)
    assert child.returncode == -signal.SIGKILL, said
    assert content(quorate.load(where)) == known[holds]
    # what the killed writer left is no obstacle, and goes
    assert content(quorate.keep(made(NEW), where)) == known[NEW]
    assert entries(where) == ["panel.json", "version"]


def test_a_kill_in_the_middle_of_the_bars_leaves_the_old_panel(where, known):
    fault = BY_PIECES + WAIT
    child = start(where, NEW, fault, ", pieces()")
    assert child.stdout.readline() == "half\n"
    assert content(quorate.load(where)) == known[OLD]
    child.kill()
    child.communicate(timeout=60)
    assert content(quorate.load(where)) == known[OLD]


def test_a_kill_of_the_first_keep_leaves_none(tmp_path, known):
    start(tmp_path / "kept", NEW, "nth(os, 'fsync', 9, kill)").communicate(timeout=120)
    with pytest.raises(DataError, match=r"panel\.json"):
        columns.read(tmp_path / "kept")
    assert content(quorate.keep(made(NEW), tmp_path / "kept")) == known[NEW]


def test_without_a_fault_the_writer_writes(where, known):
    child = start(where, NEW, BY_PIECES + "stop = lambda: None", ", pieces()")
    assert child.communicate(timeout=120) == ("kept\n", "")
    assert content(quorate.load(where)) == known[NEW]


def test_a_full_disk_is_told_and_leaves_the_old_panel(where, known):
    child = start(where, NEW, FULL)
    _, said = child.communicate(timeout=120)
    assert child.returncode == 1
    assert "the panel was not written to" in said
    assert "next: free disk space or name another folder" in said
    assert content(quorate.load(where)) == known[OLD]
    assert entries(where) == ["panel.json", "version"]


def test_no_space_at_any_sync_is_told_and_leaves_one_panel_whole(where, known, monkeypatch):
    sync, calls, last = os.fsync, [], n_syncs(where)

    def full(handle):
        calls.append(handle)
        if len(calls) == n:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(handle)

    monkeypatch.setattr(os, "fsync", full)
    for n in range(1, last + 1):
        calls.clear()
        said = r"was not written .* No space left on device; it needs [\d.]+ [KM]iB in .* are free"
        with pytest.raises(DataError, match=said):
            quorate.keep(made(NEW), where)
        # the last is that of the folder, when the new name is in it
        assert content(quorate.load(where)) == known[NEW if n == last else OLD], n
        assert {"panel.json", "version"} == set(entries(where))
    calls.clear()
    n = 0
    quorate.keep(made(NEW), where)
    assert len(calls) == last
    assert entries(where) == ["panel.json", "version"]


def test_a_second_writer_is_refused_and_the_first_ends_well(where, known):
    child = start(where, NEW, BY_PIECES + WAIT, ", pieces()")
    assert child.stdout.readline() == "half\n"
    with pytest.raises(DataError, match="another process is keeping a panel in"):
        quorate.keep(made(OLD), where)
    assert child.communicate("go\n", timeout=120) == ("kept\n", "")
    assert content(quorate.load(where)) == known[NEW]
    assert entries(where) == ["panel.json", "version"]


AGAIN_AND_AGAIN = """
keep, done = quorate.keep, 0
while done < 8:
    try:
        keep(panel, where)
        done += 1
    except DataError as error:
        assert "another process" in str(error), error
"""


def test_readers_beside_two_writers_see_whole_panels_only(where, known):
    children = [start(where, seed, AGAIN_AND_AGAIN) for seed in (OLD, NEW)]
    seen = []
    while any(child.poll() is None for child in children):
        seen.append(content(quorate.load(where)))
    # a child's last keep may meet the other's and be refused; all before that succeeded
    for child in children:
        _, said = child.communicate(timeout=60)
        assert child.returncode == 0 or "another process" in said, said
    assert set(seen) <= set(known.values())
    assert len(seen) > 10


def test_a_run_over_the_old_panel_goes_on_reading_it(where, known):
    old = quorate.load(where)
    rows = blocks(old, 100)
    first = next(rows)
    quorate.keep(made(NEW), where)
    assert first.bars.close.tobytes() == old.bars.close[:100].tobytes()
    assert content(old) == known[OLD]
    assert content(quorate.load(where)) == known[NEW]
    assert entries(where) == ["panel.json", "version", "version"]
    del old, rows
    quorate.keep(made(OLD), where)
    assert entries(where) == ["panel.json", "version"]


def test_a_reader_whose_files_have_gone_is_told_why(where):
    old = quorate.load(where)
    quorate.keep(made(NEW), where)
    shutil.rmtree(old.bars.close.path.parent)  # as where the file system has no locks
    with pytest.raises(DataError, match="was written anew since it was opened") as caught:
        next(blocks(old, 100))
    assert "load it again" in caught.value.hint
