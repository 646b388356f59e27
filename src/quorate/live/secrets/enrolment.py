"""Whether this machine may open keys that trade: a paper for one machine and one holder.

In: the machine's id, who opens the vault here. Out: an enrolment, written once by hand, or why
keys that trade stay shut. A copy of the vault and of its enrolment opens nothing elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from quorate.errors import SecretsError
from quorate.live.secrets import files

if TYPE_CHECKING:
    from quorate.live.secrets.port import Holder

MACHINE_ID: Final = Path("/etc/machine-id")
_NAMES: Final = ("machine", "holder", "by", "at_ms")
HINT: Final = "on the box that trades, and only there: quorate secrets enrol --by NAME"
"""What to do where keys that trade stay shut."""


def machine(path: Path = MACHINE_ID) -> str:
    """Return what names this machine: a digest of its id, from which the id is not found.

    Parameters
    ----------
    path : Path
        Where the system keeps it.

    Raises
    ------
    SecretsError
        There is none.
    """
    try:
        found = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretsError(
            f"this machine has no id in {path}: {error}", hint="systemd-machine-id-setup makes one"
        ) from error
    if not found:
        raise SecretsError(f"{path} is empty", hint="systemd-machine-id-setup makes an id")
    return hashlib.sha256(f"quorate enrolment {found}".encode()).hexdigest()


def enrol(path: Path, box: str, holder: Holder, by: str, now_ms: int) -> None:
    """Write the enrolment of a machine.

    Parameters
    ----------
    path : Path
        Of the file; one that is there is replaced.
    box : str
        From ``machine``.
    holder : Holder
        Who opens keys that trade here.
    by : str
        Who says so.
    now_ms : int
        When.

    Raises
    ------
    SecretsError
        Nobody says so, or it cannot be written.

    Notes
    -----
    Units: ms since 1970.  Causal: none.  Missing: none.  Spec 14 (trade keys only on live box).
    """
    if not by.strip():
        raise SecretsError("nobody enrols this machine", hint="say who: --by NAME")
    row = {"machine": box, "holder": holder.name, "by": by, "at_ms": now_ms}
    told = json.dumps(row | {"seal": _seal(row, holder)}, sort_keys=True)
    files.replace(path, told.encode())


def refusal(path: Path, box: str, holder: Holder) -> str:
    """Return why keys that trade stay shut on a machine; empty: they open.

    Parameters
    ----------
    path, box, holder
        As of ``enrol``.
    """
    try:
        row = json.loads(files.read(path))
        seal, told = row.pop("seal"), {name: row[name] for name in _NAMES}
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"the enrolment {path} is damaged"
    if row["machine"] != box:
        return f"the enrolment {path} is another machine's"
    if row["holder"] != holder.name or not hmac.compare_digest(str(seal), _seal(told, holder)):
        return f"the enrolment {path} is for another identity than the one here"
    return ""


def _seal(row: dict[str, object], holder: Holder) -> str:
    return hmac.new(holder.key, json.dumps(row, sort_keys=True).encode(), "sha256").hexdigest()
