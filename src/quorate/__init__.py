"""Quorate: engines vote, a quorum decides, costs and risk shape it, every step explains itself.

Everything of ``quorate.api`` is here, imported when first used: ``load`` or ``demo`` a market,
``run`` it, ``audit`` it, ``sweep`` over settings, ``read`` an old run, list ``runs``, ``render`` a
page, ``explain`` a decision, ``compare`` runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quorate.api import (
        Ablation,
        Audit,
        Check,
        Checkup,
        Comparison,
        Control,
        Cross,
        Explanation,
        Imported,
        Leaderboard,
        Lesson,
        Night,
        Panel,
        Plan,
        Promotion,
        Pulls,
        Registry,
        Result,
        Search,
        Simulation,
        Sizes,
        Sweep,
        Trained,
        WalkForward,
        Workers,
        ablate,
        audit,
        bench,
        check_data,
        compare,
        control,
        cpcv,
        decisions,
        demo,
        doctor,
        drill,
        engines,
        explain,
        grid,
        guard,
        import_data,
        keep,
        kill,
        leaderboard,
        load,
        ls,
        nightly,
        promote,
        pull_archive,
        pull_instruments,
        pull_venue,
        read,
        read_settings,
        reconcile_data,
        registry,
        render,
        run,
        runs,
        schema,
        search,
        serve_exchange,
        simulate,
        simulated_exchange,
        sizes,
        stock,
        survivorship,
        sweep,
        synthetic,
        train,
        universe,
        verify,
        walkforward,
        warm,
    )

    __version__: str

__all__ = [
    "Ablation",
    "Audit",
    "Check",
    "Checkup",
    "Comparison",
    "Control",
    "Cross",
    "Explanation",
    "Imported",
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
    "Simulation",
    "Sizes",
    "Sweep",
    "Trained",
    "WalkForward",
    "Workers",
    "__version__",
    "ablate",
    "audit",
    "bench",
    "check_data",
    "compare",
    "control",
    "cpcv",
    "decisions",
    "demo",
    "doctor",
    "drill",
    "engines",
    "explain",
    "grid",
    "guard",
    "import_data",
    "keep",
    "kill",
    "leaderboard",
    "load",
    "ls",
    "nightly",
    "promote",
    "pull_archive",
    "pull_instruments",
    "pull_venue",
    "read",
    "read_settings",
    "reconcile_data",
    "registry",
    "render",
    "run",
    "runs",
    "schema",
    "search",
    "serve_exchange",
    "simulate",
    "simulated_exchange",
    "sizes",
    "stock",
    "survivorship",
    "sweep",
    "synthetic",
    "train",
    "universe",
    "verify",
    "walkforward",
    "warm",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401  (whatever the name stands for)
    """Import ``quorate.api`` the first time one of its names is asked for."""
    if name == "__version__":
        from quorate.version import VERSION

        return VERSION
    if name in __all__:
        from quorate import api

        return getattr(api, name)
    raise AttributeError(f"module 'quorate' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List what may be used."""
    return sorted(__all__)
