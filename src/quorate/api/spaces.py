"""What a search may vary: settings by name, each with a range or a list of choices.

In: texts, ``0.1..0.5``, ``1..100:log``, ``50..400:10``, ``spec,volatility``. Out: a ``Space``, of
which any point makes settings that differ from the given ones in its names alone. Every end and
every choice is checked before anything is tried.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quorate.api.configure import configure, schema
from quorate.errors import ConfigError
from quorate.settings import VARIED, Settings, read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.settings import Value

FIXED = ("data", "universe")
"""Sections by which bars were loaded: no run changes them."""


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers from ``low`` to ``high``, both included: by ratio (``log``), in steps, or neither."""

    name: str
    low: float
    high: float
    step: float | None = None
    log: bool = False
    whole: bool = False

    def __str__(self) -> str:  # type: ignore[explicit-override]
        more = ":log" if self.log else "" if self.step is None else f":{self.step:.10g}"
        return f"{self.low:.10g}..{self.high:.10g}{more}"

    def holds(self, value: Value | None) -> bool:
        """Return whether a value is a point of the range."""
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and self.low <= float(value) <= self.high  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Choice:
    """Values without an order, as they are written and as they are."""

    name: str
    texts: tuple[str, ...]
    values: tuple[Any, ...]

    def __str__(self) -> str:  # type: ignore[explicit-override]
        return ",".join(self.texts)

    def holds(self, value: Value | None) -> bool:
        """Return whether a value is among them."""
        return value in self.values


@dataclass(frozen=True)
class Space:
    """What may vary, in the order in which it was given."""

    axes: tuple[Span | Choice, ...]

    def point(self, base: Settings) -> dict[str, Any] | None:
        """Return where the given settings lie, as a sampler writes it; None if outside."""
        found: dict[str, Any] = {}
        for axis in self.axes:
            section, name = axis.name.split(".", 1)
            value = base[section][name]
            if not axis.holds(value):
                return None
            if isinstance(axis, Choice):
                found[axis.name] = axis.texts[axis.values.index(value)]
            else:
                found[axis.name] = value
        return found

    def settings(self, base: Settings, point: Mapping[str, Any]) -> Settings:
        """Return the settings of a point.

        Notes
        -----
        Units: as the settings.  Causal: none.  Missing: none.
        """
        values = {section: dict(held) for section, held in base.values.items()}
        origins = {section: dict(base.origins.get(section, {})) for section in values}
        for axis in self.axes:
            section, name = axis.name.split(".", 1)
            at = point[axis.name]
            values[section][name] = (
                axis.values[axis.texts.index(at)] if isinstance(axis, Choice) else at
            )
            origins[section][name] = VARIED
        return Settings(values, origins, base.path)


def space(over: Mapping[str, str], base: Settings, bar_minutes: int) -> Space:
    """Return what may vary, checked.

    Parameters
    ----------
    over : mapping
        ``{"section.name": text}``: ``low..high``, with ``:log`` or ``:step`` behind it, or values
        after commas. Lists are written as TOML writes them where they have several elements.
    base : Settings
        What all points have in common.
    bar_minutes : int
        Of the panel, for the bounds.

    Raises
    ------
    ConfigError
        Nothing varies; a setting is unknown, cannot be varied, or has no such value; a range is
        empty.

    Notes
    -----
    Units: as the settings.  Causal: none.  Missing: an empty value is refused.

    Examples
    --------
    >>> from quorate.api.effective import read_settings
    >>> found = space({"consensus.k": "0.5..2:log", "costs.impact": "spec,volatility"},
    ...               read_settings(), 5)
    >>> [str(axis) for axis in found.axes]
    ['0.5..2:log', 'spec,volatility']
    """
    if not over:
        raise ConfigError(
            "a search varies nothing",
            hint="give at least one setting, such as --over consensus.k=0.25..2:log",
        )
    axes = tuple(_axis(name, text.strip()) for name, text in over.items())
    for axis in axes:
        ends = [axis.low, axis.high] if isinstance(axis, Span) else list(axis.texts)
        for end in ends:
            at = int(end) if isinstance(axis, Span) and axis.whole else end
            one = Space((axis,)).settings(base, {axis.name: at})
            try:
                configure(one, bar_minutes)
            except ConfigError as error:
                raise ConfigError(
                    f"{VARIED} {axis.name}={axis}: {error.message}", hint=error.hint
                ) from error
    return Space(axes)


def _axis(name: str, text: str) -> Span | Choice:
    section, _, key = name.partition(".")
    if section in FIXED or name == "account.store":
        raise ConfigError(
            f"{VARIED} {name}: a search cannot vary it",
            hint="all trials read the same bars and are booked in one store",
        )
    if ".." in text:
        return _span(name, text)
    texts = tuple(dict.fromkeys(_values(text)))
    if not all(texts):
        raise ConfigError(f"{VARIED} {name}={text}: an empty value", hint="write a,b or low..high")
    values = tuple(read(schema(), None, {}, varied={name: each})[section][key] for each in texts)
    if len(set(map(repr, values))) < 2:
        raise ConfigError(
            f"{VARIED} {name}={text} is one value: nothing varies",
            hint="give a range, low..high, or several values; fix one with --set",
        )
    return Choice(name, texts, values)


def _values(text: str) -> list[str]:
    """Return what stands between commas that are in no list."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _span(name: str, text: str) -> Span:
    section, _, key = name.partition(".")
    ends, _, how = text.partition(":")
    low_text, _, high_text = ends.partition("..")
    # an unknown name, or a value that is none of the setting's, says so here
    for each in (low_text, high_text):
        read(schema(), None, {}, varied={name: each.strip()})
    kind = schema()[section][key].kind
    if kind not in (float, int, float | None):
        raise ConfigError(
            f"{VARIED} {name}={text}: it is no number", hint="write its values after commas"
        )
    low, high = float(low_text), float(high_text)
    if not low < high:
        raise ConfigError(
            f"{VARIED} {name}={text}: the range is empty", hint="write the lower end first"
        )
    whole, log = kind is int, how == "log"
    step = None if how in ("", "log") else _step(name, text, how)
    if step is None and whole and not log:
        step = 1.0
    if log and low <= 0.0:
        raise ConfigError(
            f"{VARIED} {name}={text}: no ratio reaches 0", hint="begin above 0, or leave out :log"
        )
    if step is not None and (step > high - low or (whole and step != int(step))):
        raise ConfigError(
            f"{VARIED} {name}={text}: no second value lies a step further",
            hint="give a smaller step; whole numbers take whole steps",
        )
    if step is not None:  # the last point that a step reaches
        high = low + step * math.floor((high - low) / step + 1e-9)
    return Span(name, low, high, step, log, whole)


def _step(name: str, text: str, how: str) -> float:
    try:
        step = float(how)
    except ValueError:
        step = math.nan
    if not (step > 0.0 and math.isfinite(step)):
        raise ConfigError(
            f"{VARIED} {name}={text}: {how!r} is no step", hint="write :log, or a number above 0"
        )
    return step
