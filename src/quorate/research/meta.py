"""Meta-labels: a rule says which way, a second model how likely that pays.

In: labelled hours and the votes of a rule on them; a model fitted to whether the rule's side paid.
Out: ``Meta``, whose engine takes the rule's own side where a half or more of such bets paid, with
that probability, and abstains elsewhere (Lopez de Prado 2018, section 3.6).

The rule is asked again on every row, by its own vote function: what is kept of it is its name and a
digest of what it is. Only rules that are built in are taken, for one of somebody's own could not
be found again by who reads the model.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.core.engines.base import Engine, Rows
from quorate.core.engines.catalogue import builtin
from quorate.core.engines.specimen import STANDARD, specimen
from quorate.core.features.table import FEATURES
from quorate.errors import ConfigError
from quorate.records import canonical_json
from quorate.research.labels import meta_labels
from quorate.research.weights import by_uniqueness

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TypeAlias

    from quorate.core.engines.base import Answer, VoteFunction
    from quorate.core.types import ByteVec, Regime, Vec
    from quorate.research.learned import Learned
    from quorate.research.linear import Linear
    from quorate.research.trees import Trees

    AnyArray: TypeAlias = np.ndarray[Any, Any]

COST_BPS = 15.0
"""What a vote that is traded costs, in and out: two fees of 5 bps and a spread of 5."""

_NAMES = tuple(feature.name for feature in FEATURES)


class Bets(NamedTuple):
    """What a rule bet on rows: its side, whether that paid, and what the row counts; 0: no bet."""

    side: ByteVec
    paid: ByteVec
    weight: Vec


@dataclass(frozen=True, slots=True, eq=False)
class Gated:
    """A vote function: a rule's side where another says that it pays, with its strength.

    ``pays`` votes +1 for what pays, with the probability as its strength.
    """

    rule: VoteFunction
    pays: VoteFunction

    def __call__(self, rows: Rows) -> Answer:
        """Return side and strength, shape (time, coin) each."""
        side, _ = self.rule(rows)
        says, strength = self.pays(rows)
        return taken(side, says, strength)


@dataclass(frozen=True, slots=True, eq=False)
class Meta:
    """A model of whether a rule pays.

    Parameters
    ----------
    rule : Engine
        Whose sides are taken; built in.
    pays : Linear or Trees
        Its "up" is a side that paid.
    cost_bps : float
        What was taken off before a bet paid.

    Notes
    -----
    Units: probabilities.  Causal: a row at a time.  Missing: NaN in what either reads abstains.
    """

    rule: Engine
    pays: Linear | Trees
    cost_bps: float = COST_BPS

    def engine(
        self,
        *,
        name: str,
        family: str,
        approved: Iterable[Regime],
        hypothesis: str,
        least_edge: float = 0.0,
    ) -> Engine:
        """Return the engine that votes with both.

        Parameters
        ----------
        name, family, approved, hypothesis
            As in ``Engine``.
        least_edge : float
            It abstains where 2p - 1 of paying is below this, in [0, 1).

        Notes
        -----
        Units: strength is the probability that the side pays, at least a half.  Causal: a row at a
        time.  Missing: NaN abstains.  METHODS 0.1.
        """
        inner = self.pays.engine(
            name=name,
            family=family,
            approved=approved,
            hypothesis=hypothesis,
            least_edge=least_edge,
        )
        return Engine(
            name=name,
            family=family,
            approved=inner.approved,
            vote=Gated(self.rule.vote, inner.vote),
            reads=tuple(dict.fromkeys((*self.rule.reads, *inner.reads))),
            hypothesis=hypothesis,
            reference=f"sides of {self.rule.name}; {inner.reference}",
            parameters=inner.parameters,
        )

    def digest(self) -> str:
        """Return the SHA-256 of what both say, in hex."""
        told = [rule_digest(self.rule), self.pays.digest(), self.cost_bps]
        return hashlib.sha256(canonical_json(told).encode()).hexdigest()


def taken(side: AnyArray, says: AnyArray, strength: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return a rule's sides where another vote says that they pay, and its strengths.

    Parameters
    ----------
    side : array
        Of the rule, any shape.
    says, strength : array
        Of the model: +1 where the side pays.

    Notes
    -----
    Units: probabilities.  Causal: element by element.  Missing: side 0, strength 0.5.

    Examples
    --------
    >>> side, says = np.array([-1, 1, 0], np.int8), np.array([1, -1, 1], np.int8)
    >>> side, strength = taken(side, says, np.array([0.6, 0.7, 0.8]))
    >>> side.tolist(), strength.tolist()
    ([-1, 0, 0], [0.6, 0.5, 0.5])
    """
    voted = (says > 0) & (side != 0)
    return np.where(voted, side, 0).astype(np.int8), np.where(voted, strength, 0.5)


def bets(learned: Learned, rule: Engine, cost_bps: float = COST_BPS) -> Bets:
    """Return what a rule bet on labelled hours, and whether it paid after costs.

    Parameters
    ----------
    learned : Learned
        The rows, with every feature.
    rule : Engine
        It is asked on them.
    cost_bps : float
        What a bet costs, in and out.

    Returns
    -------
    Bets
        Shape (row,) each. Weights are by uniqueness among the bets alone: where the rule said
        nothing, no label is told.

    Notes
    -----
    Units: basis points.  Causal: as the rows.  Missing: side 0.  METHODS 5.2.

    Examples
    --------
    >>> import inspect
    >>> list(inspect.signature(bets).parameters)
    ['learned', 'rule', 'cost_bps']
    """
    cube = np.ascontiguousarray(learned.hours.features, np.float64)[:, :, None]
    side = rule.vote(Rows(np.ascontiguousarray(cube), _NAMES))[0][:, 0]
    paid, weight = np.zeros(len(side), np.int8), np.zeros(len(side))
    voted = np.flatnonzero(side)
    if len(voted):
        labels = learned.only(voted).labels
        gross = side[voted] * labels.gross
        labels = labels._replace(side=side[voted], gross=gross, net=gross - cost_bps / 1e4)
        paid[voted], weight[voted] = meta_labels(labels), by_uniqueness(labels)
    return Bets(side, paid, weight)


@cache
def built_in(name: str) -> Engine | None:
    """Return the built-in rule of a name; None where there is none."""
    return next((engine for engine in builtin() if engine.name == name), None)


def rules_of(words: str, rules: Sequence[Engine]) -> tuple[Engine, ...]:
    """Return the rule that is named, or every built-in rule of a run where the name is empty.

    Raises
    ------
    ConfigError
        No such rule votes, or it is not as it is built in.

    Examples
    --------
    >>> [each.name for each in rules_of("ema_cross", builtin())], len(rules_of("", builtin()))
    (['ema_cross'], 26)
    """
    known = {rule.name: is_built_in(rule) for rule in rules}
    if not words:
        return tuple(rule for rule in rules if known[rule.name])
    if words not in known:
        near = get_close_matches(words, known, n=1, cutoff=0.0)
        raise ConfigError(
            f"no rule that votes is called {words!r}, of which a model could learn when it pays",
            hint=f"the nearest is {near[0]}" if near else "let it vote: engines.exclude",
        )
    if not known[words]:
        raise ConfigError(
            f"{words} is not a rule as it is built in, so a model set could not find it again",
            hint="let meta-models learn of built-in rules with their own parameters",
        )
    return tuple(rule for rule in rules if rule.name == words)


def is_built_in(rule: Engine) -> bool:
    """Say whether a rule is the built-in one of its name.

    Examples
    --------
    >>> from quorate.core.engines import momentum_day
    >>> is_built_in(momentum_day.build()), is_built_in(momentum_day.build(entry_z=0.1))
    (True, False)
    """
    ours = built_in(rule.name)
    return ours is not None and (rule is ours or rule_digest(rule) == rule_digest(ours))


def rule_digest(rule: Engine) -> str:
    """Return the SHA-256 of what a rule is: what it reads, its parameters, and votes, in hex.

    The votes are those on rows that are always the same, so that other code which says the same
    is the same rule, and code that says something else is not.

    Examples
    --------
    >>> from quorate.core.engines import momentum_day
    >>> rule_digest(momentum_day.build()) == rule_digest(momentum_day.build())
    True
    """
    own = tuple(name for name in rule.reads if name not in STANDARD)
    side, strength = rule.vote(specimen((*STANDARD, *own), 64, 8))
    made = hashlib.sha256(
        canonical_json([rule.name, list(rule.reads), dict(rule.parameters)]).encode()
    )
    made.update(np.asarray(side).astype("i1").tobytes())
    # plausible rows may differ in their last bits from one machine to another
    made.update(np.rint(np.asarray(strength) * 1e6).astype("<i8").tobytes())
    return made.hexdigest()
