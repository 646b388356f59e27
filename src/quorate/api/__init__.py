"""Quorate from Python: load a panel, run it, look at what came out. The CLI is a skin over this.

A name is imported when it is first asked for, with what it needs and no more: a run loads nothing
of the audit, the lake's pulls or the training.
"""

from __future__ import annotations

import gc
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quorate.api.ablating import Ablation, Lesson, ablate
    from quorate.api.archives import pull_archive
    from quorate.api.auditing import Audit, audit
    from quorate.api.backtests import run
    from quorate.api.checked import Check
    from quorate.api.checking import check_data
    from quorate.api.checkup import Checkup, doctor
    from quorate.api.choices import grid
    from quorate.api.commanding import arm, block, flatten, lift, pause, resume, unblock, words
    from quorate.api.comparing import Comparison, compare
    from quorate.api.configure import schema
    from quorate.api.controlling import Control, control
    from quorate.api.crossed import Cross
    from quorate.api.decided import decisions
    from quorate.api.drilling import Drill, Drills, drill, drills
    from quorate.api.effective import read_settings
    from quorate.api.exchanging import Served, serve_exchange, simulated_exchange
    from quorate.api.executing import Tca, tca
    from quorate.api.explaining import explain
    from quorate.api.explanation import Explanation
    from quorate.api.extensions import engines
    from quorate.api.imported import Imported
    from quorate.api.importing import import_data
    from quorate.api.killing import guard, kill
    from quorate.api.learning import Trained, train
    from quorate.api.listing import runs
    from quorate.api.loading import demo, keep, load
    from quorate.api.measuring import bench
    from quorate.api.nights import Night, nightly
    from quorate.api.pages import render
    from quorate.api.plans import Plan
    from quorate.api.promoting import Promotion, promote
    from quorate.api.pulling import Pulls, pull_instruments, pull_venue
    from quorate.api.ranking import Leaderboard, leaderboard
    from quorate.api.reconciling import reconcile_data
    from quorate.api.registering import Registry, registry
    from quorate.api.reopening import read
    from quorate.api.replays import Sizes, sizes
    from quorate.api.result import Result
    from quorate.api.scheduling import Jobs, jobs, run_job, serve_jobs
    from quorate.api.searching import Search, search
    from quorate.api.simulating import Simulation, simulate
    from quorate.api.stocktaking import stock, verify
    from quorate.api.sweeping import Sweep, sweep
    from quorate.api.torturing import Torture, torture
    from quorate.api.universes import survivorship, universe
    from quorate.api.validating import cpcv
    from quorate.api.walking import WalkForward, walkforward
    from quorate.api.warming import warm
    from quorate.hands import Hands, Word, read_words
    from quorate.lake import Panel, by_hand, synthetic
    from quorate.lake.joining import join_asof
    from quorate.research.parallel import Workers

    ls = runs

_HOME = {
    "Ablation": "api.ablating",
    "Audit": "api.auditing",
    "Check": "api.checked",
    "Checkup": "api.checkup",
    "Comparison": "api.comparing",
    "Control": "api.controlling",
    "Cross": "api.crossed",
    "Drill": "api.drilling",
    "Drills": "api.drilling",
    "Explanation": "api.explanation",
    "Hands": "hands",
    "Imported": "api.imported",
    "Jobs": "api.scheduling",
    "Leaderboard": "api.ranking",
    "Lesson": "api.ablating",
    "Night": "api.nights",
    "Panel": "lake",
    "Plan": "api.plans",
    "Promotion": "api.promoting",
    "Pulls": "api.pulling",
    "Registry": "api.registering",
    "Result": "api.result",
    "Search": "api.searching",
    "Served": "api.exchanging",
    "Simulation": "api.simulating",
    "Sizes": "api.replays",
    "Sweep": "api.sweeping",
    "Tca": "api.executing",
    "Torture": "api.torturing",
    "Trained": "api.learning",
    "WalkForward": "api.walking",
    "Word": "hands",
    "Workers": "research.parallel",
    "ablate": "api.ablating",
    "arm": "api.commanding",
    "audit": "api.auditing",
    "bench": "api.measuring",
    "block": "api.commanding",
    "by_hand": "lake",
    "check_data": "api.checking",
    "compare": "api.comparing",
    "control": "api.controlling",
    "cpcv": "api.validating",
    "decisions": "api.decided",
    "demo": "api.loading",
    "doctor": "api.checkup",
    "drill": "api.drilling",
    "drills": "api.drilling",
    "engines": "api.extensions",
    "explain": "api.explaining",
    "flatten": "api.commanding",
    "grid": "api.choices",
    "guard": "api.killing",
    "import_data": "api.importing",
    "jobs": "api.scheduling",
    "join_asof": "lake.joining",
    "keep": "api.loading",
    "kill": "api.killing",
    "leaderboard": "api.ranking",
    "lift": "api.commanding",
    "load": "api.loading",
    "ls": "api.listing",
    "nightly": "api.nights",
    "pause": "api.commanding",
    "promote": "api.promoting",
    "pull_archive": "api.archives",
    "pull_instruments": "api.pulling",
    "pull_venue": "api.pulling",
    "read": "api.reopening",
    "read_settings": "api.effective",
    "read_words": "hands",
    "reconcile_data": "api.reconciling",
    "registry": "api.registering",
    "render": "api.pages",
    "resume": "api.commanding",
    "run": "api.backtests",
    "run_job": "api.scheduling",
    "runs": "api.listing",
    "schema": "api.configure",
    "search": "api.searching",
    "serve_exchange": "api.exchanging",
    "serve_jobs": "api.scheduling",
    "simulate": "api.simulating",
    "simulated_exchange": "api.exchanging",
    "sizes": "api.replays",
    "stock": "api.stocktaking",
    "survivorship": "api.universes",
    "sweep": "api.sweeping",
    "synthetic": "lake",
    "tca": "api.executing",
    "torture": "api.torturing",
    "train": "api.learning",
    "unblock": "api.commanding",
    "universe": "api.universes",
    "verify": "api.stocktaking",
    "walkforward": "api.walking",
    "warm": "api.warming",
    "words": "api.commanding",
}
"""Where each name is at home. ``ls`` is ``runs`` by the name that the command has."""

__all__ = [
    "Ablation",
    "Audit",
    "Check",
    "Checkup",
    "Comparison",
    "Control",
    "Cross",
    "Drill",
    "Drills",
    "Explanation",
    "Hands",
    "Imported",
    "Jobs",
    "Leaderboard",
    "Lesson",
    "Night",
    "Panel",
    "Plan",
    "Promotion",
    "Pulls",
    "Registry",
    "Result",
    "Search",
    "Served",
    "Simulation",
    "Sizes",
    "Sweep",
    "Tca",
    "Torture",
    "Trained",
    "WalkForward",
    "Word",
    "Workers",
    "ablate",
    "arm",
    "audit",
    "bench",
    "block",
    "by_hand",
    "check_data",
    "compare",
    "control",
    "cpcv",
    "decisions",
    "demo",
    "doctor",
    "drill",
    "drills",
    "engines",
    "explain",
    "flatten",
    "grid",
    "guard",
    "import_data",
    "jobs",
    "join_asof",
    "keep",
    "kill",
    "leaderboard",
    "lift",
    "load",
    "ls",
    "nightly",
    "pause",
    "promote",
    "pull_archive",
    "pull_instruments",
    "pull_venue",
    "read",
    "read_settings",
    "read_words",
    "reconcile_data",
    "registry",
    "render",
    "resume",
    "run",
    "run_job",
    "runs",
    "schema",
    "search",
    "serve_exchange",
    "serve_jobs",
    "simulate",
    "simulated_exchange",
    "sizes",
    "stock",
    "survivorship",
    "sweep",
    "synthetic",
    "tca",
    "torture",
    "train",
    "unblock",
    "universe",
    "verify",
    "walkforward",
    "warm",
    "words",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401  (whatever the name stands for)
    """Import a name from its home."""
    if name not in _HOME:
        raise AttributeError(f"module 'quorate.api' has no attribute {name!r}")
    # of what an import makes nothing is garbage; looking through it again and again is an eighth
    # of its time
    collects = gc.isenabled()
    gc.disable()
    try:
        home = import_module(f"quorate.{_HOME[name]}")
    finally:
        if collects:
            gc.enable()
    return getattr(home, "runs" if name == "ls" else name)


def __dir__() -> list[str]:
    """List what may be used."""
    return sorted(_HOME)
