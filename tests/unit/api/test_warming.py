"""Warming: after it, a run compiles nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from quorate.api import warming
from quorate.api.warming import PARTS, warm

WATCHED = """
import json
from numba.core import event
class Compiled(event.Listener):
    names = []
    def on_start(self, event):
        self.names.append(event.data["dispatcher"].py_func.__qualname__)
    def on_end(self, event):
        pass
event.register("numba:compile", Compiled())
import quorate
quorate.run(quorate.synthetic(n_coins=2, days=1))
quorate.run(quorate.synthetic(n_coins=3, days=2, kind="spot"))
import numpy as np
from quorate.core.consensus.edge_map import EdgeMap
from quorate.core.engines import linear
from quorate.core.types import Regime
from quorate.research.fits import Fits
given = linear.pack(np.zeros(2), np.ones(2), np.ones(2), 0.0, 10.0, 0.0)
reads, named = ("ret_1h", "ret_24h"), {"name": "mine", "family": "model", "hypothesis": "none"}
mine = linear.build(**named, approved=[Regime.TREND], reads=reads, parameters=given)
edges = EdgeMap(np.array([0.03]), np.eye(2), np.eye(2), np.ones(1))
fits = Fits(engines=(mine,), cells={"mine": np.full(25, 0.6)}, edges=edges)
quorate.run(quorate.synthetic(n_coins=3, days=2), models=fits)
print(json.dumps(Compiled.names))
"""


@pytest.mark.slow
def test_a_run_after_warming_compiles_nothing() -> None:
    warm(lambda _: None)
    done = subprocess.run(
        [sys.executable, "-c", WATCHED], capture_output=True, text=True, check=True, timeout=600
    )
    assert json.loads(done.stdout) == []


def test_two_that_start_at_once_compile_once(tmp_path, monkeypatch) -> None:
    started = []

    class Compiler:
        returncode = 0

        def __init__(self, command, **_):
            started.append(command[-1])

        def communicate(self, timeout):
            del timeout
            return "", ""

        def kill(self):
            pass

    monkeypatch.setattr(warming, "cache_folder", lambda: tmp_path / "new" / "cache")
    monkeypatch.setattr(warming.subprocess, "Popen", Compiler)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: warm(lambda _: None), range(8)))
    assert sorted(started) == sorted(PARTS)
    assert warming.is_warm()
