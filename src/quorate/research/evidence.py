"""Evidence that a registry asks for: values that say whether they pass, and why not.

In: what an audit, the checks of the data, a test of non-inferiority or a look at a challenger came
to. Out: values that are held against the version they are to speak for: evidence of other data or
of another fit is none. A refusal is a value (``reasons``), until somebody publishes all the same.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

from quorate.records import canonical_json
from quorate.research import sealing
from quorate.research.shown import Overridden, Shown
from quorate.statistics.guardrails import MARGINS
from quorate.statistics.promotion import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from quorate.statistics.guardrails import Guardrail
    from quorate.statistics.promotion import Verdict

REFIT_DAYS: Final = 30
"""Days on which a refit is held against the fit it renews (METHODS, row 14)."""
ACTIVE_DAYS: Final = 3
"""Of these, on how many something must have been done: as many as of a canary (METHODS 10.7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """The outcome of a lookahead audit, as ``Audit.as_dict`` tells it.

    Parameters
    ----------
    told : Mapping
        Plain values; they are kept beside the version.
    digest : str
        ``Audit.digest``.
    seal : Mapping, optional
        Its signature, as ``quorate.audit`` left it: without one it publishes nothing.

    Notes
    -----
    Units: none.  Causal: none.  Missing: an audit that compared nothing does not pass.

    Examples
    --------
    >>> Audited(told={"parts": [], "binds": {}, "is_pass": True}, digest="0" * 64).reasons
    ('the audit compared nothing',)
    """

    kind: ClassVar[str] = "audit"
    told: Mapping[str, Any]
    digest: str
    seal: Mapping[str, str] | None = None

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return why it does not pass; empty where it does. The parts are counted, not believed."""
        parts = self.told.get("parts", ())
        found = [each for part in parts for each in part["findings"]]
        if found:
            first = found[0]
            said = f"{first['what']} ({first['test']}). {first['says']}"
            return (f"the audit has {len(found)} findings, the first: {said}",)
        if not any(n for part in parts for n in part["tests"].values()):
            return ("the audit compared nothing",)
        if self.told.get("is_pass") is not True:
            return ("the audit says that it does not pass",)
        return ()

    def unsealed(self, trusted: Iterable[bytes]) -> str:
        """Return why it is not what ``quorate.audit`` signed; empty where it is."""
        return sealing.broken(self.seal, self.kind, audit_digest(self.told), trusted)

    @property
    def data(self) -> str:
        """Return the digest of the rows that were audited; empty where it does not say."""
        return str(self.told.get("binds", {}).get("data", ""))

    def covers(self, part: str, value: object) -> bool:
        """Return whether a part of a recipe, ``engines`` or ``settings``, is what was audited.

        A recipe or an audit that names none is no contradiction.
        """
        bound = self.told.get("binds", {}).get(part)
        if bound is None or value is None:
            return True
        return bool(bound == hashlib.sha256(canonical_json(value).encode()).hexdigest())

    @property
    def kept(self) -> dict[str, Any]:
        """Return what lies beside the version: what was told, and its seal."""
        return {**self.told, **({} if self.seal is None else {"seal": dict(self.seal)})}

    def as_dict(self) -> dict[str, Any]:
        """Return what a history keeps of it: the rest lies beside the version."""
        return {"kind": self.kind, "digest": self.digest, "binds": dict(self.told["binds"])}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The outcome of the checks of the data that a fit was made of.

    Parameters
    ----------
    certificate : str
        Digest of the rows, as the model set names them.
    n_checked : int
        How many rules, or coins, were held against the data.
    failures : tuple of str
        What failed, in words; none if the data pass.

    Examples
    --------
    >>> Checked(certificate="ab" * 32, n_checked=0).reasons
    ('no data were checked',)
    """

    kind: ClassVar[str] = "data"
    certificate: str
    n_checked: int
    failures: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return why it does not pass; empty where it does."""
        if self.failures:
            return tuple(f"the data fail: {each}" for each in self.failures)
        return () if self.n_checked > 0 else ("no data were checked",)

    def as_dict(self) -> dict[str, Any]:
        """Return what a history keeps of it."""
        return {
            "kind": self.kind,
            "certificate": self.certificate,
            "n_checked": self.n_checked,
            "failures": list(self.failures),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """A refit held against the fit that it is to renew, in each of the seven metrics.

    Parameters
    ----------
    old, new : str
        Digests of the two model sets.
    n_days : int
        Common days of both, at least ``REFIT_DAYS``.
    n_active : int
        On how many of them either fit held, bought or sold anything, at least ``ACTIVE_DAYS``: on
        the others two fits that do nothing are equal, and so few would pass whatever the refit is.
    guardrails : tuple of Guardrail
        From ``statistics.guardrails.guard``, the new fit as challenger.

    Examples
    --------
    >>> Renewal(old="a", new="b", n_days=7, n_active=7, guardrails=()).reasons[0]
    'the refit was held against the old fit on 7 days, fewer than 30'
    """

    kind: ClassVar[str] = "non-inferiority"
    old: str
    new: str
    n_days: int
    n_active: int
    guardrails: tuple[Guardrail, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return why it does not pass; empty where it does."""
        found = []
        if self.n_days < REFIT_DAYS:
            found.append(
                f"the refit was held against the old fit on {self.n_days} days, fewer than "
                f"{REFIT_DAYS}"
            )
        if self.n_active < 1:
            # equal metrics of two arms that did nothing say nothing of either
            found.append(
                f"neither fit traded or held anything on the {self.n_days} days: nothing was "
                "compared"
            )
        elif self.n_active < ACTIVE_DAYS:
            found.append(
                f"a fit traded or held something on {self.n_active} of the {self.n_days} days, "
                f"fewer than {ACTIVE_DAYS}: too little was compared"
            )
        known = {each.name: each for each in self.guardrails}
        for name in MARGINS:
            each = known.get(name)
            if each is None:
                found.append(f"{name} of the refit was not held against the old fit's")
            elif not each.is_kept:
                found.append(
                    f"{name} of the refit is not shown to be within {each.margin:.3g} of the old "
                    f"fit's: {each.why or f'p {each.p_value:.4f}'}"
                )
        return tuple(found)

    def as_dict(self) -> dict[str, Any]:
        """Return what a history keeps of it."""
        return {
            "kind": self.kind,
            "old": self.old,
            "new": self.new,
            "n_days": self.n_days,
            "n_active": self.n_active,
            "guardrails": [guardrail_told(each) for each in self.guardrails],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A look at a challenger beside the champion: the verdict, and which fits it is of.

    Parameters
    ----------
    challenger, champion : str
        Digests of the model sets of both arms.
    verdict : statistics.promotion.Verdict
        From ``statistics.promotion.decide``.
    first : date
        The first of the days that were looked at.
    runs : tuple of str
        Ids of the runs of challenger and champion.
    """

    kind: ClassVar[str] = "promotion"
    challenger: str
    champion: str
    verdict: Verdict
    first: date
    runs: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return why it does not pass; empty where it does."""
        if self.verdict.outcome is Outcome.PROMOTE:
            return ()
        return tuple(f"{self.verdict.outcome}: {each}" for each in self.verdict.reasons)

    def as_dict(self) -> dict[str, Any]:
        """Return what a history keeps of it."""
        return {
            "kind": self.kind,
            "challenger": self.challenger,
            "champion": self.champion,
            "first": self.first.isoformat(),
            "last": (self.first + timedelta(days=self.verdict.day - 1)).isoformat(),
            "runs": list(self.runs),
            "verdict": verdict_told(self.verdict),
        }


def audit_digest(told: Mapping[str, Any]) -> str:
    """Return the digest of an audit from what it told; neither time nor seal is in it.

    Examples
    --------
    >>> audit_digest({"parts": []}) == audit_digest({"parts": [], "digest": "ab"})
    True
    """
    parts = [{n: v for n, v in part.items() if n != "seconds"} for part in told["parts"]]
    rest = {name: value for name, value in told.items() if name != "seal"}
    text = canonical_json({**rest, "parts": parts, "digest": None})
    return hashlib.sha256(text.encode()).hexdigest()


Evidence = Audited | Checked | Renewal | Look | Shown | Overridden


def verdict_told(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as plain values: what is not known is None.

    Parameters
    ----------
    verdict : statistics.promotion.Verdict
        From ``statistics.promotion.decide``.
    """
    primary = {name: _plain(getattr(verdict.primary, name)) for name in _PRIMARY}
    return {
        "outcome": str(verdict.outcome),
        "day": verdict.day,
        "n_days": verdict.n_days,
        "next_look": verdict.next_look,
        "reasons": list(verdict.reasons),
        "primary": primary,
        "guardrails": [guardrail_told(each) for each in verdict.guardrails],
    }


def guardrail_told(each: Guardrail) -> dict[str, Any]:
    """Return a guardrail as plain values: what is not known is None."""
    return {name: _plain(getattr(each, name)) for name in _GUARDRAIL}


def _plain(value: str | bool | float) -> str | bool | float | None:  # noqa: FBT001  (any value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


_PRIMARY: Final = (
    "value", "standard_error", "z", "bound", "p_value", "level", "expected", "power",
    "detectable", "why",
)  # fmt: skip
_GUARDRAIL: Final = (
    "name", "champion", "challenger", "margin", "better", "standard_error", "t", "p_value",
    "power", "is_kept", "is_broken", "why",
)  # fmt: skip
