"""``quorate secrets set | rotate | list | check | enrol``: keys, encrypted, never on the screen."""

from __future__ import annotations

import getpass
import json as jsonlib
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from quorate.cli.commands import Config, Json, Set, app, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.live.secrets.entry import Scope, SecretKind, SlotRow
    from quorate.live.secrets.secret import Secret

secrets = App(name="secrets", help="Keys, encrypted; never shown.")
app.command(secrets)

Trade = Annotated[
    bool, Parameter(negative="", help="Among the keys that trade, on an enrolled box.")
]
Name = Annotated[str, Parameter(help="Of a venue's key the venue first: binance_usdm.")]


@secrets.command(name="set")
def set_value(
    name: Name,
    *,
    kind: Annotated[Literal["venue", "token", "signing"], Parameter(help="What it is.")] = "venue",
    from_file: Annotated[
        Path | None, Parameter(help="A file for its owner only, mode 600, with the value.")
    ] = None,
    passphrase: Annotated[
        bool, Parameter(negative="", help="Protect an identity that is made with a passphrase.")
    ] = False,
    trade: Trade = False,
    config: Config = None,
    set_: Set = None,
) -> None:
    """Keep a value: the first of its name is in use at once, another waits for ``rotate``.

    It comes from a hidden prompt, from the standard input, or from a file; never from an argument,
    which others see in the list of processes. A venue's key is JSON with api_key and secret.

    Example: quorate secrets set binance_usdm --trade
    """
    from quorate import api
    from quorate.live.secrets.entry import SecretKind
    from quorate.live.secrets.scrubber import KNOWN

    _begin()
    with KNOWN.guarding():
        chosen = SecretKind(kind)
        vault = api.secrets(
            settings_of(config, set_),
            ask=_asker(),
            passphrase=_new_passphrase if passphrase else None,
        )
        slot = vault.set(name, chosen, _value(name, chosen, from_file), _scope(trade=trade))
    print(f"{name}: kept as {slot.value}")


@secrets.command
def rotate(
    name: Name,
    *,
    grace_hours: Annotated[
        float | None,
        Parameter(help="How long the old one stays usable; the setting's if left out."),
    ] = None,
    trade: Trade = False,
    config: Config = None,
    set_: Set = None,
) -> None:
    """Put the value that waits into use; the old one stays usable for a grace time.

    Revoke the old key at its venue when the grace is over; at once, with --grace-hours 0, where it
    was stolen.

    Example: quorate secrets rotate binance_usdm --trade
    """
    from quorate import api
    from quorate.api.vaults import grace_ms
    from quorate.live.secrets.scrubber import KNOWN

    _begin()
    with KNOWN.guarding():
        given = [*(set_ or []), *([] if grace_hours is None else [_grace(grace_hours)])]
        settings = settings_of(config, given)
        api.secrets(settings, ask=_asker()).rotate(name, _scope(trade=trade), grace_ms(settings))
    print(f"{name}: the next value is in use")


@secrets.command(name="list")
def list_slots(
    *,
    config: Config = None,
    set_: Set = None,
    json: Json = False,
) -> None:
    """Print names, kinds, slots and ages; no values.

    Keys that trade are listed on an enrolled box only.

    Example: quorate secrets list
    """
    from quorate import api
    from quorate.errors import SecretsError
    from quorate.live.secrets.entry import Scope
    from quorate.live.secrets.scrubber import KNOWN

    _begin()
    with KNOWN.guarding():
        vault = api.secrets(settings_of(config, set_), ask=_asker())
        rows = list(vault.entries())
        try:
            rows += vault.entries(Scope.TRADE)
        except SecretsError as error:
            print(f"{error.message}", file=sys.stderr)
    if json:
        print(jsonlib.dumps([row._asdict() for row in rows]))
        return
    for row in rows:
        print(_said(row))
    if not rows:
        print("no secrets are kept")


@secrets.command
def check(
    *,
    venue: Annotated[
        str | None, Parameter(help="Ask this venue what its keys may do: binance_usdm.")
    ] = None,
    url: Annotated[str, Parameter(help="Of a simulated exchange on this machine.")] = "",
    config: Config = None,
    set_: Set = None,
    json: Json = False,
) -> None:
    """Say what is wrong: ages, modes, identities, values in the environment or in settings.

    With --venue its keys are tried, and refused where they may withdraw, are bound to no address,
    or have a right that nobody knows. Exit code 1 if something is refused.

    Example: quorate secrets check --venue binance_usdm
    """
    from quorate import api
    from quorate.live.secrets.scrubber import KNOWN

    _begin()
    with KNOWN.guarding():
        settings = settings_of(config, set_)
        found = api.check_secrets(settings, venue=venue, url=url, ask=_asker())
    if json:
        print(jsonlib.dumps([each._asdict() for each in found]))
    else:
        for each in found:
            word = "refused" if each.is_refused else "remark"
            print(f"{word}: {each.text}\n  next: {each.fix}")
        if not found:
            print("nothing is wrong")
    if any(each.is_refused for each in found):
        raise SystemExit(1)


@secrets.command
def enrol(
    *,
    by: Annotated[str, Parameter(help="Who says that this machine trades.")],
    config: Config = None,
    set_: Set = None,
) -> None:
    """Let this machine, and no other, open keys that trade.

    It is written for the id of this machine and the identity here: a copy opens nothing elsewhere.

    Example: quorate secrets enrol --by ann
    """
    from quorate import api
    from quorate.live.secrets.scrubber import KNOWN

    _begin()
    with KNOWN.guarding():
        holder = api.secrets(settings_of(config, set_), ask=_asker()).enrol(by)
    print(f"this machine opens keys that trade, as {holder}")


def _begin() -> None:
    """Leave no core file and let nobody look into this process; scrub what it logs."""
    from quorate.live.secrets.harden import harden
    from quorate.live.secrets.logs import install
    from quorate.live.secrets.scrubber import KNOWN

    harden()
    install(KNOWN)


def _scope(*, trade: bool) -> Scope:
    from quorate.live.secrets.entry import Scope

    return Scope.TRADE if trade else Scope.READ_ONLY


def _asker() -> Callable[[str], str] | None:
    return getpass.getpass if sys.stdin.isatty() else None


def _new_passphrase() -> str:
    from quorate.errors import SecretsError

    given = getpass.getpass("passphrase of the new identity: ")
    if len(given) < 12 or given != getpass.getpass("again: "):
        raise SecretsError("that is no passphrase", hint="twice the same, 12 characters or more")
    return given


def _value(name: str, kind: SecretKind, path: Path | None) -> Secret:
    """Return the value of a file, of the standard input, or of who sits there."""
    from quorate.live.secrets.entry import SecretKind
    from quorate.live.secrets.files import read
    from quorate.live.secrets.secret import Secret

    if path is not None:
        return Secret(read(path).decode().strip())
    if not sys.stdin.isatty():
        return Secret(sys.stdin.read(1 << 16).strip())
    if kind is SecretKind.VENUE:
        pair = {"api_key": _asked(f"API key of {name}"), "secret": _asked(f"secret of {name}")}
        return Secret(jsonlib.dumps(pair))
    return Secret(_asked(f"value of {name}"))


def _asked(what: str) -> str:
    return getpass.getpass(f"{what} (not shown): ").strip()


def _grace(hours: float) -> str:
    return f"secrets.grace_hours={hours!r}"


def _said(row: SlotRow) -> str:
    dates = [f"set {_day(row.created_ms)}"]
    if row.rotated_ms is not None:
        dates.append(f"in use since {_day(row.rotated_ms)}")
    if row.until_ms is not None:
        dates.append(f"until {_day(row.until_ms)}")
    return f"{row.name:<24} {row.kind:<8} {row.scope:<10} {row.slot:<9} {', '.join(dates)}"


def _day(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M}"
