"""Many settings: every combination of some values, and whether a sweep may hold them together.

In: values of settings. Out: combinations; settings that share what a sweep looks at once.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from quorate.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quorate.settings import Settings

SHARED = ("data", "universe", "features", "engines", "regime")
"""Sections that a sweep may not change: bars are loaded, features and votes looked at, once."""


def grid(choices: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Return every combination of values as overrides, the last name changing fastest.

    Parameters
    ----------
    choices : mapping
        ``{"section.name": ["value", ...]}``.

    Notes
    -----
    Units: as the settings.  Causal: none.  Missing: no choice is one combination, the defaults.

    Examples
    --------
    >>> grid({"consensus.k": ["0.5", "1"], "costs.impact": ["spec"]})
    [{'consensus.k': '0.5', 'costs.impact': 'spec'}, {'consensus.k': '1', 'costs.impact': 'spec'}]
    """
    return [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]


def checked(settings: Sequence[Settings]) -> tuple[Settings, ...]:
    """Return the settings of a sweep; refuse none, and those that change what is shared.

    Parameters
    ----------
    settings : sequence of Settings
        As ``sweep`` takes them.

    Raises
    ------
    ConfigError
        What is changed, and what to do instead.

    Notes
    -----
    Units: none.  Causal: no data are read.  Missing: none.

    Examples
    --------
    >>> from quorate.api.effective import read_settings
    >>> len(checked([read_settings(overrides={"consensus.k": k}) for k in ("0.5", "1")]))
    2
    """
    if not settings:
        raise ConfigError(
            "a sweep has no settings", hint="give at least one: quorate.read_settings(...)"
        )
    first = settings[0]
    fixed = [(section, name) for section in SHARED for name in first[section]]
    for section, name in (*fixed, ("account", "store")):
        if any(each[section][name] != first[section][name] for each in settings):
            raise ConfigError(
                f"a sweep changes {section}.{name}, which all of its settings share",
                hint="all trials of a sweep are booked in one store"
                if name == "store"
                else "make a run of its own for each: features, regimes and votes differ",
            )
    return tuple(settings)
