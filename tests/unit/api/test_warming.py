"""Warming: after it, a run compiles nothing."""

from __future__ import annotations

import json
import subprocess
import sys

from quorate.api.warming import warm

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
print(json.dumps(Compiled.names))
"""


def test_a_run_after_warming_compiles_nothing() -> None:
    warm(lambda _: None)
    done = subprocess.run(
        [sys.executable, "-c", WATCHED], capture_output=True, text=True, check=True, timeout=600
    )
    assert json.loads(done.stdout) == []
