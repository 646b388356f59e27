"""What an engine is, what it is given, and how a function becomes one.

In: a name, a family, the regimes it is approved for and a function from ``Rows`` to votes. Out: an
``Engine``. A vote is a side in {-1, 0, +1} and a strength in [0.5, 1]: the engine's own
probability that the stated side is right (METHODS 0.1); the consensus calibrates it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from quorate.core.types import N_REGIMES, ByteMat, Cube, IntVec, Mat, Regime

NAME_PATTERN = re.compile(r"[a-z][a-z0-9_]{1,39}")
"""Names of engines and families: they become columns, keys and settings."""


class _Axis(NamedTuple):
    """Where a feature lies, by name; and the columns that were asked for, by their names."""

    position: dict[str, int]
    columns: dict[tuple[str, ...], IntVec]


@lru_cache(maxsize=64)
def _axis(names: tuple[str, ...]) -> _Axis:
    # live asks every engine on every bar: what the names say is found once
    return _Axis({name: column for column, name in enumerate(names)}, {})


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A block of features as an engine sees it: columns by name, and nothing to write on.

    Parameters
    ----------
    values : Cube
        Features, shape (time, feature, coin), float64 in C order; seen through a read-only view.
    names : tuple of str
        The names of the feature axis, in its order.

    Notes
    -----
    Units: those of the feature table.  Causal: row t was known at the close of bar t.
    Missing: an unknown number is NaN.

    Examples
    --------
    >>> rows = Rows(np.zeros((3, 2, 4)), ("ret_24h", "vol_24h"))
    >>> rows["vol_24h"].shape, rows.shape, "ret_24h" in rows
    ((3, 4), (3, 4), True)
    >>> rows["ret_42h"]
    Traceback (most recent call last):
    ValueError: unknown feature 'ret_42h'; the nearest known name is 'ret_24h'
    """

    values: Cube
    names: tuple[str, ...]
    _axis: _Axis = field(init=False, repr=False)

    def __post_init__(self) -> None:
        values = self.values
        if values.ndim != 3 or values.dtype != np.float64 or not values.flags.c_contiguous:
            raise ValueError(
                f"values is {values.dtype} of shape {values.shape}; rows need float64 in C order "
                "with axes (time, feature, coin): use np.ascontiguousarray(values, np.float64)"
            )
        axis = _axis(self.names)
        position = axis.position
        if len(position) != len(self.names) or len(position) != values.shape[1]:
            raise ValueError(
                f"{len(self.names)} names ({len(position)} different) for {values.shape[1]} "
                "features; give every column of the feature axis one name of its own"
            )
        # always a read-only view, so that a kernel sees one array type whoever made the block
        seen = values.view()
        seen.flags.writeable = False
        object.__setattr__(self, "values", seen)
        object.__setattr__(self, "_axis", axis)

    def __getitem__(self, name: str) -> Mat:
        return self.values[:, self.index(name), :]

    def __contains__(self, name: object) -> bool:
        return name in self._axis.position

    @property
    def shape(self) -> tuple[int, int]:
        """The (time, coin) shape that a vote must have."""
        return self.values.shape[0], self.values.shape[2]

    def index(self, name: str) -> int:
        """Return the position of a feature on the feature axis, or raise ``ValueError``."""
        position = self._axis.position.get(name)
        if position is None:
            near = get_close_matches(str(name), self.names, n=1, cutoff=0.0)
            raise ValueError(f"unknown feature {name!r}; the nearest known name is {near[0]!r}")
        return position

    def columns(self, names: Sequence[str]) -> IntVec:
        """Return the positions of several features, shape (name,), for a compiled engine."""
        asked = tuple(names)
        found = self._axis.columns.get(asked)
        if found is None:
            found = np.array([self.index(name) for name in asked], dtype=np.int64)
            self._axis.columns[asked] = found
        return found.copy()  # an engine may write on what it is given, and others ask too


Answer: TypeAlias = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]
VoteFunction: TypeAlias = Callable[[Rows], Answer]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Engine:
    """One alpha model: a pure function of rows, with its name and its reasons.

    Parameters
    ----------
    name, family : str
        Lower case letters, digits and underscores. A quorum needs two families (METHODS 2.5).
    approved : frozenset of Regime
        The regimes in which its votes have weight until the leaderboard says otherwise (Spec 2).
    vote : Callable
        ``rows -> (side, strength)``, each of shape (time, coin), elementwise and without memory.
    reads : tuple of str
        The features it reads. Where one is NaN the engine abstains; the rest must not matter.
        Empty: not declared.
    symmetric : bool
        Claims that in the mirrored market (every signed feature negated) the side turns and the
        strength stays.
    hypothesis, reference : str
        Why it should work, and who said so.
    parameters : Mapping of str to float
        Its settings by name, for reports.

    Notes
    -----
    Units: strength is a probability.  Causal: a vote of row t reads row t alone.
    Missing: side 0 and strength 0.5 where an input is unknown.  Spec 1, 2.

    Examples
    --------
    >>> Engine(name="Trend", family="trend", approved=frozenset({Regime.TREND}), vote=print)
    Traceback (most recent call last):
    ValueError: engine name 'Trend' must match [a-z][a-z0-9_]{1,39}; choose a lower case name
    """

    name: str
    family: str
    approved: frozenset[Regime]
    vote: VoteFunction
    reads: tuple[str, ...] = ()
    symmetric: bool = False
    hypothesis: str = ""
    reference: str = ""
    parameters: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for what, word in (("engine name", self.name), ("family", self.family)):
            if not isinstance(word, str) or not NAME_PATTERN.fullmatch(word):
                raise ValueError(
                    f"{what} {word!r} must match {NAME_PATTERN.pattern}; choose a lower case name"
                )
        if not self.approved or not all(isinstance(regime, Regime) for regime in self.approved):
            raise ValueError(
                f"engine {self.name!r} is approved for {set(self.approved) or 'no regime'}; "
                "name at least one member of quorate.core.types.Regime"
            )
        if not callable(self.vote):
            raise ValueError(  # noqa: TRY004  (a caller's mistake is a ValueError in this house)
                f"vote of engine {self.name!r} is {self.vote!r}; give a function of Rows"
            )
        parameters = {str(key): float(value) for key, value in self.parameters.items()}
        object.__setattr__(self, "approved", frozenset(self.approved))
        object.__setattr__(self, "reads", tuple(self.reads))
        object.__setattr__(self, "parameters", MappingProxyType(parameters))


def from_function(
    function: VoteFunction,
    *,
    name: str,
    family: str,
    approved: Iterable[Regime],
    reads: Sequence[str] = (),
    symmetric: bool = False,
    hypothesis: str = "",
    reference: str = "",
    parameters: Mapping[str, float] | None = None,
) -> Engine:
    """Return the engine that votes with a function; the fields are those of ``Engine``.

    Notes
    -----
    Units, Causal, Missing: as ``Engine``.  Where no hypothesis is given, the first line of the
    function's docstring is taken.

    Examples
    --------
    >>> def follow(rows):
    ...     '''What rose goes on rising.'''
    ...     side = np.nan_to_num(np.sign(rows["ret_24h"])).astype(np.int8)
    ...     return side, np.where(side == 0, 0.5, 0.55)
    >>> from_function(follow, name="follow", family="trend", approved=[Regime.TREND]).hypothesis
    'What rose goes on rising.'
    """
    lines = (getattr(function, "__doc__", None) or "").strip().splitlines()
    return Engine(
        name=name,
        family=family,
        approved=frozenset(approved),
        vote=function,
        reads=tuple(reads),
        symmetric=symmetric,
        hypothesis=hypothesis or (lines[0] if lines else ""),
        reference=reference,
        parameters=parameters or {},
    )


def engine(
    *,
    name: str,
    family: str,
    approved: Iterable[Regime],
    reads: Sequence[str] = (),
    symmetric: bool = False,
    hypothesis: str = "",
    reference: str = "",
    parameters: Mapping[str, float] | None = None,
) -> Callable[[VoteFunction], Engine]:
    """Turn the function below it into an engine; the fields are those of ``Engine``.

    Notes
    -----
    Units, Causal, Missing: as ``Engine``.

    Examples
    --------
    >>> @engine(name="idle", family="trend", approved=[Regime.TREND])
    ... def vote(rows):
    ...     return np.zeros(rows.shape, np.int8), np.full(rows.shape, 0.5)
    >>> vote.name, vote.family
    ('idle', 'trend')
    """

    def decorate(function: VoteFunction) -> Engine:
        return from_function(
            function,
            name=name,
            family=family,
            approved=approved,
            reads=reads,
            symmetric=symmetric,
            hypothesis=hypothesis,
            reference=reference,
            parameters=parameters,
        )

    return decorate


def approval(engines: Sequence[Engine]) -> ByteMat:
    """Return which engine has weight in which regime, shape (regime, engine), 1 or 0.

    In NEUTRAL an engine is approved if it is in both TREND and RANGE, or names NEUTRAL itself.

    Notes
    -----
    Units: none.  Causal: no data.  Missing: none.  Spec 2, METHODS 4.3.

    Examples
    --------
    >>> both = {"vote": print, "approved": frozenset({Regime.TREND, Regime.RANGE})}
    >>> approval([Engine(name="one", family="flow", **both)])[:, 0].tolist()
    [1, 1, 0, 0, 1]
    """
    matrix = np.zeros((N_REGIMES, len(engines)), dtype=np.int8)
    for e, one in enumerate(engines):
        for regime in one.approved:
            matrix[regime, e] = 1
        if one.approved >= {Regime.TREND, Regime.RANGE}:
            matrix[Regime.NEUTRAL, e] = 1
    return matrix
