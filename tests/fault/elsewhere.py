"""A walk forward whose fits are done by whoever is asked; run as a process of its own.

What is given on standard input, as JSON: ``workers``, fields of ``quorate.Workers``; ``deadly``,
a folder where a fit half-way through the first window leaves a mark before its process is killed
(empty: none is); ``waits``, whether it waits there to be killed with its node. What is told on
standard output: the hashes of what was learned and of what was decided, or the error.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path

from benchmarks.digest import LIVELY

import quorate
from quorate.errors import QuorateError
from quorate.research import learners

N_FITS = 5
"""Of one learner in a window: of all rows, and without each of four blocks."""
SECOND = "QUORATE_TEST_SECOND_NODE"


def dying(fit, folder, *, waits):
    """Return a fit that is lost half-way through the first window, once."""

    def deadly(features, up, names, weight):
        place = Path(folder)
        lost = place / "lost"
        half_way = len(list(place.glob("fit*"))) >= N_FITS // 2
        if half_way and not lost.exists():
            if waits and SECOND not in os.environ:
                _wait(lost)  # so that the other node has a piece
            else:
                lost.touch()
                if waits:
                    _wait(place / "never")
                os.kill(os.getpid(), signal.SIGKILL)
        made = fit(features, up, names, weight)
        (place / f"fit{time.monotonic_ns()}").touch()
        return made

    return deadly


def _wait(mark):
    until = time.monotonic() + 60
    while not mark.exists() and time.monotonic() < until:
        time.sleep(0.05)


def walked(workers):
    """Return the hashes of a small walk forward: of what was learned, of what came of it."""
    panel = quorate.synthetic(n_coins=10, days=42, planted_edge=4.0)
    plan = quorate.Plan(train_days=28, purge_days=1, test_days=6)
    settings = quorate.read_settings(overrides=LIVELY)
    found = quorate.walkforward(panel, settings, plan, workers=workers)
    learned = hashlib.sha256()
    for fit in found.fits:
        learned.update(fit.cells.tobytes())
        for name, model in fit.models.items():
            learned.update(f"{name} {model.digest()}".encode())
        for array in fit.edges or ():
            learned.update(array.tobytes())
    decided = hashlib.sha256()
    for table in (found.result.decisions, found.result.fills, found.result.equity):
        decided.update(table.write_ipc(None).getvalue())
    return {
        "learned": learned.hexdigest(),
        "decided": decided.hexdigest(),
        "models": [sorted(fit.models) for fit in found.fits],
        "n_fills": found.result.fills.height,
        "learn_s": found.result.facts["seconds"]["learn"],
    }


def main():
    """Walk as asked, and tell what came of it."""
    asked = json.load(sys.stdin)
    if asked["deadly"]:
        linear = learners.LEARNERS["linear"]
        deadly = dying(linear.fit, asked["deadly"], waits=asked["waits"])
        learners.LEARNERS = {**learners.LEARNERS, "linear": linear._replace(fit=deadly)}
    try:
        told = walked(quorate.Workers(**asked["workers"]))
    except QuorateError as error:
        told = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(told))  # noqa: T201  (it is read there)


if __name__ == "__main__":
    main()
