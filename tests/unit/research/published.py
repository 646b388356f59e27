"""Evidence and small model sets for tests of the registry."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta

from tests.unit.research import fitted

from quorate.research import looks, model_set, registry, sealing
from quorate.research.evidence import Audited, Checked, Look, Renewal, audit_digest
from quorate.research.shown import CANARY, RESEARCH, Shown
from quorate.statistics.guardrails import MARGINS, Guardrail
from quorate.statistics.promotion import Outcome, Primary, Verdict
from quorate.statistics.sequential import obrien_fleming

NOW = datetime(2024, 1, 6, 2, tzinfo=UTC)
LATER = datetime(2024, 2, 5, 2, tzinfo=UTC)
"""When the four weeks are over that begin after what was published ``NOW``."""
FIRST = date(2024, 1, 7)
FOUR_WEEKS = obrien_fleming()
RECIPE = {"settings": {"consensus": {"k": 0.75}}, "engines": {"ema_cross": "ab"}}
OTHER = {"settings": {"consensus": {"k": 1.0}}, "engines": {"ema_cross": "ab"}}


def hours(n):
    return NOW + timedelta(hours=n)


def small(folder, day=5, **change):
    """Write a set of approvals alone, which no kernel is compiled for; return folder and digest."""
    given = {
        "voters": (),
        "calibrations": {},
        "strengths": {},
        "edge": None,
        "until": datetime(2024, 1, day, tzinfo=UTC),
    }
    return folder, model_set.write(folder, fitted.made(**(given | change)))


def audited(data=fitted.CERTIFICATE, findings=(), n=3, **change):
    told = {
        "data": "a market",
        "is_pass": not findings,
        "binds": {"data": data, "code": "c0"},
        "parts": [{"name": "engines", "tests": {"history cut": n}, "findings": list(findings)}],
    }
    told |= change
    return Audited(told=told, digest=audit_digest(told))


def sealed(each, by=None):
    """Sign evidence that is an audit, as ``quorate.audit`` does."""
    if not isinstance(each, Audited):
        return each
    return dataclasses.replace(each, seal=sealing.seal("audit", each.digest, by))


def checked(certificate=fitted.CERTIFICATE, **change):
    return Checked(**({"certificate": certificate, "n_checked": 12} | change))


def guardrail(name, **change):
    given = dict.fromkeys([field.name for field in dataclasses.fields(Guardrail)], 0.1)
    given |= {"name": name, "is_kept": True, "is_broken": False, "why": ""}
    return Guardrail(**(given | change))


def guardrails(**change):
    return tuple(guardrail(name, **change.get(name, {})) for name in MARGINS)


def renewal(old, new, **change):
    given = {"old": old, "new": new, "n_days": 30, "n_active": 30, "guardrails": guardrails()}
    return Renewal(**(given | change))


def verdict(outcome=Outcome.PROMOTE, reasons=("it is better",), day=28, plan=FOUR_WEEKS):
    level = plan.nominal(plan.at(day))
    primary = Primary(1.2, 0.4, 3.0, 1.7, 0.001, level, 1.0, 0.3, float("nan"))
    return Verdict(outcome, day, day, None, primary, guardrails(), reasons)


def look(challenger, champion, first=FIRST, runs=(), **change):
    given = {"challenger": challenger, "champion": champion, "first": first, "runs": runs}
    return Look(**given, verdict=verdict(**change))


def taken(folder, version, champion, at=LATER, **change):
    """Take a look by the plan that holds, or by the one that is usual, and keep it."""
    plan = looks.planned(registry.read(folder), version.name)
    given = {"first": plan.start, "plan": plan.bounds} | change
    seen = look(version.digest, champion.digest, **given)
    registry.look(folder, version.name, plan, seen, at=at)
    return seen


def shown(version, champion=None, stage="research", **change):
    """Return figures of a stage that all pass."""
    figures = {
        name: bound.value + (-0.01 if bound.how == "below" else 0.01)
        for name, bound in {"research": RESEARCH, "canary": CANARY}[stage].items()
    }
    given = {k: v for k, v in (figures | change).items() if v is not None}
    against = "" if champion is None else champion.recipe_hash
    return Shown(stage=stage, recipe=version.recipe_hash, champion=against, figures=given)


def published(folder, source, recipe=RECIPE, at=NOW, evidence=None, **change):
    given = {
        "why": "first of its recipe",
        "evidence": tuple(map(sealed, (audited(),) if evidence is None else evidence)),
    }
    return registry.publish(folder, source, recipe=recipe, at=at, **(given | change))


def with_champion(folder, source, recipe=RECIPE):
    """Return a registry's first version as its champion."""
    made = published(folder, source, recipe)
    for stage in (registry.Stage.CANARY, registry.Stage.CHAMPION):
        seen = (shown(made, stage="canary"),) if stage is registry.Stage.CHAMPION else ()
        made = registry.move(folder, made.name, stage, at=NOW, why="the first", evidence=seen)
    return made


def renewed(folder, source, old, recipe=RECIPE, at=NOW, **change):
    """Publish a refit with all three pieces of evidence."""
    digest = model_set.read(source).digest
    evidence = (sealed(audited()), checked(), renewal(old.digest, digest))
    given = {"why": "02:00", "evidence": evidence} | change
    return registry.publish(folder, source, recipe=recipe, at=at, **given)
