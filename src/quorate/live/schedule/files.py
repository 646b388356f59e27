"""The file of an operator's jobs: which commands do the house's, and jobs of their own.

In: TOML, a table a job. Out: a schedule and its commands. Strict: what is not known is refused.
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict, fields
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from quorate.errors import ConfigError
from quorate.live.schedule.command import Command
from quorate.live.schedule.jobs import HOUSE, Job, Missed

if TYPE_CHECKING:
    from pathlib import Path

_OF_JOB: Final = tuple(field.name for field in fields(Job) if field.name != "name")
_KNOWN: Final = (*_OF_JOB, "command", "niceness")
_TYPES: Final[dict[str, type]] = {
    "cron": str, "late_s": int, "missed": str, "deadline_s": int, "may_overlap": bool,
    "attempts": int, "does": str, "command": list, "niceness": int,
}  # fmt: skip


def read_jobs(path: Path | None) -> tuple[tuple[Job, ...], dict[str, Command]]:
    r"""Return the house's jobs and those of a file, and the commands that the file gives.

    Parameters
    ----------
    path : Path, optional
        The house's alone, without commands, when left out.

    Returns
    -------
    tuple
        The jobs, those of the house first, and by name the commands.

    Raises
    ------
    ConfigError
        The file cannot be read, or says what is not known or has another type.

    Notes
    -----
    Units: seconds, UTC.  Causal: reads a file.  Missing: what a table leaves out of a job of the
    house is as in the house.
    Spec 15.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "jobs.toml"
    ...     _ = path.write_text('[nightly]\ncommand = ["quorate", "nightly"]')
    ...     schedule, commands = read_jobs(path)
    >>> len(schedule), commands["nightly"].words
    (5, ('quorate', 'nightly'))
    """
    told = {} if path is None else _tables(path)
    house = {job.name: job for job in HOUSE}
    jobs = [_job(name, told.get(name, {}), house.get(name)) for name in {**house, **told}]
    return tuple(jobs), {
        name: Command(tuple(said["command"]), niceness=said.get("niceness", 10))
        for name, said in told.items()
        if "command" in said
    }


def _tables(path: Path) -> dict[str, dict[str, Any]]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"the jobs {path} cannot be read: {error.strerror}", hint="give a TOML file: --file"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"the jobs {path} are no TOML: {error}", hint="correct it") from error
    for name, said in found.items():
        if not isinstance(said, dict):
            raise ConfigError(f"{name} in {path} is no table", hint=f"write [{name}] above it")
        _check(name, said)
    return found


def _check(name: str, said: dict[str, Any]) -> None:
    for key, value in said.items():
        if key not in _TYPES:
            near = get_close_matches(key, _KNOWN, 1) or [", ".join(_KNOWN)]
            raise ConfigError(f"the job {name} knows no {key}", hint=f"there is {near[0]}")
        if type(value) is not _TYPES[key]:
            raise ConfigError(
                f"{key} of the job {name} is {value!r}", hint=f"give {_TYPES[key].__name__}"
            )
    words = said.get("command", ["x"])
    if not words or not all(isinstance(word, str) and word for word in words):
        raise ConfigError(
            f"the command of the job {name} is {words!r}",
            hint='give its words: ["quorate", "nightly", "--bars", "lake"]',
        )
    if not 0 <= said.get("niceness", 10) <= 19:
        raise ConfigError(
            f"niceness of the job {name} is {said['niceness']}", hint="give 0 to 19, 10 if left out"
        )


def _job(name: str, said: dict[str, Any], house: Job | None) -> Job:
    given = {key: said[key] for key in _OF_JOB if key in said}
    if "missed" in given:
        try:
            given["missed"] = Missed(given["missed"])
        except ValueError as error:
            raise ConfigError(
                f"missed of the job {name} is {given['missed']!r}",
                hint=f"give {', '.join(Missed)}",
            ) from error
    if house is not None:
        return Job(**(asdict(house) | given))
    if "cron" not in given or "command" not in said:
        raise ConfigError(
            f"the job {name} says no {'command' if 'cron' in given else 'cron'}",
            hint="a job that is none of the house's needs a cron text and a command",
        )
    return Job(name=name, **given)
