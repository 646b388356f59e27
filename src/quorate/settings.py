"""The one reader of ``quorate.toml`` and of the environment.

In: a file, the environment, and a schema (sections of fields with type, default and meaning).
Out: the effective settings, each with where it came from. ``--set`` wins over the environment,
that over the file, the file over defaults. Nothing is guessed: an unknown key is an error that
names the nearest known one, and a number that is not finite is refused, whatever the setting.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from quorate.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Value = bool | int | float | str | tuple[str, ...]

ENV_PREFIX = "QUORATE_"
OVERRIDE = "--set"
"""Origin of what the command line, or a caller in Python, set for one run."""
VARIED = "--over"
"""Origin of what differs between the settings of a sweep."""


@dataclass(frozen=True)
class Field:
    """One setting: its type, its default and what it means.

    Examples
    --------
    >>> Field(float, 0.75, "score must exceed k standard deviations").default
    0.75
    """

    kind: Any
    default: Value | None
    meaning: str


Schema = dict[str, dict[str, Field]]


@dataclass(frozen=True)
class Settings:
    """Effective settings by section, and where each came from.

    Examples
    --------
    >>> schema = {"consensus": {"k": Field(float, 0.75, "threshold in standard deviations")}}
    >>> settings = read(schema, None, {"QUORATE_CONSENSUS__K": "1.5"})
    >>> settings["consensus"], settings.origin("consensus", "k")
    ({'k': 1.5}, 'environment')
    """

    values: dict[str, dict[str, Value]]
    origins: dict[str, dict[str, str]] = field(default_factory=dict)
    path: Path | None = None
    """The file that was read, if one was: engines it names may lie beside it."""

    def __getitem__(self, section: str) -> dict[str, Value]:
        """Return one section."""
        return self.values[section]

    def origin(self, section: str, name: str) -> str:
        """Return where a value came from: ``default``, ``environment``, ``--set`` ... or a file."""
        return self.origins.get(section, {}).get(name, "default")


def read(
    schema: Schema,
    path: Path | None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, str] | None = None,
    varied: Mapping[str, str] | None = None,
) -> Settings:
    """Read the settings of a run.

    Parameters
    ----------
    schema : dict
        ``{section: {name: Field}}``, from ``api.schema()``.
    path : Path or None
        A TOML file; None reads no file.
    environ : mapping, optional
        The environment, by default this process's. ``QUORATE_RISK__PRESET=conservative`` sets
        ``preset`` of section ``[risk]``; other names that start with ``QUORATE_`` are not ours
        to judge (``QUORATE_DATA_DIR``).
    overrides : mapping, optional
        ``{"section.name": "value"}``, as ``--set`` gives them; they win.
    varied : mapping, optional
        The same of what differs between the settings of a sweep; it wins over all.

    Raises
    ------
    ConfigError
        For a missing or broken file, an unknown section or key, a value of the wrong type, or
        one that is not finite.

    Notes
    -----
    A list may be written as text: ``a, b``, or a list of JSON or TOML.
    Units: as each field says.  Causal: no data are read.  Missing: NaN is refused.
    Spec 5, 11, 14.

    Examples
    --------
    >>> schema = {"consensus": {"k": Field(float, 0.75, "threshold in standard deviations")}}
    >>> read(schema, None, {"QUORATE_CONSENSUS__KAPPA": "1"})
    Traceback (most recent call last):
    quorate.errors.ConfigError: environment: [consensus] has no setting 'kappa'
      next: the nearest known name is 'k'
    """
    found = {
        path.name if path else "": _from_file(path),
        "environment": _from_environment(schema, os.environ if environ is None else environ),
        OVERRIDE: _from_overrides(schema, overrides or {}, OVERRIDE),
        VARIED: _from_overrides(schema, varied or {}, VARIED),
    }
    merged: dict[str, dict[str, Any]] = {section: {} for section in schema}
    origins: dict[str, dict[str, str]] = {section: {} for section in schema}
    for place, sections in found.items():  # the later win
        _known(schema, sections, place)
        for section, values in sections.items():
            merged[section].update(values)
            origins[section].update(dict.fromkeys(values, place))
    checked = {s: _validate(s, fields, merged[s], origins[s]) for s, fields in schema.items()}
    return Settings(checked, origins, path)


def _from_file(path: Path | None) -> dict[str, dict[str, Any]]:
    if path is None:
        return {}
    if not path.is_file():
        raise ConfigError(
            f"there is no settings file {path}",
            hint="name an existing TOML file with --config, or leave it out for the defaults",
        )
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} is not valid TOML: {error}", hint="mend the line it names"
        ) from error


@lru_cache  # a model takes a third of a millisecond to make, and a sweep reads many settings
def _model(section: str, fields: tuple[tuple[str, Field], ...]) -> type[BaseModel]:
    definitions: dict[str, Any] = {name: (f.kind, f.default) for name, f in fields}
    config = ConfigDict(extra="forbid", allow_inf_nan=False)
    return create_model(section, __config__=config, **definitions)


def _from_environment(schema: Schema, environ: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Let pydantic-settings take ``QUORATE_<SECTION>__<NAME>`` apart."""
    ours = {
        name.lower(): text
        for name, text in environ.items()
        if name.upper().startswith(ENV_PREFIX) and "__" in name
    }
    if not ours:
        return {}
    source = EnvSettingsSource(
        _environment(tuple(schema)), env_prefix=ENV_PREFIX, env_nested_delimiter="__"
    )
    source.env_vars = ours
    found: dict[str, dict[str, Any]] = source()
    for name in ours:
        section = name.removeprefix(ENV_PREFIX.lower()).split("__")[0]
        if section not in schema:
            raise ConfigError(
                f"environment: {name.upper()} names no section of the settings",
                hint=_nearest(section, schema),
            )
    return found


@lru_cache
def _environment(sections: tuple[str, ...]) -> type[BaseSettings]:
    definitions: dict[str, Any] = dict.fromkeys(sections, (dict[str, Any] | None, None))
    return create_model("Environment", __base__=_Environment, **definitions)


def _from_overrides(
    schema: Schema, given: Mapping[str, str], place: str
) -> dict[str, dict[str, Any]]:
    """Read ``section.name`` as the environment writes it: the texts follow the same rules."""
    for name in given:
        section = name.partition(".")[0].lower()
        if section not in schema:
            raise ConfigError(
                f"{place}: there is no section [{section}]", hint=_nearest(section, schema)
            )
    texts = {ENV_PREFIX + name.replace(".", "__", 1): text for name, text in given.items()}
    return _from_environment(schema, texts)


class _Environment(BaseSettings):
    model_config = SettingsConfigDict(extra="ignore")


def _known(schema: Schema, found: Mapping[str, Any], place: str) -> None:
    for section, values in found.items():
        homes = [home for home, fields in schema.items() if section in fields]
        if homes and not isinstance(values, dict) and section not in schema:
            raise ConfigError(
                f"{place}: {section!r} stands outside of any section",
                hint=f"put it below the line [{homes[0]}]",
            )
        if section not in schema or not isinstance(values, dict):
            raise ConfigError(
                f"{place}: there is no section [{section}]", hint=_nearest(section, schema)
            )
        for name in values:
            if name not in schema[section]:
                raise ConfigError(
                    f"{place}: [{section}] has no setting {name!r}",
                    hint=_nearest(name, schema[section]),
                )


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    return f"the nearest known name is {close[0]!r}" if close else "remove it"


def _validate(
    section: str, fields: dict[str, Field], values: dict[str, Any], origins: dict[str, str]
) -> dict[str, Value]:
    given = {
        name: _listed(f"{origins.get(name, 'settings')}: {section}.{name}", value)
        if isinstance(value, str) and fields[name].kind == tuple[str, ...]
        else value
        for name, value in values.items()
    }
    try:
        return _model(section, tuple(fields.items()))(**given).model_dump()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        finite = "give a finite number; " if first["type"] == "finite_number" else ""
        meaning = fields[name].meaning if name in fields else "see the reference of settings"
        raise ConfigError(
            f"{origins.get(name, 'settings')}: {section}.{name} is {first['input']!r}: "
            f"{first['msg'].lower()}",
            hint=f"{finite}{name}: {meaning}",
        ) from error


def _listed(name: str, text: str) -> list[str]:
    """Read a list that was written as text: by commas, or as TOML and JSON write one."""
    if not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        found: list[str] = tomllib.loads(f"list = {text}")["list"]
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{name} is {text!r}, which is no list", hint='write a,b or ["a", "b"]'
        ) from error
    return found
