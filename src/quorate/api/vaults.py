"""Secrets from Python: the vault that the settings name, and what is wrong with it.

In: settings. Out: a ``Vault``; findings. Values go in and out as ``Secret``, which shows itself
nowhere.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from quorate.api.effective import read_settings
from quorate.errors import ConfigError, SecretsError
from quorate.live.secrets import vetting
from quorate.live.secrets.entry import Scope, SecretKind
from quorate.live.secrets.params import BOUNDS, KEEPERS, Keeping
from quorate.live.secrets.scrubber import KNOWN
from quorate.live.secrets.vault import Vault
from quorate.live.secrets.vetting import Weakness

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.live.secrets.port import Backing
    from quorate.settings import Settings

ENROLMENT: Final = "enrolment.json"


def secrets(
    settings: Settings | None = None,
    *,
    ask: Callable[[str], str] | None = None,
    passphrase: Callable[[], str] | None = None,
) -> Vault:
    """Return the vault that the settings name.

    Parameters
    ----------
    settings : Settings, optional
        From ``quorate.read_settings``, which is called when left out; its section ``secrets``.
    ask : callable, optional
        Asks a person for the passphrase of an identity.
    passphrase : callable, optional
        Returns the passphrase that an identity made here is encrypted with.

    Raises
    ------
    ConfigError
        A setting is outside its bounds, or lacks what its keeper needs.

    Notes
    -----
    Units: none.  Causal: none.  Missing: nothing is read before it is asked for.
    Spec 14; RELIABILITY 5.

    Examples
    --------
    >>> import tempfile
    >>> import quorate
    >>> from quorate.live.secrets.entry import SecretKind
    >>> from quorate.live.secrets.secret import Secret
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     given = {"secrets.folder": folder}
    ...     vault = quorate.secrets(quorate.read_settings(overrides=given))
    ...     slot = vault.set("hook", SecretKind.TOKEN, Secret("correct horse"))
    ...     vault.open().get("hook")
    <secret>
    """
    params = _params(read_settings() if settings is None else settings)
    folder = _folder(params)
    return Vault(_backing(params, folder, ask, passphrase), folder / ENROLMENT, _now_ms)


def grace_ms(settings: Settings) -> int:
    """Return how long an old value stays usable, ms."""
    return round(_params(settings).grace_hours * 3_600_000)


def check_secrets(
    settings: Settings | None = None,
    *,
    venue: str | None = None,
    url: str = "",
    ask: Callable[[str], str] | None = None,
) -> tuple[Weakness, ...]:
    """Return what is wrong with how secrets are kept.

    Parameters
    ----------
    settings : Settings, optional
        From ``quorate.read_settings``, which is called when left out.
    venue : str, optional
        Name of a secret, or of a venue: its keys are tried there, and what they may is asked.
    url : str
        Of a simulated exchange on this machine.
    ask : callable, optional
        Asks a person for the passphrase of an identity.

    Returns
    -------
    tuple of Weakness
        Refusals first. None: nothing is wrong.

    Notes
    -----
    Units: days.  Causal: as of now.  Missing: what cannot be opened is a finding, not an error; a
    machine that is not enrolled is asked for no key that trades.
    Spec 14; RELIABILITY 5.
    """
    chosen = read_settings() if settings is None else settings
    params, vault = _params(chosen), secrets(chosen, ask=ask)
    found: list[Weakness] = []
    for scope in Scope:
        try:
            if scope is Scope.TRADE and not (_folder(params) / ENROLMENT).exists():
                continue
            rows = vault.entries(scope)
            found += vetting.ages(rows, _now_ms(), params.warn_days, params.max_days)
            names = {
                row.name for row in rows if row.kind is SecretKind.VENUE and _is_of(row.name, venue)
            }
            for name in sorted(names):
                found += _vetted(vault, scope, name, url)
        except SecretsError as error:
            text = f"{scope} keys cannot be opened: {error.message}"
            found.append(Weakness(is_refused=True, text=text, fix=error.hint))
    path = chosen.path
    texts = {} if path is None else {path.name: path.read_text(encoding="utf-8")}
    found += vetting.strays(KNOWN, os.environ, texts)
    for text, _, fix in (each.partition("; ") for each in _remarks(vault)):
        found.append(Weakness(is_refused=False, text=text, fix=fix))
    return tuple(sorted(found, key=lambda each: not each.is_refused))


def _remarks(vault: Vault) -> tuple[str, ...]:
    try:
        return vault.remarks()
    except SecretsError:
        return ()  # told above: it keeps its scope from being opened


def _is_of(name: str, venue: str | None) -> bool:
    return venue is not None and (name == venue or name.startswith(f"{venue}."))


def _vetted(vault: Vault, scope: Scope, name: str, url: str) -> tuple[Weakness, ...]:
    from quorate.live.guard.watch import opened
    from quorate.live.secrets.connecting import connection, vetted

    made = opened(connection(vault.open(scope), name, (), url))
    found = asyncio.run(vetted(name, made, _now_ms))
    if scope is Scope.READ_ONLY:  # it is not there to trade
        return tuple(each for each in found if "may not trade" not in each.text)
    return found


def _params(settings: Settings) -> Keeping:
    params = Keeping(**cast("dict[str, str]", settings["secrets"]))  # type: ignore[arg-type]
    if params.keeper not in KEEPERS:
        raise ConfigError(
            f"secrets.keeper is {params.keeper!r}", hint=f"one of {', '.join(KEEPERS)}"
        )
    for name, (low, high) in BOUNDS.items():
        if not low <= getattr(params, name) <= high:
            raise ConfigError(
                f"secrets.{name} is {getattr(params, name):g}, outside [{low:g}, {high:g}]",
                hint=f"the default is {getattr(Keeping(), name):g}",
            )
    return params


def _folder(params: Keeping) -> Path:
    from quorate.research import keys

    return Path(params.folder).expanduser() if params.folder else keys.folder() / "secrets"


def _backing(
    params: Keeping,
    folder: Path,
    ask: Callable[[str], str] | None,
    passphrase: Callable[[], str] | None,
) -> Backing:
    if params.keeper == "aws":
        from quorate.live.secrets.aws import AwsSecrets

        return AwsSecrets(params.path, params.region)
    if params.keeper == "hashicorp":
        from quorate.live.secrets.hashicorp import HashicorpVault

        for name in ("address", "role_id", "wrapped_file"):
            if not getattr(params, name):
                raise ConfigError(
                    f"secrets.{name} is not said", hint="a HashiCorp Vault is not found without it"
                )
        wrapped = Path(params.wrapped_file).expanduser()
        return HashicorpVault(
            params.address, params.role_id, wrapped, _now_ms, params.mount, params.path
        )
    from quorate.live.secrets.age import AgeFiles

    return AgeFiles(folder, params.identity, ask, passphrase)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
