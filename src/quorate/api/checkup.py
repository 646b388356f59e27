"""The settings in force, each with where it came from, checked: what ``quorate doctor`` prints.

In: settings. Out: a ``Checkup``, or the error that says what is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quorate.api.configure import configure, schema
from quorate.api.effective import read_settings
from quorate.api.extensions import check_engines, engines

if TYPE_CHECKING:
    from quorate.settings import Settings

_BAR_MINUTES = 5


@dataclass(frozen=True)
class Setting:
    """One setting: its name, its value, who gave it, and what it means."""

    setting: str
    value: object
    origin: str
    meaning: str


@dataclass(frozen=True)
class Checkup:
    """Settings that were checked, and the names of the engines that vote under them.

    ``complaints`` say which engines of your own do not conform, and how.
    """

    settings: tuple[Setting, ...]
    engines: tuple[str, ...]
    complaints: tuple[str, ...] = ()

    @property
    def given(self) -> tuple[Setting, ...]:
        """Return the settings that are not left at their defaults."""
        return tuple(each for each in self.settings if each.origin != "default")

    def __str__(self) -> str:  # type: ignore[explicit-override]
        lines = [f"{each.setting} = {each.value}  ({each.origin})" for each in self.given]
        return "\n".join([*lines, f"{len(self.engines)} engines vote", *self.complaints])


def doctor(settings: Settings | None = None) -> Checkup:
    """Check the settings in force and say where each came from.

    Parameters
    ----------
    settings : Settings, optional
        From ``quorate.read_settings``, which is called when left out.

    Raises
    ------
    ConfigError, EngineError
        A setting is out of its bounds, or an engine it names cannot be used.

    Notes
    -----
    Units: as each setting says.  Causal: no data are read.  Missing: none.  Spec 11.

    Examples
    --------
    >>> import quorate
    >>> print(doctor(quorate.read_settings(overrides={"consensus.k": "1"})))
    consensus.k = 1.0  (--set)
    26 engines vote
    """
    chosen = read_settings() if settings is None else settings
    configure(chosen, _BAR_MINUTES)
    named = chosen["engines"]
    voters = engines(named["extra"], named["exclude"], chosen.path)  # type: ignore[arg-type]
    fields = schema()
    return Checkup(
        settings=tuple(
            Setting(
                f"{section}.{name}",
                value,
                chosen.origin(section, name),
                fields[section][name].meaning,
            )
            for section, values in chosen.values.items()
            for name, value in values.items()
        ),
        engines=tuple(engine.name for engine in voters),
        complaints=tuple(check_engines(voters)),
    )
