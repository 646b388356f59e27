"""The kinds of engine that are trained: what each is called, and how it is fitted to rows.

In: a word. Out: a ``Learner``. A new kind joins ``LEARNERS`` and is there for walks, validation and
training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from quorate.core.engines.base import NAME_PATTERN, Rows, from_function
from quorate.core.engines.catalogue import builtin
from quorate.core.types import Regime
from quorate.errors import ConfigError
from quorate.research import linear, meta, trees

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from quorate.core.engines.base import Answer, Engine
    from quorate.core.types import ByteVec, Mat, Vec
    from quorate.research.linear import Linear
    from quorate.research.trees import Trees

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
    ``rule`` is the built-in rule of whose sides it learns whether they pay; empty, of which way
    coins went. ``where`` is where it may vote if it learns from all regimes.
    """

    name: str
    family: str
    hypothesis: str
    fit: Callable[[Mat, ByteVec, tuple[str, ...], Vec], Linear | Trees]
    regime: Regime | None = None
    rule: str = ""
    where: tuple[Regime, ...] = EVERY

    @property
    def approved(self) -> tuple[Regime, ...]:
        """Where its engine may vote until a leaderboard says otherwise."""
        return self.where if self.regime is None else (self.regime,)

    def of(self, regime: Regime) -> Learner:
        """Return the same kind of engine, trained on one regime alone.

        Examples
        --------
        >>> LEARNERS["linear"].of(Regime.TREND).name
        'linear_model_trend'
        """
        return self._replace(name=f"{self.name}_{regime.name.lower()}", regime=regime)


def _linear(features: Mat, up: ByteVec, names: tuple[str, ...], weight: Vec) -> Linear:
    return linear.fit(features, up, names, weight, penalty=100.0)


def _trees(features: Mat, up: ByteVec, names: tuple[str, ...], weight: Vec) -> Trees:
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
"""Every kind there is that learns which way coins go, by the word that asks for it."""

META: Mapping[str, str] = {"meta": "linear", "meta_trees": "trees"}
"""Kinds that learn whether a rule's side pays, by their word: which kind of fit says so.

A colon and the name of a rule may follow: ``meta:ema_cross``; without, every built-in rule of the
run is meant.
"""


def kind(word: str) -> Learner:
    """Return the kind of fit that a word asks for, or raise ``ConfigError``.

    Examples
    --------
    >>> kind("meta_trees:ema_cross") is LEARNERS["trees"]
    True
    """
    head, colon, _ = word.partition(":")
    found = LEARNERS.get(META.get(head, word if not colon else ""))
    if found is None:
        known = [*LEARNERS, *META, *(f"{each}:RULE" for each in META)]
        raise ConfigError(f"no model is called {word!r}", hint=f"use some of: {', '.join(known)}")
    return found


def learners(
    words: Sequence[str], *, per_regime: bool = False, rules: Sequence[Engine] | None = None
) -> tuple[Learner, ...]:
    """Return the learners of some words, pooled over regimes or one for each of them.

    Parameters
    ----------
    words : sequence of str
        Of ``LEARNERS`` or ``META``.
    per_regime : bool
        Whether there is one for each regime; of a rule, for those where it is approved.
    rules : sequence of Engine, optional
        The rules of the run; those that are built in when left out.

    Raises
    ------
    ConfigError
        A word is unknown, names a rule that does not vote, or one that is not as it is built in.

    Notes
    -----
    Units: none.  Causal: no data.  Missing: none.

    Examples
    --------
    >>> [each.name for each in learners(["linear", "meta:ema_cross"])]
    ['linear_model', 'meta_ema_cross']
    >>> [each.name for each in learners(["linear"], per_regime=True)][:2]
    ['linear_model_trend', 'linear_model_range']
    """
    voting = builtin() if rules is None else rules
    found = {each.name: each for word in words for each in _of(word, voting)}
    if not per_regime:
        return tuple(found.values())
    return tuple(
        _named(each.of(regime))
        for each in found.values()
        for regime in EVERY
        if regime in each.where
    )


def _of(word: str, rules: Sequence[Engine]) -> Iterator[Learner]:
    """Yield the learners of a word: one, or one a rule."""
    fitted = kind(word)
    head, _, of = word.partition(":")
    if head not in META:
        yield fitted
        return
    for rule in meta.rules_of(of, rules):
        yield _named(
            Learner(
                f"{head}_{rule.name}",
                # not a family of its own: a rule and its own echo are no quorum
                rule.family,
                f"Hours in which {rule.name} paid are told by their features from those in which "
                "it did not.",
                fitted.fit,
                rule=rule.name,
                where=tuple(regime for regime in EVERY if regime in rule.approved),
            )
        )


def _named(learner: Learner) -> Learner:
    """Return a learner whose name an engine can have."""
    if not NAME_PATTERN.fullmatch(learner.name):
        raise ConfigError(
            f"{learner.name!r} is no name for an engine: it has more than 40 letters",
            hint="fit it to all regimes at once",
        )
    return learner


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
