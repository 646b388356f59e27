"""The kinds of engine that are trained: what each is called, and how it is fitted to rows.

In: a word. Out: a ``Learner``. A new kind joins ``LEARNERS`` and is there for walks, validation and
training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from quorate.core.engines.base import Rows, from_function
from quorate.core.types import Regime
from quorate.errors import ConfigError
from quorate.research import linear, trees

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from quorate.core.engines.base import Answer, Engine
    from quorate.core.types import ByteVec, Mat, Vec

EVERY = tuple(Regime)


class Model(Protocol):
    """A fitted model that can vote."""

    def engine(
        self,
        *,
        name: str,
        family: str,
        approved: Iterable[Regime],
        hypothesis: str,
        least_edge: float = 0.0,
    ) -> Engine:
        """Return the engine that votes with it."""


class Learner(NamedTuple):
    """A kind of engine that is trained: its name, how it is fitted to rows, and to which.

    ``regime`` is the one whose rows it learns from and where it may vote; None, all of them.
    """

    name: str
    family: str
    hypothesis: str
    fit: Callable[[Mat, ByteVec, tuple[str, ...], Vec], Model]
    regime: Regime | None = None

    @property
    def approved(self) -> tuple[Regime, ...]:
        """Where its engine may vote until a leaderboard says otherwise."""
        return EVERY if self.regime is None else (self.regime,)

    def of(self, regime: Regime) -> Learner:
        """Return the same kind of engine, trained on one regime alone.

        Examples
        --------
        >>> LEARNERS["linear"].of(Regime.TREND).name
        'linear_model_trend'
        """
        return self._replace(name=f"{self.name}_{regime.name.lower()}", regime=regime)


def _linear(features: Mat, up: ByteVec, names: tuple[str, ...], weight: Vec) -> Model:
    return linear.fit(features, up, names, weight, penalty=100.0)


def _trees(features: Mat, up: ByteVec, names: tuple[str, ...], weight: Vec) -> Model:
    return trees.fit(features, up, names, weight)


LEARNERS: Mapping[str, Learner] = {
    "linear": Learner(
        "linear_model",
        "model",
        "What features said of the next hours in the last months goes on holding.",
        _linear,
    ),
    "trees": Learner(
        "boosted_trees",
        "model",
        "A few features together said something of the next hours, and go on saying it.",
        _trees,
    ),
}
"""Every kind there is, by the word that asks for it."""


def learners(words: Sequence[str], *, per_regime: bool = False) -> tuple[Learner, ...]:
    """Return the learners of some words, pooled over regimes or one for each of them.

    Examples
    --------
    >>> [each.name for each in learners(["linear"])]
    ['linear_model']
    >>> [each.name for each in learners(["linear"], per_regime=True)][:2]
    ['linear_model_trend', 'linear_model_range']
    """
    if unknown := [word for word in words if word not in LEARNERS]:
        raise ConfigError(
            f"no model is called {unknown[0]!r}", hint=f"use some of: {', '.join(LEARNERS)}"
        )
    found = tuple(LEARNERS[word] for word in dict.fromkeys(words))
    if not per_regime:
        return found
    return tuple(each.of(regime) for each in found for regime in EVERY)


def silent(learner: Learner) -> Engine:
    """Return the engine that keeps a learner's place before its first fit: it abstains.

    Examples
    --------
    >>> engine = silent(LEARNERS["linear"])
    >>> side, strength = engine.vote(Rows(np.zeros((1, 1, 2)), ("ret_24h",)))
    >>> side.tolist(), strength.tolist()
    ([[0, 0]], [[0.5, 0.5]])
    """
    return from_function(
        _abstain,
        name=learner.name,
        family=learner.family,
        approved=learner.approved,
        hypothesis=learner.hypothesis,
    )


def _abstain(rows: Rows) -> Answer:
    return np.zeros(rows.shape, np.int8), np.full(rows.shape, 0.5)
