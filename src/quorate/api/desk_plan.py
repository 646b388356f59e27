"""What a desk decides on, and how: fixed when it begins, kept in its folder, read back from there.

In: coins, folders of the lake, settings, engines. Out: a ``Plan``, and the machine that it makes,
the same after every restart, whatever the lake holds by then.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from quorate.api import folding
from quorate.api.auditing.binding import engine_hash
from quorate.api.extensions import named
from quorate.api.folder import settings_of
from quorate.api.models import fits_of
from quorate.backtest.axes import Axes
from quorate.core.types import Venues
from quorate.errors import ConfigError, DataError
from quorate.lake import disk, load
from quorate.lake.spec import from_plain, plain
from quorate.live.cycle.inputs import InForce
from quorate.records import canonical_json, stable_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from quorate.backtest.run import Machine, Memory
    from quorate.core.engines.base import Engine
    from quorate.lake import Panel, PanelSpec
    from quorate.live.cycle.decider import Decider
    from quorate.research.fits import Fits
    from quorate.settings import Settings

WINDOW: Final = timedelta(days=3)
"""How far back bars are read again: every rule of data looks back less than that."""
FILE: Final = "desk.json"
_MINUTES: Final = 5
_ELSEWHERE: Final = ("models", "secrets")
"""Sections that say where things are kept, and nothing of what is decided."""


@dataclass(frozen=True)
class Plan:
    """What a desk decides on, and how.

    Parameters
    ----------
    name : str
        Of the desk: its bars and words are kept under it.
    spec : PanelSpec
        Its coins by name and the folders of the lake; start and end are the desk's own.
    settings : Settings
        In force.
    engines : sequence of Engine
        They vote.
    fits : Fits, optional
        Fitted out of sample.
    """

    name: str
    spec: PanelSpec
    settings: Settings
    engines: Sequence[Engine]
    fits: Fits | None = None

    def __post_init__(self) -> None:
        """Refuse a plan that leaves the coins to whatever the lake holds that day."""
        if not self.spec.symbols:
            raise ConfigError("a desk has its coins by name", hint="name them: --coins BTC ETH")

    @property
    def params(self) -> str:
        """Return a hash of settings and engines; of the code a replay of the bars tells."""
        return stable_id(canonical_json(self.settings.values), canonical_json(self.voices))

    @property
    def voices(self) -> dict[str, str]:
        """Return the hash of each engine by its name."""
        return {each.name: engine_hash(each) for each in self.engines}


@dataclass(frozen=True)
class Kept:
    """What a folder holds of a desk that has begun: its plan, and what was fixed with it.

    ``learned_k`` is the last bar that it learned from before its first one; ``venues`` are the
    instruments as they were then; ``force`` is what was in force, ``settings`` and ``voices`` what
    its hash is of.
    """

    plan: Plan
    learned_k: int
    venues: Venues
    force: InForce
    settings: Mapping[str, Mapping[str, Any]]
    voices: Mapping[str, str]


def keep(folder: Path, plan: Plan, decider: Decider) -> None:
    """Write down what a desk begins with; the file is there whole, or not at all.

    Raises
    ------
    DataError
        The disk refuses.
    """
    force, settings = decider.force, plan.settings
    fits = plan.fits
    content = {
        "name": plan.name,
        "spec": plain(plan.spec),
        "settings": settings.values,
        "origins": settings.origins,
        "settings_file": None if settings.path is None else str(settings.path.absolute()),
        "models": None if fits is None or not fits.files else str(fits.files[0].parent.absolute()),
        "voices": plan.voices,
        "learned_k": decider.last_k,
        "axes": {name: list(names) for name, names in force.axes._asdict().items()},
        "params": force.params,
        "fits": force.fits,
        "venues": {
            name: {"type": array.dtype.str, "values": array.tolist()}
            for name, array in decider.made.setup.venues._asdict().items()
        },
    }
    disk.replace(folder / FILE, canonical_json(content).encode())


def kept(folder: Path, plan: Plan | None = None) -> Kept:
    """Return what a folder holds of a desk.

    Parameters
    ----------
    folder : Path
        Of the desk.
    plan : Plan, optional
        In place of the one that the folder tells, where engines or fits were made by hand.

    Raises
    ------
    DataError
        There is no desk, or its file is damaged.
    """
    path = folder / FILE
    try:
        said = json.loads(path.read_bytes())
        axes = Axes(**{name: tuple(names) for name, names in said["axes"].items()})
        arrays = {name: np.array(e["values"], e["type"]) for name, e in said["venues"].items()}
        force = InForce(axes, said["params"], said["fits"])
        found = plan or _told(said)
        venues = Venues(**arrays)
        return Kept(found, said["learned_k"], venues, force, said["settings"], said["voices"])
    except FileNotFoundError as error:
        raise DataError(
            f"{folder} holds no desk", hint="name the folder that it was begun in"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path} is damaged: {error}", hint="restore a copy, or begin another desk"
        ) from error


def _told(said: dict[str, Any]) -> Plan:
    settings = settings_of(said)
    fits = fits_of(said["models"], settings)
    return Plan(said["name"], from_plain(said["spec"]), settings, named(settings), fits)


def machine(found: Kept) -> tuple[Machine, Memory]:
    """Return what is fixed of a desk, and a memory of its axes that has seen nothing.

    Raises
    ------
    ConfigError
        The plan is not the one that the desk began with.
    DataError
        The lake no longer has the days before it began.
    """
    plan = found.plan
    at = instant(found.learned_k * minutes(plan.spec) * 60_000)
    panel = load(replace(plan.spec, start=at - WINDOW, end=at, to_end=True))
    fold = folding.begin(panel, plan.settings, plan.engines, plan.fits)
    _refuse_another(found, in_force(plan, panel))
    setup = fold.made.setup._replace(venues=found.venues)
    return replace(fold.made, setup=setup), fold.memory


def _refuse_another(found: Kept, asked: InForce) -> None:
    """Refuse what differs from what a desk began with; a setting that is newer is none of it."""
    plan, force = found.plan, found.force
    pairs: dict[str, tuple[object, object]] = {
        **{name: (getattr(force.axes, name), each) for name, each in asked.axes._asdict().items()},
        "models": (force.fits, asked.fits),
    }
    for section, kept_values in found.settings.items():
        given = plan.settings.values.get(section, {})
        if section not in _ELSEWHERE:
            pairs |= {
                f"{section}.{name}": (_leaf(was), _leaf(given[name]))
                for name, was in kept_values.items()
                if name in given
            }
    voices = plan.voices
    pairs |= {f"engine {name}": (was, voices.get(name)) for name, was in found.voices.items()}
    for name, (was, now) in pairs.items():
        if was != now:
            raise ConfigError(
                f"the desk {plan.name} began with {name} {was}, and is given {now}",
                hint="give it what it began with, or begin another desk",
            )


def _leaf(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def in_force(plan: Plan, panel: Panel) -> InForce:
    """Return what is in force on the bars of a panel."""
    fits = plan.fits
    voters = tuple(plan.engines) if fits is None else fits.voters(plan.engines)
    names = tuple(each.name for each in voters)
    digest = "" if fits is None else fits.digest
    return InForce(Axes(panel.symbols, names, panel.venue_names), plan.params, digest)


def minutes(spec: PanelSpec) -> int:
    """Return the length of a desk's bar: five minutes where nothing is said."""
    return _MINUTES if spec.bar_minutes is None else spec.bar_minutes


def instant(ms: int) -> datetime:
    """Return a stamp as a time in UTC.

    Examples
    --------
    >>> instant(0).isoformat()
    '1970-01-01T00:00:00+00:00'
    """
    return datetime.fromtimestamp(ms / 1e3, UTC)
