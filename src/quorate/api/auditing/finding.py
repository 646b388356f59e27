"""What an audit says: findings with their place, parts with their counts, what was not covered.

In: what each part compared. Out: values that are printed, written as JSON and hashed. A finding
is an outcome and no exception: whoever audits wants all of them at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from quorate.errors import LeakageError
from quorate.research.evidence import audit_digest

if TYPE_CHECKING:
    from collections.abc import Mapping


class Test(StrEnum):
    """What was done that must change nothing, or, at the end of a label, must change it."""

    __test__ = False  # not one of pytest's

    CUT = "history cut"
    NOISE = "future noise"
    ROWS = "rows shuffled"
    COINS = "coins shuffled"
    BLOCKS = "other blocks"
    AGAIN = "asked again"
    STATE = "hidden state"
    CLOCK = "clock and dice"
    INPUTS = "inputs changed"
    REFUSED = "cannot be asked"
    SURVIVORS = "coins left out"
    END = "end of a label"
    OVERLAP = "train meets test"
    GUARD = "late labels refused"


@dataclass(frozen=True)
class Finding:
    """One thing that changed and must not have, at the first place where it did.

    Parameters
    ----------
    part, test : str
        Which part of the audit, and which test found it.
    what : str
        The engine, feature, field, label or fit by name.
    coin, at : str
        The coin and the close of the bar in UTC; empty where a finding has none.
    then, later : str
        The value as it was known then, and as it is with what came later.
    n : int
        How many values differ.
    says, next : str
        What it means, and what to do.

    Notes
    -----
    Units: those of the value.  Causal: none.  Missing: empty text.  METHODS 12.
    """

    part: str
    test: Test
    what: str
    coin: str
    at: str
    then: str
    later: str
    n: int
    says: str
    next: str

    def __str__(self) -> str:  # type: ignore[explicit-override]
        """Return one line."""
        place = f" of {self.coin}" if self.coin else ""
        place += f" at {self.at}" if self.at else ""
        values = f": {self.then} then, {self.later} later" if self.then or self.later else ""
        return f"{self.what}{place}{values} ({self.test}). {self.says}"


@dataclass(frozen=True)
class Part:
    """What one part of the audit did.

    Parameters
    ----------
    name : str
        Of the part.
    tests : Mapping of str to int
        How many values each test compared.
    n_times : int
        At how many times the history was cut or its future replaced.
    findings : tuple of Finding
        None if it passes.
    not_covered : tuple of str
        What this part cannot see, or did not look at here, in words.
    seconds : float
        How long it took.

    Notes
    -----
    Units: values; seconds.  Causal: none.  Missing: told in ``not_covered``.
    """

    name: str
    tests: Mapping[str, int]
    n_times: int
    findings: tuple[Finding, ...]
    not_covered: tuple[str, ...]
    seconds: float

    @property
    def n_values(self) -> int:
        """Return how many values were compared."""
        return sum(self.tests.values())


@dataclass(frozen=True)
class Audit:
    """The outcome of an audit.

    Parameters
    ----------
    data : str
        What was audited.
    parts : tuple of Part
        In the order in which they ran.
    binds : Mapping of str to str
        Hashes of the code, the settings, the engines, the data, their certificate and the audit's
        own options: a pass holds for these alone.
    seal : Mapping, optional
        The signature of its digest, made by ``quorate.audit``: one made by hand has none, and
        publishes nothing.

    Notes
    -----
    Units: none.  Causal: none.  Missing: ``Part.not_covered``.  METHODS 5, 12.

    Examples
    --------
    >>> found = Audit("nothing", (), {"code": "1f"})
    >>> found.is_pass, found.digest[:8]
    (False, '...')
    """

    data: str
    parts: tuple[Part, ...]
    binds: Mapping[str, str]
    seal: Mapping[str, str] | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return the findings of all parts."""
        return tuple(finding for part in self.parts for finding in part.findings)

    @property
    def is_pass(self) -> bool:
        """Return whether something was compared and nothing was found."""
        return any(part.n_values for part in self.parts) and not self.findings

    @property
    def digest(self) -> str:
        """Return the SHA-256, in hex, of what was audited and what came out; no time is in it."""
        return audit_digest(self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return {
            "data": self.data,
            "is_pass": self.is_pass,
            "binds": dict(self.binds),
            "parts": [_plain(part) for part in self.parts],
        }

    def as_file(self) -> dict[str, Any]:
        """Return what a file of it holds: everything, with its digest and its seal."""
        sealed = {} if self.seal is None else {"seal": dict(self.seal)}
        return {**self.as_dict(), "digest": self.digest, **sealed}

    def raise_if_found(self) -> None:
        """Refuse what does not pass: whoever publishes calls this first.

        Raises
        ------
        LeakageError
            How many findings there are, and the first.
        """
        if self.is_pass:
            return
        if not self.findings:
            raise LeakageError(
                "the audit compared nothing", hint="give it a panel of at least a day of bars"
            )
        first = self.findings[0]
        raise LeakageError(f"the audit has {len(self.findings)} findings: {first}", hint=first.next)

    def __repr__(self) -> str:  # type: ignore[explicit-override]
        """Return one line: whether it passes, how much was compared, the digest."""
        n_values = sum(part.n_values for part in self.parts)
        said = "passes" if self.is_pass else f"{len(self.findings)} findings"
        return f"Audit({said}; {n_values:,} values compared; {self.digest[:16]})"


def _plain(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "tests": dict(part.tests),
        "n_times": part.n_times,
        "findings": [
            {name: str(value) if name == "test" else value for name, value in vars(each).items()}
            for each in part.findings
        ],
        "not_covered": list(part.not_covered),
        "seconds": round(part.seconds, 3),
    }
