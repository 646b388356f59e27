"""The recipe of a model set: what it was asked for, which earns promotion while its fit is renewed.

In: settings, engines, a plan. Out: plain values. Two sets of one recipe differ by their data alone,
so a registry takes the later for a refit of the earlier (METHODS, row 14).
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
from typing import TYPE_CHECKING, Any, Final

from quorate.api.auditing.binding import UNTOLD, engine_hash
from quorate.api.configure import schema
from quorate.research import boosting, learners, linear, model_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quorate.api.plans import Plan
    from quorate.core.engines.base import Engine
    from quorate.settings import Settings

OF_TESTS: Final = ("purge_days", "test_days")
"""Parts of a plan that change what is tested, not what is learned."""


def recipe(settings: Settings, engines: Sequence[Engine], plan: Plan) -> dict[str, Any]:
    """Return the recipe of what is learned so.

    Parameters
    ----------
    settings : Settings
        All sections but ``UNTOLD`` count.
    engines : sequence of Engine
        The rule engines: their claims, parameters and, of your own, their source.
    plan : Plan
        What is learned, on how many days; when it is tested does not matter.

    Returns
    -------
    dict
        Plain values by part: settings, engines, features, learning, learners.

    Notes
    -----
    Units: none.  Causal: no data are read.  Missing: none. The code of Quorate is no part of it: a
    new version renews a recipe's fit as a new day does, and the audit of that fit binds the code.

    Examples
    --------
    >>> from quorate.api.effective import read_settings
    >>> from quorate.api.plans import Plan
    >>> sorted(recipe(read_settings(), (), Plan(models=())))
    ['engines', 'features', 'learners', 'learning', 'settings']
    """
    learned = dataclasses.asdict(plan)
    return {
        "settings": settings_told(settings.values),
        "engines": {engine.name: engine_hash(engine) for engine in engines},
        "features": model_file.features_hash(),
        "learning": {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in learned.items()
            if name not in OF_TESTS
        },
        "learners": {word: _learner_hash(word) for word in plan.models},
    }


def settings_told(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what a recipe keeps of settings, or of what a ledger booked of them.

    Parameters
    ----------
    values : Mapping
        Sections of settings; sections of other things are left out, as are ``UNTOLD``.

    Examples
    --------
    >>> settings_told({"consensus": {"k": 1.0}, "account": {}, "walkforward": {}})
    {'consensus': {'k': 1.0}}
    """
    known = schema()
    return {
        section: {name: list(v) if isinstance(v, tuple) else v for name, v in found.items()}
        for section, found in values.items()
        if section in known and section not in UNTOLD
    }


def _learner_hash(word: str) -> str:
    """Return a hash of how a learner is called, and of what it does where nothing is said."""
    learner = learners.kind(word)
    told = (
        inspect.getsource(learner.fit),
        repr(boosting.Settings()),
        repr([linear.CLIP, inspect.signature(linear.fit).parameters["penalty"].default]),
    )
    return hashlib.sha256(repr(told).encode()).hexdigest()
