"""A night that is killed: the same command ends it, and no step that was done is done again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from tests.unit.api.nights.market import folder, night

import quorate

pytestmark = pytest.mark.slow  # whole nights

CHILD = """
import sys
from pathlib import Path
import quorate
from tests.unit.api.nights import market
def given(start, end, known):
    return quorate.load(sys.argv[2], venue="binance_spot", kind="spot", start=start, end=end)
market.night(Path(sys.argv[1]), given=given)
"""
PATIENCE_S = 120.0


def is_done(path):
    return path.exists() and json.loads(path.read_text())["state"] == "done"


@pytest.mark.parametrize("killed_after", ["check", "train"])
def test_a_killed_night_goes_on(tmp_path, killed_after):
    bars = str(folder())
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path), bars])
    steps = tmp_path / "nights" / "2024-02-13" / "steps"
    end = time.monotonic() + PATIENCE_S
    while not is_done(steps / f"{killed_after}.json") and time.monotonic() < end:
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait(10) == -signal.SIGKILL
    done = {path.name: path.stat().st_mtime_ns for path in steps.glob("*.json") if is_done(path)}
    assert f"{killed_after}.json" in done
    found = night(tmp_path)
    assert found.is_done, [step.said for step in found.steps]
    kept = {path.name: path.stat().st_mtime_ns for path in steps.glob("*.json")}
    assert {name: kept[name] for name in done} == done
    (version,) = quorate.registry(tmp_path / "registry").index.versions
    assert version.digest == next(iter(found.steps[3].told.values()))["digest"]
