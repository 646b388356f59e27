"""The record of a night: what each step came to, kept so that a night that broke off goes on.

In: the name of a step, a digest of what it was given, its work. Out: a ``Step``, written whole
before the next begins, with a digest of what it says. A step that is done and was given the same
is not done again; one whose record is torn, or says what was not written, is, and that is told.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from quorate.errors import DataError, QuorateError
from quorate.lake import disk
from quorate.records import canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Work = Callable[[], "Outcome"]


class State(StrEnum):
    """What became of a step."""

    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"
    NOT_REACHED = "not reached"


@dataclass(frozen=True)
class Outcome:
    """What a step found: a line in words, plain values, and the files that must still be there."""

    said: str
    told: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One step of a night.

    Parameters
    ----------
    name : str
        As in Spec 15.
    state : State
        What became of it.
    said : str
        In words: what it came to, or why it failed and what to do next.
    given : str
        Digest of everything it was given.
    told : Mapping
        Plain values.
    files : tuple of str
        What it left, relative to the folder of the night.
    seconds : float
        How long it took, that time.
    """

    name: str
    state: State
    said: str = ""
    given: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    seconds: float = 0.0


def digest_of(*given: object) -> str:
    """Return a digest of plain values.

    Examples
    --------
    >>> digest_of("check", {"bars": 3}) == digest_of("check", {"bars": 3})
    True
    """
    return hashlib.sha256(canonical_json(list(given)).encode()).hexdigest()


class Record:
    """The steps of one night, in a folder.

    Parameters
    ----------
    folder : Path
        Of the night; made if missing.

    Attributes
    ----------
    steps : list of Step
        What was run so far, in order.
    damaged : dict
        By step, why its record does not count.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.steps: list[Step] = []
        self.damaged: dict[str, str] = {}
        (folder / "steps").mkdir(parents=True, exist_ok=True)

    @property
    def is_stopped(self) -> bool:
        """Return whether a step failed: those after it are not reached."""
        return any(step.state is State.FAILED for step in self.steps)

    def forget(self, name: str, unless_done: str) -> None:
        """Let a step be done again, unless another one that rests on it is done.

        Whether it was is not known of a damaged record: then what it rests on stays too.
        """
        after = self._read(unless_done)
        if unless_done in self.damaged:
            return
        if after is None or after.state is not State.DONE:
            self._path(name).unlink(missing_ok=True)

    def skipped(self, name: str, given: str) -> str:
        """Return why ``run`` would not do a step, in words; empty where it would."""
        if self.is_stopped:
            return f"not reached, {self._failed} failed"
        return "" if self._done(name, given) is None else "done before, given the same"

    def run(self, name: str, given: str, work: Work) -> Step:
        """Return a step that is done, doing it if it was not, or was given something else.

        An error of ours is an outcome: it is recorded with what to do next, and the night stops.
        """
        if self.is_stopped:
            return self._add(Step(name, State.NOT_REACHED, f"{self._failed} failed"))
        before = self._done(name, given)
        if before is not None:
            self.steps.append(before)
            return before
        # what ends otherwise than by an error of ours, a bug or a kill, stays written as begun
        self._write(Step(name, State.BEGUN, given=given))
        begun = time.perf_counter()
        try:
            found = work()
        except QuorateError as error:
            said = error.message if not error.hint else f"{error.message}; next: {error.hint}"
            step = Step(name, State.FAILED, said, given, seconds=time.perf_counter() - begun)
        else:
            took = time.perf_counter() - begun
            step = Step(
                name, State.DONE, found.said, given, dict(found.told), tuple(found.files), took
            )
        return self._add(step)

    @property
    def _failed(self) -> str:
        return next(step.name for step in self.steps if step.state is State.FAILED)

    def _done(self, name: str, given: str) -> Step | None:
        """Return a step that was done and was given the same, None where there is none."""
        before = self._read(name)
        is_same = before is not None and before.state is State.DONE and before.given == given
        return before if is_same else None

    def _add(self, step: Step) -> Step:
        self._write(step)
        self.steps.append(step)
        return step

    def _write(self, step: Step) -> None:
        told = asdict(step)
        told["digest"] = digest_of(told)
        text = json.dumps(told, indent=1, allow_nan=False, ensure_ascii=False)
        disk.replace(self._path(step.name), (text + "\n").encode())

    def _read(self, name: str) -> Step | None:
        """Return what an earlier run of this night left of a step; None where it is to be done."""
        try:
            told = json.loads(self._path(name).read_bytes())
            is_whole = told.pop("digest") == digest_of(told)
            told |= {"state": State(told["state"]), "files": tuple(told["files"])}
            step = Step(**told)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DataError(
                f"the record {self._path(name)} cannot be read: {error.strerror}",
                hint="check who may read it, and the disk",
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            self.damaged[name] = f"{type(error).__name__}: {error}"
            return None
        if not is_whole:
            self.damaged[name] = "it says something else than was written"
            return None
        # what somebody deleted is made again
        return step if all((self.folder / file).exists() for file in step.files) else None

    def _path(self, name: str) -> Path:
        return self.folder / "steps" / f"{name}.json"
