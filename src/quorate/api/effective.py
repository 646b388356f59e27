"""The settings in force: defaults, then a file, then the environment, then what is set by hand.

In: the current folder, the environment, overrides. Out: ``settings.Settings``. A ``quorate.toml``
in the current folder is read without being named.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from quorate.api.configure import schema
from quorate.settings import read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.settings import Settings

FILE = "quorate.toml"
"""Read from the current folder where it exists."""
VARIABLE = "QUORATE_CONFIG"
"""Environment variable that names another file; set to nothing, no file is looked for."""


def read_settings(
    path: str | Path | None = None,
    overrides: Mapping[str, str] | None = None,
    varied: Mapping[str, str] | None = None,
) -> Settings:
    """Return effective settings: defaults, then a file, then the environment, then ``overrides``.

    Parameters
    ----------
    path : path, optional
        A settings file; ``quorate.toml`` of the current folder, if there is one, when left out.
    overrides : mapping, optional
        ``{"section.name": "value"}``, as the CLI's ``--set``.
    varied : mapping, optional
        The same of what differs between the settings of a sweep, as the CLI's ``--over``; it wins.

    Returns
    -------
    Settings
        Its ``path`` is the file that was read, ``origin(section, name)`` where a value came from.

    Raises
    ------
    ConfigError
        Unknown or wrong settings, or no such file.

    Notes
    -----
    Units: as each field says.  Causal: no data are read.  Missing: NaN is refused.  Spec 14.

    Examples
    --------
    >>> read_settings(overrides={"consensus.k": "1.0"})["consensus"]["k"]
    1.0
    """
    return read(schema(), _here() if path is None else Path(path), None, overrides, varied)


def _here() -> Path | None:
    """Return the file that is read where none is named."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named) if named else None
    return Path(FILE) if Path(FILE).is_file() else None
