"""Compare byte for byte, count, and name the first place that differs.

In: pairs of arrays, as known then and as known later, with the names on their axes. Out: a
``Part``. Of each test and name the first difference is kept and the others are counted.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from quorate.api.auditing.finding import Finding, Part, Test

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.lake import Panel

Array = np.ndarray[Any, Any]


class Meaning(NamedTuple):
    """What a difference means, and what to do about it."""

    says: str
    next: str


class Place(NamedTuple):
    """What the axes of an array are: rows from ``first`` on, names of the middle axis."""

    panel: Panel
    first: int = 0
    names: Sequence[str] = ()
    coins: Sequence[str] | None = None  # names of the last axis where they are not the coins
    at: Sequence[int] | Array | None = None  # rows of the panel, where rows are not bars


@dataclass
class Sheet:
    """What one part has found so far; ``part`` closes it."""

    name: str
    tests: dict[str, int] = field(default_factory=dict)
    not_covered: list[str] = field(default_factory=list)
    n_times: int = 0
    found: dict[tuple[str, str], Finding] = field(default_factory=dict)
    begun: float = field(default_factory=time.perf_counter)

    def part(self) -> Part:
        """Return what was found."""
        return Part(
            self.name,
            dict(self.tests),
            self.n_times,
            tuple(self.found.values()),
            tuple(dict.fromkeys(self.not_covered)),
            time.perf_counter() - self.begun,
        )

    def count(self, test: Test, n: int) -> None:
        """Count values that a test compared."""
        self.tests[test.value] = self.tests.get(test.value, 0) + int(n)

    def note(
        self,
        test: Test,
        what: str,
        meaning: Meaning,
        n: int = 1,
        *,
        coin: str = "",
        at: str = "",
        then: str = "",
        later: str = "",
    ) -> None:
        """Write a finding down, or count it where its like stands already."""
        key = test.value, what
        if key in self.found:
            self.found[key] = replace(self.found[key], n=self.found[key].n + n)
            return
        self.found[key] = Finding(
            part=self.name,
            test=test,
            what=what,
            coin=coin,
            at=at,
            then=then,
            later=later,
            n=n,
            says=meaning.says,
            next=meaning.next,
        )

    def hold(
        self, test: Test, what: str, then: Array, later: Array, place: Place, meaning: Meaning
    ) -> bool:
        """Compare two arrays of axes (time, [name,] coin) by their bytes; note what differs.

        Returns
        -------
        bool
            Whether they are the same.
        """
        self.count(test, later.size)
        if then.shape != later.shape or then.dtype != later.dtype:
            said = f"{then.dtype} {then.shape}", f"{later.dtype} {later.shape}"
            self.note(test, what, meaning, then=said[0], later=said[1])
            return False
        differs = differing(then, later)
        if not differs.any():
            return True
        for name, mask in _by_name(what, differs, place.names):
            at = tuple(int(i) for i in np.argwhere(mask)[0])
            whole = at if mask.ndim == differs.ndim else (at[0], _index(name, what, place), *at[1:])
            coins = place.panel.symbols if place.coins is None else place.coins
            self.note(
                test,
                name,
                meaning,
                int(mask.sum()),
                coin=coins[at[-1]] if mask.ndim > 1 and mask.shape[-1] == len(coins) else "",
                at=stamp(place.panel, place.first + at[0] if place.at is None else place.at[at[0]]),
                then=shown(then[whole]),
                later=shown(later[whole]),
            )
        return False


def differing(then: Array, later: Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return where the bytes of two arrays of one shape and type differ; a NaN equals itself.

    Examples
    --------
    >>> differing(np.array([np.nan, 0.0]), np.array([np.nan, -0.0])).tolist()
    [False, True]
    """
    if then.dtype.kind == "f":
        whole = np.dtype(f"u{then.dtype.itemsize}")
        a, b = (np.ascontiguousarray(each).view(whole) for each in (then, later))
        found: np.ndarray[Any, np.dtype[np.bool_]] = (a != b) & ~(np.isnan(then) & np.isnan(later))
        return found
    return np.asarray(then != later)


def shown(value: object) -> str:
    """Return a number as text, all its digits there."""
    return repr(value.item() if isinstance(value, np.generic) else value)


def stamp(panel: Panel, t: int) -> str:
    """Return the close of a row, UTC."""
    return f"{datetime.fromtimestamp(panel.close_ms(t) / 1e3, UTC):%Y-%m-%d %H:%M}"


def _by_name(
    what: str, differs: Array, names: Sequence[str]
) -> list[tuple[str, np.ndarray[Any, np.dtype[np.bool_]]]]:
    """Part the differences by the names of the middle axis, where it has names."""
    if differs.ndim != 3 or len(names) != differs.shape[1]:
        return [(what, differs)]
    return [
        (f"{what} {names[i]}".strip(), differs[:, i])
        for i in range(len(names))
        if differs[:, i].any()
    ]


def _index(name: str, what: str, place: Place) -> int:
    return list(place.names).index(name.removeprefix(what).strip())
