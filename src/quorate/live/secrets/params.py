"""The settings of secrets: where they are kept, and how old they may be.

In: nothing. Out: defaults, meanings and bounds, of which ``api.configure`` makes settings.
"""

from __future__ import annotations

from typing import Final, NamedTuple

KEEPERS: Final = ("age", "hashicorp", "aws")


class Keeping(NamedTuple):
    """Where secrets are kept, and how old they may be.

    Notes
    -----
    Units: days, hours.  Causal: none.  Missing: an empty text is the default that is said.
    """

    keeper: str = "age"
    folder: str = ""
    identity: str = ""
    grace_hours: float = 24.0
    warn_days: float = 90.0
    max_days: float = 180.0
    path: str = "quorate"
    address: str = ""
    mount: str = "secret"
    role_id: str = ""
    wrapped_file: str = ""
    region: str = ""


BOUNDS: Final = {"grace_hours": (0.0, 720.0), "warn_days": (1.0, 3650.0), "max_days": (1.0, 3650.0)}
MEANINGS: Final = {
    "keeper": "who keeps secrets: age files, a HashiCorp Vault, or AWS Secrets Manager",
    "folder": "folder of age files and of the enrolment; empty: secrets in the user's folder",
    "identity": "path of the age identity, with {scope} for read-only or trade, or fd:N; empty: "
    "what systemd gives as quorate-read-only and quorate-trade, else a file in the folder",
    "grace_hours": "how long an old value stays usable after a rotation, hours",
    "warn_days": "`quorate secrets check` warns of values older than this, days",
    "max_days": "and refuses values older than this, days",
    "path": "of both servers: the path below which secrets are kept",
    "address": "of HashiCorp Vault: https://HOST:PORT",
    "mount": "of HashiCorp Vault: where its KV engine of version 2 is mounted",
    "role_id": "of HashiCorp Vault: the AppRole of this machine, which is no secret",
    "wrapped_file": "of HashiCorp Vault: file with the token that the secret id is wrapped in",
    "region": "of AWS: region of Secrets Manager; empty: as the machine says",
}
