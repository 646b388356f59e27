"""A panel that memory does not hold is refused, and how it is kept is said."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest
from tests.unit.lake import flawed
from tests.unit.lake.builders import bars, store

from quorate.errors import DataError
from quorate.lake import PanelSpec, Source, keep, load, room, strands


def test_what_does_not_fit_is_refused_in_memory_and_kept_on_disk(tmp_path, monkeypatch):
    spec = flawed.cut(tmp_path)
    panel = load(spec)
    arrays = {id(each.base if each.base is not None else each): each for each in panel.bars}
    assert room.panel_bytes(panel.n_bars, 1, panel.n_coins) >= sum(
        each.nbytes for each in arrays.values()
    )
    wanted = room.panel_bytes(panel.n_bars, 1, panel.n_coins)
    # before a row is read, and once the size of the panel is known
    for free, what in ((1_000, "rows of"), (wanted - 1, "bars of")):
        monkeypatch.setattr(room, "free_bytes", lambda free=free: free)
        said = rf"[\d,]+ {what} \d+ (files|coins) take 0\.0 GiB of memory, 0\.0 are free"
        with pytest.raises(DataError, match=said) as caught:
            load(spec)
        assert "quorate keep" in caught.value.hint
    assert keep(spec, tmp_path / "kept").n_bars == panel.n_bars
    monkeypatch.setattr(room, "free_bytes", lambda: None)
    assert load(spec).n_bars == panel.n_bars


def test_rows_are_counted_only_where_it_may_come_to_that(tmp_path, monkeypatch):
    paths = [store(tmp_path / "set", A=bars(1_000)) / "A.parquet"]
    monkeypatch.setattr(room, "free_bytes", lambda: 56_000)
    room.refuse_what_cannot_be_read([paths])
    monkeypatch.setattr(room, "free_bytes", lambda: 55_999)
    with pytest.raises(DataError, match="1,000 rows of 1 files take"):
        room.refuse_what_cannot_be_read([paths])
    room.refuse_what_cannot_be_read([[tmp_path / "gone.parquet"]])  # told when it is read
    (tmp_path / "set" / "A.parquet").write_bytes(b"PAR1" * 10_000)
    room.refuse_what_cannot_be_read([paths])
    monkeypatch.setattr(room, "free_bytes", lambda: None)
    room.refuse_what_cannot_be_read([paths])


def test_the_files_of_a_second_venue_count_at_a_multiple_too(tmp_path, monkeypatch):
    """Their names alone say so before a row is read; what prices say of them is known later."""
    perp = store(tmp_path / "perp", **{"1000PEPEUSDT": bars(100)})
    spot = store(tmp_path / "spot", PEPEUSDT=bars(3_000), DOGEUSDT=bars(5_000))
    spec = PanelSpec(
        (Source(perp, "binance_usdm", "perp"), Source(spot, "binance_spot", "spot")),
        assume_funding=1e-4,
    )
    monkeypatch.setattr(room, "free_bytes", lambda: 56 * 3_099)
    with pytest.raises(DataError, match="3,100 rows of 2 files take"):
        load(spec)


def test_memory_that_runs_out_meanwhile_is_told_with_the_way_out(tmp_path, monkeypatch):
    spec = flawed.cut(tmp_path)

    def none_left(*_, **__):
        raise MemoryError

    monkeypatch.setattr(strands.InMemory, "__init__", none_left)
    with pytest.raises(DataError, match="memory ran out while the bars were read") as caught:
        load(spec)
    assert "quorate keep" in caught.value.hint


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Return where the system says what there is: nothing yet."""
    proc, groups = tmp_path / "proc", tmp_path / "cgroup"
    monkeypatch.setattr(room, "_PROC", proc)
    monkeypatch.setattr(room, "_GROUPS", groups)

    def say(**files):
        for name, text in files.items():
            path = (proc if name in {"meminfo", "self/cgroup", "self/statm"} else groups) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return say


def test_what_the_system_says_is_read(system):
    assert room.free_bytes() is None
    system(meminfo="MemTotal:       24 kB\nMemAvailable:   12 kB\n")
    assert room.free_bytes() == 12_288
    system(meminfo="MemTotal:       24 kB\n")
    assert room.free_bytes() is None


MACHINE = {"meminfo": "MemAvailable: 1000 kB\n"}


@pytest.mark.parametrize(
    ("place", "files", "free"),
    [
        # version 2: as a container sees it, and from outside with a limit above it
        ("0::/", {"memory.max": "5000\n", "memory.current": "2000\n"}, 3_000),
        ("0::/a/b", {"a/memory.max": "5000", "a/memory.current": "4000"}, 1_000),
        (
            "0::/a",
            {
                "a/memory.max": "5000",
                "a/memory.current": "4000",
                "a/memory.stat": "anon 9\ninactive_file 500\n",
            },
            1_500,
        ),
        ("0::/a", {"a/memory.max": "max\n", "a/memory.current": "4000"}, 1_024_000),
        ("0::/a", {"a/memory.max": "3000", "a/memory.current": "4000"}, 0),
        # the path is that of outside, the files are those of inside
        ("0::/outside", {"memory.max": "5000", "memory.current": "2000"}, 3_000),
        # version 1, in which no limit is a large one
        (
            "4:memory:/a",
            {"memory/a/memory.limit_in_bytes": "7000", "memory/a/memory.usage_in_bytes": "2000"},
            5_000,
        ),
        (
            "4:memory:/a\n3:cpuset:/a\n0::/",
            {
                "memory/memory.limit_in_bytes": "9223372036854771712",
                "memory/memory.usage_in_bytes": "2000",
            },
            1_024_000,
        ),
    ],
)
def test_a_container_has_what_its_group_leaves(system, place, files, free):
    system(**MACHINE, **{"self/cgroup": place + "\n"}, **files)
    assert room.free_bytes() == free


def test_a_process_has_what_its_own_limit_leaves(system, monkeypatch):
    system(**MACHINE, **{"self/statm": "10 5 1 1 0 1 0\n"})
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100_000, resource.RLIM_INFINITY))
    assert room.free_bytes() == 100_000 - 10 * resource.getpagesize()
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    assert room.free_bytes() == 1_024_000


LIMITED = """
import resource, sys
from quorate.lake import room
free = room.free_bytes()
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**26, resource.RLIM_INFINITY))
print(free, room.free_bytes())
"""


def test_a_real_limit_is_seen():
    done = subprocess.run(
        [sys.executable, "-c", LIMITED], capture_output=True, text=True, check=True
    )
    free, left = map(int, done.stdout.split())
    assert 0 < left <= 2**26 < free
