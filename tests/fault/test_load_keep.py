"""A panel that is made on disk from files is the old one or the new one, whenever it is killed."""

from __future__ import annotations

import signal
import subprocess
import sys

import numpy as np
import pytest
from tests.fault.moments import apart
from tests.unit.lake.builders import bars, store

import quorate
from quorate.errors import DataError
from quorate.lake import blocks, columns

WRITER = """
import os, signal, sys
import quorate
from quorate.lake import shelf, strands

def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def nth(owner, name, n):
    was, calls = getattr(owner, name), []
    def counted(*given, **named):
        calls.append(given)
        return kill() if len(calls) == n else was(*given, **named)
    setattr(owner, name, counted)

{fault}
quorate.load(sys.argv[1], venue="binance_spot", kind="spot", keep_in=sys.argv[2])
print("kept", flush=True)
"""
FULL = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))"
KILLS = {
    "at the first symbol": "nth(shelf.Shelf, 'pile', 1)",
    "between symbols": "nth(shelf.Shelf, 'pile', 3)",
    "in the middle of a symbol": "nth(shelf.Pile, 'put', 2)",
    "between strands": "nth(strands.OnDisk, 'put', 2)",
    "in the middle of a strand": "strands._pieces = kill",
    "before the first block": "nth(os, 'preadv', 1)",
    "between blocks": "strands.BLOCK_CELLS = 40; nth(os, 'preadv', 50)",
    "at a column": "nth(os, 'fsync', 5)",
}


@pytest.fixture
def files(tmp_path):
    names = ("AUSDT", "BUSDT", "CUSDT", "DUSDT")
    return store(tmp_path / "files", **{name: bars(n=600) for name in names})


@pytest.fixture
def where(tmp_path):
    quorate.keep(quorate.synthetic(n_coins=2, days=1), tmp_path / "kept")
    return tmp_path / "kept"


def start(files, where, fault=""):
    done = subprocess.run(
        [sys.executable, "-c", WRITER.format(fault=fault), str(files), str(where)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def content(panel):
    return [
        np.ascontiguousarray(array).tobytes()
        for block in blocks(panel, 150)
        for array in (*block.bars, *block.market, block.member, block.quote_usd)
    ]


@pytest.mark.parametrize("moment", apart(KILLS, ["in the middle of a symbol", "between blocks"]))
@pytest.mark.slow
def test_a_kill_leaves_the_panel_that_was_there(files, where, moment):
    before = content(columns.read(where))
    code, _, said = start(files, where, KILLS[moment])
    assert code == -signal.SIGKILL, said
    assert content(columns.read(where)) == before
    # what is left of it is known as ours, and goes with the next
    assert columns.has_only_ours(where)
    assert start(files, where)[:2] == (0, "kept\n")
    loaded = quorate.load(files, venue="binance_spot", kind="spot")
    kept = quorate.load(where)
    assert content(kept) == content(loaded)
    assert kept.source._replace(made=None) == loaded.source._replace(made=None)
    assert sorted(path.name.partition("-")[0] for path in where.iterdir()) == [
        "panel.json",
        "version",
    ]


def test_a_full_disk_is_told_and_leaves_the_panel_that_was_there(files, where):
    before = content(columns.read(where))
    code, _, said = start(files, where, FULL)
    assert code == 1
    assert "the panel was not written to" in said
    assert "next: free disk space or name another folder" in said
    assert content(columns.read(where)) == before
    assert sorted(path.name.partition("-")[0] for path in where.iterdir()) == [
        "panel.json",
        "version",
    ]


def test_who_comes_second_is_told_before_anything_is_read(files, where):
    with (
        columns.begun(where),
        pytest.raises(DataError, match="another process is keeping a panel in"),
    ):
        quorate.load(files, venue="binance_spot", kind="spot", keep_in=where)
