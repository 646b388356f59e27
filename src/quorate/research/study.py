"""Which point to try next: Optuna, asked in batches of a fixed size and told in order.

In: axes, a seed, a file. Out: points; what was told of each, again after a crash. Everything that
a batch depends on is in the file before it is asked for: the results of the batches before it,
and a seed of its own for each point. So neither the number of processes nor a kill changes what
is tried: a batch that was not told to its end is tried again, the same.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from quorate.research.libraries import optuna_library

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

BATCH = 8
"""Points asked for at once: none of them knows what the others come to."""
N_RANDOM = 10
"""Points drawn at random before the sampler takes over."""

_SEEDS = 1 << 32
"""How many seeds a sampler knows."""
_BATCH, _ASKED, _TOLD = "batch", "asked", "told"


class Axis(NamedTuple):
    """A dimension: ``choices``, or numbers from ``low`` to ``high``."""

    name: str
    low: float = 0.0
    high: float = 0.0
    step: float | None = None
    log: bool = False
    whole: bool = False
    choices: tuple[str, ...] = ()


class Tried(NamedTuple):
    """A point, and what was told of it; ``value`` is None where it has none."""

    number: int
    batch: int
    point: dict[str, Any]
    value: float | None
    told: dict[str, Any] | None


class Study:
    """A search that can be left and taken up again.

    Parameters
    ----------
    axes : sequence of Axis
        What is varied.
    seed : int
        The same seed asks for the same points.
    first : mapping, optional
        The point tried first: that of the settings as they are.
    path : Path, optional
        File that keeps it; in memory only when left out.

    Raises
    ------
    ConfigError
        Optuna is not installed.

    Notes
    -----
    Units: none.  Causal: a batch knows what was told before it.  Missing: a point without a value
    counts as worse than any with one.

    Examples
    --------
    >>> study = Study([Axis("x", 0.0, 1.0)], seed=1)
    >>> asked = study.ask(2)
    >>> study.tell(asked[0], 0.5, [0.4, 0.5], {"note": 1})
    >>> study.tell(asked[1], None, [], {})
    >>> [(each.number, each.value) for each in study.tried()]
    [(0, 0.5), (1, None)]
    """

    def __init__(
        self,
        axes: Sequence[Axis],
        *,
        seed: int,
        first: Mapping[str, Any] | None = None,
        path: Path | None = None,
    ) -> None:
        self._optuna = optuna = optuna_library()
        self._states = optuna.trial.TrialState
        self._axes, self._seed, self._first = tuple(axes), seed, first
        storage = None if path is None else optuna.storages.RDBStorage(f"sqlite:///{path}")
        self._storage = storage
        self._study = optuna.create_study(
            storage=storage,
            study_name="search",
            direction="maximize",
            load_if_exists=storage is not None,
        )
        self._drop_half_asked()

    def close(self) -> None:
        """Let go of the file."""
        if self._storage is not None:
            self._storage.remove_session()
            self._storage.engine.dispose()

    def ask(self, n_trials: int) -> list[Tried]:
        """Return what is to be tried next of so many points in all; nothing when they are told.

        Parameters
        ----------
        n_trials : int
            How many are tried in all. A batch that was asked for and not told comes again.

        Returns
        -------
        list of Tried
            The rest of a batch.

        Notes
        -----
        Units: points.  Causal: all batches before this one.  Missing: none.
        """
        running = self._states.RUNNING
        known = self._trials()
        open_ = [each.user_attrs[_BATCH] for each in known if each.state == running]
        batch = open_[0] if open_ else 1 + self._last_batch(known)
        before = sum(each.user_attrs[_BATCH] < batch for each in known)
        for slot in range(len(known), before + min(BATCH, n_trials - before)):
            self._suggest(slot, batch)
        return [self._tried(each) for each in self._trials() if each.state == running]

    def tell(
        self,
        asked: Tried,
        value: float | None,
        steps: Sequence[float],
        said: Mapping[str, Any],
        *,
        stopped: bool = False,
    ) -> None:
        """Tell what a point came to.

        Parameters
        ----------
        asked : Tried
            From ``ask``.
        value : float or None
            What is maximised.
        steps : sequence of float
            The value after each block; what is not finite is left out.
        said : mapping
            What else is to be kept, plain values.
        stopped : bool
            Whether it was stopped before its end.

        Notes
        -----
        Units: of the value.  Causal: in the order in which points were asked for.  Missing: None.
        """
        optuna = self._optuna
        trial = optuna.trial.Trial(self._study, self._id(asked.number))
        have = self._study.get_trials(deepcopy=False)[asked.number].intermediate_values
        for step, each in enumerate(steps, 1):
            if math.isfinite(each) and step not in have:
                trial.report(each, step)
        trial.set_user_attr(_TOLD, json.dumps(dict(said), allow_nan=False))
        if value is None or stopped:
            self._study.tell(asked.number, state=self._states.PRUNED)
        else:
            self._study.tell(asked.number, value)

    def tried(self) -> list[Tried]:
        """Return every point that was told, in order."""
        states = self._states
        return [self._tried(each) for each in self._in(states.COMPLETE, states.PRUNED)]

    def _trials(self) -> list[Any]:
        """Return the points that were asked for, but those given up."""
        states = self._states
        return self._in(states.RUNNING, states.COMPLETE, states.PRUNED)

    def _in(self, *states: Any) -> list[Any]:  # noqa: ANN401  (Optuna's)
        return list(self._study.get_trials(deepcopy=False, states=states))

    def _drop_half_asked(self) -> None:
        """Give up points of which a kill left only some coordinates."""
        for each in self._in(self._states.RUNNING):
            if _ASKED not in each.user_attrs:
                self._study.tell(each.number, state=self._states.FAIL)

    def _suggest(self, slot: int, batch: int) -> None:
        """Ask for one point; its seed is its own, so that it does not matter who asked before."""
        samplers = self._optuna.samplers
        self._study.sampler = samplers.TPESampler(
            seed=(1_000_003 * self._seed + slot) % _SEEDS, n_startup_trials=N_RANDOM
        )
        if slot == 0 and self._first is not None and not self._in(self._states.WAITING):
            self._study.enqueue_trial(dict(self._first))
        trial = self._study.ask()
        trial.set_user_attr(_BATCH, batch)
        for axis in self._axes:
            if axis.choices:
                trial.suggest_categorical(axis.name, axis.choices)
            elif axis.whole:
                step = 1 if axis.step is None else int(axis.step)
                low, high = int(axis.low), int(axis.high)
                trial.suggest_int(axis.name, low, high, step=step, log=axis.log)
            else:
                trial.suggest_float(axis.name, axis.low, axis.high, step=axis.step, log=axis.log)
        trial.set_user_attr(_ASKED, 1)

    def _id(self, number: int) -> int:
        found: int = self._study.get_trials(deepcopy=False)[number]._trial_id  # noqa: SLF001
        return found

    @staticmethod
    def _last_batch(known: Sequence[Any]) -> int:
        return max((int(each.user_attrs[_BATCH]) for each in known), default=-1)

    def _tried(self, trial: Any) -> Tried:  # noqa: ANN401  (Optuna's)
        done = trial.state == self._states.COMPLETE
        told = trial.user_attrs.get(_TOLD)
        return Tried(
            number=trial.number,
            batch=int(trial.user_attrs[_BATCH]),
            point=dict(trial.params),
            value=float(trial.value) if done else None,
            told=None if told is None else json.loads(told),
        )
