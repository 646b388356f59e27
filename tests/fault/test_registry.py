"""Faults of the registry: killed at every step of a publish and of going back."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.research.published import NOW, renewed, small, with_champion

from quorate.research import registry
from quorate.research.versions import Stage

pytestmark = pytest.mark.slow  # hundreds of processes are killed

STEPS = """
import json, os, signal, sys
from pathlib import Path
from tests.unit.research.published import NOW, renewed
from quorate.lake import disk
from quorate.research import registry, shelves

place, source, what = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
left = 0

def counted(module, name):
    done = getattr(module, name)
    def act(*given, **named):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return done(*given, **named)
    setattr(module, name, act)

def go():
    # a kill comes before each of what touches the disk, one step later in every child
    for module, name in (
        (os, "open"), (os, "fsync"), (Path, "replace"), (Path, "rename"), (Path, "mkdir"),
        (Path, "chmod"), (disk, "sync_folder"), (disk, "replace"),
    ):
        counted(module, name)
    if what == "publish":
        renewed(place, source, registry.read(place).champion)
    else:
        registry.roll_back(place, at=NOW, why="it lost")

step = 0
held = (place / "registry.index").read_bytes()
while True:
    if what == "roll back":
        (place / "registry.index").write_bytes(held)
    pid = os.fork()
    if pid == 0:
        left = step
        go()
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    index = registry.read(place)
    found = registry.champion(place, at=NOW)
    print(json.dumps({
        "killed": os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL,
        "through": status == 0,
        "champion": found.version.number,
        "digest": found.fits.digest,
        "stages": {each.number: each.stage for each in index.versions},
        "differ": [s for s in shelves.differences(place, index) if "in no index" not in s],
    }), flush=True)
    step += 1
    if not os.WIFSIGNALED(status) or step > 200:
        break
"""


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("QUORATE_CONFIG_DIR", str(tmp_path / "config"))


@pytest.mark.parametrize("what", ["publish", "roll back"])
def test_a_kill_at_any_step_leaves_the_old_champion_or_the_new_one(tmp_path, what):
    place = tmp_path / "registry"
    sets = [small(tmp_path / f"set{day}", day)[0] for day in (2, 3, 4)]
    first = with_champion(place, sets[0])
    old = first if what == "publish" else renewed(place, sets[1], first)
    done = subprocess.run(
        [sys.executable, "-c", STEPS, str(place), str(sets[2]), what],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    )
    assert done.returncode == 0, done.stderr
    steps = [json.loads(line) for line in done.stdout.splitlines()]
    n_killed = sum(each["killed"] for each in steps)
    assert n_killed > (20 if what == "publish" else 5)
    assert [each["through"] for each in steps] == [False] * n_killed + [True]
    for each in steps:
        assert list(each["stages"].values()).count(Stage.CHAMPION) == 1
        assert each["stages"][str(each["champion"])] == Stage.CHAMPION
        assert each["differ"] == []
    # the steps before the index is replaced leave the old one, and nobody has to tidy up
    assert steps[0]["champion"] == old.number
    last = steps[-1]
    assert last["champion"] != old.number
    assert last["stages"][str(old.number)] == Stage.RETIRED
    assert {each["digest"] for each in steps} == {old.digest, last["digest"]}
    if what == "publish":
        again = renewed(place, sets[1], registry.read(place).champion)
        assert registry.champion(place, at=NOW).version == again
