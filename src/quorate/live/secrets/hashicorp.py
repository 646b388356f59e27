"""A vault at HashiCorp Vault: KV of version 2, AppRole, a secret id that comes wrapped.

In: an address, a role, a file with the token that the secret id is wrapped in. Out: the text of a
scope, and another one in its place. The one file that knows hvac. Which scope a role may read is
said by its policies there. A wrapping token opens once: where somebody else has opened it, that is
seen here, and told.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from quorate.errors import SecretsError, SecretsUnavailableError
from quorate.live.secrets import files
from quorate.live.secrets.port import Backing, Holder, VaultText
from quorate.live.secrets.scrubber import KNOWN
from quorate.live.secrets.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from quorate.live.secrets.entry import Scope

_TIMEOUT_S: Final = 5.0
_FIELD: Final = "text"
_SHORT_MS: Final = 600_000
"""A token that is renewable is renewed once a third of its life is left."""


class HashicorpVault(Backing):
    """HashiCorp Vault.

    Parameters
    ----------
    address : str
        https, or http on this machine.
    role_id : str
        Of the AppRole, no secret.
    wrapped : Path
        File, mode 600, with the wrapping token of the secret id. It is removed once it is used.
    now_ms : callable
        The clock, which lives of tokens are counted by.
    mount, path : str
        Where the KV engine is, and what lies below.

    Raises
    ------
    SecretsError
        The address is neither https nor on this machine.

    Notes
    -----
    Units: ms.  Causal: as the server answers.  Missing: a path that is not there is empty.
    Another text is put by check-and-set, so that of two who change it one is told. The secret id
    stays in memory, so that a token that has ended is replaced; a process that starts anew needs a
    new wrapped one.
    RELIABILITY 5 (secrets choice).
    """

    def __init__(
        self,
        address: str,
        role_id: str,
        wrapped: Path,
        now_ms: Callable[[], int],
        mount: str = "secret",
        path: str = "quorate",
    ) -> None:
        if not address.startswith(("https://", "http://127.0.0.1:", "http://[::1]:")):
            raise SecretsError(
                f"secrets.address is {address!r}", hint="give https://HOST:PORT of the Vault"
            )
        self._address = address
        self._role_id = role_id
        self._wrapped = wrapped
        self._now_ms = now_ms
        self._mount = mount
        self._path = path
        self._client: Any = None
        self._secret_id: Secret | None = None
        self._renew_ms = 0
        self._ends_ms = 0

    @override
    def load(self, scope: Scope) -> VaultText:
        """Read the latest version of a scope's path."""
        with self._answering(scope) as (client, errors):
            try:
                found = client.secrets.kv.v2.read_secret_version(
                    self._at(scope), mount_point=self._mount, raise_on_deleted_version=True
                )
            except errors.InvalidPath as error:
                return VaultText("", _deleted(error))
            data = found["data"]
            return VaultText(data["data"][_FIELD], str(data["metadata"]["version"]))

    @override
    def save(self, scope: Scope, text: str, version: str) -> None:
        """Put a new version where the latest is still the one that was read."""
        with self._answering(scope) as (client, _):
            client.secrets.kv.v2.create_or_update_secret(
                self._at(scope),
                {_FIELD: text},
                cas=int(version or 0),
                mount_point=self._mount,
            )

    @override
    def holder(self, scope: Scope) -> Holder:
        """Return the role: what it may open, the server says."""
        return Holder(f"vault:{self._address}:{self._role_id}:{self._at(scope)}", b"")

    @override
    def remarks(self) -> tuple[str, ...]:
        """Say where the token ends without being renewable."""
        return ()

    def _at(self, scope: Scope) -> str:
        return f"{self._path}/{scope.value}"

    @contextmanager
    def _answering(self, scope: Scope) -> Iterator[tuple[Any, Any]]:
        """Give a client with a token that lives, and turn what it raises into our errors."""
        hvac = _hvac()
        errors = hvac.exceptions
        place = f"{self._address} {self._mount}/{self._at(scope)}"
        try:
            self._lives(hvac)
            yield self._client, errors
        except errors.InvalidRequest as error:
            raise SecretsError(
                f"{place} refuses: {KNOWN.scrub(str(error.errors))}",
                hint="do it again: another may have changed it meanwhile",
            ) from None
        except (errors.Forbidden, errors.Unauthorized):
            self._ends_ms = 0  # the token may have been revoked: log in anew next time
            raise SecretsError(
                f"{place} is not for the role {self._role_id}",
                hint="look at the policy of the role; research has no policy for trade",
            ) from None
        except (errors.VaultError, OSError, KeyError, TypeError, ValueError) as error:
            # requests raises OSErrors; the rest is an answer that is none
            raise SecretsUnavailableError(
                f"{place} does not answer: {type(error).__name__}", hint="try again in a minute"
            ) from None

    def _lives(self, hvac: Any) -> None:  # noqa: ANN401  (untyped)
        """Log in, or renew the token, where that is due."""
        now = self._now_ms()
        if self._client is None:
            # no token of the environment: an empty one is none, and is not looked up
            self._client = hvac.Client(
                url=self._address, token="", timeout=_TIMEOUT_S, allow_redirects=False
            )
            self._client.session.trust_env = False
        if now < self._renew_ms:
            return
        if now < self._ends_ms:
            try:
                self._takes(self._client.auth.token.renew_self()["auth"], now)
            except (hvac.exceptions.Forbidden, hvac.exceptions.InvalidRequest):
                self._ends_ms = 0
            else:
                return
        self._client.token = ""
        secret_id = self._unwrapped(hvac)
        answer = self._client.auth.approle.login(self._role_id, secret_id.reveal(), use_token=False)
        self._takes(answer["auth"], now)

    def _takes(self, auth: Any, now: int) -> None:  # noqa: ANN401
        KNOWN.learn(Secret(auth["client_token"]))
        self._client.token = auth["client_token"]
        life_ms = int(auth["lease_duration"]) * 1000
        self._ends_ms = now + life_ms
        # two thirds in, so that two more tries are left; one that cannot be renewed is replaced
        self._renew_ms = now + life_ms * 2 // 3
        if not auth["renewable"]:
            self._ends_ms = self._renew_ms

    def _unwrapped(self, hvac: Any) -> Secret:  # noqa: ANN401
        if self._secret_id is not None:
            return self._secret_id
        token = Secret(files.read(self._wrapped).decode().strip())
        KNOWN.learn(token)
        try:
            answer = self._client.sys.unwrap(token.reveal())
        except (hvac.exceptions.InvalidRequest, hvac.exceptions.Forbidden):
            raise SecretsError(
                f"the wrapping token in {self._wrapped} is used or too old",
                hint="if nobody here used it, somebody else has the secret id: revoke it; then "
                "wrap another: vault write -wrap-ttl=60s -f auth/approle/role/ROLE/secret-id",
            ) from None
        self._secret_id = Secret(answer["data"]["secret_id"])
        KNOWN.learn(self._secret_id)
        self._wrapped.unlink(missing_ok=True)
        return self._secret_id


def _deleted(error: Any) -> str:  # noqa: ANN401
    """Return the version of what was deleted, which a check-and-set has to name; "" for none."""
    try:
        return str(error.json["data"]["metadata"]["version"])
    except (KeyError, TypeError):
        return ""


def _hvac() -> Any:  # noqa: ANN401
    try:
        import hvac
    except ImportError as error:
        raise SecretsError(
            "HashiCorp Vault is asked with the package hvac, which is not installed",
            hint='install it: pip install "quorate[vault]"',
        ) from error
    return hvac
