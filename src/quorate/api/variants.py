"""What an ablation varies: each named option that is not in force, and each engine.

In: settings. Out: variants, each other than the settings in one thing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from quorate.api.configure import named_options
from quorate.api.extensions import named
from quorate.settings import VARIED, Settings

if TYPE_CHECKING:
    from quorate.settings import Value

LITERAL: tuple[tuple[str, Value], ...] = (
    ("consensus.quorum", 0.0),
    ("consensus.by_regime", 1),
    ("regime.adaptive", True),
)
"""Alternatives that are no words: without a quorum (the literal text of Spec 1), a reliability for
each regime, a PANIC that knows the coin."""
CHARGED = ("costs.impact", "costs.latency")
"""Options that change what is charged beside what is decided: another world, no better method."""


class Variant(NamedTuple):
    """One thing that is other than in the settings as they are.

    ``kind`` is ``option`` or ``engine``; ``value`` and ``in_force`` are texts, None for an engine
    that is left out.
    """

    kind: str
    name: str
    value: Any = None
    in_force: str | None = None

    def __str__(self) -> str:  # type: ignore[explicit-override]
        if self.kind == "engine":
            return f"without {self.name}"
        return f"{self.name}={shown(self.value)}"

    def of(self, base: Settings) -> Settings:
        """Return the settings with the option in place of their own."""
        if self.kind == "engine":
            return base
        section, _, key = self.name.partition(".")
        values = base.values | {section: base[section] | {key: self.value}}
        origins = base.origins | {section: base.origins.get(section, {}) | {key: VARIED}}
        return Settings(values, origins, base.path)


def shown(value: object) -> str:
    """Return a value as ``--set`` takes it.

    Examples
    --------
    >>> shown(True), shown(0.0), shown(1), shown("floor")
    ('true', '0', '1', 'floor')
    """
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def variants(settings: Settings, *, options: bool = True, engines: bool = True) -> list[Variant]:
    """Return every named option that is not in force, and every engine.

    Parameters
    ----------
    settings : Settings
        As they are.
    options, engines : bool
        Which of the two.

    Notes
    -----
    Units: none.  Causal: none.  Missing: none.

    Examples
    --------
    >>> from quorate.api.effective import read_settings
    >>> [str(one) for one in variants(read_settings(), engines=False)][:3]
    ['consensus.weighting=skill', 'consensus.weighting=hedge', 'consensus.weighting=equal']
    """
    found: list[Variant] = []
    if options:
        texts = [(name, text) for name, all_ in named_options().items() for text in all_]
        for name, value in (*texts, *LITERAL):
            section, _, key = name.partition(".")
            if settings[section][key] != value:
                held = shown(settings[section][key])
                found.append(Variant("option", name, value, held))
    if engines:
        found += [Variant("engine", engine.name) for engine in named(settings)]
    return found
