"""What is wrong with how secrets are kept: ages, and values where they must not be.

In: rows without values, a clock, limits, the environment, texts of settings. Out: findings, each
with what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.live.secrets.entry import Slot

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from quorate.live.secrets.entry import SlotRow
    from quorate.live.secrets.scrubber import Scrubber

DAY_MS: Final = 86_400_000
# by these names libraries take credentials from the environment, where every child has them
_CARRIERS: Final = ("VAULT_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "SOPS_AGE_KEY")


class Weakness(NamedTuple):
    """Something that is wrong.

    Notes
    -----
    Units: none.  Causal: as of the check.  ``is_refused``: nothing may be armed with it.
    """

    is_refused: bool
    text: str
    fix: str


def ages(
    rows: Iterable[SlotRow], now_ms: int, warn_days: float, max_days: float
) -> tuple[Weakness, ...]:
    """Return which values are too old, or wait or linger.

    Parameters
    ----------
    rows : iterable of SlotRow
        From ``Vault.entries``.
    now_ms : int
        Now.
    warn_days, max_days : float
        From which age on a value is remarked, and refused.

    Returns
    -------
    tuple of Weakness
        None: all are fresh.

    Notes
    -----
    Units: ms since 1970, days.  Causal: pure.  Missing: none.  Spec 14 (rotated).

    Examples
    --------
    >>> from quorate.live.secrets.entry import SecretKind, SlotRow, Scope
    >>> row = SlotRow("hook", SecretKind.TOKEN, Scope.READ_ONLY, Slot.CURRENT, 0, 0, None)
    >>> [each.text for each in ages([row], 100 * DAY_MS, 90, 180)]
    ['hook (read-only) is 100 days old, more than 90']
    """
    found = []
    for row in rows:
        name = f"{row.name} ({row.scope})"
        days = (now_ms - row.created_ms) / DAY_MS
        if row.slot is Slot.CURRENT and days > warn_days:
            limit = max_days if days > max_days else warn_days
            text = f"{name} is {days:.0f} days old, more than {limit:g}"
            fix = f"make a new one at its venue: quorate secrets set {row.name}, then rotate"
            found.append(Weakness(days > max_days, text, fix))
        if row.slot is Slot.PREVIOUS and row.until_ms is not None and now_ms >= row.until_ms:
            fix = "revoke it where it was issued; the next rotation removes it here"
            found.append(Weakness(is_refused=False, text=f"{name}: the old value is out", fix=fix))
        if days < 0:
            fix = "set this machine's clock"
            found.append(Weakness(is_refused=True, text=f"{name} was made after now", fix=fix))
    return tuple(found)


def strays(
    known: Scrubber, environ: Mapping[str, str], texts: Mapping[str, str]
) -> tuple[Weakness, ...]:
    """Return where values stand that must stand nowhere.

    Parameters
    ----------
    known : Scrubber
        Knows every value that could be opened.
    environ : mapping
        Of this process.
    texts : mapping
        Contents of files by their names: of settings.

    Notes
    -----
    Units: none.  Causal: pure.  Missing: none.  RELIABILITY 5 (never in the environment).

    Examples
    --------
    >>> from quorate.live.secrets.scrubber import Scrubber
    >>> [each.text for each in strays(Scrubber(), {"VAULT_TOKEN": "x"}, {})]
    ['the environment has VAULT_TOKEN, which every child process inherits']
    """
    found = []
    for name, value in environ.items():
        if name in _CARRIERS or known.knows(value) or known.knows(name):
            text = f"the environment has {known.scrub(name)}, which every child process inherits"
            found.append(Weakness(is_refused=True, text=text, fix="unset it, and replace the key"))
    for name, held in texts.items():
        if known.knows(held):
            fix = "take it out there, and replace the key: files are copied and backed up"
            found.append(Weakness(is_refused=True, text=f"{name} has a secret in it", fix=fix))
    return tuple(found)
